"""A send's figures by variant, way out, hour, fate and reason: small enough to keep, and enough for every page about it.

One pass of DuckDB over the send's own files of the delivery history. The *stamp* names those files, so that a kept rollup can be
told to be out of date (unknown deliveries resolved, files compacted).
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

_ROLLUP = """
select arm, lane, fate, reason, epoch(date_trunc('hour', "at")) as hour, count(*) as people
from read_parquet($files, hive_partitioning = false) where run_id = $run group by all order by all
"""
_REPLIES = """
select reason, reply_class, any_value(reply) as reply, count(*) as people
from read_parquet($files, hive_partitioning = false)
where run_id = $run and fate in ('failed', 'uncertain') group by all order by people desc limit 50
"""
FATES = ("sent", "failed", "suppressed", "uncertain")


@dataclass(frozen=True, slots=True)
class Cell:
    """So many people of one variant, way out and hour (epoch seconds) ended in one fate for one reason."""

    arm: str
    lane: str
    fate: str
    reason: str
    hour: float
    people: int


@dataclass(frozen=True, slots=True)
class Said:
    """What relays answered, grouped: the reason, the class of the reply, one reply word for word, and how many got it."""

    reason: str
    reply_class: str
    reply: str
    people: int


@dataclass(frozen=True, slots=True)
class Rollup:
    """One send's figures. ``audience`` is everybody in them."""

    run_id: str
    stamp: str
    cells: tuple[Cell, ...]
    said: tuple[Said, ...]

    @property
    def audience(self) -> int:
        """How many people the figures are of."""
        return sum(cell.people for cell in self.cells)

    def total(self, fate: str) -> int:
        """How many ended in *fate*."""
        return sum(cell.people for cell in self.cells if cell.fate == fate)

    def reasons(self, fate: str) -> list[tuple[str, int]]:
        """The reasons of one fate, the commonest first."""
        found: Counter[str] = Counter()
        for cell in self.cells:
            if cell.fate == fate and cell.reason:
                found[cell.reason] += cell.people
        return found.most_common()

    def by_arm(self) -> dict[str, dict[str, int]]:
        """Variant → fate → people."""
        return self._by(lambda cell: cell.arm)

    def by_lane(self) -> dict[str, dict[str, int]]:
        """Way out (a provider's name, a domain, or the rest) → fate → people."""
        return self._by(lambda cell: cell.lane if cell.lane not in ("", "*") else "all others")

    def by_hour(self) -> list[tuple[datetime, dict[str, int]]]:
        """Every hour in which something went out, in order, with fate → people."""
        found = self._by(lambda cell: str(cell.hour))
        return [(datetime.fromtimestamp(float(hour), UTC), found[hour]) for hour in sorted(found, key=float)]

    def as_json(self) -> dict[str, Any]:
        """Plain JSON: the inverse of ``from_json``."""
        cells = [[c.arm, c.lane, c.fate, c.reason, c.hour, c.people] for c in self.cells]
        said = [[s.reason, s.reply_class, s.reply, s.people] for s in self.said]
        return {"run": self.run_id, "stamp": self.stamp, "cells": cells, "said": said}

    def _by(self, name: Callable[[Cell], str]) -> dict[str, dict[str, int]]:
        found: dict[str, dict[str, int]] = {}
        for cell in self.cells:
            row = found.setdefault(name(cell), dict.fromkeys(FATES, 0))
            row[cell.fate] = row.get(cell.fate, 0) + cell.people
        return found


def from_json(kept: Mapping[str, Any]) -> Rollup:
    """A rollup that was kept as JSON."""
    cells = tuple(Cell(*cell) for cell in kept["cells"])
    return Rollup(kept["run"], kept["stamp"], cells, tuple(Said(*said) for said in kept["said"]))


def stamp_of(files: Iterable[Path]) -> str:
    """What tells one state of a send's files from another."""
    return hashlib.sha256("\n".join(sorted(str(file) for file in files)).encode()).hexdigest()[:16]


def roll_up(run_id: str, files: Sequence[Path]) -> Rollup:
    """Read a send's files once. Without files there are no figures yet."""
    if not files:
        return Rollup(run_id, stamp_of(files), (), ())
    values = {"files": [str(file) for file in files], "run": run_id}
    with duckdb.connect(config={"memory_limit": "256MB", "threads": 2}) as engine:
        cells = tuple(Cell(*row) for row in engine.execute(_ROLLUP, values).fetchall())
        said = tuple(Said(*row) for row in engine.execute(_REPLIES, values).fetchall())
    return Rollup(run_id, stamp_of(files), cells, said)
