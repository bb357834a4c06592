"""The demo company written into a database: DuckDB or SQLite as a new file, Postgres as tables of its own.

A file is built beside its place and moved there when it is complete; Postgres gets everything in one transaction. So
nobody ever sees half a company, and nothing that is not demo data of ours is ever overwritten.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, cast

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from twain.demo.company import Part, generate
from twain.demo.tables import MARKER, MONEY, TABLES, Table, create_sql, index_sql, key_sql, reference_sql
from twain.errors import ConfigError, SourceUnavailable

Progress = Callable[[int, int], None]
"""Called with (customers written so far, customers in all)."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What was written: rows by table, and the dirt in it by kind (no_address, invalid, duplicate, consent_…)."""

    rows: Mapping[str, int]
    planted: Mapping[str, int]


#: DuckDB holds what is not committed in memory: 2 GB per million customers, were it all.
_COMMIT_ROWS = 2_000_000


class _Writer(Protocol):
    def append(self, table: str, rows: pa.RecordBatch) -> None: ...


def build_demo(
    target: str | Path,
    kind: str,
    customers: int = 100_000,
    seed: int = 7,
    progress: Progress | None = None,
    *,
    orders: int | None = None,
    as_of: datetime | None = None,
) -> Counts:
    """Write the company into *target*: a path for duckdb and sqlite, a ``postgresql://`` URL for postgres.

    Replaces demo data written earlier. Raises ConfigError when something else is there, SourceUnavailable when Postgres
    cannot be reached.
    """
    rows: Counter[str] = Counter()
    planted: Counter[str] = Counter()
    with _opened(target, kind) as writer:
        for part in generate(customers, seed, orders=orders, as_of=as_of):
            writer.append(part.table, part.rows)
            _count(part, rows, planted)
            if progress and part.table == "customers":
                progress(rows["customers"], customers)
        writer.append(MARKER, _marker(customers, seed))
    return Counts(dict(rows), dict(planted))


def is_current(path: Path, customers: int, seed: int, *, max_age_seconds: float = 86_400.0) -> bool:
    """Whether the DuckDB file *path* holds just this company, and is young enough for its freshness checks to pass."""
    if not path.exists() or time.time() - path.stat().st_mtime > max_age_seconds:
        return False
    try:
        with closing(duckdb.connect(str(path), read_only=True)) as connection:
            return connection.execute(f"SELECT customers, seed FROM {MARKER}").fetchone() == (customers, seed)
    except duckdb.Error:
        return False


def _count(part: Part, rows: Counter[str], planted: Counter[str]) -> None:
    rows[part.table] += part.rows.num_rows
    planted.update(part.planted)


def _marker(customers: int, seed: int) -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict({"customers": [customers], "seed": [seed]}, schema=_MARKER_TABLE.schema)


_MARKER_TABLE = Table(MARKER, pa.schema([pa.field("customers", pa.int64()), pa.field("seed", pa.int64())]), ())


def _opened(target: str | Path, kind: str) -> AbstractContextManager[_Writer]:
    openers: Mapping[str, Callable[[], AbstractContextManager[_Writer]]] = {
        "duckdb": lambda: _file(Path(target), _duckdb_marked, _duckdb_writer),
        "sqlite": lambda: _file(Path(target), _sqlite_marked, _sqlite_writer),
        "postgres": lambda: _postgres(str(target)),
    }
    if kind not in openers:
        raise ConfigError(
            f"Demo data cannot be written to {kind!r}.", todo="Use duckdb, sqlite or postgres.", code="T161"
        )
    return openers[kind]()


# ---------------------------------------------------------------- files


@contextmanager
def _file(
    path: Path, marked: Callable[[Path], bool], opened: Callable[[Path], AbstractContextManager[_Writer]]
) -> Iterator[_Writer]:
    if path.exists() and not marked(path):
        raise ConfigError(
            f"{path} is there already and is not demo data.", todo="Name another file, or move this one.", code="T160"
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    building = path.with_name(f".{path.name}.building-{os.getpid()}")
    try:
        with opened(building) as writer:
            yield writer
        building.replace(path)
    finally:
        for leftover in path.parent.glob(f"{building.name}*"):
            leftover.unlink()


def _duckdb_marked(path: Path) -> bool:
    try:
        with closing(duckdb.connect(str(path), read_only=True)) as connection:
            return (
                connection.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = ?", [MARKER]).fetchone()
                is not None
            )
    except duckdb.Error:
        return False


@contextmanager
def _duckdb_writer(path: Path) -> Iterator[_Writer]:
    with closing(duckdb.connect(str(path))) as connection:
        for table in (*TABLES, _MARKER_TABLE):
            connection.execute(create_sql(table, "duckdb", constraints=False))
        connection.execute("BEGIN")
        yield _DuckDB(connection)
        connection.execute("COMMIT")
        for table in TABLES:
            if len(table.key) == 1:
                connection.execute(key_sql(table))


@dataclass(slots=True)
class _DuckDB:
    """Rows first, keys after, no references: 4 s for the default company in place of 10 s, and a third of the memory."""

    connection: duckdb.DuckDBPyConnection
    uncommitted: int = 0

    def append(self, table: str, rows: pa.RecordBatch) -> None:
        self.connection.register("incoming", pa.Table.from_batches([rows]))
        self.connection.execute(f"INSERT INTO {table} SELECT * FROM incoming")
        self.connection.unregister("incoming")
        self.uncommitted += rows.num_rows
        if self.uncommitted > _COMMIT_ROWS:
            self.connection.execute("COMMIT")
            self.connection.execute("BEGIN")
            self.uncommitted = 0


def _sqlite_marked(path: Path) -> bool:
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            found = connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", [MARKER]).fetchone()
    except sqlite3.Error:
        return False
    return found is not None


@contextmanager
def _sqlite_writer(path: Path) -> Iterator[_Writer]:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        for table in (*TABLES, _MARKER_TABLE):
            connection.execute(create_sql(table, "sqlite", constraints=bool(table.key)))
        connection.execute("BEGIN")
        yield _SQLite(connection)
        for statement in (s for table in TABLES for s in index_sql(table)):
            connection.execute(statement)
        connection.execute("COMMIT")


@dataclass(frozen=True, slots=True)
class _SQLite:
    connection: sqlite3.Connection

    def append(self, table: str, rows: pa.RecordBatch) -> None:
        marks = ", ".join("?" * rows.num_columns)
        columns = [_for_sqlite(column) for column in rows.columns]
        self.connection.executemany(f"INSERT INTO {table} VALUES ({marks})", zip(*columns, strict=True))


def _for_sqlite(column: pa.Array) -> list[Any]:
    """SQLite's own spelling: ISO text for days and moments, 0 and 1 for booleans, a number for money."""
    if pa.types.is_timestamp(column.type):
        column = pc.strftime(pc.cast(column, pa.timestamp("s")), "%Y-%m-%d %H:%M:%S")
    elif pa.types.is_date(column.type):
        column = pc.cast(column, pa.string())
    elif column.type == MONEY:
        column = pc.cast(column, pa.float64())
    elif pa.types.is_integer(column.type) and not column.null_count:
        return cast("list[Any]", column.to_numpy().tolist())
    return cast("list[Any]", column.to_pylist())


# ---------------------------------------------------------------- Postgres


@contextmanager
def _postgres(url: str) -> Iterator[_Writer]:
    try:
        # Loaded only here: every start of the demo would wait for a driver that it does not use.
        connection = import_module("adbc_driver_postgresql.dbapi").connect(url)
    except Exception as error:
        raise SourceUnavailable(
            "The Postgres for the demo data cannot be reached.", todo="Check its URL, and that it is running."
        ) from error
    with connection, connection.cursor() as cursor:
        _clear_postgres(cursor)
        for table in (*TABLES, _MARKER_TABLE):
            cursor.execute(create_sql(table, "postgres", constraints=False))
        yield _Postgres(cursor)
        for statement in (s for t in TABLES for s in (key_sql(t), *reference_sql(t), *index_sql(t))):
            cursor.execute(statement)
        connection.commit()


def _clear_postgres(cursor: Any) -> None:  # noqa: ANN401 — ADBC's cursor has no types
    cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
    there = {row[0] for row in cursor.fetchall()}
    ours = {table.name for table in TABLES} & there
    if ours and MARKER not in there:
        raise ConfigError(
            f"The database has a table {min(ours)!r} already, and it is not demo data.",
            todo="Name an empty database or schema.",
            code="T160",
        )
    for name in [table.name for table in reversed(TABLES) if table.name in ours] + [MARKER] * (MARKER in there):
        cursor.execute(f"DROP TABLE {name}")


@dataclass(frozen=True, slots=True)
class _Postgres:
    cursor: Any

    def append(self, table: str, rows: pa.RecordBatch) -> None:
        self.cursor.adbc_ingest(table, rows, mode="append")
