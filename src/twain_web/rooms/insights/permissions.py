"""What may be done in this room, and by whom."""

from twain_web.access import permission
from twain_web.roles import BOTH_TEAMS, EVERYBODY, Role

READ_RESULTS = permission("insights.read_results", roles=EVERYBODY)
EXPORT_RESULTS = permission("insights.export_results", roles=BOTH_TEAMS)
READ_CUSTOMER = permission("insights.read_customer", roles=BOTH_TEAMS | {Role.AUDITOR})
SUPPRESS_ADDRESS = permission("insights.suppress_address", roles=BOTH_TEAMS)
UNMASK_CUSTOMER = permission("insights.unmask_customer", roles={Role.MARKETING_LEAD, Role.DATA_OWNER})
