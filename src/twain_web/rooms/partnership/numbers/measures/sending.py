"""Sends: what went without anybody's yes, what went wrong, what was hurried, and which feeds were read."""

from __future__ import annotations

from datetime import UTC, datetime

from twain_web.rooms.partnership.numbers.measures.planning import came_into, needed_by
from twain_web.rooms.partnership.numbers.periods import Period
from twain_web.rooms.partnership.numbers.points import NONE, Measure, Point, share
from twain_web.rooms.partnership.numbers.records import Records, Sent


def _begun(records: Records, period: Period) -> list[Sent]:
    return [one for one in records.sends if period.has(one.began_at)]


def auto_approved(records: Records, period: Period) -> Point:
    """Sends that went by the rules agreed in advance, without anybody's yes."""
    return share([one.yeses == 0 for one in _begun(records, period)])


def change_fails(records: Records, period: Period) -> Point:
    """Sends that were held on their way, stopped for good, or expired."""
    return share([one.held or not one.ended_well for one in _begun(records, period)])


def expedites(records: Records, period: Period) -> Point:
    """Sends beyond the limits, by an exception of IT's, and plans that were told later than was known then to be needed."""
    slots = [one for one in records.slots if period.has(datetime.fromtimestamp(one.begins, UTC))]
    plans = [one for one in records.plans if one.state != "withdrawn" and period.has(one.begins_at)]
    if not slots and not plans:
        return NONE
    late = 0
    for plan in plans:
        announced = came_into(plan, "announced")
        needed = needed_by(records, announced).value if announced is not None else None
        late += announced is not None and needed is not None and records.hours(announced, plan.begins_at) < needed
    return Point(float(late + sum(bool(one.exception) for one in slots)), len(slots) + len(plans))


def read_by(feed: str) -> Measure:
    """Sends that read one feed."""

    def measure(records: Records, period: Period) -> Point:
        sends = _begun(records, period)
        return Point(float(sum(feed in one.feeds for one in sends)), len(sends)) if sends else NONE

    return measure
