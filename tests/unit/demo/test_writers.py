"""The demo company in DuckDB, SQLite and Postgres: the same rows, whole or not at all, nothing overwritten."""

import os
import sqlite3
import time
from datetime import date

import duckdb
import psycopg
import pytest

from twain.demo.company import midnight
from twain.demo.start import ensure_data
from twain.demo.tables import MARKER, TABLES
from twain.demo.writers import build_demo
from twain.errors import ConfigError, SourceUnavailable

AS_OF = midnight(date(2026, 9, 1))
PEOPLE = 400


def from_duckdb(path) -> dict[str, list]:
    with duckdb.connect(str(path), read_only=True) as db:
        return {t.name: db.execute(f"SELECT * FROM {t.name} ORDER BY ALL").fetchall() for t in TABLES}


def test_postgres_and_duckdb_hold_the_same_rows(tmp_path, postgres_database):
    in_file = build_demo(tmp_path / "shop.duckdb", "duckdb", PEOPLE, 7, as_of=AS_OF)
    in_server = build_demo(postgres_database, "postgres", PEOPLE, 7, as_of=AS_OF)
    assert in_file == in_server
    with psycopg.connect(postgres_database) as db:
        there = {
            t.name: sorted(db.execute(f"SELECT * FROM {t.name}").fetchall()[:], key=lambda r: r[:2]) for t in TABLES
        }
    expected = {name: sorted(rows, key=lambda r: r[:2]) for name, rows in from_duckdb(tmp_path / "shop.duckdb").items()}
    assert there == expected
    assert {name: len(rows) for name, rows in there.items()} == in_server.rows


def test_sqlite_spells_days_moments_and_money_its_own_way(tmp_path):
    path = tmp_path / "shop.sqlite"
    build_demo(path, "sqlite", PEOPLE, 7, as_of=AS_OF)
    build_demo(tmp_path / "shop.duckdb", "duckdb", PEOPLE, 7, as_of=AS_OF)
    wanted = from_duckdb(tmp_path / "shop.duckdb")["orders"]
    with sqlite3.connect(path) as db:
        rows = db.execute("SELECT * FROM orders ORDER BY order_id").fetchall()
        foreign_keys = db.execute("PRAGMA foreign_key_check").fetchall()
    db.close()
    assert rows == [
        tuple(
            f"{v:%Y-%m-%d %H:%M:%S}" if hasattr(v, "hour") else float(v) if hasattr(v, "quantize") else v for v in row
        )
        for row in wanted
    ]
    assert foreign_keys == []


def test_sqlite_keeps_birthdays_as_iso_days_and_consent_as_a_number(tmp_path):
    build_demo(tmp_path / "shop.sqlite", "sqlite", PEOPLE, 7, as_of=AS_OF)
    with sqlite3.connect(tmp_path / "shop.sqlite") as db:
        consents = {c for (c,) in db.execute("SELECT DISTINCT newsletter_consent FROM customers")}
        odd = db.execute("SELECT count(*) FROM customers WHERE birth_date IS NOT date(birth_date)").fetchone()
    db.close()
    assert consents == {0, 1, None}
    assert odd == (0,)


@pytest.mark.parametrize("kind", ["duckdb", "sqlite"])
def test_building_again_replaces_what_was_built(tmp_path, kind):
    path = tmp_path / "shop"
    build_demo(path, kind, 50, 7)
    counts = build_demo(path, kind, 60, 8)
    assert counts.rows["customers"] == 60
    assert [p.name for p in tmp_path.iterdir()] == ["shop"]


@pytest.mark.parametrize("kind", ["duckdb", "sqlite"])
def test_a_file_that_is_not_ours_is_left_alone(tmp_path, kind):
    path = tmp_path / "precious"
    path.write_bytes(b"the only copy")
    with pytest.raises(ConfigError, match="not demo data") as caught:
        build_demo(path, kind, 50, 7)
    assert caught.value.shown_code == "T160"
    assert path.read_bytes() == b"the only copy"


def test_a_real_database_file_that_is_not_ours_is_left_alone(tmp_path):
    with duckdb.connect(str(tmp_path / "crm.duckdb")) as db:
        db.execute("CREATE TABLE customers AS SELECT 1 AS id")
    with pytest.raises(ConfigError, match="not demo data"):
        build_demo(tmp_path / "crm.duckdb", "duckdb", 50, 7)
    with duckdb.connect(str(tmp_path / "crm.duckdb")) as db:
        assert db.execute("SELECT * FROM customers").fetchall() == [(1,)]


def test_a_database_with_somebodys_tables_is_left_alone(postgres_database):
    with psycopg.connect(postgres_database, autocommit=True) as db:
        db.execute("CREATE TABLE customers AS SELECT 1 AS id")
        with pytest.raises(ConfigError, match="'customers' already"):
            build_demo(postgres_database, "postgres", 50, 7)
        assert db.execute("SELECT * FROM customers").fetchall() == [(1,)]
        assert db.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (1,)


def test_postgres_is_replaced_when_it_is_ours_and_has_its_keys(postgres_database):
    build_demo(postgres_database, "postgres", 50, 7)
    build_demo(postgres_database, "postgres", 60, 7)
    with psycopg.connect(postgres_database) as db:
        assert db.execute("SELECT count(*) FROM customers").fetchone() == (60,)
        assert db.execute(f"SELECT customers, seed FROM {MARKER}").fetchone() == (60, 7)
        kinds = db.execute(
            "SELECT contype::text, count(*) FROM pg_constraint WHERE connamespace = 'public'::regnamespace "
            "AND contype IN ('p', 'f') GROUP BY 1"
        ).fetchall()
    assert dict(kinds) == {"p": len(TABLES), "f": sum(len(t.references) for t in TABLES)}


def test_a_building_that_breaks_off_leaves_nothing(tmp_path):
    def no_space(done: int, total: int) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        build_demo(tmp_path / "shop.duckdb", "duckdb", 50, 7, no_space)
    assert list(tmp_path.iterdir()) == []


def test_progress_ends_at_the_number_asked_for(tmp_path):
    told: list[tuple[int, int]] = []
    build_demo(tmp_path / "shop.duckdb", "duckdb", 70, 7, lambda done, total: told.append((done, total)))
    assert told[-1] == (70, 70)


def test_an_unknown_kind_is_refused_by_name(tmp_path):
    with pytest.raises(ConfigError, match="'oracle'") as caught:
        build_demo(tmp_path / "x", "oracle", 5, 7)
    assert caught.value.shown_code == "T161"


def test_a_postgres_out_of_reach_is_told_without_its_password(tmp_path):
    url = f"postgresql://somebody:hunter2@/shop?host={tmp_path}"
    with pytest.raises(SourceUnavailable) as caught:
        build_demo(url, "postgres", 5, 7)
    assert "hunter2" not in str(caught.value)


def test_the_same_company_is_not_built_again_within_a_day(tmp_path):
    assert ensure_data(tmp_path, 50, 7)
    assert not ensure_data(tmp_path, 50, 7)


def test_another_company_or_one_of_yesterday_is_built_anew(tmp_path):
    path = tmp_path / "data" / "shop.duckdb"
    assert ensure_data(tmp_path, 50, 7)
    assert ensure_data(tmp_path, 60, 7)
    assert ensure_data(tmp_path, 60, 8)
    yesterday = time.time() - 2 * 86_400
    os.utime(path, (yesterday, yesterday))
    assert ensure_data(tmp_path, 60, 8)
    assert not ensure_data(tmp_path, 60, 8)
