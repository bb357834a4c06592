"""A table that IT lets us insert into, and do nothing else: PostgreSQL, SQLite or a DuckDB file.

::

    [intakes.crm]
    kind = "table"
    url_env = "TWAIN_CRM_URL"        # postgresql://…; or path = "crm.sqlite" with engine = "sqlite" or "duckdb"
    table = "crm.leads"
    id = "lead_id"                   # a unique key: what is told twice is refused there, and so is written once
    columns = { email = "email", first_name = "given_name", confirmed_at = "confirmed_at" }   # ours = theirs

Needed is ``GRANT INSERT`` on that table and nothing else: no ON CONFLICT, which would ask for SELECT as well. A row that is
refused because its id is there is written already. Refused by any other key, it is not, and somebody is told.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, Literal

import duckdb
import psycopg
from psycopg import sql

from twain.errors import ChannelError, ChannelUnavailable, ConfigError, Place
from twain.settings import Settings

_KEYS = {"kind", "owner", "url", "path", "engine", "table", "id", "columns"}
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")
_CONNECT, _STATEMENT = 10, "20s"
_TRY_AGAIN = ("08", "53", "57", "40", "55")  # connection, resources, intervention, rollback, lock
_INDEX = """
SELECT count(*) FROM pg_catalog.pg_index i JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
WHERE i.indrelid = to_regclass(%s) AND i.indisunique AND i.indnkeyatts = 1 AND i.indpred IS NULL AND a.attname = %s
AND i.indisvalid
"""
_ITS_COLUMNS = """
SELECT array_agg(a.attname::text) FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
WHERE i.indrelid = to_regclass(%s) AND c.relname = %s
"""
Engine = Literal["postgres", "sqlite", "duckdb"]


@dataclass(frozen=True, slots=True)
class Table:
    """``Intake``. *columns*: ours → theirs, the id's own not among them."""

    name: str
    engine: Engine
    where: str = field(repr=False)
    table: str
    id: str
    columns: Mapping[str, str]

    def write(self, identifier: str, payload: Mapping[str, Any]) -> None:
        """Insert one row; one that is there already stays as it is."""
        row = {self.id: identifier} | {theirs: payload.get(ours) or None for ours, theirs in self.columns.items()}
        {"postgres": self._postgres, "sqlite": self._sqlite, "duckdb": self._duckdb}[self.engine](row)

    def test(self) -> None:
        """Connect, and look whether the id is a unique key there."""
        {"postgres": self._postgres, "sqlite": self._sqlite, "duckdb": self._duckdb}[self.engine](None)

    def arrived(self, identifier: str, other: Mapping[str, Any]) -> bool:
        """Whether the row is there: a second one of its id is refused. What is not refused is undone.

        With INSERT alone no row can be read, so the key is asked. *other* differs in every other value: only the id can meet.
        """
        row = {self.id: identifier} | {theirs: other.get(ours) or None for ours, theirs in self.columns.items()}
        if self.engine == "postgres":
            return self._second_refused(row)
        return self._found(identifier)

    # ------------------------------------------------------------ PostgreSQL

    def _second_refused(self, row: Mapping[str, Any]) -> bool:
        try:
            with psycopg.connect(self.where, connect_timeout=_CONNECT, application_name="twain intake") as connection:
                connection.execute(f"SET statement_timeout = '{_STATEMENT}'")
                return self._insert(connection, row, undo=True)
        except psycopg.Error as error:
            raise self._postgres_error(error) from error

    def _postgres(self, row: Mapping[str, Any] | None) -> None:
        try:
            with psycopg.connect(self.where, connect_timeout=_CONNECT, application_name="twain intake") as connection:
                connection.execute(f"SET statement_timeout = '{_STATEMENT}'")
                found = connection.execute(_INDEX, (self._quoted(), self.id)).fetchone()
                self._require_unique(bool(found and found[0]))
                if row is not None:
                    self._insert(connection, row)
        except psycopg.Error as error:
            raise self._postgres_error(error) from error

    def _insert(self, connection: psycopg.Connection[Any], row: Mapping[str, Any], *, undo: bool = False) -> bool:
        """Insert it, or try to and undo it; True when a row of this id is there already."""
        statement = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
            sql.Identifier(*self.table.split(".")),
            sql.SQL(", ").join(map(sql.Identifier, row)),
            sql.SQL(", ").join(sql.Placeholder() * len(row)),
        )
        try:
            with connection.transaction(force_rollback=undo):
                connection.execute(statement, list(row.values()))
        except psycopg.errors.UniqueViolation as error:
            found = connection.execute(_ITS_COLUMNS, (self._quoted(), error.diag.constraint_name)).fetchone()
            if not found or found[0] != [self.id]:
                raise self._other_key(error.diag.constraint_name or "another key") from error
            return True
        return False

    def _quoted(self) -> str:
        return ".".join(f'"{part}"' for part in self.table.split("."))

    def _postgres_error(self, error: psycopg.Error) -> ChannelError:
        state, said = error.sqlstate or "08", error.diag.message_primary or type(error).__name__
        return self._unavailable(said) if state.startswith(_TRY_AGAIN) else self._refused(said)

    # ------------------------------------------------------------ SQLite

    def _sqlite(self, row: Mapping[str, Any] | None) -> None:
        try:
            connection = sqlite3.connect(f"file:{self.where}?mode=rw", uri=True, timeout=_CONNECT, isolation_level=None)
        except sqlite3.Error as error:
            raise self._unavailable(str(error)) from error
        try:
            connection.execute("pragma synchronous=full")
            self._require_unique(self._sqlite_unique(connection))
            if row is not None:
                connection.execute(self._statement(row), list(row.values()))
        except sqlite3.IntegrityError as error:
            # "UNIQUE constraint failed: leads.lead_id", each column of the key with its table
            keys = str(error).partition("UNIQUE constraint failed: ")[2]
            if keys.rpartition(".")[2] != self.id or "," in keys:
                raise self._other_key(keys or str(error)) from error
        except sqlite3.Error as error:
            busy = getattr(error, "sqlite_errorcode", 0) & 0xFF in (
                sqlite3.SQLITE_BUSY,
                sqlite3.SQLITE_FULL,
                sqlite3.SQLITE_IOERR,
            )
            raise (self._unavailable if busy else self._refused)(str(error)) from error
        finally:
            connection.close()

    def _sqlite_unique(self, connection: sqlite3.Connection) -> bool:
        columns = connection.execute("select name, pk from pragma_table_info(?)", (self.table,)).fetchall()
        if [name for name, key in columns if key] == [self.id]:
            return True
        found = connection.execute(
            'select l.name from pragma_index_list(?) l where l."unique" = 1 and l.partial = 0 and '
            "(select group_concat(i.name, ',') from pragma_index_info(l.name) i) = ?",
            (self.table, self.id),
        ).fetchone()
        return found is not None

    # ------------------------------------------------------------ DuckDB

    def _duckdb(self, row: Mapping[str, Any] | None) -> None:
        """One writer at a time: a file that somebody else has open is tried again."""
        try:
            with duckdb.connect(self.where, config={"enable_external_access": "false"}) as connection:
                found = connection.execute(
                    "select 1 from duckdb_constraints() where table_name = ? and constraint_type in ('PRIMARY KEY', 'UNIQUE') "
                    "and constraint_column_names = [?]",
                    [self.table.rpartition(".")[2], self.id],
                ).fetchone()
                self._require_unique(found is not None)
                if row is not None:
                    connection.execute(self._statement(row), list(row.values()))
        except duckdb.ConstraintException as error:
            if f'key "{self.id}:' not in str(error):
                raise self._other_key(str(error).splitlines()[0][:200]) from error
        except duckdb.IOException as error:
            raise self._unavailable(str(error).splitlines()[0][:200]) from error
        except duckdb.Error as error:
            raise self._refused(str(error).splitlines()[0][:200]) from error

    # ------------------------------------------------------------ files

    def _found(self, identifier: str) -> bool:
        """Whether a file has the row: whoever may write a file may read it."""
        statement = f'select 1 from {self._quoted()} where "{self.id}" = ?'
        try:
            if self.engine == "duckdb":
                with duckdb.connect(self.where, config={"enable_external_access": "false"}) as files:
                    return files.execute(statement, [identifier]).fetchone() is not None
            with closing(sqlite3.connect(f"file:{self.where}?mode=ro", uri=True, timeout=_CONNECT)) as connection:
                return connection.execute(statement, [identifier]).fetchone() is not None
        except (sqlite3.Error, duckdb.Error) as error:
            raise self._unavailable(str(error).splitlines()[0][:200]) from error

    # ------------------------------------------------------------ words

    def _statement(self, row: Mapping[str, Any]) -> str:
        columns, marks = ", ".join(f'"{name}"' for name in row), ", ".join("?" for _ in row)
        return f"insert into {self._quoted()} ({columns}) values ({marks})"

    def _require_unique(self, there: bool) -> None:  # noqa: FBT001 — the finding itself
        if not there:
            raise self._refused(f"{self.id} is no unique key of {self.table}, so one lead could be written twice")

    def _unavailable(self, said: str) -> ChannelUnavailable:
        return ChannelUnavailable(
            f"The intake {self.name} cannot be written now: {said}.",
            todo="It is tried again by itself. Check the database if this stays.",
            business="New entries wait safely with us: the system that takes them does not answer just now.",
            code="T871",
        )

    def _refused(self, said: str) -> ChannelError:
        return ChannelError(
            f"The intake {self.name} refused: {said}.",
            todo=f"Needed: the table {self.table} with a unique key {self.id}, and GRANT INSERT on it. Then: twain leads retry",
            business="New entries wait safely with us: the system that takes them refuses them, and IT must look.",
            code="T872",
        )

    def _other_key(self, key: str) -> ChannelError:
        return self._refused(f"a row with the same value of {key} is there already, and it is not this one")


def open_intake(name: str, options: Mapping[str, Any], settings: Settings) -> Table:
    """Read the options. Raises ConfigError T873 with what to write."""
    unknown = sorted(options.keys() - _KEYS)
    if unknown:
        raise _wrong(
            name, f"unknown key {unknown[0]!r}", f"Known: {', '.join(sorted(_KEYS | {'url_env', 'url_file'}))}."
        )
    engine: Engine = "postgres" if "url" in options else options.get("engine", "sqlite")
    where = str(options["url"]) if "url" in options else str(settings.root / str(options.get("path", "")))
    if engine not in ("postgres", "sqlite", "duckdb") or ("url" in options) == ("path" in options):
        raise _wrong(
            name,
            "it is not clear where the table is",
            'Write url_env = "…", or path and engine = "sqlite" or "duckdb".',
        )
    table, key = str(options.get("table", "")), str(options.get("id", "id"))
    columns = options.get("columns", {})
    columns = {one: one for one in columns} if isinstance(columns, list) else columns
    names = [*table.split("."), key, *(columns.values() if isinstance(columns, Mapping) else ["?"])]
    if not columns or len(table.split(".")) > 2 or not all(isinstance(n, str) and _NAME.fullmatch(n) for n in names):
        todo = 'Write table = "leads", id = "lead_id", columns = { email = "email" }.'
        raise _wrong(name, "table, id and columns must be plain names", todo)
    return Table(name, engine, where, table, key, {str(ours): str(theirs) for ours, theirs in columns.items()})


def _wrong(name: str, what: str, todo: str) -> ConfigError:
    return ConfigError(f"intakes.{name}: {what}.", place=Place("twain.toml"), todo=todo, code="T873")
