"""What may be done in this room, and by whom."""

from __future__ import annotations

from typing import Any

import rules

from twain_web.access import permission
from twain_web.roles import BOTH_TEAMS, EVERYBODY, MARKETING, Role


@rules.predicate
def in_use(_user: Any, audience: Any = None) -> bool:  # noqa: ANN401 — any user, any audience or none
    """An audience of the house's own that is not archived; what lies in files is changed there."""
    return audience is None or getattr(audience, "archived_at", None) is None


@rules.predicate
def seen(user: Any, audience: Any = None) -> bool:  # noqa: ANN401
    """One that was never saved is its owner's alone."""
    return audience is None or getattr(audience, "current_id", 0) is not None or audience.owner_id == user.pk


@rules.predicate
def answers_for_it(user: Any, audience: Any = None) -> bool:  # noqa: ANN401
    """Its owner, or a marketing lead. One in the workspace's files is nobody's here."""
    return audience is None or getattr(audience, "owner_id", 0) == user.pk or Role.MARKETING_LEAD in user.role_names


READ_AUDIENCE = permission("audiences.read_audience", roles=EVERYBODY, rule=seen)
EDIT_AUDIENCE = permission("audiences.edit_audience", roles=MARKETING, rule=in_use & seen)
ARCHIVE_AUDIENCE = permission("audiences.archive_audience", roles=MARKETING, rule=answers_for_it)
COUNT_AUDIENCE = permission("audiences.count_audience", roles=BOTH_TEAMS, rule=seen)
SAMPLE_AUDIENCE = permission("audiences.sample_audience", roles=BOTH_TEAMS, rule=seen)
