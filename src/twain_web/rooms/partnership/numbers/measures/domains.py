"""Sender domains: how near their SPF records are to what receivers still read."""

from __future__ import annotations

from datetime import timedelta

from twain_web.rooms.partnership.numbers.periods import Period
from twain_web.rooms.partnership.numbers.points import NONE, Measure, Point
from twain_web.rooms.partnership.numbers.records import Records

#: Look-ups that receivers make for one record (RFC 7208, section 4.6.4).
LIMIT = 10
_MOST_SHOWN = 5
_STILL_USED = timedelta(days=30)


def worst_now(records: Records) -> tuple[str, ...]:
    """Domains of the last look and of the thirty days before it, those that need most at present first; five at most."""
    since = max((one.day for one in records.spf), default=records.day(records.now)) - _STILL_USED
    present = {one.domain: one.lookups for one in sorted(records.spf, key=lambda one: one.day) if one.day >= since}
    return tuple(sorted(present, key=lambda domain: (-present[domain], domain))[:_MOST_SHOWN])


def lookups_of(domain: str) -> Measure:
    """What one domain's record needed on the last day of a period that was looked at."""

    def measure(records: Records, period: Period) -> Point:
        first, after = records.day(period.begins), records.day(period.ends)
        mine = [one for one in records.spf if one.domain == domain and first <= one.day < after]
        last = max(mine, key=lambda one: one.day, default=None)
        if last is None:
            return NONE
        return Point(float(last.lookups), len(mine), "at least" if last.lookups > LIMIT else "")

    return measure
