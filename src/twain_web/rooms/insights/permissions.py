"""What may be done in this room, and by whom."""

from twain_web.access import permission
from twain_web.roles import BOTH_TEAMS, EVERYBODY, IT, Role

READ_RESULTS = permission("insights.read_results", roles=EVERYBODY)
EXPORT_RESULTS = permission("insights.export_results", roles=BOTH_TEAMS)
READ_CUSTOMER = permission("insights.read_customer", roles=BOTH_TEAMS | {Role.AUDITOR})
SUPPRESS_ADDRESS = permission("insights.suppress_address", roles=BOTH_TEAMS)
UNMASK_CUSTOMER = permission("insights.unmask_customer", roles={Role.MARKETING_LEAD, Role.DATA_OWNER})
READ_LEADS = permission("insights.read_leads", roles=EVERYBODY)
RETRY_LEADS = permission("insights.retry_leads", roles=IT | {Role.ADMINISTRATOR})
UNMASK_LEAD = permission("insights.unmask_lead", roles={Role.MARKETING_LEAD, Role.DATA_OWNER})
WAIVE_OLD_LIST = permission(
    "insights.waive_old_list", roles={Role.MARKETING_LEAD, Role.IT_OPERATOR, Role.ADMINISTRATOR}
)
READ_TROUBLES = permission("insights.read_troubles", roles=IT | {Role.ADMINISTRATOR})
