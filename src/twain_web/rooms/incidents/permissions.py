"""What may be done in this room, and by whom."""

from twain_web.access import permission
from twain_web.roles import BOTH_TEAMS, EVERYBODY, IT, Role

READ_INCIDENTS = permission("incidents.read_incidents", roles=EVERYBODY)
ANSWER_INCIDENT = permission("incidents.answer_incident", roles=IT | {Role.ADMINISTRATOR})
LOOK_AGAIN = permission("incidents.look_again", roles=BOTH_TEAMS | {Role.ADMINISTRATOR})
