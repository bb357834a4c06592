"""The three databases, run directly: each takes rows of the test company and answers a compiled statement."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import date, datetime
from typing import Any

import duckdb
import psycopg

from tests.audience_company import FEEDS, ddl
from tests.conftest import fresh_database
from twain.records import Feed, Statement

DIALECTS = ("duckdb", "postgres", "sqlite")


class Engine:
    """One open database with the company's tables in it, empty."""

    def __init__(self, dialect: str, connection: Any) -> None:
        self.dialect, self.connection, self.filled = dialect, connection, None
        for one in FEEDS.values():
            self.execute(ddl(one, dialect))

    def execute(self, sql: str, params: Any = None) -> Any:
        return self.connection.execute(sql, params) if params else self.connection.execute(sql)

    def fill(self, data: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
        """Replace everything, unless it is there already."""
        if self.filled is data:
            return
        self.filled = data
        for name, rows in data.items():
            one = FEEDS[name]
            self.execute(f'DELETE FROM "{one.table}"')
            if rows:
                self._insert(one, rows)

    def _insert(self, one: Feed, rows: Sequence[Mapping[str, Any]]) -> None:
        mark = "%s" if self.dialect == "postgres" else "?"
        values = "(" + ", ".join(mark for _ in one.fields) + ")"
        flat = [self._value(row.get(name)) for row in rows for name in one.fields]
        self.execute(f'INSERT INTO "{one.table}" VALUES {", ".join(values for _ in rows)}', flat)

    def _value(self, value: Any) -> Any:
        if self.dialect == "sqlite" and isinstance(value, date):
            return value.isoformat()  # with a T in it; other writers use a space
        return value

    def rows(self, statement: Statement) -> list[dict[str, Any]]:
        """The answer by column name, as an adapter would hand it on: typed by the statement's columns."""
        assert statement.dialect == self.dialect
        cursor = self.execute(statement.sql, dict(statement.params) or None)
        names = [d[0] for d in cursor.description]
        assert names == [c.name for c in statement.columns]
        kinds = [c.type for c in statement.columns]
        return [dict(zip(names, map(_typed, kinds, row), strict=True)) for row in cursor.fetchall()]


def _typed(kind: str, value: Any) -> Any:
    if value is None:
        return None
    if kind == "rows":
        return json.loads(value)
    if kind == "boolean":
        return bool(value)
    if kind == "timestamp" and isinstance(value, str):
        return datetime.fromisoformat(value)
    return date.fromisoformat(value) if kind == "date" and isinstance(value, str) else value


@contextmanager
def engine(dialect: str, url: str) -> Iterator[Engine]:
    """An engine, empty but for the company's tables; in PostgreSQL's case a database of its own beside *url*."""
    if dialect == "duckdb":
        with duckdb.connect(config={"threads": 1}) as connection:
            yield Engine(dialect, connection)
    elif dialect == "sqlite":
        with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
            yield Engine(dialect, connection)
    else:
        with fresh_database(url) as own, psycopg.connect(own, autocommit=True) as connection:
            yield Engine(dialect, connection)
