"""What a finished send came to, read from the delivery history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from twain.records import Run

_BY_ARM = """
select arm, fate, reason, count(*) as people
from read_parquet($files, hive_partitioning = false) where run_id = $run group by all order by all
"""


@dataclass(frozen=True, slots=True)
class Measured:
    """From matched to delivered. ``audience == sent + failed + suppressed + uncertain`` for a finished send.

    *reasons*: ``fate:reason`` → people. *arms*: arm → fate → people.
    """

    run_id: str
    matched: int
    excluded: Mapping[str, int]
    audience: int
    sent: int
    failed: int
    suppressed: int
    uncertain: int
    reasons: Mapping[str, int]
    arms: Mapping[str, Mapping[str, int]]


def measure(run: Run, files: Sequence[Path]) -> Measured:
    """The funnel of a finished *run*: its head from the run, its end counted from the Parquet *files* of the history."""
    fates = {"sent": 0, "failed": 0, "suppressed": 0, "uncertain": 0}
    reasons: dict[str, int] = {}
    arms: dict[str, dict[str, int]] = {}
    for arm, fate, reason, people in _counted(run.id, files):
        fates[fate] += people
        arms.setdefault(arm, dict.fromkeys(fates, 0))[fate] += people
        if reason:
            reasons[f"{fate}:{reason}"] = reasons.get(f"{fate}:{reason}", 0) + people
    funnel = run.funnel
    matched, excluded = (funnel.matched, funnel.excluded) if funnel else (0, {})
    return Measured(run.id, matched, excluded, sum(fates.values()), **fates, reasons=reasons, arms=arms)


def _counted(run_id: str, files: Sequence[Path]) -> list[tuple[str, str, str, int]]:
    if not files:
        return []
    with duckdb.connect(config={"memory_limit": "256MB", "threads": 2}) as engine:
        return engine.execute(_BY_ARM, {"files": [str(file) for file in files], "run": run_id}).fetchall()
