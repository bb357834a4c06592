"""What may be done in this room, and by whom."""

from twain_web.access import permission
from twain_web.roles import BOTH_TEAMS, EVERYBODY, MARKETING

READ_AUDIENCE = permission("audiences.read_audience", roles=EVERYBODY)
EDIT_AUDIENCE = permission("audiences.edit_audience", roles=MARKETING)
COUNT_AUDIENCE = permission("audiences.count_audience", roles=BOTH_TEAMS)
SAMPLE_AUDIENCE = permission("audiences.sample_audience", roles=BOTH_TEAMS)
