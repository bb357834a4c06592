"""Every source keeps the same contract, each on its real engine."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import duckdb
import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from tests.conftest import fresh_database, make_reader
from twain.settings import SourceSettings
from twain.testing.source_suite import MANY, PEOPLE, Company, SourceContract

_INSERT = "INSERT INTO people VALUES ({})"


@contextmanager
def _moved(path: Path):
    away = path.with_suffix(".away")
    path.rename(away)
    try:
        yield
    finally:
        away.rename(path)


class TestDuckDB(SourceContract):
    dialect = "duckdb"
    mark = staticmethod(lambda name: f"${name}")

    @pytest.fixture(scope="class")
    @classmethod
    def company(cls, tmp_path_factory):
        path = tmp_path_factory.mktemp("duckdb") / "shop.duckdb"
        with duckdb.connect(str(path)) as con:
            con.execute(
                "CREATE TABLE people (id BIGINT PRIMARY KEY, name VARCHAR, huge HUGEINT, balance DECIMAL(12, 2), born DATE,"
                " seen TIMESTAMPTZ, active BOOLEAN, note VARCHAR)"
            )
            con.executemany(_INSERT.format(",".join("?" * 8)), PEOPLE)
            con.execute(f"CREATE TABLE numbers AS SELECT i::BIGINT AS n FROM range(1, {MANY + 1}) r (i)")

        def locked_out(statement):
            # One process may open the file twice; only another process is kept out, so ask from there.
            code = "import duckdb, sys; duckdb.connect(sys.argv[1]).execute(sys.argv[2])"
            done = subprocess.run(
                [sys.executable, "-c", code, str(path), statement], capture_output=True, text=True, check=False
            )
            if done.returncode:
                raise RuntimeError(done.stderr)

        settings = SourceSettings("shop", "duckdb", {"path": str(path)}, max_connections=8)
        return Company(settings, locked_out, lambda: _moved(path), locks_writers=True)


class TestSQLite(SourceContract):
    dialect = "sqlite"
    mark = staticmethod(lambda name: f":{name}")

    @pytest.fixture(scope="class")
    @classmethod
    def company(cls, tmp_path_factory):
        path = tmp_path_factory.mktemp("sqlite") / "shop & co.db"
        con = sqlite3.connect(path)
        con.execute("PRAGMA journal_mode = WAL")
        con.execute(
            "CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT, huge TEXT, balance NUMERIC, born DATE,"
            " seen TIMESTAMP, active BOOLEAN, note TEXT)"
        )
        con.executemany(_INSERT.format(",".join("?" * 8)), PEOPLE)
        con.execute("CREATE TABLE numbers (n INTEGER)")
        con.executemany("INSERT INTO numbers VALUES (?)", [(n + 1,) for n in range(MANY)])
        con.commit()

        def write(statement):
            con.execute(statement)
            con.commit()

        settings = SourceSettings("shop", "sqlite", {"path": str(path)}, max_connections=8)
        yield Company(settings, write, lambda: _moved(path))
        con.close()


class TestPostgres(SourceContract):
    dialect = "postgres"
    mark = staticmethod(lambda name: f"%({name})s")

    @pytest.fixture(scope="class")
    @classmethod
    def company(cls, postgres_url):
        with fresh_database(postgres_url) as url, psycopg.connect(url, autocommit=True) as owner:
            owner.execute(
                "CREATE SCHEMA inner_data;"
                "CREATE TABLE inner_data.people (id BIGINT PRIMARY KEY, name TEXT, huge NUMERIC, balance NUMERIC(12, 2),"
                " born DATE, seen TIMESTAMPTZ, active BOOLEAN, note VARCHAR(20));"
                f"CREATE TABLE inner_data.numbers AS SELECT i::INT AS n FROM generate_series(1, {MANY}) r (i);"
            )
            owner.cursor().executemany("INSERT INTO inner_data.people VALUES (%s, %s, %s, %s, %s, %s, %s, %s)", PEOPLE)
            owner.execute(
                "CREATE VIEW people AS SELECT * FROM inner_data.people; CREATE VIEW numbers AS SELECT * FROM inner_data.numbers"
            )
            reader = make_reader(owner, url, "people", "numbers")
            settings = SourceSettings("shop", "postgres", {"url": reader}, max_connections=8)
            yield Company(settings, owner.execute, lambda: _no_login(owner, reader))


@contextmanager
def _no_login(owner, reader):
    role = sql.Identifier(str(conninfo_to_dict(reader)["user"]))
    owner.execute(sql.SQL("ALTER ROLE {} NOLOGIN").format(role))
    try:
        yield
    finally:
        owner.execute(sql.SQL("ALTER ROLE {} LOGIN").format(role))
