"""A run's shards as messages: the spool, the tokens and the compiled programs joined."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from functools import partial
from itertools import repeat
from operator import length_hint
from typing import Any
from weakref import WeakValueDictionary

import pyarrow as pa

from twain.content import mime
from twain.errors import ContentError
from twain.ports import Clock, EnvelopeSender, Program
from twain.records import SHARD_FIELDS, Fate, Outcome, Run, Shard, Stamp
from twain.returns.tokens import TokenMint, message_ids
from twain.returns.verp import BounceAddresses
from twain.snapshot.spool import read_shard

_FIXED = tuple(f.name for f in SHARD_FIELDS)
_stamp = partial(tuple.__new__, Stamp)  # a named tuple's own constructor costs twice as much


class RunMessages:
    """ports.Messages for one run: opens shards under the run's data key and renders rows by their arm's program."""

    def __init__(
        self,
        run: Run,
        data_key: bytes,
        programs: Sequence[Program],
        mint: TokenMint,
        sender: str,
        clock: Clock,
        bounce_address: str = "",
    ) -> None:
        self.run = run
        own = BounceAddresses(mint, run.id, bounce_address) if bounce_address else None
        self.sender: EnvelopeSender = own or sender.encode("ascii")
        self.programs = tuple(programs)
        self.mint = mint
        self.clock = clock
        self.domain = sender.rpartition("@")[2]
        self._data_key = data_key
        self._open: WeakValueDictionary[int, OpenedShard] = WeakValueDictionary()

    def open(self, shard: Shard) -> OpenedShard:
        """Decrypt and load one shard; raises LedgerError when its file is missing or damaged."""
        self._open[shard.number] = opened = OpenedShard(self, shard, read_shard(shard, self._data_key))
        return opened

    def opened(self, shard: Shard) -> OpenedShard:
        """The shard that is being sent, as it was opened."""
        return self._open.get(shard.number) or self.open(shard)

    def stamps(self, shard: int, rows: Sequence[int]) -> list[Stamp]:
        """What is new in each message: Message-ID, token and date (RFC 5322 §3.3, §3.6.4)."""
        date = mime.date(self.clock.now())
        minted = self.mint.stamps(self.run.id, shard, rows)
        macs, tokens = zip(*minted, strict=True)
        ids = message_ids(self.run.id, shard, rows, macs, self.domain)
        return list(map(_stamp, zip(ids, tokens, repeat(date, len(ids)), strict=True)))


class OpenedShard:
    """ports.Opened: one shard's columns as Python lists."""

    def __init__(self, messages: RunMessages, shard: Shard, table: pa.Table) -> None:
        self._messages = messages
        self._number = shard.number
        self._keys: list[str] = table.column("key").to_pylist()
        self._hashes: list[bytes] = _listed(table.column("address_hash"))
        self._addresses: list[str] = table.column("address").to_pylist()
        self._arms: list[int] = table.column("arm").to_pylist()
        self._columns = {name: _listed(table.column(name)) for name in self._wanted(table)}

    def _wanted(self, table: pa.Table) -> list[str]:
        read = {name for program in self._messages.programs for name in program.columns}
        return [name for name in table.column_names if name in read and name not in _FIXED]

    def keys(self, rows: Sequence[int]) -> list[str]:
        """These rows' keys."""
        return [self._keys[row] for row in rows]

    def address(self, row: int) -> str:
        """One row's frozen address."""
        return self._addresses[row]

    def update(self, row: int, values: Mapping[str, Any]) -> None:
        """Give one row its newest values."""
        for name, column in self._columns.items():
            column[row] = values[name]

    def address_hashes(self, rows: Sequence[int]) -> Sequence[bytes]:
        """32-byte HMACs of these rows' addresses."""
        return [self._hashes[row] for row in rows]

    def render(self, rows: Sequence[int]) -> Iterator[tuple[int, bytes, bytes] | Outcome]:
        """Per row, lazily: (row, recipient, message), or the Outcome when it cannot be built."""
        waiting = list(rows)
        while waiting:
            arms = {self._arms[row] for row in waiting}
            made = yield from self._one_arm(arms.pop(), waiting) if len(arms) == 1 else self._many_arms(waiting)
            del waiting[:made]

    def _one_arm(self, arm: int, rows: Sequence[int]) -> Generator[tuple[int, bytes, bytes] | Outcome, None, int]:
        """The usual case, as fast as it can be; returns how many rows are done: all, or those up to a failed one."""
        recipients = [self._addresses[row].encode() for row in rows]
        left = iter(rows)
        try:
            yield from zip(left, recipients, self._stream(arm, rows), strict=True)
        except ContentError as error:
            done = len(rows) - length_hint(left)  # the failed one has been taken from the rows
            yield self._failed(rows[done - 1], error)
            return done
        return len(rows)

    def _many_arms(self, rows: Sequence[int]) -> Generator[tuple[int, bytes, bytes] | Outcome, None, int]:
        """Each row from its own arm's stream; returns how many rows are done."""
        by_arm: dict[int, list[int]] = {}
        for row in rows:
            by_arm.setdefault(self._arms[row], []).append(row)
        streams = {arm: self._stream(arm, own) for arm, own in by_arm.items()}
        for done, row in enumerate(rows):
            try:
                yield row, self._addresses[row].encode(), next(streams[self._arms[row]])
            except ContentError as error:
                yield self._failed(row, error)
                return done + 1
        return len(rows)

    def _failed(self, row: int, error: ContentError) -> Outcome:
        return Outcome(row, Fate.FAILED, "render", str(error)[:200], self._messages.clock.now())

    def _stream(self, arm: int, rows: Sequence[int]) -> Iterator[bytes]:
        stamps = self._messages.stamps(self._number, rows)
        return self._messages.programs[arm].render(self._rows(rows), stamps)

    def _rows(self, rows: Sequence[int]) -> Mapping[str, Sequence[Any]]:
        if rows and tuple(rows) == tuple(range(rows[0], rows[0] + len(rows))):  # one slice instead of many look-ups
            span = slice(rows[0], rows[-1] + 1)
            return {"address": self._addresses[span], **{name: v[span] for name, v in self._columns.items()}}
        picked = {name: [values[row] for row in rows] for name, values in self._columns.items()}
        return {"address": [self._addresses[row] for row in rows], **picked}


def _listed(column: pa.ChunkedArray) -> list[Any]:
    """``column.to_pylist()``; by way of numpy where that takes a twentieth of the time."""
    values: list[Any] = []
    if column.null_count == 0 and (pa.types.is_date32(column.type) or pa.types.is_fixed_size_binary(column.type)):
        values = column.to_numpy().tolist()
    if not values or int in set(map(type, values)):  # a day before the year 1 or after 9999 comes as a number
        values = column.to_pylist()
    return values
