"""The weeks ahead in few words, and plans of which IT was told early."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.utils import timezone

from twain.flows.capacity import capacity_of, taken
from twain_web import engine
from twain_web.rooms.capacity import reads
from twain_web.rooms.capacity.models import Plan, Step

_HOUR = 3600.0
_COMING = (Plan.State.ANNOUNCED, Plan.State.FEASIBLE, Plan.State.BOOKED)


@dataclass(frozen=True, slots=True)
class Week:
    """One week: what is planned, how many people it reaches, and how full its fullest hour is booked (None: no limit is said)."""

    begins: date
    plans: tuple[str, ...]
    people: int
    fullest: float | None
    closed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Noticed:
    """A plan that IT was told of earlier than it needs. Hours of business time; *owner* a user name."""

    pk: int
    title: str
    url: str
    owner: str
    announced_at: datetime
    given: float
    needed: float


def weeks(first: date, count: int = 6) -> list[Week]:
    """So many weeks from the Monday of *first* on."""
    monday = first - timedelta(days=first.weekday())
    return [_week(monday + timedelta(weeks=n)) for n in range(count)]


def noticed(since: datetime) -> list[Noticed]:
    """Plans announced since a moment with at least the notice that is needed, the newest first."""
    announced = Step.objects.filter(state=Plan.State.ANNOUNCED, at__gte=since).order_by("-at")
    return list(_early(announced.select_related("plan__owner")))


def _early(steps: Iterable[Step]) -> Iterator[Noticed]:
    for step in steps:
        plan, notice = step.plan, reads.notice_of(step.plan)
        if plan.state != Plan.State.WITHDRAWN and notice is not None and notice.given >= notice.needed:
            yield Noticed(plan.pk, plan.title, plan.url, plan.owner.username, step.at, notice.given, notice.needed)


def _week(monday: date) -> Week:
    begins = timezone.make_aware(datetime.combine(monday, time()))
    ends = timezone.make_aware(datetime.combine(monday + timedelta(weeks=1), time()))
    plans = list(Plan.objects.filter(state__in=_COMING, begins_at__gte=begins, begins_at__lt=ends))
    kinds = ("freeze", "maintenance", "holiday")
    closed = {one.title: None for one in reads.shown(begins, ends) if one.kind in kinds}
    return Week(
        monday, tuple(plan.title for plan in plans), sum(plan.people for plan in plans), _fullest(begins, ends),
        tuple(closed),
    )  # fmt: skip


def _fullest(begins: datetime, ends: datetime) -> float | None:
    """The highest share of a limit that is booked in an hour between two moments."""
    instance = engine.instance()
    declared = capacity_of(instance)
    booked = taken(instance, begins.timestamp() - _HOUR, ends.timestamp())
    first, last = int(begins.timestamp() // _HOUR), int(ends.timestamp() // _HOUR)
    shares = [
        amount / limit
        for (of, hour), amount in booked.items()
        if first <= hour < last and (limit := declared.limit(of, hour))
    ]
    return max(shares, default=0.0 if declared.limits else None)
