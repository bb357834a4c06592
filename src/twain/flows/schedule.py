"""When a campaign is planned to go: ``send_at`` in its file, a day and time or a weekday and time, by the workspace's clocks.

It is a plan that people and IT's CI read. Nothing is sent by it: what sends is ``twain send``, by hand or by a scheduler.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WEEKLY = re.compile(rf"({'|'.join(_DAYS)}) +([01]\d|2[0-3]):([0-5]\d)", re.IGNORECASE)
_ONCE = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?")


@dataclass(frozen=True, slots=True)
class Schedule:
    """Once at *at* (local time, without a zone), or every week on *weekday* (0 = Monday) at *clock*."""

    at: datetime | None = None
    weekday: int = 0
    clock: time = time()

    def __str__(self) -> str:
        """As it may be written in a file: the same plan always in the same words."""
        return f"{self.at:%Y-%m-%dT%H:%M:%S}" if self.at else f"{_DAYS[self.weekday].title()} {self.clock:%H:%M}"

    def following(self, now: datetime) -> datetime | None:
        """The next time after *now* (which has the workspace's zone), or None when it is past."""
        zone = now.tzinfo
        if self.at is not None:
            once = self.at.replace(tzinfo=zone)
            return once if once > now else None
        days = (self.weekday - now.weekday()) % 7
        day = now.date() + timedelta(days=days)
        found = datetime.combine(day, self.clock, tzinfo=zone)
        return found if found > now else datetime.combine(day + timedelta(days=7), self.clock, tzinfo=zone)


def parse_schedule(value: object) -> Schedule | None:
    """``"2026-12-04T09:00"``, TOML's own local date-time, or ``"Friday 09:00"``; None when it is none of them.

    A time with an offset is none: it goes by the workspace's zone, summer and winter.
    """
    if isinstance(value, datetime):
        return Schedule(at=value) if value.tzinfo is None else None
    text = str(value).strip() if isinstance(value, str) else ""
    if weekly := _WEEKLY.fullmatch(text):
        return Schedule(weekday=_DAYS.index(weekly[1].lower()), clock=time(int(weekly[2]), int(weekly[3])))
    if not _ONCE.fullmatch(text):
        return None
    try:
        return Schedule(at=datetime.fromisoformat(text))
    except ValueError:
        return None


def spoken(moment: datetime) -> str:
    """``Friday 4 December 2026, 09:00 (Europe/Berlin)``."""
    zone = moment.tzinfo.key if isinstance(moment.tzinfo, ZoneInfo) else str(moment.tzinfo)
    return f"{moment:%A} {moment.day} {moment:%B %Y, %H:%M} ({zone})"
