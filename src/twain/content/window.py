"""A window of rows made ready for the generated function: each column and each plain loop encoded once, in one go."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain, pairwise, repeat
from typing import Any

from twain.content import batch
from twain.content.expressions import Repeated
from twain.content.limits import Meter
from twain.content.values import Data, item
from twain.errors import ContentError

_LARGE = 256


@dataclass(frozen=True, slots=True)
class Generated:
    """The generated function, and what it takes after date, address, Message-ID and token, in this order.

    *raw*: columns passed as they are (*related* among them are read from JSON first); *encoded*: (column, slot) passed ready
    for the wire, with how often a message shows it; *repeated*: loops whose bodies are passed ready, with the same.
    """

    message: Callable[..., bytes]
    raw: tuple[str, ...]
    related: Mapping[str, Callable[[Any], list[Any]]]
    encoded: Mapping[tuple[str, str], int]
    repeated: Mapping[Repeated, int]
    slots: Mapping[str, Callable[[Any], Any]]

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that a message reads."""
        return tuple(dict.fromkeys([*self.raw, *(name for name, _ in self.encoded)]))


class Window:
    """Some rows' columns, and what was made of them so far."""

    def __init__(self, takes: Generated, values: Mapping[str, Sequence[Any]], meter: Meter) -> None:
        self._takes = takes
        self._meter = meter
        self._values = dict(values)
        self._texts: dict[str, tuple[list[Data], bytes | None]] = {}
        self._alike: dict[str, Sequence[bytes]] = {}
        self._fields: dict[tuple[str, str], Sequence[Data]] = {}
        self._encoded: dict[tuple[str, str], Sequence[Any]] = {}
        for name, read in takes.related.items():
            self._values[name] = [read(value) for value in batch.decoded(values[name])]
        self._items = {name: list(chain.from_iterable(self._values[name])) for name in takes.related}

    def arguments(self) -> list[Sequence[Any]]:
        """What the generated function takes, a column each. Raises ContentError when some row's can't be made."""
        made: list[Sequence[Any]] = [self._values[name] for name in self._takes.raw]
        for (name, slot), uses in self._takes.encoded.items():
            column = self._column(name, self._values[name], slot)
            self._again(column, uses - 1)
            made.append(column)
        return made + [self._bodies(loop, uses) for loop, uses in self._takes.repeated.items()]

    def _column(self, name: str, values: Sequence[Data], slot: str) -> Sequence[Any]:
        encode = self._takes.slots[slot]
        if slot == "P":
            return batch.texts(values, encode)
        if name in self._alike:
            return self._alike[name]
        if name not in self._texts:
            few = batch.distinct(values)
            self._texts[name] = few, batch.together(few or values)
        few, text = self._texts[name]
        made = batch.column(few or values, encode, text, escaping=slot == "H")
        if few and max(map(len, made)) > _LARGE:  # each time that it is shown counts
            return [encode(value) for value in values]
        alike = batch.alike(text, made)
        if few:
            made = list(map(dict(zip(few, made, strict=True)).__getitem__, values))
        if alike:
            self._alike[name] = made
        return made

    def _bodies(self, loop: Repeated, uses: int) -> Sequence[list[bytes]]:
        """Per row, the loop's body for each of its related rows."""
        count = len(self._items[loop.column])
        pieces: list[Iterable[bytes]] = [
            repeat(piece, count) if isinstance(piece, bytes) else self._field(loop, piece, uses)
            for piece in loop.pieces
        ]
        made = list(map(b"".join, zip(*pieces, strict=True)))
        ends = accumulate(map(len, self._values[loop.column]), initial=0)
        return [made[begin:end] for begin, end in pairwise(ends)]

    def _field(self, loop: Repeated, field: str, uses: int) -> Sequence[bytes]:
        """One field of all the window's related rows, encoded."""
        name = f"{loop.column}.{field}"
        known = (name, loop.slot) in self._encoded
        if not known:
            if (loop.column, field) not in self._fields:
                self._fields[loop.column, field] = _members(self._items[loop.column], field)
            values = self._fields[loop.column, field]
            self._encoded[name, loop.slot] = self._column(name, values, loop.slot)
        self._again(self._encoded[name, loop.slot], uses if known else uses - 1)
        return self._encoded[name, loop.slot]

    def _again(self, column: Sequence[Any], times: int) -> None:
        """Account for large values that are shown *times* more than they were encoded."""
        if times > 0:
            self._meter.again(times * sum(length for length in map(len, column) if length > _LARGE))


def _members(rows: Sequence[Data], field: str) -> list[Data]:
    """``row.field`` of each, as a template reads it."""
    if set(map(type, rows)) <= {dict}:
        try:
            return [row[field] for row in rows]
        except KeyError:
            pass  # a field is missing here and there
    return [item(row, field) for row in rows]


def related(filled: Mapping[str, Any]) -> Callable[[Any], list[Any]]:
    """A function that reads related rows: JSON text (or a list already) → list of dicts, with declared defaults."""

    def read(value: Data) -> list[Any]:
        rows = json.loads(value) if isinstance(value, str) and value else value or []
        if not isinstance(rows, list):
            raise ContentError(
                "A column of related rows does not hold a list.", code="T520", todo="Check the audience's SQL."
            )
        for row in rows if filled else ():
            for name, default in filled.items():
                if row.get(name) is None:
                    row[name] = default
        return rows

    return read
