"""What both sides owe each other by name: dates that were given, kept or late, and questions that wait for an answer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Q
from django.utils import timezone

from twain_web import engine
from twain_web.rooms.desk import business
from twain_web.rooms.desk.models import Request
from twain_web.rooms.desk.states import CLOSED, OPEN, Side, State

_HOURS_TO_RESPOND = 16.0
_WITHOUT_RESULT = (State.WITHDRAWN.value, State.DECLINED.value, State.DEFLECTED.value)


@dataclass(frozen=True, slots=True)
class Given:
    """The last date that IT gave for a request. *by*, *asker*: user names; *there_at*: when it was seen to be there."""

    slug: str
    url: str
    outcome: str
    probe: str
    asker: str
    by: str
    by_shown: str
    day: date
    there_at: datetime | None

    @property
    def kept(self) -> bool:
        """There on the day that was promised, or before."""
        return self.there_at is not None and timezone.localdate(self.there_at) <= self.day

    def late(self, today: date) -> bool:
        """The day is over and it is not there, or came later."""
        there = today if self.there_at is None else timezone.localdate(self.there_at)
        return there > self.day


@dataclass(frozen=True, slots=True)
class Unanswered:
    """Something that has waited for whoever asked longer than IT itself may take to answer."""

    url: str
    outcome: str
    who: str
    since: datetime


def given(since: date) -> list[Given]:
    """The last promise of every request that is open, or that came to be there on or after *since*; the earliest day first."""
    wanted = Q(state__in=[s.value for s in OPEN]) | Q(observed_at__date__gte=since)
    found = Request.objects.filter(wanted, promises__isnull=False).exclude(state__in=_WITHOUT_RESULT).distinct()
    rows = found.select_related("asker").prefetch_related("promises__by")
    return sorted(_given(rows), key=lambda one: (one.day, one.slug))


def unanswered(now: datetime) -> list[Unanswered]:
    """What waits for Marketing past the time that is agreed for answers, the oldest first."""
    asking = Request.objects.filter(turn=Side.ASKER.value).exclude(state=State.DRAFT.value).select_related("asker")
    asking = asking.exclude(state__in=[s.value for s in CLOSED if s not in (State.DECLINED, State.OBSERVED)])
    late = (one for one in asking.order_by("since") if business.hours(one.since, now) > _allowed(one))
    return [Unanswered(one.url, one.outcome, str(one.asker), one.since) for one in late]


def _given(rows: Iterable[Request]) -> Iterable[Given]:
    for one in rows:
        last = max(one.promises.all(), key=lambda promise: promise.pk)
        yield Given(
            one.slug, one.url, one.outcome, one.probe, one.asker.username, last.by.username, str(last.by), last.day,
            one.observed_at,
        )  # fmt: skip


def _allowed(one: Request) -> float:
    kind = engine.workspace().request_types.get(one.kind)
    return kind.respond_hours if kind else _HOURS_TO_RESPOND
