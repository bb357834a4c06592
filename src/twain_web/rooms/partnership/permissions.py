"""What may be done in this room, and by whom. An auditor reads all of it but the answers of a survey, which nobody reads."""

from twain_web.access import permission
from twain_web.roles import BOTH_TEAMS, EVERYBODY, Role

TEAMS = BOTH_TEAMS | {Role.ADMINISTRATOR}

READ_PARTNERSHIP = permission("partnership.read_partnership", roles=EVERYBODY)
THANK = permission("partnership.thank", roles=TEAMS)
HOLD_CHECK = permission("partnership.hold_check", roles=TEAMS)
ANSWER_SURVEY = permission("partnership.answer_survey", roles=TEAMS)
SCORE_VENDOR = permission("partnership.score_vendor", roles=TEAMS)
