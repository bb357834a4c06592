"""What may be done in this room, and by whom."""

from typing import Any

import rules

from twain_web.access import permission
from twain_web.roles import EVERYBODY, IT, MARKETING, Role


@rules.predicate
def is_askers(user: Any, request: Any) -> bool:  # noqa: ANN401 — a Person, and a request's row
    """Whoever asked, their own team, and a marketing lead: somebody must be able to reply when the asker is away.

    Before the request is known the role alone decides.
    """
    asker = getattr(request, "asker", None)
    if asker is None or asker == user or Role.MARKETING_LEAD in user.role_names:
        return True
    return bool(user.team_id and user.team_id == asker.team_id)


READ_REQUESTS = permission("desk.read_requests", roles=EVERYBODY)
ASK = permission("desk.ask", roles=MARKETING)
FOLLOW_UP = permission("desk.follow_up", roles=MARKETING, rule=is_askers)
LOOK = permission("desk.look", roles=MARKETING | IT | {Role.ADMINISTRATOR})
ANSWER = permission("desk.answer", roles=IT | {Role.ADMINISTRATOR})
