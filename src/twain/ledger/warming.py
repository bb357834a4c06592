"""Warming up: what was sent on which day, and what may still go today. Pure arithmetic on a lane's row.

A day is a date where the house is, and its number is its place in the ramp. The next day has the next number once half of what
the last one allowed has gone; else it has the same number again: a reputation is made by mail that was sent, not by time that
passed. A date keeps its number and its count for good: whatever somebody does to the clock, no date gets more than its number.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from twain.records.warming import WarmUp

KEPT = 120
"""Days that are remembered."""
EARLY = 2.0
"""Seconds before midnight in which nothing is begun any more: what is on its way then still counts for its own day."""


class DayCount(NamedTuple):
    """One date (``toordinal()``), its place in the ramp, and how many messages were reserved on it."""

    day: int
    number: int
    messages: int


def days_from(text: str) -> tuple[DayCount, ...]:
    """What a lane's row remembers, by date."""
    return tuple(DayCount(*one) for one in json.loads(text))


def days_text(days: Sequence[DayCount]) -> str:
    """As a lane's row keeps it."""
    return json.dumps(days)


@lru_cache(maxsize=64)
def _bounds(zone: str, day: int) -> tuple[float, float]:
    where, on = ZoneInfo(zone), date.fromordinal(day)
    ends = (datetime.combine(one, time(), where).timestamp() for one in (on, on + timedelta(days=1)))
    return next(ends), next(ends)


def day_of(zone: str, moment: float) -> int:
    """The date at a moment (epoch seconds)."""
    return datetime.fromtimestamp(moment, ZoneInfo(zone)).date().toordinal()


def midnight_after(zone: str, moment: float) -> float:
    """When the next day begins: always later than *moment*, also on a day whose clocks are changed at midnight."""
    day = day_of(zone, moment)
    return next(ends for at in (day, day + 1) if (ends := _bounds(zone, at)[1]) > moment)


def number_on(ramp: WarmUp, days: Sequence[DayCount], day: int) -> int:
    """The place of a date in the ramp, the first day being 1; 0 for a date too long ago to be remembered."""
    own = next((one for one in days if one.day == day), None)
    if own is not None:
        return own.number
    if len(days) >= KEPT and day < days[0].day:
        return 0
    before = [one for one in days if ramp.begins <= one.day < day]
    if day < ramp.begins or not before:
        return 1
    last, allowed = before[-1], ramp.allowed(before[-1].number)
    return last.number + (allowed is None or last.messages * 2 >= allowed)


def gone_on(days: Sequence[DayCount], day: int) -> int:
    """How many were reserved on a date."""
    return next((one.messages for one in days if one.day == day), 0)


def left_on(ramp: WarmUp, days: Sequence[DayCount], day: int) -> int | None:
    """How many may still go on a date; None when the ramp is over."""
    allowed = ramp.allowed(number_on(ramp, days, day))
    return None if allowed is None else max(0, allowed - gone_on(days, day))


def counted(ramp: WarmUp, days: Sequence[DayCount], day: int, more: int) -> tuple[DayCount, ...]:
    """The same days with *more* messages on one of them."""
    today = DayCount(day, number_on(ramp, days, day), gone_on(days, day) + more)
    return tuple(sorted([*(one for one in days if one.day != day), today])[-KEPT:])


def given_back(days: Sequence[DayCount], day: int, fewer: int) -> tuple[DayCount, ...]:
    """The same days, when so many of a date's messages were never begun."""
    return tuple(one._replace(messages=max(0, one.messages - fewer)) if one.day == day else one for one in days)


def ahead(ramp: WarmUp, days: Sequence[DayCount], today: int) -> Iterator[tuple[int, int | None]]:
    """From today on, each date with what may go on it when every day before it is used; ends with the first without a limit."""
    number, left = number_on(ramp, days, today), left_on(ramp, days, today)
    yield today, left
    while left is not None:
        today, number = today + 1, number + 1
        left = ramp.allowed(number)
        yield today, left
