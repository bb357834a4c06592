"""Fates: where everyone is, who was missed, and what becomes of rows whose delivery is unknown."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from twain.errors import LedgerError, WrongState
from twain.ledger.book import Book, need_run, need_shard, shard_from
from twain.ledger.campaigns import need_bundle
from twain.ledger.driver import Row, Transaction
from twain.ledger.packing import is_consecutive, pack_detail, pack_rows, unpack_detail, unpack_rows
from twain.ledger.runs import add_event
from twain.ledger.windows import add_reasons, counts, reason_key
from twain.records import Fate, Outcome, Run, RunEvent, RunState, Shard, ShardOutcomes, Tally, Undelivered

_ENDED = frozenset({Fate.SENT, Fate.FAILED, Fate.SUPPRESSED, Fate.UNCERTAIN})
_COLUMNS = frozenset({"sent", "failed", "suppressed", "uncertain"})
_OVER = frozenset({RunState.CANCELLED, RunState.EXPIRED})


@dataclass(slots=True)
class Kept:
    """One settled window as it is kept."""

    id: int
    rows: Sequence[int]
    fates: bytearray
    detail: bytes

    def outcomes(self) -> Iterator[Outcome]:
        """Those of its rows that ended in it."""
        times, reasons, replies = unpack_detail(len(self.rows), self.detail)
        for row, fate, at, reason, reply in zip(self.rows, self.fates, times, reasons, replies, strict=True):
            if fate in _ENDED:
                yield Outcome(row, Fate(fate), reason, reply, at)


class Columns:
    """A shard's outcomes column by column, in row order: no object is made per row."""

    def __init__(self, count: int) -> None:
        self.fates = [0] * count
        self.reasons = [""] * count
        self.replies = [""] * count
        self.times = [0.0] * count

    @property
    def undecided(self) -> int:
        """How many rows have no end."""
        return self.fates.count(0)

    def take(self, kept: Kept) -> None:
        """Enter those of a window's rows that ended in it."""
        times, reasons, replies = unpack_detail(len(kept.rows), kept.detail)
        if _ENDED.issuperset(kept.fates) and is_consecutive(kept.rows):
            span = slice(kept.rows[0], kept.rows[-1] + 1)
            self.fates[span], self.reasons[span] = kept.fates, reasons
            self.replies[span], self.times[span] = replies, times
            return
        for row, fate, at, reason, reply in zip(kept.rows, kept.fates, times, reasons, replies, strict=True):
            if fate in _ENDED:
                self.fates[row], self.reasons[row], self.replies[row], self.times[row] = fate, reason, reply, at


class Fates(Book):
    """Count, list, archive, resolve."""

    def tally(self, run_id: str) -> Tally:
        """Where everyone of the frozen audience is; all zero before the manifest is committed."""
        with self._driver.reading() as tx:
            need_run(tx, run_id)
            return _tallies(tx, [run_id])[run_id]

    def tallies(self, run_ids: Sequence[str]) -> dict[str, Tally]:
        """The same of several sends in one read; all zero for one that has no manifest, or is unknown."""
        with self._driver.reading() as tx:
            return _tallies(tx, run_ids)

    def settled_shards(self, run_id: str) -> list[Shard]:
        """Shards in which every row has its fate, not yet in the delivery history (or changed since: write them again)."""
        with self._driver.reading() as tx:
            return [shard_from(row) for row in tx.all("shard_settled", run_id=run_id)]

    def archived(self, run_id: str) -> dict[int, tuple[str, str]]:
        """Shards that are in the delivery history: number → (path, sha256)."""
        with self._driver.reading() as tx:
            rows = tx.all("shard_list", run_id=run_id)
        return {r["number"]: (r["archived_path"], r["archived_sha256"]) for r in rows if r["archived_sha256"]}

    def outcomes(self, run_id: str, shard: int) -> ShardOutcomes:
        """Everything known about one settled shard, columnar, in row order.

        Raises WrongState T733 while a row of it is undecided, LedgerError T750 when its rows were pruned.
        """
        with self._driver.reading() as tx:
            run, row = need_run(tx, run_id), need_shard(tx, run_id, shard)
            found = Columns(row["row_count"])
            for kept in _kept(tx, row):
                found.take(kept)
            feed = str(need_bundle(tx, run.bundle).body.get("feed", ""))
        if found.undecided:
            raise WrongState(
                f"Batch {shard} of {run_id} still has {found.undecided} undecided people.",
                todo="Let it finish first.",
                code="T733",
            )
        return ShardOutcomes(run, shard_from(row), found.fates, found.reasons, found.replies, found.times, feed)

    def sent_times(self, run_id: str, shard: int) -> dict[int, float]:
        """Row → when the relay took it (epoch seconds), for those of a shard that are sent so far; empty once pruned."""
        with self._driver.reading() as tx:
            kept = _kept(tx, need_shard(tx, run_id, shard))
        return {o.row: o.at for window in kept for o in window.outcomes() if o.fate is Fate.SENT}

    def undelivered(self, run_id: str, fates: Iterable[Fate]) -> Iterator[Undelivered]:
        """People whose fate is one of *fates*, by shard and row. ``key`` is empty: the ledger doesn't know people.

        Raises LedgerError T750 when the rows were pruned: the delivery history has them, with keys.
        """
        wanted = set(fates)
        for shard in self.shards_of(run_id):
            with self._driver.reading() as tx:
                kept = _kept(tx, need_shard(tx, run_id, shard))
            found = [o for window in kept for o in window.outcomes() if o.fate in wanted]
            for o in sorted(found, key=lambda o: o.row):
                yield Undelivered(run_id, shard, o.row, "", o.fate, o.reason, o.reply)

    def shards_of(self, run_id: str) -> list[int]:
        """The numbers of a run's shards."""
        with self._driver.reading() as tx:
            need_run(tx, run_id)
            return [row["number"] for row in tx.all("shard_list", run_id=run_id)]

    def mark_archived(self, run_id: str, shard: int, path: str, sha256: str) -> None:
        """The shard's Parquet file is written and true. Its rows stay here until ``prune``."""
        with self._driver.writing() as tx:
            row = need_shard(tx, run_id, shard, lock=True)
            if _undecided(row):
                raise WrongState(
                    f"Batch {shard} of {run_id} is not settled.",
                    todo="Archive it when everyone has a fate.",
                    code="T733",
                )
            tx.run("shard_archived", run_id=run_id, shard=shard, path=path, sha256=sha256)

    def prune(self, before: float) -> int:
        """Forget the per-row data of runs that ended before *before* (epoch seconds), once all of it is in the history.

        Runs with anybody uncertain keep theirs, to be resolved. Returns how many runs were pruned; tallies stay.
        """
        with self._driver.writing() as tx:
            ids = [row["id"] for row in tx.all("prunable", before=before)]
            for run_id in ids:
                tx.run("window_prune", run_id=run_id)
                tx.run("shard_prune", run_id=run_id)
        return len(ids)

    def resolve(self, run_id: str, rows: Iterable[tuple[int, int]], fate: Fate, event: RunEvent) -> int:
        """Turn uncertain rows (shard, row) into SENT, or with DEFERRED back to be sent at once; returns how many.

        Rows that are not uncertain are left alone. It works before and after archiving: a changed shard is one of
        ``settled_shards`` again once all its rows are decided, and is to be written to the history again. Sending again
        moves a finished run back to ``sending`` and is refused (WrongState T734) once the spool's key is destroyed, the
        time to send is over, or the run was cancelled or expired.
        """
        wanted: dict[int, set[int]] = defaultdict(set)
        for shard, row in rows:
            wanted[shard].add(row)
        with self._driver.writing() as tx:
            run = need_run(tx, run_id, lock=True)
            _refuse_fate(run, fate, tx.moment.wall)
            number = sum(_resolve_shard(tx, run_id, shard, wanted[shard], fate) for shard in sorted(wanted))
            if number and fate is Fate.DEFERRED and run.state is RunState.FINISHED:
                tx.run("run_move", id=run_id, state="sending", started_at=run.started_at, ended_at=None)
            add_event(tx, event)
        return number

    def abandon(self, run_id: str, fate: Fate, reason: str, event: RunEvent) -> int:
        """Give everyone not yet claimed, or waiting to be tried again, one fate; returns how many.

        For cancelled and expired runs (else WrongState), so that there too everyone is accounted for. Open windows are left
        to their holders: lease and settle them, then call it again for what they give back.
        """
        with self._driver.writing() as tx:
            run = need_run(tx, run_id, lock=True)
            if run.state not in _OVER or fate not in {Fate.FAILED, Fate.SUPPRESSED}:
                raise WrongState(
                    f"The send {run_id} is {run.state.value}: nobody can be given up as {fate.name.lower()}.",
                    todo="Cancel it first.",
                )
            shards = tx.all("shard_undecided", run_id=run_id, era=tx.moment.era)
            number = sum(_abandon_shard(tx, row, fate, reason) for row in shards)
            add_event(tx, event)
        return number


def _tallies(tx: Transaction, run_ids: Sequence[str]) -> dict[str, Tally]:
    runs = tx.listed(run_ids)
    reasons = dict.fromkeys(run_ids, "{}")
    for line in tx.all("tally_reasons", runs=runs):
        reasons[line["run_id"]] = add_reasons(reasons[line["run_id"]], _parsed(line["reasons"]))
    sums = {row["run_id"]: row for row in tx.all("tally", runs=runs)}
    return {run_id: _tally(sums.get(run_id), reasons[run_id]) for run_id in run_ids}


def _tally(sums: Row | None, reasons: str) -> Tally:
    figures = {name: int(sums[name]) if sums else 0 for name in ("audience", *sorted(_COLUMNS))}
    pending = figures["audience"] - sum(figures[name] for name in _COLUMNS)
    return Tally(**figures, pending=pending, reasons=_parsed(reasons))


def _parsed(reasons: str) -> Mapping[str, int]:
    parsed: dict[str, int] = json.loads(reasons)
    return parsed


def _undecided(row: Row) -> bool:
    return bool(row["sent"] + row["failed"] + row["suppressed"] + row["uncertain"] < row["row_count"])


def _kept(tx: Transaction, shard: Row) -> list[Kept]:
    if shard["pruned"]:
        raise LedgerError(
            f"The single outcomes of {shard['run_id']} are no longer in the ledger.",
            todo="Read them from the delivery history.",
            code="T750",
        )
    return [
        Kept(
            row["id"],
            unpack_rows(row["first_row"], row["row_count"], row["row_numbers"]),
            bytearray(row["fates"]),
            bytes(row["detail"]),
        )
        for row in tx.all("window_list", run_id=shard["run_id"], shard=shard["number"])
    ]


def _refuse_fate(run: Run, fate: Fate, now: float) -> None:
    if fate is Fate.SENT:
        return
    if fate is not Fate.DEFERRED:
        raise WrongState(
            f"Delivery unknown can become sent or be sent again, not {fate.name.lower()}.",
            todo="Choose one of the two.",
        )
    late = run.not_after is not None and now >= run.not_after
    if run.state in _OVER or not run.sealed_key or late:
        raise WrongState(
            f"Nobody of the send {run.id} can be sent to again: it is over, or its spool's key is destroyed.",
            todo="Resolve them as sent, or make a new send for them.",
            code="T734",
        )


def _resolve_shard(tx: Transaction, run_id: str, shard: int, wanted: set[int], fate: Fate) -> int:
    row = need_shard(tx, run_id, shard, lock=True)
    resolved = [outcome for kept in _kept(tx, row) for outcome in _resolve_window(tx, kept, wanted, fate)]
    if not resolved:
        return 0
    less = Counter(reason_key(o) for o in resolved if o.reason)
    reasons = add_reasons(row["reasons"], {reason: -number for reason, number in less.items()})
    change = {"sent": len(resolved) if fate is Fate.SENT else 0, "uncertain": -len(resolved)}
    tx.run("shard_count", run_id=run_id, shard=shard, reasons=reasons, failed=0, suppressed=0, **change)
    tx.run("shard_archived", run_id=run_id, shard=shard, path=None, sha256=None)
    if fate is Fate.DEFERRED:
        tx.many("retry_add", [_again(tx, run_id, shard, outcome) for outcome in resolved])
    return len(resolved)


def _resolve_window(tx: Transaction, kept: Kept, wanted: set[int], fate: Fate) -> list[Outcome]:
    hits = [o for o in kept.outcomes() if o.fate is Fate.UNCERTAIN and o.row in wanted]
    if hits:
        position = {row: n for n, row in enumerate(kept.rows)}
        for outcome in hits:
            kept.fates[position[outcome.row]] = fate
        tx.run("window_refate", window=kept.id, fates=bytes(kept.fates))
    return hits


def _again(tx: Transaction, run_id: str, shard: int, outcome: Outcome) -> dict[str, object]:
    """A resolved row among the retries: due at once, its attempts counted afresh."""
    return {
        "run_id": run_id,
        "shard": shard,
        "row_number": outcome.row,
        "due_at": tx.moment.tick,
        "era": tx.moment.era,
        "attempts": 0,
        "reason": "resend",
        "reply": outcome.reply,
    }


def _abandon_shard(tx: Transaction, row: Row, fate: Fate, reason: str) -> int:
    """Settle, as one window that nobody sent, all rows of a shard that are in no open window."""
    place = {"run_id": row["run_id"], "shard": row["number"]}
    locked = need_shard(tx, row["run_id"], row["number"], lock=True)
    waiting = [retry["row_number"] for retry in tx.all("retry_list", **place)]
    rows = sorted([*waiting, *range(locked["claimed"], locked["row_count"])])
    if not rows:
        return 0
    at = tx.moment.wall
    fates = bytes([fate]) * len(rows)
    window = {"first_row": rows[0], "row_count": len(rows), "row_numbers": pack_rows(rows), "attempts": None,
              "warming": ""}  # fmt: skip
    entered = tx.one("window_again", **place, **window, worker="", fence=locked["fence"], token="")
    detail = pack_detail([Outcome(number, fate, reason, "", at) for number in rows])
    tx.run("window_settle", window=entered["id"] if entered else 0, fates=fates, detail=detail)
    tx.run(
        "shard_count",
        **place,
        reasons=add_reasons(locked["reasons"], {f"{fate.name.lower()}:{reason}": len(rows)}),
        **counts(fates),
    )
    tx.run("retry_clear", **place)
    tx.run("shard_finish", **place)
    return len(rows)
