"""Working time of the team that answers: Monday to Friday, 9 to 17, in the workspace's time zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings

_OPENS, _CLOSES = time(9), time(17)
_WEEKEND = 5  # from Saturday on
HOURS_A_DAY = 8.0


def hours(begin: datetime, end: datetime) -> float:
    """Working hours between two moments; 0 when the second is not later."""
    zone = ZoneInfo(settings.TIME_ZONE)
    first, last = begin.astimezone(zone).date(), end.astimezone(zone).date()
    ends = sum(_overlap(*_shift(day, zone), begin, end) for day in {first, last} if day.weekday() < _WEEKEND)
    return ends + HOURS_A_DAY * _workdays_between(first, last)


def _workdays_between(first: date, last: date) -> int:
    """Whole working days after *first* and before *last*."""
    weeks, rest = divmod(max(0, (last - first).days - 1), 7)
    return weeks * _WEEKEND + sum((first + timedelta(days=n)).weekday() < _WEEKEND for n in range(1, rest + 1))


def after(begin: datetime, wanted: float) -> datetime:
    """The moment at which *wanted* working hours will have passed since *begin*."""
    zone = ZoneInfo(settings.TIME_ZONE)
    day, left = begin.astimezone(zone).date(), wanted
    while True:
        if day.weekday() < _WEEKEND:
            opens, closes = _shift(day, zone)
            here = _overlap(opens, closes, begin, closes)
            if here >= left > 0 or (left <= 0 and here > 0):
                return max(opens, begin.astimezone(UTC)) + timedelta(hours=max(left, 0.0))
            left -= here
        day += timedelta(days=1)


def days_after(begin: datetime, days: float) -> date:
    """The working day on which so many working days will have passed."""
    return after(begin, days * HOURS_A_DAY).astimezone(ZoneInfo(settings.TIME_ZONE)).date()


def _shift(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    opens, closes = (datetime.combine(day, at, zone).astimezone(UTC) for at in (_OPENS, _CLOSES))
    return opens, closes


def _overlap(opens: datetime, closes: datetime, begin: datetime, end: datetime) -> float:
    return max(0.0, (min(closes, end) - max(opens, begin)).total_seconds() / 3600)
