"""Months and quarters on the workspace's clocks. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from twain_web.rooms.partnership.quarters import first_day, quarter_of

MONTHS, QUARTERS = 13, 5


@dataclass(frozen=True, slots=True)
class Period:
    """From *begins* to *ends* (not part of it). *key*: ``2026-03`` or ``2026-Q1``; ``""`` is all that is looked at."""

    key: str
    begins: datetime
    ends: datetime

    def has(self, moment: datetime | None) -> bool:
        """Whether a moment lies in it."""
        return moment is not None and self.begins <= moment < self.ends


def months(today: date, zone: str) -> tuple[Period, ...]:
    """The month of *today* and the twelve before it, the oldest first."""
    firsts = [today.replace(day=1)]
    while len(firsts) < MONTHS:
        firsts.append((firsts[-1] - timedelta(days=1)).replace(day=1))
    return tuple(
        _period(f"{first:%Y-%m}", first, (first + timedelta(days=32)).replace(day=1), zone) for first in firsts[::-1]
    )


def quarters(today: date, zone: str) -> tuple[Period, ...]:
    """The quarter of *today* and the four before it, the oldest first."""
    firsts = [first_day(quarter_of(today))]
    while len(firsts) < QUARTERS:
        firsts.append(first_day(quarter_of(firsts[-1] - timedelta(days=1))))
    return tuple(
        _period(quarter_of(first), first, first_day(quarter_of(first + timedelta(days=95))), zone)
        for first in firsts[::-1]
    )


def whole(periods: tuple[Period, ...]) -> Period:
    """All of them as one."""
    return Period("", periods[0].begins, periods[-1].ends)


def _period(key: str, first: date, after: date, zone: str) -> Period:
    begins, ends = (datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC) for day in (first, after))
    return Period(key, begins, ends)
