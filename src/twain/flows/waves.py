"""Sends at each recipient's local time: which people go when."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta, timezone
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


def wave_of(local_time: str, now: float, local_date: str = "") -> Callable[[str | None], float] | None:
    """``"09:00"`` → a function from a time zone's name to the epoch second of the next 09:00 there; None without a time.

    With a *local_date* (``"2026-12-01"``) it is 09:00 of that day everywhere; where that has passed, it is at once.

    An unknown or missing zone counts as UTC. In a spring gap the first moment after it is meant, in an autumn repeat the
    first pass (PEP 495, fold=0).
    """
    if not local_time:
        return None
    hour, minute = (int(part) for part in local_time.split(":"))
    day = date.fromisoformat(local_date) if local_date else None

    @lru_cache(maxsize=1024)
    def not_before(zone: str | None) -> float:
        where = _zone(zone)
        return _next(where, hour, minute, now) if day is None else _on(where, day, hour, minute)

    return not_before


def first_moment(local_time: str, local_date: str) -> float:
    """When it first is that time of that day anywhere: at UTC+14, where each day begins."""
    wall = datetime.combine(date.fromisoformat(local_date), time.fromisoformat(local_time))
    return wall.replace(tzinfo=timezone(timedelta(hours=14))).timestamp()


def _on(zone: ZoneInfo, day: date, hour: int, minute: int) -> float:
    return datetime.combine(day, time(hour, minute), zone).timestamp()


def _zone(name: str | None) -> ZoneInfo:
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def _next(zone: ZoneInfo, hour: int, minute: int, now: float) -> float:
    today = datetime.fromtimestamp(now, zone)
    for days in (0, 1):
        wall = (today + timedelta(days=days)).replace(hour=hour, minute=minute, second=0, microsecond=0, fold=0)
        # Via UTC and back: a wall time inside a spring gap does not exist and moves to the moment after it.
        moment = wall.timestamp()
        if moment >= now:
            return moment
    return moment
