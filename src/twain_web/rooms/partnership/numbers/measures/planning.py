"""The year's plans and the capacity: notice given and needed, what was booked, how wrong forecasts were."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

from twain.calendars.slots import HOUR
from twain_web.rooms.capacity.public import PlanRecord
from twain_web.rooms.partnership.numbers.periods import Period
from twain_web.rooms.partnership.numbers.points import NONE, Point, middle, usually
from twain_web.rooms.partnership.numbers.records import Records

_YEAR = timedelta(days=365)


def came_into(plan: PlanRecord, state: str) -> datetime | None:
    """When a plan came into a state for the first time."""
    return next((at for at, one in plan.steps if one == state), None)


def notice_given(records: Records, period: Period) -> Point:
    """IT's working hours from a plan's announcement to its day, for plans whose day lies in a period."""
    plans = [one for one in records.plans if one.state != "withdrawn" and period.has(one.begins_at)]
    told = [(came_into(one, "announced"), one.begins_at) for one in plans]
    return middle([records.hours(announced, begins) for announced, begins in told if announced])


def confirmations(
    plans: Iterable[PlanRecord], hours: Callable[[datetime, datetime], float]
) -> list[tuple[datetime, float]]:
    """When IT confirmed each plan, and the working hours from its announcement until then; in order."""
    told = [(came_into(plan, "announced"), came_into(plan, "feasible")) for plan in plans]
    return sorted((feasible, hours(announced, feasible)) for announced, feasible in told if announced and feasible)


def needed_by(records: Records, then: datetime) -> Point:
    """What 85 of 100 plans had needed in the year before a moment. Not of fewer than six."""
    took = [hours for at, hours in records.confirmed if then - _YEAR <= at < then]
    return usually(took) if took else NONE


def notice_needed(records: Records, period: Period) -> Point:
    """As it was known at the end of a period; nothing before a period has begun."""
    return needed_by(records, min(period.ends, records.now)) if period.begins < records.now else NONE


def booked(records: Records, period: Period) -> Point:
    """Messages that were booked, as a share of all that the limited channels could have sent in a period."""
    taken, available = _taken(records, period), _available(records, period)
    return Point(100.0 * sum(taken.values()) / available, len(taken)) if available else NONE


def fullest_hour(records: Records, period: Period) -> Point:
    """The hour in which most was booked, as a share of what its channel may send in it."""
    found = [
        100.0 * amount / limit
        for (channel, hour), amount in _taken(records, period).items()
        if (limit := records.capacity.limit(channel, hour))
    ]
    return Point(max(found), len(found)) if found else NONE


def forecast_error(records: Records, period: Period) -> Point:
    """Of the clicks that really came, the share that was forecast for another hour or not at all; of sends that were measured."""
    measured = [
        one.measured.get("error") for one in records.slots if period.has(datetime.fromtimestamp(one.begins, UTC))
    ]
    return middle([100.0 * error for error in measured if error is not None])


def _taken(records: Records, period: Period) -> dict[tuple[str, int], float]:
    first, last = period.begins.timestamp() / HOUR, period.ends.timestamp() / HOUR
    found: defaultdict[tuple[str, int], float] = defaultdict(float)
    for slot in records.slots:
        for (resource, hour), amount in slot.loads.items():
            if resource.startswith("channel:") and first <= hour < last and records.capacity.limit(resource, hour):
                found[resource, hour] += amount
    return found


def _available(records: Records, period: Period) -> float:
    """What all limited channels could have sent between the first booking that is known and the end of a period."""
    if not records.slots:
        return 0.0
    known = datetime.fromtimestamp(min(slot.begins for slot in records.slots), UTC)
    day, channels = (
        max(period.begins, known),
        {one.of for one in records.capacity.limits if one.of.startswith("channel:")},
    )
    total = 0.0
    while day < period.ends:
        hours = min(24.0, (period.ends - day).total_seconds() / HOUR)
        total += sum(hours * (records.capacity.limit(one, int(day.timestamp() // HOUR)) or 0.0) for one in channels)
        day += timedelta(days=1)
    return total
