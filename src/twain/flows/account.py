"""Everyone accounted for: settled shards go into the delivery history, and the run gets its report."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from twain.errors import LedgerUnavailable
from twain.flows.erased import write_history
from twain.flows.instance import Instance
from twain.flows.watch import Nobody, Watch
from twain.records import Funnel, Run, RunEvent, RunState, Shard, Tally
from twain.snapshot.spool import discard, read_shard

#: How long a finished run's rows stay in the ledger too, for resolving; the delivery history keeps them anyway. Seconds.
_PRUNE_AFTER = 30 * 86_400.0


@dataclass(frozen=True, slots=True)
class Report:
    """How a run stands. *seconds* are those since sending began, until it ended or was paused; *rate*: sent per second."""

    run: Run
    funnel: Funnel
    tally: Tally
    seconds: float
    rate: float
    problems: tuple[str, ...] = field(default=())

    @property
    def accounted_for(self) -> bool:
        """The run is over and every person of the audience has an end."""
        return self.run.state is RunState.FINISHED and self.tally.accounted_for

    def as_json(self) -> dict[str, Any]:
        """The object ``twain send --json`` ends with; reasons are counted inside."""
        return {
            "run": self.run.id,
            "state": str(self.run.state),
            "campaign": self.run.campaign,
            "matched": self.funnel.matched,
            "excluded": {reason: count for reason, count in self.funnel.excluded.items() if count},
            "audience": self.funnel.audience,
            "sent": self.tally.sent,
            "failed": _of(self.tally.reasons, "failed", self.tally.failed),
            "suppressed": _of(self.tally.reasons, "suppressed", self.tally.suppressed),
            "uncertain": self.tally.uncertain,
            "pending": self.tally.pending,
            "seconds": round(self.seconds, 3),
            "rate": round(self.rate, 1),
        }


def report(instance: Instance, run: Run, tally: Tally | None = None) -> Report:
    """The report of a run as it stands now; of many, their tallies are better read at once (``ledger.tallies``)."""
    tally = instance.ledger.tally(run.id) if tally is None else tally
    started = run.started_at or run.created_at
    seconds = max(_stood_still(instance, run) - started, 1e-9)
    return Report(run, run.funnel or Funnel(0, {}, 0), tally, seconds, tally.sent / seconds)


def _stood_still(instance: Instance, run: Run) -> float:
    """Until when a run was at work: its end, the moment it was paused or held, else now. Epoch seconds."""
    if run.ended_at is not None or run.state not in (RunState.PAUSED, RunState.HELD):
        return run.ended_at or instance.clock.now()
    stops = [event.at for event in instance.ledger.timeline(run.id) if event.kind in ("paused", "held")]
    return max(stops, default=instance.clock.now())


def finish(instance: Instance, run: Run, watch: Watch | None = None) -> Run:
    """Archive what is settled; with nobody pending the run is finished and its spool and key go."""
    (watch or Nobody()).stage("accounting", "Accounting for everyone")
    archive_settled(instance, run)
    tally = instance.ledger.tally(run.id)
    if not tally.accounted_for:
        return instance.ledger.run(run.id)
    text = f"Everyone accounted for: {tally.sent} sent, {tally.failed} failed, {tally.suppressed} suppressed, "
    event = RunEvent(run.id, instance.clock.now(), "finished", text + f"{tally.uncertain} unknown.")
    run = instance.ledger.advance(run.id, {RunState.RECONCILING}, RunState.FINISHED, event)
    forget_spool(instance, run, tally)
    instance.ledger.prune(instance.clock.now() - _PRUNE_AFTER)
    return instance.ledger.run(run.id)


def forget_spool(instance: Instance, run: Run, tally: Tally) -> None:
    """Once nobody is undecided, names and addresses have done their work: the key goes first, then the files."""
    if tally.accounted_for and not tally.uncertain:
        instance.ledger.forget_key(run.id)
        discard(instance.settings.spool, run.id)


def archive_settled(instance: Instance, run: Run, *, most: int | None = None) -> int:
    """Write settled shards to the delivery history, at most so many; returns how many.

    Raises LedgerUnavailable (T711) when the history has no room: the ledger keeps those outcomes until it has.
    """
    shards = instance.ledger.settled_shards(run.id)[:most]
    if shards:
        data_key = instance.vault.unseal(instance.ledger.run(run.id).sealed_key, run.id)
        arms = [arm["name"] for arm in instance.ledger.bundle(run.bundle).body["arms"]]
        for shard in shards:
            _archive(instance, run, shard, data_key, arms)
    return len(shards)


def _archive(instance: Instance, run: Run, shard: Shard, data_key: bytes, arms: list[str]) -> None:
    table = read_shard(shard, data_key)
    outcomes = instance.ledger.outcomes(run.id, shard.number)
    named = pa.array(arms, pa.string()).take(table.column("arm").combine_chunks())
    try:
        path, digest = write_history(instance, outcomes, table, named)
    except OSError as error:
        raise _no_room(instance, run, error) from error
    instance.ledger.mark_archived(run.id, shard.number, path, digest)


def _no_room(instance: Instance, run: Run, error: OSError) -> LedgerUnavailable:
    why = os.strerror(error.errno) if error.errno else type(error).__name__
    return LedgerUnavailable(
        f"The delivery history {instance.settings.history} cannot be written: {why}.",
        todo=f"Make room there; until then the control store keeps what was sent. Then: twain resume {run.id}.",
        business="The delivery history has no room. Nothing is lost; the send ends when IT has seen to it.",
        code="T711",
    )


def _of(reasons: Mapping[str, int], fate: str, total: int) -> dict[str, int]:
    """Reasons are stored as ``fate:reason``; whatever has none is counted as ``other``, so that the sum is the total."""
    named = {key.partition(":")[2]: count for key, count in reasons.items() if key.startswith(f"{fate}:") and count}
    rest = total - sum(named.values())
    return {**named, **({"other": rest} if rest else {})}
