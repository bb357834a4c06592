"""Anniversaries and local time, worked out in Python, so that a database sees only plain dates and numbers.

Of a date, SQL compares ``month * 100 + day`` or the date itself with values computed here: no database's own idea of
February 29, of a month's end or of a time zone takes part.
"""

from __future__ import annotations

from calendar import isleap, monthrange
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

LeapDay = Literal["feb28", "mar1"]


def month_days(on: date, leap_day: LeapDay = "feb28") -> tuple[int, ...]:
    """The ``month * 100 + day`` of every date whose yearly anniversary falls on *on*, ascending.

    In a year without a February 29 those born on it celebrate on February 28 or on March 1, as *leap_day* says.
    """
    own = on.month * 100 + on.day
    instead = 228 if leap_day == "feb28" else 301
    return tuple(sorted({own, 229})) if own == instead and not isleap(on.year) else (own,)


def days_of_month(on: date) -> tuple[int, ...]:
    """The days of the month whose monthly anniversary falls on *on*: on a short month's last day, the missing ones too."""
    last = monthrange(on.year, on.month)[1]
    return tuple(range(on.day, 32)) if on.day == last else (on.day,)


def years_before(on: date, years: int, leap_day: LeapDay = "feb28") -> tuple[date, ...]:
    """The dates whose *years*-th anniversary is *on*, ascending; none when *on* is a February 29 and that year has none."""
    year = on.year - years
    if year < 1:
        return ()
    found = (divmod(number, 100) for number in month_days(on, leap_day))
    return tuple(date(year, month, day) for month, day in found if (month, day) != (2, 29) or isleap(year))


def months_before(on: date, months: int) -> tuple[date, ...]:
    """The dates that are *months* months before *on*, ascending; a missing day counts as its month's last."""
    year, month = divmod(on.year * 12 + on.month - 1 - months, 12)
    if year < 1:
        return ()
    last = monthrange(year, month + 1)[1]
    return tuple(date(year, month + 1, day) for day in days_of_month(on) if day <= last)


def local_groups(moment: datetime, zones: Iterable[str]) -> Mapping[tuple[date, int], tuple[str, ...]]:
    """Time zones by their local (date, hour) at *moment* (aware): a few dozen groups for all zones of the world.

    A name that is no time zone is left out; its people take the workspace's own date.
    """
    groups: dict[tuple[date, int], list[str]] = {}
    for name in sorted(set(zones)):
        zone = known_zone(name)
        if zone is not None:
            local = moment.astimezone(zone)
            groups.setdefault((local.date(), local.hour), []).append(name)
    return {group: tuple(names) for group, names in groups.items()}


def local_dates(moment: datetime, zones: Iterable[str]) -> Mapping[str, date]:
    """The local date of each known time zone at *moment* (aware), for ``compile_audience(local_dates=…)``."""
    return {name: day for (day, _), names in local_groups(moment, zones).items() for name in names}


def moment_of(day: date, at: time, zone: str) -> datetime:
    """The instant (UTC) at which clocks in *zone* show *at* on *day*.

    In the hour that spring skips it is the first instant after the gap; in the one that autumn repeats, the first of the two.
    An unknown zone counts as UTC.
    """
    local = datetime.combine(day, at, known_zone(zone) or UTC)
    instant = local.astimezone(UTC)
    if instant.astimezone(local.tzinfo).replace(tzinfo=None) == local.replace(tzinfo=None):
        return instant
    return _gap_end(instant, local)


def _gap_end(instant: datetime, local: datetime) -> datetime:
    # Reckoned by the offset before the gap, the wanted time lies as far behind the gap's end as it lay inside it.
    before = local.utcoffset() or timedelta(0)
    after = local.replace(fold=1).utcoffset() or timedelta(0)
    low, high = instant - abs(after - before), instant
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        low, high = (middle, high) if middle.astimezone(local.tzinfo).utcoffset() == before else (low, middle)
    return high.replace(microsecond=0)


@cache
def known_zone(name: str) -> ZoneInfo | None:
    """The IANA time zone of this name, or None."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
