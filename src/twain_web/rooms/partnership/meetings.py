"""What status checks count: held on time, items carried over. Pure: no database, no clock."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Met:
    """One status check: the first day it was planned for, and the day on which it was held, if it was."""

    planned_for: date
    held_on: date | None


@dataclass(frozen=True, slots=True)
class Carried:
    """One item: the day of the check that raised it, and of the one that settled it, if any."""

    raised: date
    settled: date | None = None


def held_on_time(checks: Iterable[Met], today: date) -> tuple[int, int]:
    """How many were held by the day they were first planned for, and of how many: those that are due count, held or not."""
    due = [one for one in checks if one.held_on is not None or one.planned_for < today]
    return sum(one.held_on is not None and one.held_on <= one.planned_for for one in due), len(due)


def carried_over(items: Iterable[Carried], checks: Sequence[date]) -> int:
    """How many items were open when the last of the *checks* (days held) began and still were when it ended."""
    if not checks:
        return 0
    last = max(checks)
    return sum(one.raised < last and (one.settled is None or one.settled > last) for one in items)
