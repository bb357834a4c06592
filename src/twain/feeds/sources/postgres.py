"""PostgreSQL 14 or later through ADBC.

Grants are the wall: whatever a session sets, it can also reset. So a superuser's login is refused, and what stands here
(read-only, timeouts) is for accidents. One REPEATABLE READ transaction per connection: everything read is one state.

Answers come by binary COPY, the fast way of ADBC, which cannot take bound parameters (and a bound parameter has a type:
``enum = text`` would fail). They are written as literals by this file, quoted by PostgreSQL's own rule with
``standard_conforming_strings`` on, after the guard has seen the statement without them.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import pyarrow as pa
from adbc_driver_manager import dbapi as manager
from adbc_driver_postgresql import dbapi

from twain.feeds.conform import conform
from twain.feeds.engine import Engine, Fault, FaultKind, Query, Work, field_type, option, unquoted
from twain.ports import LiveColumn, LiveTable
from twain.records import Scalar

_PRECAST = {
    "string": "text",
    "integer": "int8",
    "number": "float8",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "timestamptz",
    "rows": "text",
}
_STATES: tuple[tuple[str, FaultKind], ...] = (
    ("57014", "cancelled"),
    ("57P", "unavailable"),
    ("08", "unavailable"),
    ("53200", "memory"),
    ("53300", "unavailable"),
    ("55P03", "locked"),
    ("42P01", "schema"),
    ("42703", "schema"),
    ("3F000", "schema"),
    ("42P10", "schema"),
    ("22", "value"),
)
_BATCH_BYTES = 4 << 20
_SUPER = "SELECT (rolsuper OR rolreplication)::int::int8 FROM pg_catalog.pg_roles WHERE rolname = current_user"
_POWERS = """
SELECT count(*) FROM pg_catalog.pg_roles r WHERE r.rolname IN
('pg_read_server_files', 'pg_write_server_files', 'pg_execute_server_program', 'pg_write_all_data')
AND pg_catalog.pg_has_role(current_user, r.oid, 'USAGE')
"""
_TABLES = """
SELECT c.oid::int8, CASE WHEN pg_catalog.pg_table_is_visible(c.oid) THEN c.relname ELSE n.nspname || '.' || c.relname END,
       c.reltuples::float8, (c.relkind IN ('v', 'm'))::int::int8
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'v', 'm', 'p', 'f') AND NOT c.relispartition
  AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'
  AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')
  AND (pg_catalog.has_table_privilege(c.oid, 'SELECT') OR pg_catalog.has_any_column_privilege(c.oid, 'SELECT'))
"""
_COLUMNS = """
SELECT a.attname::text, pg_catalog.format_type(a.atttypid, a.atttypmod), a.attnotnull,
       EXISTS (SELECT FROM pg_catalog.pg_index i WHERE i.indrelid = a.attrelid AND i.indisprimary AND a.attnum = ANY (i.indkey)),
       EXISTS (SELECT FROM pg_catalog.pg_index i WHERE i.indrelid = a.attrelid AND i.indisunique AND i.indpred IS NULL
               AND i.indnkeyatts = 1 AND i.indkey[0] = a.attnum)
FROM pg_catalog.pg_attribute a
WHERE a.attrelid = {oid} AND a.attnum > 0 AND NOT a.attisdropped
  AND pg_catalog.has_column_privilege(a.attrelid, a.attnum, 'SELECT')
ORDER BY a.attnum
"""
_FOREIGN = """
SELECT own.attname::text, other.relname::text, theirs.attname::text
FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class other ON other.oid = k.confrelid
JOIN pg_catalog.pg_attribute own ON own.attrelid = k.conrelid AND own.attnum = k.conkey[1]
JOIN pg_catalog.pg_attribute theirs ON theirs.attrelid = k.confrelid AND theirs.attnum = k.confkey[1]
WHERE k.contype = 'f' AND k.conrelid = {oid} AND cardinality(k.conkey) = 1 ORDER BY 1
"""


def open_engine(work: Work) -> Engine:
    """Connect to ``url`` and begin. Refuses a role that could pass the grants (unless the demo says it may)."""
    url = option(work, "url")
    try:
        connection = dbapi.connect(url, autocommit=True)
    except manager.Error as error:
        raise Fault("unavailable", state=_state(error)) from error
    engine = Postgres(connection, work)
    engine.begin(work)
    return engine


class Postgres:
    """One connection in one REPEATABLE READ, READ ONLY transaction."""

    def __init__(self, connection: manager.Connection, work: Work) -> None:
        self._con = connection
        self._zone = work.time_zone
        self._running: Any = None

    def begin(self, work: Work) -> None:
        """Name ourselves, set the limits, look at the role, take the snapshot."""
        milliseconds = int(work.timeout_seconds * 1000) + 1
        for name, value in (
            ("application_name", work.application),
            ("statement_timeout", str(milliseconds)),
            ("idle_in_transaction_session_timeout", str(max(milliseconds, 60_000) * 2)),
            ("lock_timeout", str(min(milliseconds, 10_000))),
            ("client_connection_check_interval", "1000"),
            ("default_transaction_read_only", "on"),
            ("standard_conforming_strings", "on"),
            ("TimeZone", work.time_zone),
            ("DateStyle", "ISO, YMD"),
        ):
            self._do(f"SET {name} = {literal(value)}")
        self._refuse_power(work)
        self._do("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        self._rows("SELECT 1")  # the snapshot is taken at the first read
        self._do("SAVEPOINT twain")

    def _refuse_power(self, work: Work) -> None:
        if work.options.get("allow_superuser") == "demo":
            return
        if self._rows(_SUPER)[0][0] or self._rows(_POWERS)[0][0]:
            raise Fault("privileged")

    def read(self, query: Query) -> Iterator[pa.RecordBatch]:
        """Stream the answer, cast in the server to the contract's types."""
        with _as_faults(), self._cursor() as cursor:
            cursor.adbc_statement.set_options(**{"adbc.postgresql.batch_size_hint_bytes": str(_BATCH_BYTES)})
            cursor.execute(precast(query))
            for batch in cursor.fetch_record_batch():
                yield conform(batch, query.columns, self._zone)

    def cost(self, query: Query) -> float | None:
        """The planner's total cost, in its own unit (a sequential page read is 1)."""
        with _as_faults(), self._cursor() as cursor:
            cursor.adbc_statement.set_options(**{"adbc.postgresql.use_copy": "false"})  # EXPLAIN cannot stand in a COPY
            cursor.execute(f"{query.tag} EXPLAIN (FORMAT JSON) {precast(query)}")
            plan = cursor.fetchone()[0]
        return float(json.loads(plan)[0]["Plan"]["Total Cost"])

    def tables(self) -> list[LiveTable]:
        """Every table and view that the role may read, by the name it would write."""
        with _as_faults():
            return [
                self._table(int(oid), name, size, view) for oid, name, size, view in self._rows(f"{_TABLES} ORDER BY 2")
            ]

    def describe(self, relation: str) -> LiveTable | None:
        """One of them; or a query, planned but not run."""
        with _as_faults():
            if relation.startswith("("):
                return self._query(relation)
            found = self._rows(f"{_TABLES} AND c.oid = to_regclass({literal(_quoted(relation))})")
            return self._table(int(found[0][0]), relation, *found[0][2:]) if found else None

    def _table(self, oid: int, name: str, size: float, view: int) -> LiveTable:
        columns = tuple(
            LiveColumn(column, kind, field_type(kind), not required, primary, unique)
            for column, kind, required, primary, unique in self._rows(_COLUMNS.format(oid=oid))
        )
        foreign = tuple((own, table, other) for own, table, other in self._rows(_FOREIGN.format(oid=oid)))
        return LiveTable(name, columns, foreign, int(size) if size >= 0 else None, bool(view))

    def _query(self, relation: str) -> LiveTable:
        with self._cursor() as cursor:
            cursor.execute(f"SELECT * FROM {relation} AS q LIMIT 0")
            names = cursor.fetch_arrow_table().schema.names
        aliases = ", ".join(f"c{i}" for i in range(len(names)))
        asked = ", ".join(f"pg_catalog.pg_typeof(x.c{i})::text AS c{i}" for i in range(len(names)))
        # A row of typed NULLs, whatever the query would give: it is planned, never run.
        none = f"(SELECT * FROM {relation} AS q({aliases}) LIMIT 0) AS x"
        kinds = self._rows(f"SELECT {asked} FROM (SELECT 1) AS one LEFT JOIN {none} ON TRUE")[0]
        columns = [LiveColumn(n, k, field_type(k), nullable=True) for n, k in zip(names, kinds, strict=True)]
        return LiveTable(relation, tuple(columns), view=True)

    def interrupt(self) -> None:
        """Ask the server to cancel what runs."""
        with contextlib.suppress(manager.Error):
            self._con.adbc_cancel()
            if self._running is not None:
                self._running.adbc_cancel()

    def recover(self) -> None:
        """Back to the savepoint: the same snapshot."""
        with _as_faults():
            self._do("ROLLBACK TO SAVEPOINT twain")

    def close(self) -> None:
        """End the transaction and disconnect."""
        with contextlib.suppress(manager.Error):
            self._con.close()

    @contextlib.contextmanager
    def _cursor(self) -> Iterator[Any]:
        with self._con.cursor() as cursor:
            self._running = cursor
            try:
                yield cursor
            finally:
                self._running = None

    def _do(self, sql: str) -> None:
        with _as_faults(), self._cursor() as cursor:
            cursor.execute(sql)

    def _rows(self, sql: str) -> list[tuple[Any, ...]]:
        with _as_faults(), self._cursor() as cursor:
            cursor.execute(sql)
            rows: list[tuple[Any, ...]] = cursor.fetchall()
            return rows


def precast(query: Query) -> str:
    """The statement with its parameters written in and its columns cast, by position, to the contract's types."""
    inner = "".join(part if isinstance(part, str) else literal(query.params[part.name]) for part in query.parts)
    aliases = ", ".join(f"c{i}" for i in range(len(query.columns)))
    outs = ", ".join(f"c{i}::{_PRECAST[column.type]} AS c{i}" for i, column in enumerate(query.columns))
    return f"{query.tag} SELECT {outs} FROM ({inner}) AS q({aliases})"


def literal(value: Scalar) -> str:
    """One value as a PostgreSQL constant (section 4.1.2 of its manual; ``standard_conforming_strings`` is on).

    Text stays of unknown type, so that it fits an enum or a uuid as a quoted constant would.
    """
    match value:
        case None | bool():
            written = str(value).upper() if value is not None else "NULL"
        case int():
            written = f"({value})"
        case float():
            written = f"'{value!r}'::float8"
        case datetime():
            written = f"'{value.isoformat()}'::{'timestamptz' if value.tzinfo else 'timestamp'}"
        case date():
            written = f"'{value.isoformat()}'::date"
        case _:
            written = _text(value)
    return written


def _text(value: str) -> str:
    if "\x00" in value:
        raise Fault("value", "text with a NUL character cannot be in PostgreSQL")
    return "'" + value.replace("'", "''") + "'"


def _quoted(relation: str) -> str:
    return ".".join('"' + part.strip('"').replace('"', '""') + '"' for part in relation.split("."))


def _state(error: Exception) -> str:
    return str(getattr(error, "sqlstate", "") or "")


#: The server's own limit may be met a moment before our alarm rings; both are the same to the asker.
_TIMED_OUT = "due to statement timeout"


@contextlib.contextmanager
def _as_faults() -> Iterator[None]:
    try:
        yield
    except (manager.Error, OSError, pa.ArrowException) as error:
        state = _state(error)
        kind: FaultKind = next((kind for start, kind in _STATES if state.startswith(start)), "query")
        kind = "time" if _TIMED_OUT in str(error) else _by_words(str(error), kind)
        raise Fault(kind, unquoted(_first(error)) if kind == "value" else _first(error), state) from error


def _by_words(text: str, kind: FaultKind) -> FaultKind:
    """The driver loses the state on some ways out of a COPY; the server's words remain."""
    if kind != "query":
        return kind
    if "canceling statement" in text or "Cancelled" in text:
        return "cancelled"
    if "invalid input syntax" in text or "out of range" in text:
        return "value"
    if "terminating connection" in text or "server closed" in text or "no connection" in text:
        return "unavailable"
    return kind


def _first(error: Exception) -> str:
    return str(error).split("\n", 1)[0]
