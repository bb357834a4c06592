"""What may be done in this room, and by whom."""

from twain_web.access import permission
from twain_web.roles import BOTH_TEAMS, EVERYBODY, MARKETING, Role

READ_CAMPAIGN = permission("campaigns.read_campaign", roles=EVERYBODY)
EDIT_CAMPAIGN = permission("campaigns.edit_campaign", roles=MARKETING)
APPROVE_CAMPAIGN = permission("campaigns.approve_campaign", roles=BOTH_TEAMS | {Role.ADMINISTRATOR})
LAUNCH_CAMPAIGN = permission("campaigns.launch_campaign", roles=MARKETING)
CONTROL_SEND = permission("campaigns.control_send", roles=BOTH_TEAMS)
RED_SWITCH = permission(
    "campaigns.red_switch", roles={Role.MARKETING_LEAD, Role.DATA_OWNER, Role.IT_OPERATOR, Role.ADMINISTRATOR}
)
