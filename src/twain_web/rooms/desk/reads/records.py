"""Requests as numbers count them: plain records with everything that happened, and nobody's name. Three queries, however many."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from twain_web.rooms.desk.models import Event, Promise, Request

_COLUMNS = (
    "pk", "kind", "probe", "state", "feed", "team", "campaign", "made_at", "since", "asked_at", "observed_at", "used_at",
    "wanted_by",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """One request. *moves*: (when, verb, the state from then on), in order; *promises*: (when it was given, the day)."""

    slug: str
    kind: str
    probe: str
    state: str
    feed: str
    team: str
    campaign: str
    made_at: datetime
    since: datetime
    asked_at: datetime | None
    observed_at: datetime | None
    used_at: datetime | None
    wanted_by: date | None
    moves: tuple[tuple[datetime, str, str], ...]
    promises: tuple[tuple[datetime, date], ...]


def request_records(since: datetime) -> list[RequestRecord]:
    """Every request that was written down since a moment, oldest first."""
    wanted = Request.objects.filter(made_at__gte=since)
    of_wanted = {"request__made_at__gte": since}
    events = Event.objects.filter(**of_wanted).order_by("request_id", "number")
    promises = Promise.objects.filter(**of_wanted).order_by("request_id", "pk")
    moves = _grouped(events.values_list("request_id", "at", "verb", "state"))
    given = _grouped(promises.values_list("request_id", "at", "day"))
    rows = wanted.order_by("pk").values_list(*_COLUMNS)
    return [RequestRecord(f"r{row[0]}", *row[1:], tuple(moves[row[0]]), tuple(given[row[0]])) for row in rows]


def _grouped(rows: Iterable[tuple[Any, ...]]) -> defaultdict[int, list[tuple[Any, ...]]]:
    found: defaultdict[int, list[tuple[Any, ...]]] = defaultdict(list)
    for request, *rest in rows:
        found[request].append(tuple(rest))
    return found
