"""What a benchmark reports, and how two things are measured fairly against each other.

A benchmark is one module in this folder with ``run(options: argparse.Namespace) -> Report``. Its docstring's first line
says what it shows. Options of its own it declares in ``arguments(parser)``; ``--scale`` and ``--rounds`` every one has.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field

Work = Callable[[], float | None]


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar to clear: *value* must be at most (or, ``at_least``, at least) *bar*."""

    value: float
    bar: float
    at_least: bool = False

    @property
    def holds(self) -> bool:
        """Whether the bar is cleared; a value that is not a number clears nothing."""
        return self.value >= self.bar if self.at_least else self.value <= self.bar


@dataclass(slots=True)
class Report:
    """Figures with units in their names, ratios between things measured in this call, and the bars they must clear."""

    name: str
    figures: dict[str, float | int | str] = field(default_factory=dict)
    ratios: dict[str, float] = field(default_factory=dict)
    bars: dict[str, Bar] = field(default_factory=dict)

    def at_most(self, what: str, value: float, bar: float) -> None:
        """Demand that *value* is no more than *bar*."""
        self.bars[what] = Bar(value, bar)

    def at_least(self, what: str, value: float, bar: float) -> None:
        """Demand that *value* is no less than *bar*."""
        self.bars[what] = Bar(value, bar, at_least=True)

    @property
    def holds(self) -> bool:
        """Whether every bar is cleared."""
        return all(bar.holds for bar in self.bars.values())

    def as_json(self) -> str:
        """One JSON object on one line: name, figures, ratios, bars."""
        bars = {what: {"value": b.value, "bar": b.bar, "holds": b.holds} for what, b in self.bars.items()}
        return json.dumps({"name": self.name, "figures": self.figures, "ratios": self.ratios, "bars": bars})

    def as_table(self) -> str:
        """The same for people."""
        lines = [self.name]
        lines += [f"  {what:<52} {_shown(value):>16}" for what, value in self.figures.items()]
        lines += [f"  {what:<52} {value:>15.3f}×" for what, value in self.ratios.items()]
        for what, bar in self.bars.items():
            sign = "≥" if bar.at_least else "≤"
            verdict = "holds" if bar.holds else "MISSED"
            lines.append(f"  {what:<52} {_shown(bar.value):>16} {sign} {_shown(bar.bar)}  {verdict}")
        return "\n".join(lines)


def interleave(*works: Work, rounds: int = 5) -> tuple[float, ...]:
    """Run each work in turn, *rounds* (≥ 5) times over after one unmeasured turn, and return each one's median.

    A work's measure is the number it returns, or its wall seconds when it returns None. Every other round goes backwards,
    so that neither always runs first. Raises ValueError below five rounds: a median of fewer says little.
    """
    if rounds < 5:
        message = "Compare at least five rounds."
        raise ValueError(message)
    for work in works:
        work()
    measured: list[list[float]] = [[] for _ in works]
    for number in range(rounds):
        order = range(len(works)) if number % 2 == 0 else reversed(range(len(works)))
        for index in order:
            measured[index].append(_measure(works[index]))
    return tuple(statistics.median(values) for values in measured)


def cpu_seconds(work: Callable[[], object]) -> Work:
    """A work measured by this process's CPU time (user and system, all threads) in place of wall time."""

    def measured() -> float:
        begun = time.process_time()
        work()
        return time.process_time() - begun

    return measured


def _measure(work: Work) -> float:
    begun = time.perf_counter()
    own = work()
    return time.perf_counter() - begun if own is None else float(own)


def _shown(value: float | str) -> str:
    if isinstance(value, str):
        return value
    return f"{value:,.3f}" if isinstance(value, float) and abs(value) < 1000 else f"{value:,.0f}"
