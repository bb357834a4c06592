"""What may be done in this room, and by whom."""

from twain_web.access import permission
from twain_web.roles import EVERYBODY, IT, Role

READ_CATALOGUE = permission("feeds.read_catalogue", roles=EVERYBODY)
#: The contract's own text names fields that nobody has reviewed: for Marketing those do not exist.
READ_CONTRACT = permission("feeds.read_contract", roles=IT | {Role.ADMINISTRATOR, Role.AUDITOR})
REVIEW_FIELDS = permission("feeds.review_fields", roles=IT)
CHECK_CHANGE = permission("feeds.check_change", roles=IT | {Role.ADMINISTRATOR})
SYNC_WORKSPACE = permission("feeds.sync_workspace", roles=IT | {Role.ADMINISTRATOR})
