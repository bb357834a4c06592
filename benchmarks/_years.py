"""A house with a past: a company of a million, and two years of sends in its ledger and delivery history.

The history's files are written by the lake itself, shard by shard, and compacted as a house would; the ledger's rows of finished
sends are entered as they stand when everyone is accounted for (their single windows have been pruned long ago).
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np

from twain.demo.start import copy_workspace, ensure_data
from twain.flows.instance import Instance, open_instance
from twain.flows.publish import publish
from twain.ledger.lake import Lake
from twain.records import Fate, Funnel, Run, RunState, Shard, ShardOutcomes

PER_SHARD = 10_000
_YEARS = 2 * 365 * 86_400.0
_FAILS_ONE_IN = 400


def build(root: Path, customers: int, deliveries: int, campaigns: int) -> list[str]:
    """Make the workspace and its past; returns the names of the campaigns that were sent."""
    copy_workspace(root)
    ensure_data(root, customers, 1)
    names = [f"campaign-{n:03}" for n in range(campaigns)]
    with open_instance(root) as instance:
        bundle = publish(instance, instance.workspace.campaign("summer-thanks")).hash
        runs = list(_runs(names, bundle, max(1, deliveries // (2 * PER_SHARD)), instance.clock.now()))
        _enter(instance, runs)
        _write_history(instance, runs, customers)
    return names


def _runs(names: list[str], bundle: str, sends: int, now: float) -> Iterator[Run]:
    for n in range(sends):
        began = now - _YEARS + n * (_YEARS - 86_400) / sends
        audience = 2 * PER_SHARD
        excluded = {"duplicate": 120, "consent": 3_000, "invalid": 200, "holdout": 1_000}
        yield Run(
            id=f"rpast{n:07}",
            bundle=bundle,
            campaign=names[n % len(names)],
            state=RunState.FINISHED,
            channel="mail",
            crash_policy="never_twice",
            person="lhoffmann",
            created_at=began,
            funnel=Funnel(audience + sum(excluded.values()), excluded, audience),
            started_at=began + 5,
            ended_at=began + 65,
        )


def _failed() -> int:
    return PER_SHARD // _FAILS_ONE_IN


def _enter(instance: Instance, runs: list[Run]) -> None:
    path = instance.settings.control_url.removeprefix("sqlite:///")
    with sqlite3.connect(path) as ledger:
        ledger.executemany(
            "insert into runs (id, bundle, campaign, state, channel, crash_policy, person, created_at, not_after, sealed_key, "
            "funnel, started_at, ended_at, scope) values (?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
            [(r.id, r.bundle, r.campaign, str(r.state), r.channel, r.crash_policy, r.person, r.created_at, None, b"",
              json.dumps(asdict(r.funnel)) if r.funnel else None, r.started_at, r.ended_at, "") for r in runs],
        )  # fmt: skip
        failed = _failed()
        ledger.executemany(
            "insert into shards (run_id, number, row_count, lane, path, sha256, not_before, claimed, sent, failed, suppressed, "
            "uncertain, reasons, fence, era, archived_path, archived_sha256, pruned) "
            "values (?,?,?,'*','','',0,?,?,?,0,0,?,1,'','','',1)",
            [(r.id, n, PER_SHARD, PER_SHARD, PER_SHARD - failed, failed, json.dumps({"failed:unknown_user": failed}))
             for r in runs for n in (0, 1)],
        )  # fmt: skip
        ledger.executemany(
            "insert into run_events (run_id, at, kind, business, technical, person) values (?,?,?,?,'','lhoffmann')",
            [(r.id, r.created_at + n, kind, f"{kind}.") for r in runs
             for n, kind in enumerate(("planned", "checked", "sending", "reconciling", "finished"))],
        )  # fmt: skip


def _write_history(instance: Instance, runs: list[Run], customers: int) -> None:
    """Each send's people are drawn anew; the lake merges its months whenever they have many files."""
    lake, draw = Lake(instance.settings.history, memory_mb=1024), np.random.default_rng(7)
    for number, run in enumerate(runs, 1):
        for shard in (0, 1):
            lake.write(*_shard(run, shard, draw.integers(0, customers, PER_SHARD)))
        if number % 50 == 0:
            lake.compact()
    lake.compact()


def _shard(run: Run, number: int, people: np.ndarray) -> tuple[ShardOutcomes, list[str], list[bytes], list[str]]:
    keys = [str(person) for person in people]
    fates = np.where(np.arange(PER_SHARD) % _FAILS_ONE_IN == 0, int(Fate.FAILED), int(Fate.SENT))
    wrong = fates == int(Fate.FAILED)
    outcomes = ShardOutcomes(
        run=run,
        shard=Shard(run.id, number, PER_SHARD, "*", "", ""),
        fates=fates.tolist(),
        reasons=["unknown_user" if one else "" for one in wrong],
        replies=["550 5.1.1 no such user" if one else "250 2.0.0 Ok" for one in wrong],
        times=((run.started_at or 0.0) + np.linspace(0, 60, PER_SHARD)).tolist(),
        feed="customers",
    )
    hashes = [person.to_bytes(32, "big") for person in people.tolist()]
    return outcomes, keys, hashes, ["main" if person % 2 else "short" for person in people.tolist()]


if __name__ == "__main__":
    import sys

    begun = time.monotonic()
    build(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
    print(f"{time.monotonic() - begun:.0f} s")
