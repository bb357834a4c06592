"""Who belongs to which side, and who speaks for it."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model

from twain_web.roles import MARKETING, Role
from twain_web.rooms.partnership.models import Side
from twain_web.rooms.partnership.permissions import TEAMS

#: Whose word comes first when a side has nobody who is named its lead.
_FIRST = {
    Side.MARKETING: (Role.MARKETING_LEAD, Role.MARKETER),
    Side.IT: (Role.ADMINISTRATOR, Role.IT_OPERATOR, Role.DATA_OWNER),
}


def side_of(person: Any) -> Side | None:  # noqa: ANN401 — a Person
    """The side of somebody's team, else of their role; None for whoever only looks on, such as an auditor."""
    if not person.role_names & TEAMS:
        return None
    if person.team is not None:
        return Side(person.team.side)
    return Side.MARKETING if person.role_names & MARKETING else Side.IT


def members(side: Side) -> list[Any]:
    """Everybody of a side who works in it, by name."""
    found = get_user_model().objects.filter(is_active=True).select_related("team").prefetch_related("roles_held")
    return [one for one in found if side_of(one) is side]


def lead_of(side: Side) -> Any:  # noqa: ANN401 — a Person, or None
    """Whom a form proposes as the side's lead; the people concerned may choose somebody else."""
    people = members(side)
    for role in _FIRST[side]:
        for one in people:
            if role in one.role_names:
                return one
    return people[0] if people else None
