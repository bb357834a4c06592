"""SQLite through the standard library, with the contract's types.

A column's type is only a hint there: a date may be text, a number of seconds, or a Julian day. So every value is read by the
type that the contract promises for it, and one that does not fit is refused by its column's name.
"""

from __future__ import annotations

import contextlib
import re
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from twain.feeds.conform import ARROW, schema
from twain.feeds.engine import Engine, Fault, FaultKind, Query, Work, field_type, option
from twain.ports import LiveColumn, LiveTable
from twain.records import Column, FieldType, Scalar

_Cell = str | int | float | bytes

_BATCH = 10_000
_STEPS = 20_000  # virtual-machine steps between two looks at the stop flag: about a millisecond
_LOOKED_AT = 200  # rows whose values say what a column without a type of its own may hold
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_JULIAN_EPOCH = 2440587.5
_READING = frozenset({sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_RECURSIVE})
_FORBIDDEN = frozenset({"load_extension", "readfile", "writefile", "edit", "fts3_tokenizer", "zeroblob", "randomblob"})
_FAULTS: tuple[tuple[str, FaultKind], ...] = (
    ("interrupted", "cancelled"),
    ("locked", "locked"),
    ("busy", "locked"),
    ("no such table", "schema"),
    ("no such column", "schema"),
    ("out of memory", "memory"),
    ("unable to open", "unavailable"),
    ("disk i/o", "unavailable"),
    ("not a database", "unavailable"),
    ("malformed", "unavailable"),
)


def open_engine(work: Work) -> Engine:
    """Open the file ``path``, read-only, and begin. A missing file is ``unavailable``."""
    path = Path(option(work, "path"))
    if not path.is_file():
        raise Fault("unavailable", "there is no such file")
    with _as_faults():
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None, check_same_thread=False, timeout=2.0
        )
        return SQLite(connection, work)


class SQLite:
    """One connection in one read transaction; an authorizer refuses everything but reading."""

    def __init__(self, connection: sqlite3.Connection, work: Work) -> None:
        self._con = connection
        self._zone = ZoneInfo(work.time_zone)
        self._stopped = False
        self._trusted = False
        self._con.text_factory = lambda raw: raw.decode("utf-8", "replace")
        self._con.create_function("regexp", 2, _matches, deterministic=True)
        self._con.execute("PRAGMA query_only = ON")
        self._con.execute("PRAGMA trusted_schema = OFF")
        self._con.execute(f"PRAGMA hard_heap_limit = {work.memory_mb << 20}")
        self._con.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
        self._con.set_progress_handler(lambda: int(self._stopped), _STEPS)
        self._con.execute("BEGIN")
        self._con.execute("SELECT count(*) FROM sqlite_schema").fetchone()  # the snapshot is taken at the first read
        self._con.set_authorizer(self._authorize)

    def _authorize(self, action: int, _first: str | None, second: str | None, *_: object) -> int:
        if action in _READING or (self._trusted and action == sqlite3.SQLITE_PRAGMA):
            return sqlite3.SQLITE_OK
        if action == sqlite3.SQLITE_FUNCTION and (second or "").lower() not in _FORBIDDEN:
            return sqlite3.SQLITE_OK
        return sqlite3.SQLITE_DENY

    def read(self, query: Query) -> Iterator[pa.RecordBatch]:
        """Stream rows as batches, each value read by its column's type."""
        wanted = schema(query.columns)
        with _as_faults():
            self._stopped = False
            cursor = self._con.execute(
                f"{query.tag} {query.sql(':%s')}", {name: _bound(v) for name, v in query.params.items()}
            )
            _enough(cursor, len(wanted))
            while rows := cursor.fetchmany(_BATCH):
                cells = zip(*rows, strict=True)
                arrays = [_array(values, c, self._zone) for values, c in zip(cells, query.columns, strict=False)]
                yield pa.RecordBatch.from_arrays(arrays, schema=wanted)

    def cost(self, query: Query) -> float | None:
        """None: SQLite has no cost to show."""
        del query
        return None

    def tables(self) -> list[LiveTable]:
        """Tables and views of the file."""
        with _as_faults():
            names = self._con.execute(
                "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
                " ORDER BY name"
            ).fetchall()
        found = [self.describe(name) for (name,) in names]
        return [self._seen(table) for table in found if table is not None]

    def describe(self, relation: str) -> LiveTable | None:
        """A table or view from its declaration; a query by what its first row shows."""
        with _as_faults():
            return self._query(relation) if relation.startswith("(") else self._table(relation)

    def _query(self, relation: str) -> LiveTable:
        cursor = self._con.execute(f"SELECT * FROM {relation} AS q LIMIT 1")
        names = [column[0] for column in cursor.description]
        row = cursor.fetchone() or [None] * len(names)
        columns = tuple(_seen(name, value) for name, value in zip(names, row, strict=True))
        return LiveTable(relation, columns, view=True)

    def _table(self, relation: str) -> LiveTable | None:
        name = relation.removeprefix("main.")
        rows = self._ask("table_info", name)
        if not rows:
            return None
        unique = self._unique(name)
        keys = [row[1] for row in rows if row[5]]
        columns = tuple(_declared(row, sole_key=keys == [row[1]], unique=row[1] in unique) for row in rows)
        foreign = tuple((row[3], row[2], row[4] or row[3]) for row in self._ask("foreign_key_list", name))
        views = self._con.execute("SELECT 1 FROM sqlite_schema WHERE type = 'view' AND lower(name) = lower(?)", [name])
        return LiveTable(relation, columns, foreign, view=views.fetchone() is not None)

    def _seen(self, table: LiveTable) -> LiveTable:
        """The table with what its first values look like; a view is not run for that."""
        if table.view:
            return table
        with _as_faults():
            named = ", ".join(_quoted(column.name) for column in table.columns)
            rows = self._con.execute(f"SELECT {named} FROM main.{_quoted(table.name)} LIMIT {_LOOKED_AT}").fetchall()
        values = zip(*rows, strict=True) if rows else [()] * len(table.columns)
        columns = (replace(c, seen=_looks_like(c, v)) for c, v in zip(table.columns, values, strict=True))
        return replace(table, columns=tuple(columns))

    def _unique(self, name: str) -> set[str]:
        found = set()
        for index in self._ask("index_list", name):
            members = self._ask("index_info", index[1])
            if index[2] and not index[4] and len(members) == 1:
                found.add(members[0][2])
        return found

    def _ask(self, pragma: str, name: str) -> list[tuple[Any, ...]]:
        """Our own questions to the catalogue: the name is a quoted identifier, the pragma one of ours."""
        self._trusted = True
        try:
            return self._con.execute(f"PRAGMA {pragma}({_quoted(name)})").fetchall()
        finally:
            self._trusted = False

    def interrupt(self) -> None:
        """End the running query at its next look at the flag."""
        self._stopped = True

    def recover(self) -> None:
        """An error leaves SQLite's read transaction, and so the state it sees, as it was."""
        self._stopped = False

    def close(self) -> None:
        """Close the file."""
        self._stopped = False
        self._con.set_authorizer(None)
        self._con.close()


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _looks_like(column: LiveColumn, values: tuple[_Cell | None, ...]) -> FieldType | None:
    """A kind that all *values* have and SQLite has no type for; None where there is none."""
    known = [value for value in values if value is not None]
    if column.primary_key or column.type not in {"string", "integer"} or not known:
        return None
    return next((kind for kind, fits in _LOOKS if all(fits(value) for value in known)), None)


def _is_truth(value: object) -> bool:
    return isinstance(value, int) and value in (0, 1)


def _is_date(value: object) -> bool:
    return isinstance(value, str) and len(value) == 10 and _parses(value)


def _is_moment(value: object) -> bool:
    return isinstance(value, str) and bool(_MOMENT.match(value)) and _parses(value)


def _parses(value: str) -> bool:
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return "-" in value[:5]  # 2026W487 and 20261231 are ISO as well, but SQLite's own functions do not read them


_LOOKS: tuple[tuple[FieldType, Callable[[object], bool]], ...] = (
    ("boolean", _is_truth), ("date", _is_date), ("timestamp", _is_moment),
)  # fmt: skip


def _matches(pattern: str, value: _Cell | None) -> bool | None:
    """``value REGEXP pattern``, which SQLite leaves to its host; found anywhere, as in the other databases."""
    return None if value is None else re.search(pattern, str(value)) is not None


def _enough(cursor: sqlite3.Cursor, wanted: int) -> None:
    got = len(cursor.description or ())
    if got < wanted:
        raise Fault("schema", f"{wanted} columns were asked for, {got} came")


def _bound(value: Scalar) -> Scalar:
    """Dates compare as SQLite's own date functions write them."""
    if isinstance(value, datetime):
        moment = value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
        return moment.isoformat(sep=" ", timespec="auto")
    return value.isoformat() if isinstance(value, date) else value


def _array(values: tuple[_Cell | None, ...], column: Column, zone: ZoneInfo) -> pa.Array:
    """A column at once where Arrow can read it without a doubt; else value by value."""
    wanted = ARROW[column.type]
    try:
        if column.type in {"string", "rows", "number"}:
            return pa.array(values, type=wanted)
        if column.type == "integer":
            return _safe(pa.array(values), wanted)  # told the type, Arrow would cut 1.5 to 1
        if column.type == "boolean":
            return pc.cast(_safe(pa.array(values), pa.int64()), wanted)
        if column.type == "date":
            return pc.cast(pa.array(values, type=pa.string()), wanted)
        if column.type == "timestamp":
            naive = pc.cast(pa.array(values, type=pa.string()), pa.timestamp("us"))
            return pc.cast(pc.assume_timezone(naive, zone.key, ambiguous="earliest", nonexistent="latest"), wanted)
    except (pa.ArrowInvalid, pa.ArrowTypeError, TypeError, OverflowError):
        pass
    return pa.array([_read(value, column, zone) for value in values], type=wanted)


def _safe(array: pa.Array, wanted: pa.DataType) -> pa.Array:
    if array.type != wanted:
        raise pa.ArrowInvalid(f"{array.type} is read value by value")
    return array


def _read(value: _Cell | None, column: Column, zone: ZoneInfo) -> object:
    if value is None:
        return None
    try:
        return _CONVERTERS[column.type](value, zone)
    except (ValueError, TypeError, OverflowError) as error:
        said = f"column {column.name!r}: a {type(value).__name__} does not read as {column.type}"
        raise Fault("value", said) from error


def _string(value: _Cell, _: ZoneInfo) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _integer(value: _Cell, _: ZoneInfo) -> int:
    number = int(value) if not isinstance(value, float) else int(_whole(value))
    if not -(2**63) <= number < 2**63:
        raise ValueError(number)
    return number


def _whole(value: float) -> float:
    if not value.is_integer():
        raise ValueError(value)
    return value


def _number(value: _Cell, _: ZoneInfo) -> float:
    return float(value)


def _boolean(value: _Cell, _: ZoneInfo) -> bool:
    known = {"1": True, "t": True, "true": True, "yes": True, "y": True, "0": False, "f": False, "false": False}
    known |= {"no": False, "n": False, "1.0": True, "0.0": False}
    text = str(value).strip().lower()
    if text not in known:
        raise ValueError(value)
    return known[text]


def _date(value: _Cell, zone: ZoneInfo) -> date:
    if isinstance(value, str) and len(value) == 10:
        return date.fromisoformat(value)
    if isinstance(value, str):
        return datetime.fromisoformat(value.strip()).date()
    return _timestamp(value, zone).astimezone(zone).date()


def _timestamp(value: _Cell, zone: ZoneInfo) -> datetime:
    if isinstance(value, float):  # a Julian day, as SQLite's julianday() writes it
        return _EPOCH + timedelta(days=value - _JULIAN_EPOCH)
    if isinstance(value, int):
        return _EPOCH + timedelta(seconds=value)
    moment = datetime.fromisoformat(str(value).strip())
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)


_CONVERTERS: dict[str, Callable[[_Cell, ZoneInfo], object]] = {
    "string": _string,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "date": _date,
    "timestamp": _timestamp,
    "rows": _string,
}
assert _CONVERTERS.keys() == ARROW.keys()  # noqa: S101 — two tables that must name the same types


def _declared(row: tuple[Any, ...], *, sole_key: bool, unique: bool) -> LiveColumn:
    _, name, kind, required, _, key = row
    return LiveColumn(
        name, kind or "ANY", field_type(kind or ""), not required and not key, bool(key), unique or sole_key
    )


def _seen(name: str, value: _Cell | None) -> LiveColumn:
    physical = {int: "INTEGER", float: "REAL", bytes: "BLOB"}.get(type(value), "TEXT")
    return LiveColumn(name, physical, field_type(physical), nullable=True)


@contextlib.contextmanager
def _as_faults() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        text = str(error)
        kind: FaultKind = next((kind for word, kind in _FAULTS if word in text.lower()), "query")
        raise Fault(kind, text) from error
    except MemoryError as error:
        raise Fault("memory") from error
