"""Incidents as plain records: each time that a check failed is one of them, worked out from the events, which nobody rewrites."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from twain_web.rooms.incidents.models import Event
from twain_web.rooms.incidents.models import Incident as Row


@dataclass(frozen=True, slots=True)
class Incident:
    """One failure of one check, from *opened_at* until it was seen to pass again. One that failed again is there once more.

    *impact* says in words what waited; *out_of_hours*: somebody was on it, and it was mended outside IT's working hours.
    """

    slug: str
    feed: str
    check: str
    owner_name: str
    owner_title: str
    opened_at: datetime
    told_at: datetime | None
    acknowledged_at: datetime | None
    restored_at: datetime | None
    out_of_hours: bool
    impact: str
    url: str
    kind: str = "feed"
    title: str = ""


def incidents(since: datetime) -> list[Incident]:
    """Every failure that began at or after *since*, the oldest first."""
    events = Event.objects.filter(incident__failed_at__gte=since).select_related("incident__owner")
    by_incident: dict[int, list[Event]] = {}
    for event in events.order_by("incident_id", "number"):
        by_incident.setdefault(event.incident_id, []).append(event)
    found = [one for told in by_incident.values() for one in spells(told[0].incident, told)]
    return sorted((one for one in found if one.opened_at >= since), key=lambda one: (one.opened_at, one.slug))


def spells(row: Row, events: Iterable[Event]) -> Iterator[Incident]:
    """Each time that this incident was open, from its events in their order."""
    spell: Incident | None = None
    for event in events:
        if event.verb in ("open", "reopen"):
            if spell is not None:
                yield spell
            spell = _begun(row, event)
        elif spell is not None:
            spell = _went_on(spell, event)
    if spell is not None:
        yield spell


def _begun(row: Row, event: Event) -> Incident:
    detail = event.detail
    return Incident(
        slug=row.slug, feed=row.feed, check=row.check_name, owner_name=str(detail.get("owner", row.owner_name)),
        owner_title=str(detail.get("title", row.owner_title)), opened_at=event.at, told_at=None, acknowledged_at=None,
        restored_at=None, out_of_hours=False, impact=str(detail.get("impact", "")), url=row.url, kind=row.kind,
        title=row.title,
    )  # fmt: skip


def _went_on(spell: Incident, event: Event) -> Incident:
    if "impact" in event.detail:
        spell = replace(spell, impact=str(event.detail["impact"]))
    if event.verb == "told" and spell.told_at is None:
        return replace(spell, told_at=event.at)
    if event.verb == "acknowledge" and spell.acknowledged_at is None:
        return replace(spell, acknowledged_at=event.at)
    if event.verb == "restore":
        return replace(spell, restored_at=event.at, out_of_hours=bool(event.detail.get("out_of_hours")))
    return spell
