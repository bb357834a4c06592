"""What a kind of database must do inside the child process. One file per kind in ``sources/`` keeps this Protocol.

A kind's name is the name of its SQLGlot dialect, so that the parent can compile for it without loading its driver.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import pyarrow as pa

from twain.feeds import wire
from twain.ports import LiveTable
from twain.records import Column, FieldType, Scalar

FaultKind = Literal[
    "unavailable", "locked", "config", "privileged", "time", "memory", "rows", "cancelled", "schema", "value", "query"
]


class Fault(Exception):
    """Something went wrong in the child. *text* is the engine's own words, scrubbed of secrets before it is shown."""

    def __init__(self, kind: FaultKind, text: str = "", state: str = "") -> None:
        super().__init__(text)
        self.kind: FaultKind = kind
        self.text = text
        self.state = state


@dataclass(frozen=True, slots=True)
class Work:
    """What the child is told first, over its stdin: where to connect, as whom, within which limits."""

    kind: str
    options: Mapping[str, str] = field(repr=False)
    application: str
    time_zone: str
    scratch: str
    memory_mb: int
    timeout_seconds: float


def option(work: Work, key: str) -> str:
    """One of the kind's own options; a Fault that names it when it is missing."""
    if not work.options.get(key):
        raise Fault("config", f"the option {key!r} is missing")
    return work.options[key]


@dataclass(frozen=True, slots=True)
class Ref:
    """The place of a bound parameter in a query."""

    name: str


@dataclass(frozen=True, slots=True)
class Query:
    """A guarded statement on its way to the engine: text in pieces, parameters beside it, and the columns it must yield.

    *tag* is the comment that tells IT who asks; it stands in front of everything.
    """

    parts: tuple[str | Ref, ...]
    params: Mapping[str, Scalar]
    columns: tuple[Column, ...]
    tag: str = ""
    max_rows: int | None = None

    def sql(self, marker: str) -> str:
        """The text with *marker* (``$%s``, ``:%s``) at each parameter."""
        return "".join(part if isinstance(part, str) else marker % part.name for part in self.parts)

    def packed(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "parts": [part if isinstance(part, str) else {"ref": part.name} for part in self.parts],
            "params": {name: wire.pack_scalar(value) for name, value in self.params.items()},
            "columns": [[column.name, column.type] for column in self.columns],
            "tag": self.tag,
            "max_rows": self.max_rows,
        }

    @classmethod
    def unpacked(cls, raw: Mapping[str, Any]) -> Query:
        """From JSON."""
        return cls(
            parts=tuple(part if isinstance(part, str) else Ref(part["ref"]) for part in raw["parts"]),
            params={name: wire.unpack_scalar(value) for name, value in raw["params"].items()},
            columns=tuple(Column(name, kind) for name, kind in raw["columns"]),
            tag=raw["tag"],
            max_rows=raw["max_rows"],
        )


class Engine(Protocol):
    """One connection, in one read transaction, from the moment it exists. Everything raises Fault."""

    def read(self, query: Query) -> Iterator[pa.RecordBatch]:
        """Run the query and yield its batches as they come, each in the schema of :func:`conform.schema`."""

    def cost(self, query: Query) -> float | None:
        """The planner's own estimate, or None where there is none worth trusting."""

    def tables(self) -> list[LiveTable]:
        """Every table and view that the role may read."""

    def describe(self, relation: str) -> LiveTable | None:
        """One table or view by name, or a query in parentheses; None when it is not there."""

    def interrupt(self) -> None:
        """Called from another thread: end what is running, at once, in the server too."""

    def recover(self) -> None:
        """After a failed statement: make the same consistent state readable again."""

    def close(self) -> None:
        """Give everything back."""


def unquoted(text: str) -> str:
    """An engine's message without what it quotes: a value out of somebody's row."""
    return re.sub(r"(['\"]).*(\1|$)", "…", text, flags=re.DOTALL)


def field_type(physical: str) -> FieldType:
    """The contract's type for a database's own type name, by its first word; string when it is none of the others."""
    name = physical.lower()
    for word, kind in _TYPES:
        if name.startswith(word):
            return kind
    return "string"


_TYPES: tuple[tuple[str, FieldType], ...] = (
    ("interval", "string"),
    ("timestamp", "timestamp"),
    ("datetime", "timestamp"),
    ("date", "date"),
    ("bool", "boolean"),
    ("tinyint(1)", "boolean"),
    ("numeric", "number"),
    ("decimal", "number"),
    ("real", "number"),
    ("float", "number"),
    ("double", "number"),
    ("money", "number"),
    ("bigint", "integer"),
    ("smallint", "integer"),
    ("tinyint", "integer"),
    ("mediumint", "integer"),
    ("hugeint", "number"),
    ("ubigint", "number"),
    ("uhugeint", "number"),
    ("uinteger", "integer"),
    ("usmallint", "integer"),
    ("utinyint", "integer"),
    ("integer", "integer"),
    ("int", "integer"),
    ("serial", "integer"),
    ("bigserial", "integer"),
)
