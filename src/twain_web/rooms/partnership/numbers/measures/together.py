"""The catalogue, incidents, status checks, the survey and vendor reviews."""

from __future__ import annotations

from datetime import datetime

from twain_web.rooms.incidents.public import Incident
from twain_web.rooms.partnership.meetings import carried_over, held_on_time
from twain_web.rooms.partnership.numbers.periods import Period
from twain_web.rooms.partnership.numbers.points import NONE, Measure, Point, middle
from twain_web.rooms.partnership.numbers.records import Catalogue, Records
from twain_web.rooms.partnership.quarters import first_day

_SECONDS_A_DAY = 86_400.0


def fields_owned(records: Records, period: Period) -> Point:
    """Of the fields that campaigns read: those with an owner who can be asked, and a business term. On the last day looked at."""
    last = _last_look(records, period)
    return Point(100.0 * last.owned / last.fields, last.fields) if last and last.fields else NONE


def unused_feeds(records: Records, period: Period) -> Point:
    """Feeds that nothing reads, on the last day looked at."""
    last = _last_look(records, period)
    return Point(float(last.unused), last.feeds) if last and last.feeds else NONE


def _last_look(records: Records, period: Period) -> Catalogue | None:
    first, after = records.day(period.begins), records.day(period.ends)
    return max((one for one in records.catalogue if first <= one.day < after), key=lambda one: one.day, default=None)


def to_acknowledge(records: Records, period: Period) -> Point:
    """Hours from a failed check until somebody had it, by the clock on the wall."""
    return _hours([(one, one.acknowledged_at) for one in records.incidents], period)


def to_restore(records: Records, period: Period) -> Point:
    """Hours from a failed check until it passed again, by the clock on the wall."""
    return _hours([(one, one.restored_at) for one in records.incidents], period)


def _hours(found: list[tuple[Incident, datetime | None]], period: Period) -> Point:
    return middle([
        max(0.0, (then - one.opened_at).total_seconds() / 3600)
        for one, then in found
        if then is not None and period.has(one.opened_at)
    ])  # fmt: skip


def checks_on_time(records: Records, period: Period) -> Point:
    """Status checks held by the day for which they were first planned."""
    first, after = records.day(period.begins), records.day(period.ends)
    planned = [one for one in records.checks if first <= one.planned_for < after]
    kept, due = held_on_time(planned, records.day(records.now))
    return Point(100.0 * kept / due, due) if due else NONE


def items_carried(records: Records, period: Period) -> Point:
    """Items that the last status check of a period carried over to the next one."""
    first, after = records.day(period.begins), records.day(period.ends)
    held = [one.held_on for one in records.checks if one.held_on is not None and one.held_on < after]
    if not held or max(held) < first:
        return NONE
    return Point(float(carried_over(records.items, held)), len(records.items))


def above_average(side: str) -> Measure:
    """What one team says of the other: above average or better. Told of quarters that are over, and only where five answered."""

    def measure(records: Records, period: Period) -> Point:
        first, after = records.day(period.begins), records.day(period.ends)
        told = [one for one in records.survey if one.side == side and first <= first_day(one.quarter) < after]
        last = max(told, key=lambda one: one.quarter, default=None)
        return Point(100.0 * last.share, last.answered, last.bound) if last else NONE

    return measure


def open_disagreements(records: Records, period: Period) -> Point:
    """Rows of vendor reviews on which the two teams differ, of reviews that were asked for in a period."""
    asked = [one for one in records.vendors if period.has(one.asked_at)]
    return Point(float(sum(one.open for one in asked if one.decided_at is None)), len(asked)) if asked else NONE


def vendor_lead(records: Records, period: Period) -> Point:
    """Days from the question to the decision, of reviews that were decided in a period."""
    decided = [(one.asked_at, one.decided_at) for one in records.vendors if period.has(one.decided_at)]
    return middle([(end - begin).total_seconds() / _SECONDS_A_DAY for begin, end in decided if end is not None])
