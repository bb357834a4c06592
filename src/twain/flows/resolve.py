"""Who was missed, and settling what is unknown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from twain.errors import WrongState
from twain.flows.account import forget_spool
from twain.flows.instance import Instance
from twain.records import Fate, Run, RunEvent, RunState, Shard, Undelivered
from twain.snapshot.spool import read_shard

_OVER = frozenset({RunState.FINISHED, RunState.CANCELLED, RunState.EXPIRED})
MISSED = (Fate.FAILED, Fate.SUPPRESSED, Fate.UNCERTAIN)


def missed(instance: Instance, run_id: str, fates: tuple[Fate, ...] = MISSED) -> Iterator[Undelivered]:
    """Everybody whose message did not certainly arrive, with key and reason, in shard and row order."""
    run = instance.ledger.run(run_id)
    if run.state in _OVER:
        yield from instance.history.undelivered(run.id, fates)
        return
    live = {shard.number: shard for shard in instance.ledger.shards(run.id)}
    current = -1
    keys: list[str] = []
    for person in instance.ledger.undelivered(run.id, fates):
        if person.key:
            yield person
            continue
        if person.shard != current:
            current, keys = person.shard, _keys(instance, run, live[person.shard])
        yield replace(person, key=keys[person.row])


def resolve(instance: Instance, run_id: str, *, resend: bool) -> int:
    """Count the unknown deliveries of a run as sent, or put them back to be sent. Returns how many."""
    run = instance.ledger.run(run_id)
    rows = [(p.shard, p.row) for p in instance.ledger.undelivered(run.id, (Fate.UNCERTAIN,))]
    if not rows:
        raise WrongState(f"Send {run.id} has no unknown deliveries.", todo="Nothing to do.")
    words = "put back to be sent" if resend else "counted as sent, from the relay's log"
    event = RunEvent(
        run.id, instance.clock.now(), "resolved", f"{len(rows)} unknown deliveries {words}.", "", instance.person
    )
    number = instance.ledger.resolve(run.id, rows, Fate.DEFERRED if resend else Fate.SENT, event)
    if not resend:
        _rewrite(instance, run)
    return number


def _rewrite(instance: Instance, run: Run) -> None:
    """Bring the delivery history up to what is known now; with nobody unknown any more the spool goes."""
    for shard in instance.ledger.settled_shards(run.id):
        path, digest = instance.history.rewrite(instance.ledger.outcomes(run.id, shard.number))
        instance.ledger.mark_archived(run.id, shard.number, path, digest)
    if run.state in _OVER:
        forget_spool(instance, run, instance.ledger.tally(run.id))


def _keys(instance: Instance, run: Run, shard: Shard) -> list[str]:
    data_key = instance.vault.unseal(run.sealed_key, run.id)
    keys: list[str] = read_shard(shard, data_key).column("key").to_pylist()
    return keys
