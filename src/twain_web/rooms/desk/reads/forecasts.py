"""The forecast as pages say it: from what was like it, or from IT's own range while there is too little."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone

from twain.flows.request_types import RequestType
from twain_web import engine
from twain_web.rooms.desk import business, forecast
from twain_web.rooms.desk.clocks import Clocks, Passed, clocks
from twain_web.rooms.desk.models import Event, Request
from twain_web.rooms.desk.states import OPEN, State

_CLOSED = (State.OBSERVED.value, State.CONFIRMED.value)


@dataclass(frozen=True, slots=True)
class Said:
    """What is said before sending. *n* similar ones *since* a day; without enough: IT's *estimate* and the few *past* days.

    *usually* None with n: longer than the longest seen, which took *longest* working days. *usually_hours* is the same in working
    hours of those who do it, so that it can be compared with what came.
    """

    n: int
    since: date | None
    half: date | None
    usually: date | None
    chance: float | None
    longest: float
    estimate_by: str
    estimate_from: date
    estimate_to: date
    past: tuple[float, ...]
    procedure_changed: bool
    usually_hours: float | None = None


def say(kind: RequestType, feed: str, team: str, wanted_by: date | None, now: datetime | None = None) -> Said:
    """Forecast a request that would be asked now."""
    moment = now or timezone.now()
    known = cases(kind.name)
    group = forecast.similar(known, kind.name, feed, team, moment)
    estimate = kind.estimate
    change = kind.change
    usually = group.percentile(forecast.USUALLY) if group else None
    chance = group.chance(business.hours(moment, _end_of(wanted_by), change)) if group and wanted_by else None
    return Said(
        n=len(group.finished) if group else 0,
        since=timezone.localdate(group.since) if group else None,
        half=_day(moment, group.percentile(forecast.HALF), change) if group else None,
        usually=_day(moment, usually, change),
        chance=chance,
        longest=group.longest / business.HOURS_A_DAY if group else 0.0,
        estimate_by=str(estimate.by),
        estimate_from=business.days_after(moment, estimate.at_least_days, change),
        estimate_to=business.days_after(moment, estimate.at_most_days, change),
        past=() if group else tuple(c.hours / business.HOURS_A_DAY for c in known if c.closed_at is not None),
        procedure_changed=bool(group) and backtest(kind.name).procedure_changed,
        usually_hours=usually,
    )


def backtest(kind: str) -> forecast.Backtest:
    """Whether what would have been said at each asking was kept; worked out again when something has happened since."""
    last = Event.objects.filter(request__kind=kind).order_by("-pk").values_list("pk", flat=True).first()
    return _backtest(kind, last or 0)


@lru_cache(maxsize=64)
def _backtest(kind: str, _last_event: int) -> forecast.Backtest:
    measure = business.measure(_change(kind))
    return forecast.walk_forward(cases(kind), lambda case, then: measure(case.asked_at, then))


def cases(kind: str) -> list[forecast.Case]:
    """Every request of a type that was really asked and not withdrawn, declined or already available."""
    found = Request.objects.filter(kind=kind, asked_at__isnull=False)
    wanted = found.filter(state__in=[*_CLOSED, *(s.value for s in OPEN)])
    passed: dict[int, list[Passed]] = {}
    events = Event.objects.filter(request__in=wanted).order_by("request_id", "number")
    for request, at, state in events.values_list("request_id", "at", "state"):
        passed.setdefault(request, []).append(Passed(at, State(state)))
    measure, now = business.measure(_change(kind)), timezone.now()
    rows = wanted.values_list("pk", "state", "feed", "team", "asked_at", "observed_at")
    return [
        forecast.Case(
            kind, feed, team, asked, observed if state in _CLOSED else None, clocks(passed.get(pk, ()), now, measure).lead
        )
        for pk, state, feed, team, asked, observed in rows
    ]  # fmt: skip


def clocks_of(one: Request) -> Clocks:
    """The three clocks of a request, now."""
    return clocks(_passed(one), timezone.now(), business.measure(_change(one.kind)))


def _passed(one: Request) -> Iterable[Passed]:
    return [Passed(event.at, State(event.state)) for event in one.events.all()]


def _day(moment: datetime, hours: float | None, change: str) -> date | None:
    return None if hours is None else timezone.localdate(business.after(moment, hours, change))


def _change(kind: str) -> str:
    """The change class of a type, whose freezes stop its clock; none for one that is no longer a file."""
    known = engine.workspace().request_types.get(kind)
    return known.change if known else ""


def _end_of(day: date) -> datetime:
    return datetime.combine(day, datetime.max.time(), ZoneInfo(settings.TIME_ZONE))
