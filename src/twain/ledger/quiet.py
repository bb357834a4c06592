"""Quiet hours: when nothing may go to people of one time zone. Pure arithmetic, on the wall clock where they live.

What holds for a shard is kept with it as JSON: its zone, and rules of (from, to) in minutes after midnight, the days of the
week they begin on (0 = Monday) and single days that are quiet as a whole (``12-25`` or ``2026-04-03``). A period whose end is
not after its beginning ends the next day. Where clocks are changed, a time may not exist or come twice (PEP 495): a period then
begins with the earlier and ends with the later of what it could mean.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

_DAY = 86_400.0
_DAYS_AHEAD = 10
_EARLY = 2.0
"""Seconds before a period in which nothing is begun any more: what is on its way to the relay then still gets there in time."""


def quiet_until(quiet: str, moment: float) -> float:
    """When a message may go next (epoch seconds): *moment* itself outside of quiet hours. *quiet* empty: always."""
    for start, end in _around(quiet, moment):
        if start - _EARLY <= moment < end:
            return end
    return moment


def next_quiet(quiet: str, moment: float) -> float:
    """When the next quiet hours begin after *moment*, less a moment for what is on its way; infinity when none do soon."""
    return min((start - _EARLY for start, _ in _around(quiet, moment) if start - _EARLY > moment), default=float("inf"))


def _around(quiet: str, moment: float) -> tuple[tuple[float, float], ...]:
    return _periods(quiet, int(moment // _DAY)) if quiet else ()


@lru_cache(maxsize=4096)
def _periods(quiet: str, utc_day: int) -> tuple[tuple[float, float], ...]:
    """The quiet periods from two days before a UTC day until ten after it, those that touch joined."""
    said = json.loads(quiet)
    zone, first = ZoneInfo(said["zone"]), date(1970, 1, 1) + timedelta(days=utc_day - 2)
    days = [first + timedelta(days=n) for n in range(_DAYS_AHEAD + 3)]
    found = sorted(period for rule in said["rules"] for day in days for period in _of_day(rule, day, zone))
    joined: list[tuple[float, float]] = []
    for start, end in found:
        if joined and start - _EARLY <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return tuple(joined)


def _of_day(rule: dict[str, Any], day: date, zone: ZoneInfo) -> Iterator[tuple[float, float]]:
    if day.isoformat() in rule["holidays"] or f"{day:%m-%d}" in rule["holidays"]:
        yield _at(day, 0, zone, min), _at(day + timedelta(days=1), 0, zone, max)
    if day.weekday() in rule["weekdays"]:
        until = day if rule["to"] > rule["from"] else day + timedelta(days=1)
        yield _at(day, rule["from"], zone, min), _at(until, rule["to"], zone, max)


def _at(day: date, minutes: int, zone: ZoneInfo, choose: Callable[[float, float], float]) -> float:
    """The epoch second of a local time; of the two that a change of clocks makes possible, the one that is chosen."""
    days, minute = divmod(minutes, 24 * 60)
    wall = datetime.combine(day + timedelta(days=days), time(minute // 60, minute % 60), zone)
    return choose(wall.replace(fold=0).timestamp(), wall.replace(fold=1).timestamp())
