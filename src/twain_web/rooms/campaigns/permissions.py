"""What may be done in this room, and by whom."""

from typing import Any

import rules

from twain_web.access import permission
from twain_web.roles import BOTH_TEAMS, EVERYBODY, IT, MARKETING, Role


@rules.predicate
def is_own(user: Any, campaign: Any) -> bool:  # noqa: ANN401 — a Person, and a campaign's row
    """The campaign's owner, the owner's own team, and a marketing lead; a campaign that is kept in files has no owner here."""
    owner = getattr(campaign, "owner", None)
    return owner is None or owner == user or Role.MARKETING_LEAD in user.role_names or _same_team(user, owner)


def _same_team(user: Any, owner: Any) -> bool:  # noqa: ANN401
    return bool(user.team_id and user.team_id == owner.team_id)


@rules.predicate
def is_steering(user: Any, send: Any) -> bool:  # noqa: ANN401
    """IT may stop whatever works their systems; Marketing steers what is its own."""
    return bool(user.role_names & IT) or is_own(user, send)


READ_CAMPAIGN = permission("campaigns.read_campaign", roles=EVERYBODY)
CREATE_CAMPAIGN = permission("campaigns.create_campaign", roles=MARKETING)
EDIT_CAMPAIGN = permission("campaigns.edit_campaign", roles=MARKETING, rule=is_own)
ASK_APPROVAL = permission("campaigns.ask_approval", roles=MARKETING, rule=is_own)
CHECK_CAMPAIGN = permission("campaigns.check_campaign", roles=BOTH_TEAMS)
APPROVE_CAMPAIGN = permission("campaigns.approve_campaign", roles=BOTH_TEAMS | {Role.ADMINISTRATOR})
LAUNCH_CAMPAIGN = permission("campaigns.launch_campaign", roles=MARKETING, rule=is_own)
CONTROL_SEND = permission("campaigns.control_send", roles=BOTH_TEAMS, rule=is_steering)
RESOLVE_SEND = permission("campaigns.resolve_send", roles=BOTH_TEAMS, rule=is_steering)
RED_SWITCH = permission(
    "campaigns.red_switch", roles={Role.MARKETING_LEAD, Role.DATA_OWNER, Role.IT_OPERATOR, Role.ADMINISTRATOR}
)
