"""What may be done in this room, and by whom."""

from twain_web.access import permission
from twain_web.roles import BOTH_TEAMS, EVERYBODY, Role

READ_ENDPOINTS = permission("integrations.read_endpoints", roles={Role.IT_OPERATOR, Role.ADMINISTRATOR, Role.AUDITOR})
MANAGE_ENDPOINTS = permission("integrations.manage_endpoints", roles={Role.IT_OPERATOR, Role.ADMINISTRATOR})
READ_DOMAINS = permission("integrations.read_domains", roles=EVERYBODY)
PROBE_DOMAINS = permission("integrations.probe_domains", roles=BOTH_TEAMS | {Role.ADMINISTRATOR})
