"""What may be done in this room, and by whom."""

from twain_web.access import permission
from twain_web.roles import EVERYBODY, Role

READ_PEOPLE = permission("people.read_people", roles=EVERYBODY)
EDIT_PEOPLE = permission("people.edit_people", roles={Role.ADMINISTRATOR})
OWN_PROFILE = permission("people.edit_own_profile", roles=EVERYBODY)
READ_AUDIT = permission(
    "people.read_audit", roles={Role.ADMINISTRATOR, Role.AUDITOR, Role.IT_OPERATOR, Role.DATA_OWNER}
)
