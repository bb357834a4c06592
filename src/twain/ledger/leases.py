"""Leases: who may send which shard, until when; takeover, and the windows a former holder left open.

A lease is granted on the ledger's own clock (``Moment.tick``) and told to its holder on the holder's CLOCK_BOOTTIME, a little
shorter: a worker that was frozen knows by itself that its time is over, and the fence stops it should it not look.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from twain.errors import Held, LeaseLost
from twain.ledger.book import Book, need_run, shard_from
from twain.ledger.driver import Moment, Row, Transaction
from twain.ledger.packing import unpack_attempts, unpack_rows
from twain.records import Lease, RunState, Wait, Window, Worker

_SAFETY = 0.1  # of a lease's length: the holder believes it shorter by this
_POLL = 1.0  # seconds until it is worth asking again when another worker holds what is left


class Leases(Book):
    """Grant, renew and release the right to send a shard."""

    def lease(
        self, run_id: str, worker: Worker, *, held_lanes: Sequence[str] = (), seconds: float = 30.0
    ) -> Lease | Wait | None:
        """A shard with something to do and no live holder, of a lane not in *held_lanes* if there is one.

        None: nothing is left, or the run may not send now (paused, cancelled, expired) and nobody left a window open. A run
        that may not send still gives out shards with open windows, to be settled; claims on them return None. Wait: stopped,
        or what is left is held by others or not due. Raises Held T620 while a restored ledger waits to be reconciled.
        """
        before = self._clock.boottime()
        with self._driver.writing() as tx:
            gate = self._gate(tx, run_id)
            if gate["stopped"]:
                return Wait(_POLL, stop_words(tx, gate["stopped"]))
            sendable = may_send(gate, tx.moment)
            row = self._leasable(tx, run_id, held_lanes, sendable=sendable)
            if row is None:
                return self._wait(tx, run_id) if sendable else None
            return self._grant(tx, row, worker, seconds, before)

    def renew(self, lease: Lease, *, seconds: float = 30.0) -> Lease:
        """The same lease for *seconds* from now, while nobody has taken over; raises LeaseLost."""
        before = self._clock.boottime()
        with self._driver.writing() as tx:
            moment = tx.moment
            renewed = tx.run(
                "lease_renew",
                run_id=lease.shard.run_id,
                shard=lease.shard.number,
                fence=lease.fence,
                holder=lease.worker.id,
                expires_at=moment.tick + seconds,
                era=moment.era,
            )
            if not renewed:
                raise lease_lost(lease)
        return replace(lease, expires_boottime=before + seconds * (1 - _SAFETY), orphans=())

    def release(self, lease: Lease) -> None:
        """Give the shard back; its open windows become the next holder's orphans. A lost lease is released already."""
        with self._driver.writing() as tx:
            tx.run(
                "lease_release",
                run_id=lease.shard.run_id,
                shard=lease.shard.number,
                fence=lease.fence,
                holder=lease.worker.id,
            )
        self._doubts.pop((lease.shard.run_id, lease.shard.number, lease.fence), None)

    def holders(self, run_id: str) -> list[Worker]:
        """The workers that hold a shard of a run now, live or not."""
        with self._driver.reading() as tx:
            rows = tx.all("lease_holders", run_id=run_id)
        return [Worker(row["id"], row["journal"], row["boot_id"], row["pid"]) for row in rows]

    def expel(self, worker_id: str) -> None:
        """End every lease of a worker that is certainly gone; its open windows become the next holder's orphans."""
        with self._driver.writing() as tx:
            tx.run("worker_expel", holder=worker_id)

    @staticmethod
    def _gate(tx: Transaction, run_id: str) -> Row:
        need_run(tx, run_id)
        gate = tx.one("gate", run_id=run_id) or {}
        refuse_restored(gate)
        return gate

    def _leasable(self, tx: Transaction, run_id: str, held: Sequence[str], *, sendable: bool) -> Row | None:
        moment = tx.moment
        return tx.one(
            "leasable",
            run_id=run_id,
            era=moment.era,
            tick=moment.tick,
            wall=moment.wall,
            grace=self._grace,
            sendable=int(sendable),
            held=tx.listed(held),
        )

    def _grant(self, tx: Transaction, row: Row, worker: Worker, seconds: float, before: float) -> Lease:
        shard, fence, moment = shard_from(row), row["fence"] + 1, tx.moment
        tx.run("worker_add", id=worker.id, journal=worker.journal, boot_id=worker.boot_id, pid=worker.pid)
        tx.run(
            "lease_grant",
            run_id=shard.run_id,
            shard=shard.number,
            fence=fence,
            holder=worker.id,
            expires_at=moment.tick + seconds,
            era=moment.era,
        )
        orphans = tx.all("window_orphans", run_id=shard.run_id, shard=shard.number)
        return Lease(shard, worker, fence, before + seconds * (1 - _SAFETY), tuple(_orphan(o) for o in orphans))

    def _wait(self, tx: Transaction, run_id: str) -> Wait | None:
        """How long until a shard may become leasable; None when every row has its fate."""
        rows = tx.all("shard_undecided", run_id=run_id, era=tx.moment.era)
        waits = [_wait_of(row, tx.moment) for row in rows]
        return min(waits, key=lambda wait: wait.seconds, default=None)


def may_send(gate: Row, moment: Moment) -> bool:
    """Whether the run's state and its not-after allow claims."""
    in_time = gate["not_after"] is None or moment.wall < gate["not_after"]
    return bool(gate["state"] == RunState.SENDING.value and in_time)


def refuse_restored(gate: Row) -> None:
    """Raise Held T620 while a restored ledger's suppression has not been reconciled."""
    if gate["reconciling"] == "1":
        raise Held(
            "The ledger was restored from a backup; who unsubscribed since then is unknown.",
            business="Sending is held: after a restore, everybody who unsubscribed meanwhile must be entered first.",
            todo="Import the suppressions since the backup, then confirm with 'twain reconciled --yes'.",
            code="T620",
        )


def lease_lost(lease: Lease) -> LeaseLost:
    """The error that stops a worker whose shard is somebody else's now."""
    return LeaseLost(
        f"The lease of {lease.worker.id} on batch {lease.shard.number} of {lease.shard.run_id} is over.",
        todo="Send and settle nothing more of it; ask for a new lease.",
    )


def stop_words(tx: Transaction, scope: str) -> str:
    """Who pressed the red switch, and why."""
    stop = tx.one("stop_get", scope=scope)
    return f"stopped ({scope}) by {stop['person']}: {stop['why']}" if stop else f"stopped ({scope})"


def _wait_of(row: Row, moment: Moment) -> Wait:
    """Why one undecided shard could not be leased just now, and for how long."""
    if row["expires_at"] is not None and row["era"] == moment.era:
        return Wait(_POLL, "other workers are sending the rest")
    if row["not_before"] > moment.wall:
        return Wait(row["not_before"] - moment.wall, "the next wave is not due yet")
    if row["due"] is not None and row["due"] > moment.tick:
        return Wait(row["due"] - moment.tick, "waiting to try deferred messages again")
    return Wait(_POLL, "other workers are sending the rest")


def _orphan(row: Row) -> Window:
    count = row["row_count"]
    return Window(
        id=row["id"],
        run_id=row["run_id"],
        shard=row["shard"],
        rows=unpack_rows(row["first_row"], count, row["row_numbers"]),
        attempts=unpack_attempts(count, row["attempts"]),
        worker=Worker(row["worker"], row["journal"], row["boot_id"], row["pid"]),
        fence=row["fence"],
    )
