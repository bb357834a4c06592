"""Runs: their states, their timeline, and the one moment at which a snapshot becomes real."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from twain.errors import LedgerError, WrongState
from twain.ledger.book import Book, funnel_text, need_run, run_from, run_values, shard_from
from twain.ledger.driver import Transaction
from twain.records import Funnel, Run, RunEvent, RunState, Shard

_S = RunState
_ENDS = frozenset({_S.FINISHED, _S.CANCELLED, _S.EXPIRED})
_OUT = frozenset({_S.HELD, _S.CANCELLED, _S.EXPIRED})

#: From each state to those that may follow it. ``finished`` may go back to ``sending`` when uncertain rows are sent again;
#: ``snapshotting`` back to ``planned`` or ``checked`` when a crash discards the attempt.
TRANSITIONS: Mapping[RunState, frozenset[RunState]] = {
    _S.PLANNED: frozenset({_S.CHECKED}) | _OUT,
    _S.CHECKED: frozenset({_S.SNAPSHOTTING, _S.PLANNED}) | _OUT,
    _S.SNAPSHOTTING: frozenset({_S.PLANNED, _S.CHECKED}) | _OUT,
    _S.SENDING: frozenset({_S.PAUSED, _S.RECONCILING, _S.FINISHED}) | _OUT,
    _S.PAUSED: frozenset({_S.SENDING, _S.RECONCILING}) | _OUT,
    _S.RECONCILING: frozenset({_S.SENDING, _S.PAUSED, _S.FINISHED}) | _OUT,
    _S.HELD: frozenset({_S.PLANNED, _S.CHECKED, _S.SENDING, _S.PAUSED, _S.CANCELLED, _S.EXPIRED}),
    _S.FINISHED: frozenset({_S.SENDING, _S.RECONCILING}),
    _S.CANCELLED: frozenset(),
    _S.EXPIRED: frozenset(),
}


class Runs(Book):
    """Create, find and move runs."""

    def create_run(self, run: Run) -> None:
        """Enter a new run; its id is the caller's. Raises LedgerError T707 when the id is taken."""
        with self._driver.writing() as tx:
            if not tx.run("run_add", **run_values(run)):
                raise LedgerError(f"There is already a send {run.id!r}.", todo="Mint a new id.", code="T707")

    def run(self, run_id: str) -> Run:
        """Find by id or unambiguous prefix; raises LedgerError T702 naming the nearest ids."""
        with self._driver.reading() as tx:
            exact = tx.one("run_get", id=run_id)
            found = [exact] if exact else tx.all("run_prefixed", id=run_id)
            if len(found) == 1:
                return run_from(found[0])
            near = [row["id"] for row in found] or _nearest(tx, run_id)
        what = "stands for several sends" if found else "is no send in the ledger"
        raise LedgerError(
            f"{run_id!r} {what}.",
            todo=f"Nearest: {', '.join(near)}." if near else "See 'twain runs' for those there are.",
            code="T702",
        )

    def runs(self, *, limit: int = 50, campaign: str | None = None, states: Iterable[RunState] = ()) -> list[Run]:
        """The newest runs first, of one campaign or in some states when asked."""
        wanted = [state.value for state in states]
        with self._driver.reading() as tx:
            rows = tx.all(
                "run_list", campaign=campaign or "", every=int(not wanted), states=tx.listed(wanted), limit=limit
            )
        return [run_from(row) for row in rows]

    def advance(self, run_id: str, expect: Iterable[RunState], to: RunState, event: RunEvent) -> Run:
        """Compare and set the state, with its line in the timeline.

        Raises WrongState when the run is in none of *expect*, when *to* may not follow its state (TRANSITIONS), when it
        would send without a manifest (T731), or finish with somebody unaccounted for (T732).
        """
        with self._driver.writing() as tx:
            run = need_run(tx, run_id, lock=True)
            _refuse_state(run, set(expect), to)
            _refuse_early(tx, run, to)
            moved = _moved(run, to, tx.moment.wall)
            tx.run("run_move", id=run_id, state=to.value, started_at=moved.started_at, ended_at=moved.ended_at)
            add_event(tx, event)
        return moved

    def note(self, event: RunEvent) -> None:
        """Add a line to a run's timeline."""
        with self._driver.writing() as tx:
            need_run(tx, event.run_id)
            add_event(tx, event)

    def timeline(self, run_id: str) -> list[RunEvent]:
        """Everything that happened to a run, in order."""
        with self._driver.reading() as tx:
            return [RunEvent(**dict(row)) for row in tx.all("event_list", run_id=run_id)]

    def commit_manifest(
        self, run_id: str, shards: Sequence[Shard], funnel: Funnel, sealed_key: bytes, event: RunEvent
    ) -> Run:
        """Make a snapshot real: shards, funnel, sealed key and state ``sending`` in one transaction.

        Raises WrongState unless the run is ``snapshotting``; LedgerError T741 when the numbers do not add up.
        """
        _refuse_sums(run_id, shards, funnel)
        with self._driver.writing() as tx:
            run = need_run(tx, run_id, lock=True)
            if run.state is not _S.SNAPSHOTTING:
                raise _wrong(run, _S.SENDING, {_S.SNAPSHOTTING})
            tx.many("shard_add", [_shard_values(shard) for shard in shards])
            tx.run("run_manifest", id=run_id, funnel=funnel_text(funnel), sealed_key=sealed_key, at=tx.moment.wall)
            add_event(tx, event)
            return need_run(tx, run_id)

    def shards(self, run_id: str) -> list[Shard]:
        """Every shard of a run, by number; none before the manifest is committed."""
        with self._driver.reading() as tx:
            return [shard_from(row) for row in tx.all("shard_list", run_id=run_id)]

    def forget_key(self, run_id: str) -> None:
        """Destroy the sealed key: the spool can never be read again, and nothing can be sent again from it."""
        with self._driver.writing() as tx:
            need_run(tx, run_id, lock=True)
            tx.run("run_forget_key", id=run_id)


def add_event(tx: Transaction, event: RunEvent) -> None:
    """One line of the timeline."""
    tx.run(
        "event_add",
        run_id=event.run_id,
        at=event.at,
        kind=event.kind,
        business=event.business,
        technical=event.technical,
        person=event.person,
    )


def _nearest(tx: Transaction, run_id: str) -> list[str]:
    return difflib.get_close_matches(run_id, [row["id"] for row in tx.all("run_ids")], n=3, cutoff=0.4)


def _refuse_state(run: Run, expect: set[RunState], to: RunState) -> None:
    if run.state not in expect:
        raise _wrong(run, to, expect)
    if to not in TRANSITIONS[run.state]:
        raise _wrong(run, to, {state for state, after in TRANSITIONS.items() if to in after})


def _refuse_early(tx: Transaction, run: Run, to: RunState) -> None:
    if to is _S.SENDING and run.funnel is None:
        raise WrongState(
            f"The send {run.id} has no audience yet, so it cannot be sending.",
            todo="Check it and take its snapshot first.",
            code="T731",
        )
    if to is _S.FINISHED:
        row = tx.one("tally", runs=tx.listed([run.id]))
        left = row["audience"] - row["sent"] - row["failed"] - row["suppressed"] - row["uncertain"] if row else 0
        if left:
            raise WrongState(
                f"The send {run.id} cannot finish: {left} people are not accounted for.",
                todo="Resume it, or cancel it.",
                code="T732",
            )


def _moved(run: Run, to: RunState, now: float) -> Run:
    return replace(
        run,
        state=to,
        started_at=now if to is _S.SENDING and run.started_at is None else run.started_at,
        ended_at=now if to in _ENDS else None,
    )


def _wrong(run: Run, to: RunState, expect: set[RunState]) -> WrongState:
    return WrongState(
        f"The send {run.id} is {run.state.value}; it cannot become {to.value}.",
        todo=f"That goes from: {', '.join(sorted(state.value for state in expect)) or 'no state at all'}.",
    )


def _refuse_sums(run_id: str, shards: Sequence[Shard], funnel: Funnel) -> None:
    rows = sum(shard.rows for shard in shards)
    excluded = sum(funnel.excluded.values())
    if rows != funnel.audience or funnel.matched != excluded + funnel.audience or any(s.rows < 1 for s in shards):
        raise LedgerError(
            f"The snapshot of {run_id} does not add up: {funnel.matched} matched, {excluded} excluded, "
            f"{funnel.audience} in the audience, {rows} in its batches.",
            todo="Take the snapshot again; if it happens twice, report it.",
            code="T741",
        )


def _shard_values(shard: Shard) -> dict[str, object]:
    return {
        "run_id": shard.run_id,
        "number": shard.number,
        "row_count": shard.rows,
        "lane": shard.lane,
        "path": shard.path,
        "sha256": shard.sha256,
        "not_before": shard.not_before,
        "quiet": shard.quiet,
    }
