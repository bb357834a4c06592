"""What every part of the ledger stands on: its driver, its clock, and rows turned into records."""

from __future__ import annotations

import json
from typing import Any

from twain.errors import LedgerError
from twain.ledger.driver import Driver, Row, Transaction
from twain.ports import Clock
from twain.records import Funnel, Run, RunState, Shard


class Book:
    """The common ground of the ledger's parts.

    *grace* is how many seconds a lease must have been over before somebody else may take its shard.
    """

    def __init__(self, driver: Driver, clock: Clock, grace: float) -> None:
        self._driver = driver
        self._clock = clock
        self._grace = grace
        self._doubts: dict[tuple[str, int, int], str] = {}
        self._scopes: dict[str, tuple[str, ...]] = {}

    def close(self) -> None:
        """Close every connection; the ledger can be used again afterwards and opens new ones."""
        self._driver.close()


def run_from(row: Row) -> Run:
    """A run from its row."""
    return Run(
        id=row["id"],
        bundle=row["bundle"],
        campaign=row["campaign"],
        state=RunState(row["state"]),
        channel=row["channel"],
        crash_policy=row["crash_policy"],
        person=row["person"],
        created_at=row["created_at"],
        not_after=row["not_after"],
        sealed_key=bytes(row["sealed_key"]),
        funnel=Funnel(**json.loads(row["funnel"])) if row["funnel"] else None,
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        scope=row["scope"],
    )


def run_values(run: Run) -> dict[str, Any]:
    """A run as values for its row."""
    return {
        "id": run.id,
        "bundle": run.bundle,
        "campaign": run.campaign,
        "state": run.state.value,
        "channel": run.channel,
        "crash_policy": run.crash_policy,
        "person": run.person,
        "created_at": run.created_at,
        "not_after": run.not_after,
        "sealed_key": run.sealed_key,
        "funnel": funnel_text(run.funnel) if run.funnel else None,
        "started_at": run.started_at,
        "ended_at": run.ended_at,
        "scope": run.scope,
    }


def funnel_text(funnel: Funnel) -> str:
    """A funnel as JSON."""
    return json.dumps(
        {"matched": funnel.matched, "excluded": dict(funnel.excluded), "audience": funnel.audience}, sort_keys=True
    )


def shard_from(row: Row) -> Shard:
    """A shard from its row."""
    return Shard(
        run_id=row["run_id"],
        number=row["number"],
        rows=row["row_count"],
        lane=row["lane"],
        path=row["path"],
        sha256=row["sha256"],
        not_before=row["not_before"],
        quiet=row["quiet"],
    )


def need_run(tx: Transaction, run_id: str, *, lock: bool = False) -> Run:
    """The run with exactly this id; raises LedgerError T702."""
    row = tx.one("run_lock" if lock else "run_get", id=run_id)
    if row is None:
        raise LedgerError(
            f"There is no send {run_id!r} in the ledger.", todo="See 'twain runs' for those there are.", code="T702"
        )
    return run_from(row)


def need_shard(tx: Transaction, run_id: str, number: int, *, lock: bool = False) -> Row:
    """One shard's row; raises LedgerError T703."""
    row = tx.one("shard_lock" if lock else "shard_get", run_id=run_id, shard=number)
    if row is None:
        raise LedgerError(
            f"The send {run_id} has no batch {number}.", todo="See 'twain run' for its batches.", code="T703"
        )
    return row
