"""Requests that go on in another room: a higher room says where, and reads what was asked."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from twain_web import engine
from twain_web.rooms.desk import wording
from twain_web.rooms.desk.models import Request
from twain_web.rooms.desk.probes import Observation
from twain_web.rooms.desk.states import OPEN, State
from twain_web.rooms.integrations.public import Asked

_SLUG = re.compile(r"r(\d{1,12})")


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Where a request goes on: what its link says, and where it leads."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class AskedThere:
    """What was asked, as the other room begins with it."""

    slug: str
    outcome: str
    purpose: str
    asked_at: datetime | None


#: (type, the request's short name) → where it goes on, or None.
ELSEWHERE: list[Callable[[str, str], Elsewhere | None]] = []
#: (what was asked, the vendor's name or "") → how its review stands, or None where there is none yet.
REVIEWS: list[Callable[[AskedThere, str], Observation | None]] = []


def elsewhere(kind: str, slug: str) -> Elsewhere | None:
    """Where a request of this type goes on; None for most."""
    return next((found for place in ELSEWHERE if (found := place(kind, slug)) is not None), None)


def as_issue(number: int) -> Asked | None:
    """A request as IT's own tracker is told of it; None when there is none."""
    one = Request.objects.select_related("asker").filter(pk=number).first()
    if one is None:
        return None
    kind = engine.workspace().request_types.get(one.kind)
    lines = (wording.told("ask", str(one.asker)), *wording.wish(one, kind))
    is_open = State(one.state) in OPEN
    return Asked(number, one.outcome, lines, one.url, one.asked_at or one.made_at, is_open)


def asked_of_kind(slug: str, kind: str) -> AskedThere | None:
    """A request of that type by its short name; None when there is none."""
    one = _by(slug)
    return _asked(one) if one is not None and one.kind == kind else None


def review_of(slug: str, vendor: str) -> Observation | None:
    """How the vendor review that a request asked for stands; None while there is none."""
    one = _by(slug)
    found = (look(_asked(one), vendor) for look in REVIEWS) if one is not None else iter(())
    return next((seen for seen in found if seen is not None), None)


def _by(slug: str) -> Request | None:
    number = _SLUG.fullmatch(slug)
    return Request.objects.filter(pk=int(number[1])).first() if number else None


def _asked(one: Request) -> AskedThere:
    return AskedThere(one.slug, one.outcome, one.purpose, one.asked_at)
