"""Thanks as their two people see them. There is no list of everybody's, and nothing is counted."""

from __future__ import annotations

from typing import Any

from twain_web.rooms.partnership.forms import ForwardForm
from twain_web.rooms.partnership.models import Thanks
from twain_web.rooms.partnership.sides import side_of

_MOST = 50


def received(person: Any) -> list[tuple[Thanks, ForwardForm | None]]:  # noqa: ANN401 — a Person
    """What somebody was thanked for, and what others passed on to them; the newest first; a form to pass it on."""
    mine = [(one, _form(one)) for one in _all().filter(to=person)[:_MOST]]
    passed = [(one, None) for one in _all().filter(forwarded__to=person)[:_MOST]]
    return sorted([*mine, *passed], key=lambda pair: pair[0].at, reverse=True)[:_MOST]


def sent(person: Any) -> list[Thanks]:  # noqa: ANN401
    """What somebody thanked for."""
    return list(_all().filter(by=person)[:_MOST])


def _all() -> Any:  # noqa: ANN401 — a QuerySet
    return Thanks.objects.select_related("by", "to__team", "forwarded__to")


def _form(one: Thanks) -> ForwardForm | None:
    side = side_of(one.to)
    if side is None or hasattr(one, "forwarded"):
        return None
    form = ForwardForm(side=side, receiver=one.to, auto_id=f"to-{one.pk}-%s")
    return form if form.fields["to"].choices else None  # type: ignore[attr-defined]
