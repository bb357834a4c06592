"""DuckDB: a file, opened read-only and locked down.

DuckDB calls untrusted SQL unsafe by design and ``read_only`` alone still reads and writes files, so everything that reaches
outside is off before the configuration is locked. ``con.sql(…).to_arrow_reader()`` streams; ``execute`` would materialise.
"""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from twain.feeds.conform import conform
from twain.feeds.engine import Engine, Fault, FaultKind, Query, Work, field_type, option, unquoted
from twain.ports import LiveColumn, LiveTable

_BATCH = 20_000
_PRECAST = {
    "string": "VARCHAR",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "rows": "VARCHAR",
}
_FAULTS: tuple[tuple[type[duckdb.Error], FaultKind], ...] = (
    (duckdb.InterruptException, "cancelled"),
    (duckdb.OutOfMemoryException, "memory"),
    (duckdb.CatalogException, "schema"),
    (duckdb.BinderException, "schema"),
    (duckdb.ConversionException, "value"),
    (duckdb.OutOfRangeException, "value"),
)

_TABLES = """
SELECT table_schema, table_name, NULL AS estimate FROM information_schema.tables
WHERE table_catalog = current_database() AND table_schema NOT IN ('information_schema', 'pg_catalog')
ORDER BY 1, 2
"""
_COLUMNS = """
SELECT column_name, data_type, is_nullable FROM duckdb_columns()
WHERE database_name = current_database() AND schema_name = $schema AND table_name = $name ORDER BY column_index
"""
_CONSTRAINTS = """
SELECT constraint_type, constraint_column_names, referenced_table, referenced_column_names FROM duckdb_constraints()
WHERE database_name = current_database() AND schema_name = $schema AND table_name = $name
"""
_SIZE = """
SELECT estimated_size FROM duckdb_tables()
WHERE database_name = current_database() AND schema_name = $schema AND table_name = $name
"""


def open_engine(work: Work) -> Engine:
    """Open the file ``path``. A file that another process writes to is ``locked``; a missing one is ``unavailable``."""
    path = option(work, "path")
    if not Path(path).is_file():
        raise Fault("unavailable", "there is no such file")
    try:
        return DuckDB(duckdb.connect(path, read_only=True, config=lockdown(work)), work)
    except duckdb.IOException as error:
        raise Fault("locked" if "lock" in str(error).lower() else "unavailable") from error
    except duckdb.Error as error:
        raise Fault("unavailable", type(error).__name__) from error


def lockdown(work: Work) -> dict[str, Any]:
    """The configuration under which a company's file is opened; only the time zone is set before it is locked."""
    return {
        "enable_external_access": "false",
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "allow_community_extensions": "false",
        "python_enable_replacements": "false",
        "memory_limit": f"{work.memory_mb}MB",
        "temp_directory": work.scratch,
    }


class DuckDB:
    """One connection in one transaction. The file cannot change while it is open: DuckDB keeps writers out."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, work: Work) -> None:
        self._con = connection
        self._zone = work.time_zone
        self._con.execute(f"SET TimeZone = '{work.time_zone.replace(chr(39), '')}'")
        self._con.execute("SET lock_configuration = true")
        self._con.execute("BEGIN TRANSACTION READ ONLY")

    def read(self, query: Query) -> Iterator[pa.RecordBatch]:
        """Stream the answer; the last word on types is ``conform``'s."""
        with _as_faults():
            relation = self._con.sql(_precast(query), params=dict(query.params) or None)
            if relation is None:
                raise Fault("query", "the statement returns nothing")
            for batch in relation.to_arrow_reader(_BATCH):
                yield conform(batch, query.columns, self._zone)

    def cost(self, query: Query) -> float | None:
        """None: DuckDB's estimates are poor on joins."""
        del query
        return None

    def tables(self) -> list[LiveTable]:
        """Tables and views of the opened file."""
        with _as_faults():
            names = self._con.execute(_TABLES).fetchall()
        found = [self.describe(name if schema == "main" else f"{schema}.{name}") for schema, name, _ in names]
        return [table for table in found if table is not None]

    def describe(self, relation: str) -> LiveTable | None:
        """A table or view from the catalogue; a query from its own planning, without running it."""
        with _as_faults():
            return self._query(relation) if relation.startswith("(") else self._table(relation)

    def _query(self, relation: str) -> LiveTable:
        planned = self._con.sql(f"SELECT * FROM {relation} AS q LIMIT 0")
        columns = [_column(name, str(kind)) for name, kind in zip(planned.columns, planned.types, strict=True)]
        return LiveTable(relation, tuple(columns), view=True)

    def _table(self, relation: str) -> LiveTable | None:
        schema, _, name = relation.rpartition(".")
        names = {"schema": schema or "main", "name": name}
        rows = self._con.execute(_COLUMNS, names).fetchall()
        if not rows:
            return None
        keys = self._con.execute(_CONSTRAINTS, names).fetchall()
        single = {(kind, columns[0]) for kind, columns, *_ in keys if len(columns) == 1}
        columns = tuple(_column(n, kind, nullable=bool(null), keys=single) for n, kind, null in rows)
        foreign = tuple((own[0], table, other[0]) for kind, own, table, other in keys if kind == "FOREIGN KEY")
        size = self._con.execute(_SIZE, names).fetchall()
        return LiveTable(relation, columns, foreign, int(size[0][0]) if size else None, view=not size)

    def interrupt(self) -> None:
        """End the running query."""
        self._con.interrupt()

    def recover(self) -> None:
        """An error ends DuckDB's transaction; a new one sees the same, since nobody can write meanwhile."""
        with contextlib.suppress(duckdb.Error), self._insisting():
            self._con.abort()
        with contextlib.suppress(duckdb.Error):
            self._con.execute("ROLLBACK")
        with _as_faults():
            self._con.execute("BEGIN TRANSACTION READ ONLY")

    @contextlib.contextmanager
    def _insisting(self) -> Iterator[None]:
        """What still runs behind an answer half read is waited for, unless it is interrupted *while* it is ended."""
        over = threading.Event()

        def nag() -> None:
            while not over.wait(0.05):
                self._con.interrupt()

        nagger = threading.Thread(target=nag, daemon=True)
        nagger.start()
        try:
            yield
        finally:
            over.set()
            nagger.join()

    def close(self) -> None:
        """Close the file."""
        self._con.close()


def _precast(query: Query) -> str:
    """Let the engine cast what it alone knows how to (enums, decimals, lists, JSON); moments are left to Arrow."""
    aliases = ", ".join(f"c{i}" for i in range(len(query.columns)))
    outs = [
        f"CAST(c{i} AS {_PRECAST[column.type]}) AS c{i}" if column.type in _PRECAST else f"c{i}"
        for i, column in enumerate(query.columns)
    ]
    return f"{query.tag} SELECT {', '.join(outs)} FROM ({query.sql('$%s')}) AS q({aliases})"


def _column(
    name: str,
    kind: str,
    *,
    nullable: bool = True,
    keys: set[tuple[str, str]] | frozenset[tuple[str, str]] = frozenset(),
) -> LiveColumn:
    primary = ("PRIMARY KEY", name) in keys
    return LiveColumn(name, kind, field_type(kind), nullable, primary, primary or ("UNIQUE", name) in keys)


@contextlib.contextmanager
def _as_faults() -> Iterator[None]:
    try:
        yield
    except duckdb.Error as error:
        kind: FaultKind = next((kind for known, kind in _FAULTS if isinstance(error, known)), "query")
        raise Fault(kind, unquoted(_first(error)) if kind == "value" else _first(error)) from error
    except RuntimeError as error:  # to_arrow_reader reports an interrupt as one
        kind = "cancelled" if re.search("interrupt", str(error), re.IGNORECASE) else "query"
        raise Fault(kind, _first(error)) from error


def _first(error: Exception) -> str:
    return str(error).split("\n", 1)[0]
