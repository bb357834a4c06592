"""A value with what it rests on, and how values are made from lists. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean, median

from twain_web.rooms.partnership.numbers.periods import Period
from twain_web.rooms.partnership.numbers.records import Records


@dataclass(frozen=True, slots=True)
class Point:
    """One value; None: nothing happened that could be counted. *n*: on how many it rests. *bound*: at least, at most."""

    value: float | None
    n: int
    bound: str = ""


#: A number in one period.
Measure = Callable[[Records, Period], Point]
NONE = Point(None, 0)


def share(verdicts: Sequence[bool]) -> Point:
    """Of so many, the percentage that is true."""
    return Point(100.0 * sum(verdicts) / len(verdicts), len(verdicts)) if verdicts else NONE


def middle(values: Sequence[float]) -> Point:
    """The median."""
    return Point(float(median(values)), len(values)) if values else NONE


def mean(values: Sequence[float]) -> Point:
    """The mean."""
    return Point(fmean(values), len(values)) if values else NONE


def usually(values: Sequence[float], p: float = 0.85) -> Point:
    """What *p* of such cases stay within: the k-th smallest, k = ⌈p·(n + 1)⌉, at most the largest. Not of fewer than six."""
    if len(values) < 6:
        return Point(None, len(values))
    return Point(sorted(values)[min(len(values), math.ceil(p * (len(values) + 1) - 1e-9)) - 1], len(values))
