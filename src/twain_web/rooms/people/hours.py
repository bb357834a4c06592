"""Working hours as people write them: ``Mon-Fri 09:00-17:00``."""

from __future__ import annotations

import re
from dataclasses import dataclass

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_WRITTEN = re.compile(r"^([A-Z][a-z]{2})(?:\s*[-–]\s*([A-Z][a-z]{2}))?\s+(\d\d?:\d\d)\s*[-–]\s*(\d\d?:\d\d)$")


@dataclass(frozen=True, slots=True)
class WorkingHours:
    """From day to day (0 = Monday, both included), from minute to minute of the day."""

    first_day: int
    last_day: int
    begins: int
    ends: int

    def __str__(self) -> str:
        days = DAYS[self.first_day]
        if self.last_day != self.first_day:
            days += f"-{DAYS[self.last_day]}"
        return f"{days} {_clock(self.begins)}-{_clock(self.ends)}"


def parse(text: str) -> WorkingHours:
    """Read them; ValueError says how they are written."""
    found = _WRITTEN.match(text.strip())
    if found is None or found[1] not in DAYS or (found[2] or found[1]) not in DAYS:
        raise ValueError("Write working hours like Mon-Fri 09:00-17:00.")
    begins, ends = _minutes(found[3]), _minutes(found[4])
    if begins >= ends:
        raise ValueError("Working hours end after they begin, on the same day.")
    return WorkingHours(DAYS.index(found[1]), DAYS.index(found[2] or found[1]), begins, ends)


def _minutes(clock: str) -> int:
    hour, minute = (int(part) for part in clock.split(":"))
    if hour > 24 or minute > 59 or hour * 60 + minute > 24 * 60:
        raise ValueError(f"{clock} is not a time of day.")
    return hour * 60 + minute


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
