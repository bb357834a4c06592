"""The snapshot: from the source's stream of rows to a frozen, encrypted audience.

::

    batches ─▶ canonical addresses, consent ─▶ set aside on disk ─▶ history, duplicates ─▶ holdout, arms ─▶ shards
               └────────── first pass: the company's database ──┘   └─────── second pass: our own disk ───────┘

The company's database is read once, and is free again before anything is decided. Memory stays flat: a byte per row, and one
part of the set-aside rows at a time. ``count_funnel`` goes the very same way without writing shards, so the count shown and
the audience sent agree.

Each row is left out for one reason, the first that holds: no_address, invalid, consent, history, duplicate, cap, holdout, limit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from twain.errors import Held
from twain.records import Funnel, Shard
from twain.snapshot.address import VALID, canonical_batch, comparisons
from twain.snapshot.dedupe import Fates, Left, key_set, settle_duplicates, settle_history
from twain.snapshot.partitions import Partitions
from twain.snapshot.shards import ShardWriter
from twain.snapshot.spill import Spill
from twain.snapshot.spool import begin_attempt, discard, discard_attempt

__all__ = ["HashAddresses", "Marks", "Snapshot", "Split", "count_funnel", "discard", "marks_of", "take_snapshot"]

HashAddresses = Callable[[Sequence[bytes]], Sequence[bytes]]
"""Addresses in their form for comparison → 32-byte HMACs."""
Split = Callable[[bytes], int | None]
"""An address's HMAC → its arm; None or a negative number = holdout."""
History = Sequence[tuple[bool, Iterable[pa.Array]]]
"""(negated, arrays of keys): people whose key is (or, negated, is not) among them stay in."""
Marks = npt.NDArray[np.uint64]
"""Addresses by the first 8 bytes of their HMACs, sorted. Two of a million share them once in ten million cases."""

_BATCH_ROWS = 32_768
_ROW = "__row__"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A frozen audience that nothing can be sent from until its manifest is committed. *folder* holds this attempt.

    *held_out*: keys of those who get nothing, so that what the mail moved can be measured; only where that was asked for.
    """

    funnel: Funnel
    shards: list[Shard]
    folder: Path
    held_out: Sequence[str] = ()

    def discard(self) -> None:
        """Remove this attempt's files."""
        discard_attempt(self.folder)


def take_snapshot(  # noqa: PLR0913 — each argument is one hand-off from another room; all are named at the call
    batches: Iterable[pa.RecordBatch],
    *,
    run_id: str,
    spool: Path,
    data_key: bytes,
    hash_address: HashAddresses,
    lane: Callable[[str], str],
    split: Split,
    history: History = (),
    had_enough: Callable[[], Marks] | None = None,
    keep_held_out: bool = False,
    not_before: Callable[[str], float] | None = None,
    quiet: Callable[[str], str] | None = None,
    ceiling: int | None = None,
    limit: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> Snapshot:
    """Freeze an audience into shards.

    *batches* have the columns ``key``, ``address``, and optionally ``consent`` and ``timezone``; all others are the template's.
    *had_enough* tells who gets nothing because of a frequency cap; it is asked when the stream has ended, so that the company's
    database does not wait for the answer. *keep_held_out* asks for the keys of the held out, but not of those who would have had
    enough. *not_before* gives the epoch seconds of a time zone's wave (``""`` for people without one), *quiet* the quiet hours in
    it as they are kept with a shard. *limit* freezes only the first so many. *progress* is told the rows read so far.

    Raises Held when the audience is above *ceiling* or a row has no key, LedgerUnavailable when the disk is full, and whatever
    the stream raises. No file is left behind then.
    """
    folder = begin_attempt(spool, run_id)
    try:
        writer = ShardWriter(folder, data_key, run_id, lane, not_before, quiet)
        held_out: list[str] | None = [] if keep_held_out else None
        with ExitStack() as files:
            sieve = _Sieve(files, folder, has_history=bool(history), whole_rows=True)
            fates = sieve.settle(batches, history, progress)
            audience = 0
            for table in sieve.audience(fates, _choice(hash_address, split, had_enough, held_out), limit):
                audience += table.num_rows
                if ceiling is None or audience <= ceiling:
                    writer.add(table)
        _hold_above(ceiling, audience)
        return Snapshot(funnel_of(fates), writer.finish(), folder, held_out or ())
    except BaseException:
        discard_attempt(folder)
        raise


def count_funnel(
    batches: Iterable[pa.RecordBatch],
    *,
    spool: Path,
    hash_address: HashAddresses,
    split: Split | None,
    history: History = (),
    had_enough: Callable[[], Marks] | None = None,
    limit: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> Funnel:
    """The funnel :func:`take_snapshot` would have, found the same way; only ``key``, ``address``, ``consent`` are looked at.

    *split* None says that there is no holdout: without a cap, addresses need not be hashed then, which halves the time.
    """
    folder = begin_attempt(spool, "count")
    try:
        with ExitStack() as files:
            sieve = _Sieve(files, folder, has_history=bool(history), whole_rows=False)
            fates = sieve.settle(batches, history, progress)
            if split is None and had_enough is None:
                _mark_beyond(limit, fates)
                return funnel_of(fates)
            for _ in sieve.audience(fates, _choice(hash_address, split or _everybody, had_enough), limit):
                pass  # holdout and limit are marked in the fates as the audience goes by
            return funnel_of(fates)
    finally:
        discard_attempt(folder)


def funnel_of(fates: Fates) -> Funnel:
    """Count the fates. ``matched == sum(excluded) + audience`` because every row has exactly one."""
    counts = np.bincount(fates, minlength=len(Left)).tolist()
    excluded = {left.name.lower(): counts[left] for left in Left if left is not Left.IN}
    return Funnel(matched=len(fates), excluded=excluded, audience=counts[Left.IN])


def marks_of(hashes: pa.Array) -> npt.NDArray[np.uint64]:
    """The first 8 bytes of each 32-byte HMAC as a number, in the same order."""
    fixed = hashes.cast(pa.binary(32))
    words = np.frombuffer(fixed.buffers()[1], ">u8", count=4 * len(fixed), offset=32 * fixed.offset)
    return words[::4].astype(np.uint64)


def _everybody(_hash: bytes) -> int:
    return 0


@dataclass(frozen=True, slots=True)
class _Choice:
    """What is decided by the address's HMAC: who has had enough, who is held out, who gets which arm."""

    hash_address: HashAddresses
    split: Split
    had_enough: Marks | None
    held_out: list[str] | None = None

    def with_arms(self, table: pa.Table, fates: Fates, limit: int | None = None) -> pa.Table:
        """The rows that go, with their hash and arm; the others are marked in *fates*.

        Beyond *limit* rows that go nobody is kept as held out: they would be compared with people who were never asked.
        """
        compared = comparisons(table.column("address").combine_chunks()).cast(pa.binary()).to_pylist()
        hashes = self.hash_address(compared)
        hashed = pa.array(hashes, pa.binary(32))
        arms, rows = _arms(self.split, hashes), table.column(_ROW).to_numpy()
        fates[rows[arms < 0]] = Left.HOLDOUT
        stays = goes = arms >= 0
        if self.had_enough is not None:
            enough = np.isin(marks_of(hashed), self.had_enough)
            fates[rows[enough]] = Left.CAP
            stays, goes = stays & ~enough, goes | enough
        if self.held_out is not None:
            asked = np.arange(len(goes)) <= (
                np.flatnonzero(stays)[limit - 1] if limit and stays.sum() > limit else len(goes)
            )
            self.held_out.extend(table.column("key").filter(pa.array(~goes & asked)).to_pylist())
        others = table.drop_columns(["key", "address", _ROW])
        columns = [table.column("key"), table.column("address"), hashed, pa.array(arms)]
        names = ["key", "address", "address_hash", "arm", *others.column_names]
        whole = pa.table([*columns, *others.columns], names=names)
        return whole if stays.all() else whole.filter(pa.array(stays))


def _choice(
    hash_address: HashAddresses,
    split: Split,
    had_enough: Callable[[], Marks] | None,
    held_out: list[str] | None = None,
) -> _Choice:
    return _Choice(hash_address, split, had_enough() if had_enough is not None else None, held_out)


class _Sieve:
    """Both passes: rows are set aside as they stream in, judged together, and read again as the audience."""

    def __init__(self, files: ExitStack, folder: Path, *, has_history: bool, whole_rows: bool) -> None:
        self._folder = folder
        self._whole_rows = whole_rows
        self._rows = files.enter_context(Spill(folder))
        self._addresses = files.enter_context(Partitions(folder, "compared"))
        self._keys = files.enter_context(Partitions(folder, "key")) if has_history else None
        self._fates: list[Fates] = []
        self._read = 0

    def settle(
        self, batches: Iterable[pa.RecordBatch], history: History, progress: Callable[[int], None] | None
    ) -> Fates:
        """Read the stream to its end and decide who is left out; holdout and limit are still open."""
        for batch in _even(batches):
            self._take_in(batch)
            if progress:
                progress(self._read)
        self._addresses.finish()
        fates = np.concatenate(self._fates) if self._fates else np.zeros(0, np.uint8)
        if self._keys is not None:
            self._keys.finish()
            for negated, keys in history:
                with key_set(self._folder, keys) as known:
                    settle_history(self._keys, known, fates, negated=negated)
        settle_duplicates(self._addresses, fates)
        return fates

    def _take_in(self, batch: pa.RecordBatch) -> None:
        keys = self._keys_of(batch)
        addresses, codes = canonical_batch(batch.column("address"))
        allowed, opted_out = _consent(batch)
        fates = np.where((codes == VALID) & ~allowed, np.uint8(Left.CONSENT), codes)
        rows = pa.array(np.arange(self._read, self._read + batch.num_rows, dtype=np.int64))
        judged = pa.record_batch(
            [rows, keys, comparisons(addresses), pa.array(opted_out)], names=["row", "key", "compared", "opted_out"]
        )
        self._addresses.add(judged.filter(pa.array((codes == VALID) & (allowed | opted_out))))
        kept = pa.array(fates == Left.IN)
        if self._keys is not None:
            self._keys.add(judged.select(["row", "key"]).filter(kept))
        self._rows.add(self._row(batch, keys, addresses, rows).filter(kept))
        self._fates.append(fates)
        self._read += batch.num_rows

    def _keys_of(self, batch: pa.RecordBatch) -> pa.StringArray:
        keys = batch.column("key").cast(pa.string())
        if keys.null_count:
            row = self._read + int(np.flatnonzero(keys.is_null().to_numpy(zero_copy_only=False))[0])
            raise Held(
                f"Row {row + 1} of the audience has no key (NULL), so its delivery could never be accounted for.",
                todo="Ask the feed's owner to make the key column NOT NULL, or to leave such rows out of the view.",
                business="Somebody in this audience has no customer number. IT has to mend that first.",
                code="T640",
            )
        return keys

    def _row(
        self, batch: pa.RecordBatch, keys: pa.StringArray, addresses: pa.StringArray, rows: pa.Int64Array
    ) -> pa.RecordBatch:
        """The row as it is set aside: whole for the shards, or just what the count needs."""
        names = [n for n in batch.schema.names if n not in ("key", "address")] if self._whole_rows else []
        columns = [keys, addresses, rows, *(batch.column(name) for name in names)]
        return pa.record_batch(columns, names=["key", "address", _ROW, *names])

    def audience(self, fates: Fates, choice: _Choice, limit: int | None) -> Iterator[pa.Table]:
        """Read the rows still in; mark the capped, the held out and those beyond the limit; yield the rest with SHARD_FIELDS."""
        left = limit
        for piece in range(len(self._rows)):
            if left == 0:
                break
            table = self._rows.read(piece)
            table = table.filter(pa.array(fates[table.column(_ROW).to_numpy()] == Left.IN))
            table = choice.with_arms(table, fates, left)
            yield table if left is None else table.slice(0, left)
            left = left if left is None else max(0, left - table.num_rows)
        _mark_beyond(limit, fates)


def _arms(split: Split, hashes: Sequence[bytes]) -> npt.NDArray[np.int8]:
    return np.array([-1 if arm is None else arm for arm in map(split, hashes)], np.int8)


def _mark_beyond(limit: int | None, fates: Fates) -> None:
    """Rows after the first *limit* of the audience; holdout among them was not looked for any more."""
    if limit is not None:
        fates[np.flatnonzero(fates == Left.IN)[limit:]] = Left.LIMIT


def _consent(batch: pa.RecordBatch) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """(has consent, has opted out). NULL is neither: nobody asked, so this row gets nothing, but another row may."""
    if "consent" not in batch.schema.names:
        return np.ones(batch.num_rows, np.bool_), np.zeros(batch.num_rows, np.bool_)
    try:
        consent = batch.column("consent").cast(pa.bool_())
    except pa.ArrowException as error:
        raise Held(
            f"The consent column holds {batch.column('consent').type}, not yes or no.",
            todo="Ask the feed's owner for a boolean column, or a view that makes one.",
            business="It is unclear who agreed to get mail, so nobody gets any until IT has mended it.",
            code="T641",
        ) from error
    allowed = consent.fill_null(fill_value=False).to_numpy(zero_copy_only=False)
    opted_out = consent.fill_null(fill_value=True).to_numpy(zero_copy_only=False)
    return allowed, ~opted_out


def _hold_above(ceiling: int | None, audience: int) -> None:
    if ceiling is not None and audience > ceiling:
        raise Held(
            f"The audience has {audience} rows; the ceiling of this bundle is {ceiling}.",
            todo="Look at why it grew (twain audience explain); then narrow it, or raise the ceiling and have it approved.",
            business=f"{audience:,} people would get this, but it was planned for at most {ceiling:,}.",
            code="T642",
        )


def _even(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The same rows in batches of about 32 000: small ones joined, large ones cut."""
    waiting: list[pa.RecordBatch] = []
    rows = 0
    for batch in batches:
        waiting.append(batch)
        rows += batch.num_rows
        if rows >= _BATCH_ROWS:
            yield from pa.Table.from_batches(waiting).combine_chunks().to_batches(max_chunksize=_BATCH_ROWS)
            waiting, rows = [], 0
    if rows:
        yield from pa.Table.from_batches(waiting).combine_chunks().to_batches(max_chunksize=_BATCH_ROWS)
