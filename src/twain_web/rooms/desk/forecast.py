"""How long a request will take, from those that were like it. Pure: hours in, hours out.

The p-th percentile of *n* finished ones is the k-th smallest with k = ⌈p·(n + 1)⌉: the one that is asked about is the (n + 1)-th,
and may take longer than all before. Those still open count as at least their age: each hands its weight on to whatever took
longer (Efron 1967, "The two sample problem with censored data": the product-limit estimate), so an old open one moves the
answer and a fresh one does not. What would lie beyond the longest seen is undefined, and said so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

#: Fewer finished ones than this tell nothing yet.
ENOUGH = 6
WINDOW = timedelta(days=365)
HALF, USUALLY = 0.5, 0.85
#: Of so many promises, no more than so many kept: the procedure is not what it was.
LAST, FEW_KEPT = 20, 13
_EXACT = 1e-9


@dataclass(frozen=True, slots=True)
class Case:
    """One request: what it was, when it was asked and closed (None: still open), and its working hours (so far)."""

    kind: str
    feed: str
    team: str
    asked_at: datetime
    closed_at: datetime | None
    hours: float


@dataclass(frozen=True, slots=True)
class Similar:
    """The finest group with enough finished ones: their hours, those of the open ones, and since when."""

    finished: tuple[float, ...]
    open: tuple[float, ...]
    since: datetime

    def percentile(self, p: float) -> float | None:
        """Hours within which a share *p* of such requests is done; None when that is longer than the longest seen."""
        return percentile(self.finished, self.open, p)

    def chance(self, hours: float) -> float:
        """The share of such requests that is done within *hours*."""
        return sum(weight for value, weight in _weights(self.finished, self.open) if value <= hours)

    @property
    def longest(self) -> float:
        """The longest seen."""
        return max(self.finished)


def similar(cases: Sequence[Case], kind: str, feed: str, team: str, now: datetime) -> Similar | None:
    """The finest group with at least six closed within twelve months: type and feed, type and team, type. Never a person."""
    recent = [c for c in cases if c.kind == kind and (c.closed_at is None or now - WINDOW <= c.closed_at <= now)]
    groups = (
        [c for c in recent if feed and c.feed == feed],
        [c for c in recent if team and c.team == team],
        recent,
    )
    for group in groups:
        finished = [c for c in group if c.closed_at is not None]
        if len(finished) >= ENOUGH:
            return Similar(
                tuple(sorted(c.hours for c in finished)),
                tuple(sorted(c.hours for c in group if c.closed_at is None)),
                min(c.asked_at for c in finished),
            )
    return None


def percentile(finished: Sequence[float], still_open: Sequence[float], p: float) -> float | None:
    """The k-th smallest, k = ⌈p·(n + 1)⌉, of *finished* with those *still_open* counting as at least their age."""
    if not 0 < p < 1:
        raise ValueError(f"A share lies between 0 and 1, not at {p}.")
    reached = 0.0
    for value, weight in _weights(finished, still_open):
        reached += weight
        if reached >= p - _EXACT:
            return value
    return None


def _weights(finished: Sequence[float], still_open: Sequence[float]) -> list[tuple[float, float]]:
    """Each finished value with its share of all that may come; the rest belongs to what is longer than the longest."""
    left = len(finished) + len(still_open) + 1
    carried, result = 1.0, []
    # At the same age a finished one comes first: the open one has lasted at least that long.
    for value, is_open in sorted([(v, False) for v in finished] + [(v, True) for v in still_open]):
        if not is_open:
            share = carried / left
            result.append((value, share))
            carried -= share
        left -= 1
    return result


# ---------------------------------------------------------------- was it right?


@dataclass(frozen=True, slots=True)
class Backtest:
    """What would have been said at each asking, against what came. *kept* of *told*; *last_kept* of the newest twenty."""

    told: int
    kept: int
    last_told: int
    last_kept: int

    @property
    def share(self) -> float | None:
        """How many of the forecasts were kept."""
        return self.kept / self.told if self.told else None

    @property
    def procedure_changed(self) -> bool:
        """Whether the past no longer says what comes."""
        return self.last_told >= LAST and self.last_kept <= FEW_KEPT


def walk_forward(cases: Sequence[Case], age: Callable[[Case, datetime], float]) -> Backtest:
    """Forecast each finished case with what was known when it was asked, and compare.

    *age* says how many hours a case that was open at a moment had lasted by then.
    """
    ordered = sorted((c for c in cases if c.closed_at is not None), key=lambda c: c.asked_at)
    verdicts = [kept for c in ordered if (kept := _kept(c, cases, age)) is not None]
    last = verdicts[-LAST:]
    return Backtest(len(verdicts), sum(verdicts), len(last), sum(last))


def _kept(one: Case, cases: Sequence[Case], age: Callable[[Case, datetime], float]) -> bool | None:
    """Whether the forecast was kept; None when none could be given."""
    then = one.asked_at
    known = [
        c if c.closed_at is not None and c.closed_at <= then else replace(c, closed_at=None, hours=age(c, then))
        for c in cases
        if c is not one and c.asked_at <= then
    ]
    group = similar(known, one.kind, one.feed, one.team, then)
    by = group.percentile(USUALLY) if group else None
    return None if by is None else one.hours <= by + _EXACT
