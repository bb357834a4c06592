"""What may be done in this room, and by whom."""

from twain_web.access import permission
from twain_web.roles import BOTH_TEAMS, EVERYBODY, IT, MARKETING, Role

READ_CALENDAR = permission("capacity.read_calendar", roles=EVERYBODY)
PLAN = permission("capacity.plan_campaign", roles=MARKETING)
ANSWER_PLAN = permission("capacity.answer_plan", roles=IT | {Role.ADMINISTRATOR})
SUBSCRIBE = permission("capacity.subscribe_calendar", roles=BOTH_TEAMS)
