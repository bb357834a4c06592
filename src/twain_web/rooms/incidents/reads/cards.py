"""Incidents as lists and home pages show them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from twain_web.roles import IT, Role
from twain_web.rooms.incidents import wording
from twain_web.rooms.incidents.models import Held, Incident

_MOST_CLOSED = 100


@dataclass(frozen=True, slots=True)
class Card:
    """One incident in a line. *told* says who knows, and since when; *impact* what waits, or waited."""

    slug: str
    url: str
    title: str
    kind: str
    feed: str
    check: str
    open: bool
    owner: str
    told: str
    impact: str
    opened_at: datetime
    acknowledged_at: datetime | None
    restored_at: datetime | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """One incident that waits for somebody, or holds up what is theirs. *covers*: pages of sends that this explains."""

    text: str
    url: str
    since: datetime
    kind: str = "incident"
    covers: frozenset[str] = frozenset()


def rows() -> QuerySet[Incident]:
    """All incidents with their people, the newest first."""
    return Incident.objects.select_related("owner", "asked", "acknowledged_by").prefetch_related("held")


def cards(*, closed: bool = False, feed: str = "") -> list[Card]:
    """Those that are open, the oldest first; or those that are closed, the newest first. *feed*: of this feed alone."""
    found = rows().filter(feed=feed) if feed else rows()
    if closed:
        return [card(one) for one in found.filter(restored_at__isnull=False).order_by("-restored_at")[:_MOST_CLOSED]]
    return [card(one) for one in found.filter(restored_at=None).order_by("opened_at")]


def card(one: Incident) -> Card:
    """One incident, frozen."""
    return Card(
        one.slug, one.url, one.title, one.kind, one.feed, one.check_name, one.is_open, one.owner_shown,
        wording.told(one), wording.impact(waiting_of(one)), one.opened_at, one.acknowledged_at, one.restored_at,
    )  # fmt: skip


def waiting_of(one: Incident) -> list[Held]:
    """What waits for an open incident; what waited for one that is closed."""
    return [held for held in one.held.all() if held.ended_at is None or not one.is_open]


def waiting_for(person: Any) -> list[Waiting]:  # noqa: ANN401 — a Person of the house
    """Open incidents that this person is asked about or owns, and those that hold up what they launched."""
    mine = Q(held__person=person.username, held__ended_at=None)
    if person.role_names & (IT | {Role.ADMINISTRATOR}):
        mine |= Q(owner=person) | Q(asked=person)
    found = rows().filter(mine, restored_at=None).distinct().order_by("opened_at")
    return [_waiting(one, person) for one in found]


def _waiting(one: Incident, person: Any) -> Waiting:  # noqa: ANN401
    said = {"what": one.title, "impact": wording.impact(waiting_of(one)), "told": wording.told(one)}
    if person.pk in (one.owner_id, one.asked_id):
        text = _("%(what)s. %(impact)s.") % said
    else:
        text = _("%(what)s. %(impact)s. %(told)s.") % said
    return Waiting(text, one.url, one.opened_at, covers=frozenset(held.url for held in waiting_of(one)))
