"""Windows: rows claimed durably before they are sent, and settled with what became of them.

A window is one row of one table, whatever its size. The claim costs one commit, in which the windows before it are settled.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from uuid import uuid4

from twain.errors import LedgerError, LedgerUnavailable
from twain.ledger.driver import Moment, Row, Transaction
from twain.ledger.lanes import WARMING, Lanes, Paces, Reserved
from twain.ledger.leases import lease_lost, may_send, refuse_restored, stop_words
from twain.ledger.packing import UNSENT, pack_attempts, pack_detail, pack_rows, unpack_attempts, unpack_rows
from twain.ledger.quiet import next_quiet, quiet_until
from twain.records import Fate, LanePace, Lease, Outcome, Settlement, Wait, Window
from twain.records.warming import WarmUp

MOST = 500  # rows in one window
_row_of = itemgetter(0)
REASONED = frozenset({Fate.FAILED, Fate.SUPPRESSED, Fate.UNCERTAIN})


@dataclass(frozen=True, slots=True)
class Next:
    """Rows that could be claimed now, with their earlier attempts; *again* when they come from the retries."""

    rows: Sequence[int]
    attempts: Sequence[int]
    again: bool


@dataclass(frozen=True, slots=True)
class Settled:
    """What a window became: its outcomes in the order of its rows (None: unsent), one byte of fate each, the rest packed."""

    outcomes: Sequence[Outcome | None]
    fates: bytes
    detail: bytes


class Windows(Lanes):
    """Claim and settle."""

    def claim(
        self,
        lease: Lease,
        *,
        limit: int,
        pace: LanePace,
        channel_pace: LanePace,
        slow: float = 1.0,
        settling: Sequence[Settlement] = (),
        warming: Sequence[WarmUp] = (),
    ) -> Window | Wait | None:
        """Claim due retries or else the shard's next rows, at most *limit*, 500 and one second's pace, durably.

        Pace is reserved in the same transaction on the lane's and the channel's row. None: nothing to claim here any more, or
        the run may not send (paused, cancelled, expired). Wait: stopped, not due, or no pace within a second. Raises
        LeaseLost when the lease is over or taken, Held T620 after a restore, LedgerUnavailable. If the store went away in
        the middle of a claim, the next call returns that very window if it was committed.

        *settling*: windows of this lease to close in the same transaction, as by :meth:`settle`; they stay open when it raises.
        *warming*: the ramps of the run's sender and channel. When a day's number is used up, the whole run waits for midnight.
        """
        ready = [(one, _settled(*one)) for one in settling]
        place = (lease.shard.run_id, lease.shard.number, lease.fence)
        doubted = self._doubts.get(place)
        token = doubted or uuid4().hex
        try:
            with self._driver.writing() as tx:
                for one, settled in ready:
                    self._settle(tx, lease, one, settled)
                found = self._found(tx, lease, doubted, warming) if doubted else None
                claimed = found or self._claim(tx, lease, token, limit, Paces(pace, channel_pace, slow, warming))
        except LedgerUnavailable:
            self._doubts[place] = token
            raise
        self._doubts.pop(place, None)
        return claimed

    def wake(self, run_id: str) -> int:
        """Let a run's batches be claimed by their own wave again, whatever put them off; returns how many were.

        Quiet hours and a day's number that is used up put off at the next claim what they still hold for.
        """
        with self._driver.writing() as tx:
            return tx.run("run_wake", run_id=run_id)

    def settle(
        self,
        lease: Lease,
        window: Window,
        outcomes: Sequence[Outcome],
        *,
        unsent: Sequence[int] = (),
        retry_at: Mapping[int, float] | None = None,
    ) -> None:
        """Close a window, one of the lease's own or one of its orphans.

        Every row of it is in *outcomes* or *unsent* (goes back, no attempt counted); DEFERRED ones need a *retry_at* (epoch
        seconds by the caller's clock). The same settlement again changes nothing; another one raises LedgerError T744.
        Raises LeaseLost when the fence has moved, LedgerError T742 when rows are missing or foreign.
        """
        one = Settlement(window, outcomes, unsent, retry_at or {})
        settled = _settled(*one)
        with self._driver.writing() as tx:
            self._settle(tx, lease, one, settled)

    def _settle(self, tx: Transaction, lease: Lease, one: Settlement, settled: Settled) -> None:
        window = one.window
        state = tx.one("settle_state", run_id=window.run_id, shard=window.shard, window=window.id)
        if _already(state, lease, window, settled):
            return
        tx.run("window_settle", window=window.id, fates=settled.fates, detail=settled.detail)
        _count(tx, window, settled, state["reasons"] if state else "{}")
        if UNSENT in settled.fates or Fate.DEFERRED in settled.fates:
            tx.many("retry_add", self._retries(tx.moment, window, settled, one.retry_at))
        if state and state["warming"] and UNSENT in settled.fates and window.worker.id == lease.worker.id:
            self._count_back(
                tx, state["warming"], settled.fates.count(UNSENT)
            )  # a dead worker's may have gone after all

    def _found(self, tx: Transaction, lease: Lease, token: str, warming: Sequence[WarmUp]) -> Window | None:
        """The window of a claim whose commit was in doubt, if it was committed."""
        place = {"run_id": lease.shard.run_id, "shard": lease.shard.number, "fence": lease.fence}
        row = tx.one("window_doubtful", **place, token=token)
        if row is None:
            return None
        count = row["row_count"]
        rows = unpack_rows(row["first_row"], count, row["row_numbers"])
        attempts = unpack_attempts(count, row["attempts"])
        shard, before = lease.shard, self._before(tx, lease, self._day_ends(tx, row["warming"], warming))
        return Window(row["id"], shard.run_id, shard.number, rows, attempts, lease.worker, lease.fence, before=before)

    def _claim(self, tx: Transaction, lease: Lease, token: str, limit: int, paces: Paces) -> Window | Wait | None:
        shard, moment = lease.shard, tx.moment
        state = tx.one("claim_state", run_id=shard.run_id, shard=shard.number, era=moment.era)
        if state is None or not _holds(state, lease, moment):
            raise lease_lost(lease)
        refuse_restored(state)
        found = _hindrance(tx, state) if state["stopped"] else _next(tx, lease, state, min(limit, MOST))
        if not isinstance(found, Next):
            return found
        reserved = self._reserve(tx, state["channel"], state["lane"], len(found.rows), paces)
        if isinstance(reserved, Reserved):
            return self._enter(tx, lease, token, found, reserved)
        if reserved.why == WARMING:  # the whole run waits, so that nobody asks for one batch after the other
            tx.run("run_wait", run_id=shard.run_id, not_before=moment.wall + reserved.seconds)
        return reserved

    def _enter(self, tx: Transaction, lease: Lease, token: str, found: Next, reserved: Reserved) -> Window:
        """Write the window down: from here on its rows are this worker's."""
        grant = reserved.grant
        rows, attempts = tuple(found.rows[: grant.count]), tuple(found.attempts[: grant.count])
        place = {"run_id": lease.shard.run_id, "shard": lease.shard.number}
        window = {"first_row": rows[0], "row_count": len(rows), "worker": lease.worker.id, "fence": lease.fence,
                  "warming": reserved.warming}  # fmt: skip
        if found.again:
            tx.run("retries_taken", **place, taken=tx.listed(rows))
            packed = {"row_numbers": pack_rows(rows), "attempts": pack_attempts(attempts)}
            entered = tx.one("window_again", **place, **window, **packed, token=token)
        else:
            entered = tx.one("window_new", **place, **window, token=token)
            tx.run("shard_claimed", **place, row_count=len(rows))
        number = entered["id"] if entered else 0
        start = self._clock.now() + (grant.start - tx.moment.tick) if grant.rate < float("inf") else 0.0
        shard, before = lease.shard, self._before(tx, lease, reserved.until)
        return Window(
            number, shard.run_id, shard.number, rows, attempts, lease.worker, lease.fence, start, grant.rate, before
        )

    def _before(self, tx: Transaction, lease: Lease, day_ends: float) -> float:
        """When quiet hours begin for this shard, or the day ends that it is counted on, by the caller's clock."""
        return self._clock.now() + min(next_quiet(lease.shard.quiet, tx.moment.wall), day_ends) - tx.moment.wall

    def _retries(
        self, moment: Moment, window: Window, settled: Settled, retry_at: Mapping[int, float]
    ) -> list[dict[str, object]]:
        """Rows that go back: unsent ones now, deferred ones later with one attempt more; due on the ledger's own clock."""
        now = self._clock.now()
        rows: list[dict[str, object]] = []
        for row, attempts, outcome in zip(window.rows, window.attempts, settled.outcomes, strict=True):
            if outcome is None or outcome.fate == Fate.DEFERRED:
                later = max(0.0, retry_at[row] - now) if outcome else 0.0
                rows.append(retry_values(window, row, moment, later, attempts + (outcome is not None), outcome))
        return rows


def retry_values(
    window: Window, row: int, moment: Moment, later: float, attempts: int, outcome: Outcome | None
) -> dict[str, object]:
    """One row of the retries, due *later* seconds from *moment*."""
    return {
        "run_id": window.run_id,
        "shard": window.shard,
        "row_number": row,
        "due_at": moment.tick + later,
        "era": moment.era,
        "attempts": attempts,
        "reason": outcome.reason if outcome else "",
        "reply": outcome.reply if outcome else "",
    }


def counts(fates: bytes) -> dict[str, int]:
    """How many rows of a window ended in each fate, as columns of their shard."""
    return {
        "sent": fates.count(Fate.SENT),
        "failed": fates.count(Fate.FAILED),
        "suppressed": fates.count(Fate.SUPPRESSED),
        "uncertain": fates.count(Fate.UNCERTAIN),
    }


def reason_key(outcome: Outcome) -> str:
    """How a reason is counted: ``failed:refused``."""
    return f"{Fate(outcome.fate).name.lower()}:{outcome.reason}"


def add_reasons(reasons: str, more: Mapping[str, int]) -> str:
    """A shard's reasons (JSON) with *more* of them; those that come to nothing go."""
    total = json.loads(reasons)
    for reason, number in more.items():
        total[reason] = total.get(reason, 0) + number
    return json.dumps({reason: number for reason, number in total.items() if number > 0}, sort_keys=True)


def _holds(state: Row, lease: Lease, moment: Moment) -> bool:
    same = state["fence"] == lease.fence and state["holder"] == lease.worker.id
    return bool(same and state["era"] == moment.era and moment.tick < state["expires_at"])


def _hindrance(tx: Transaction, state: Row) -> Wait:
    return Wait(1.0, stop_words(tx, state["stopped"]))


def _next(tx: Transaction, lease: Lease, state: Row, limit: int) -> Next | Wait | None:
    """What could be claimed, retries that are due before new rows."""
    moment, shard = tx.moment, lease.shard
    if not may_send(state, moment):
        return None
    if state["not_before"] > moment.wall:
        return Wait(state["not_before"] - moment.wall, "the next wave is not due yet")
    quiet = quiet_until(shard.quiet, moment.wall)
    if quiet > moment.wall:  # the shard itself waits, so that whoever looks for something to lease passes it by
        tx.run("shard_wait", run_id=shard.run_id, shard=shard.number, not_before=quiet)
        return Wait(quiet - moment.wall, "it is quiet hours where these people live")
    due, first = state["due"], state["claimed"]
    if due is not None and due <= moment.tick:
        place = {"run_id": shard.run_id, "shard": shard.number}
        again = tx.all("claim_retries", **place, tick=moment.tick, era=moment.era, limit=limit)
        return Next([row["row_number"] for row in again], [row["attempts"] for row in again], again=True)
    if first < state["row_count"]:
        last = min(first + limit, state["row_count"])
        return Next(range(first, last), (0,) * (last - first), again=False)
    return None if due is None else Wait(due - moment.tick, "waiting to try deferred messages again")


def _settled(
    window: Window, outcomes: Sequence[Outcome], unsent: Sequence[int], retry_at: Mapping[int, float]
) -> Settled:
    """Outcomes in the window's order; raises LedgerError T742 unless every row is there exactly once."""
    by_row = dict(zip(map(_row_of, outcomes), outcomes, strict=True))
    ordered = list(map(by_row.get, window.rows))
    fates = bytes([outcome.fate if outcome else UNSENT for outcome in ordered])
    missing = (
        {row for row, outcome in zip(window.rows, ordered, strict=True) if outcome is None}
        if UNSENT in fates
        else set()
    )
    whole = len(by_row) == len(outcomes) == len(ordered) - len(missing) and missing == set(unsent)
    timed = Fate.DEFERRED not in fates or all(o.row in retry_at for o in outcomes if o.fate == Fate.DEFERRED)
    if not (whole and timed):
        raise LedgerError(
            f"Window {window.id} of {window.run_id} cannot be settled: a row is missing, foreign, twice, or deferred "
            "without a time.",
            todo="Give each of its rows one outcome, or name it as unsent.",
            code="T742",
        )
    return Settled(ordered, fates, pack_detail(ordered))


def _already(state: Row | None, lease: Lease, window: Window, settled: Settled) -> bool:
    """Whether exactly this was settled before; raises LeaseLost or LedgerError when it may not be settled at all."""
    if state is None or state["row_count"] != len(window.rows):
        raise LedgerError(
            f"The ledger knows no such window {window.id} of {window.run_id}.",
            todo="Settle windows as they were claimed.",
            code="T743",
        )
    if state["fence"] != lease.fence:
        raise lease_lost(lease)
    if state["fates"] is None:
        return False
    if bytes(state["fates"]) == settled.fates:
        return True
    raise LedgerError(
        f"Window {window.id} of {window.run_id} was settled before, otherwise.",
        todo="Keep what the ledger has; correct uncertain rows with 'twain resolve'.",
        code="T744",
    )


def _count(tx: Transaction, window: Window, settled: Settled, reasons: str) -> None:
    """Add a settled window to its shard's figures."""
    ended = counts(settled.fates)
    if ended["failed"] or ended["suppressed"] or ended["uncertain"]:
        more = Counter(reason_key(o) for o in settled.outcomes if o and o.reason and o.fate in REASONED)
        reasons = add_reasons(reasons, more)
    tx.run("shard_count", run_id=window.run_id, shard=window.shard, reasons=reasons, **ended)
