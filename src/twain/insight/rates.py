"""Rates with the interval that chance leaves: never a bare per cent of a small number.

*Wilson*: E. B. Wilson, Probable inference, the law of succession, and statistical inference, JASA 22 (1927) 209–212.
*Newcombe*: R. G. Newcombe, Interval estimation for the difference between independent proportions: comparison of eleven
methods, Statistics in Medicine 17 (1998) 873–890, method 10 (two Wilson intervals, no continuity correction).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import sqrt
from statistics import NormalDist

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Rate:
    """*part* of *whole* people; the true rate lies from *low* to *high* (all 0 … 1) in 95 of 100 such cases."""

    part: int
    whole: int
    low: float
    high: float

    @property
    def share(self) -> float:
        """The rate as it was seen; 0 of nobody is 0."""
        return self.part / self.whole if self.whole else 0.0

    def as_json(self) -> dict[str, float | int]:
        """Plain JSON."""
        return {"part": self.part, "of": self.whole, "share": self.share, "low": self.low, "high": self.high}


@dataclass(frozen=True, slots=True)
class Difference:
    """How much more often the first of two groups did something, as a difference of shares (−1 … 1), with its interval."""

    difference: float
    low: float
    high: float

    @property
    def told_apart(self) -> bool:
        """Whether the interval leaves out "no difference"."""
        return self.low > 0 or self.high < 0

    def as_json(self) -> dict[str, float]:
        """Plain JSON."""
        return {"difference": self.difference, "low": self.low, "high": self.high}


def rate(part: int, whole: int, confidence: float = CONFIDENCE) -> Rate:
    """*part* of *whole* with its Wilson interval; of nobody everything is possible. Raises ValueError unless 0 ≤ part ≤ whole."""
    if not 0 <= part <= whole:
        raise ValueError(f"{part} of {whole} is no share.")
    if not whole:
        return Rate(0, 0, 0.0, 1.0)
    z, seen = _z(confidence), part / whole
    middle = (seen + z * z / (2 * whole)) / (1 + z * z / whole)
    half = z / (1 + z * z / whole) * sqrt(seen * (1 - seen) / whole + z * z / (4 * whole * whole))
    low = 0.0 if part == 0 else min(seen, max(0.0, middle - half))  # exactly, where rounding would miss it
    high = 1.0 if part == whole else max(seen, min(1.0, middle + half))
    return Rate(part, whole, low, high)


def difference(first: Rate, second: Rate) -> Difference | None:
    """How much higher the *first* rate is than the *second*, by Newcombe's method; None while one group is empty."""
    if not first.whole or not second.whole:
        return None
    seen = first.share - second.share
    below = sqrt((first.share - first.low) ** 2 + (second.high - second.share) ** 2)
    above = sqrt((first.high - first.share) ** 2 + (second.share - second.low) ** 2)
    return Difference(seen, max(-1.0, seen - below), min(1.0, seen + above))


@lru_cache(maxsize=8)
def _z(confidence: float) -> float:
    return NormalDist().inv_cdf(0.5 + confidence / 2)
