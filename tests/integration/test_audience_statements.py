"""Compiled statements on the real databases: what they hand over, which dirt they bear, and that the guard lets them run."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime

import duckdb
import psycopg
import pytest

from tests.audience_company import CUSTOMERS, FEEDS, feed, field
from tests.audience_engines import DIALECTS, Engine, engine
from tests.audience_naive import Naive
from tests.audience_strategies import company
from tests.conftest import make_reader
from twain.audiences.compile import compile_audience, compile_count, compile_for_keys, compile_sample
from twain.audiences.dates import local_dates
from twain.feeds.guard import check
from twain.feeds.guard import relations as tables_of
from twain.feeds.reading import open_source
from twain.records import Limits, RelatedColumn, Role, Statement, Tag
from twain.settings import SourceSettings

EVERYBODY = {"all": []}
TODAY = date(2024, 2, 29)


@pytest.fixture(scope="module", params=DIALECTS)
def opened(request, postgres_url):
    with engine(request.param, postgres_url) as one:
        one.fill(company(1))
        yield one


def _common(opened: Engine, **more) -> dict:
    return {"feed": CUSTOMERS, "feeds": FEEDS, "dialect": opened.dialect, "today": TODAY, **more}


def _passes_the_guard(opened: Engine, statement: Statement) -> list[dict]:
    """The guard takes it; what the guard renders answers the same."""
    tree = check(statement.sql, opened.dialect, tables_of(FEEDS.values(), opened.dialect))
    rendered = replace(statement, sql=tree.sql(dialect=opened.dialect))
    rows = opened.rows(rendered)
    assert sorted(map(str, rows)) == sorted(map(str, opened.rows(statement)))
    return rows


def test_the_guard_lets_every_shape_of_statement_run(opened: Engine):
    rule = {
        "all": [
            {"not": {"field": "name", "op": "ends_with", "value": "x"}},
            {"not": {"field": "name", "op": "starts_with", "value": "x"}},
            {"not": {"field": "name", "op": "contains", "value": "x"}},
            {"field": "name", "op": "gt", "value": ""},
            {"not": {"anniversary": "birthday"}},
            {"any": [{"related": "orders", "at_least": 2}, {"related": "orders", "none": True}]},
            {"not": {"related": "orders", "where": {"related": "lines", "at_most": 0}, "at_most": 1}},
            {"not": {"fragment": "few"}},
        ]
    }
    related = [
        RelatedColumn(
            "rows", "orders", fields=("title", "paid", "ordered", "shipped", "total"), order="-shipped", limit=3
        ),
        *(
            RelatedColumn(a, "orders", aggregate=a, field="pieces")
            for a in ("sum", "min", "max", "avg", "most_frequent")
        ),
        RelatedColumn("count", "orders", aggregate="count"),
        RelatedColumn("latest", "orders", aggregate="latest", field="title", order="ordered"),
    ]
    common = _common(opened, fragments={"few": "SELECT id FROM customers WHERE visits < 0"})
    assert _passes_the_guard(opened, compile_audience(rule, fields=("name",), related=related, **common).statement)
    assert _passes_the_guard(opened, compile_count(rule, **common).statement)
    sample = compile_sample(
        rule, fields=("name", "spent", "gold", "birthday"), extreme=("name", "spent", "gold", "birthday"), **common
    )
    assert _passes_the_guard(opened, sample.statement)
    zones = {"Anna": date(2024, 2, 28), "ß": date(2024, 3, 1), "ss": TODAY}
    assert _passes_the_guard(opened, compile_count({"anniversary": "birthday"}, local_dates=zones, **common).statement)


def test_a_sample_over_the_extremes_shows_longest_shortest_missing_smallest_and_largest(opened: Engine):
    people = company(1)["customers"]
    shown = opened.rows(
        compile_sample(
            EVERYBODY, fields=("name", "spent"), extreme=("name", "spent"), limit=20, **_common(opened)
        ).statement
    )
    names, spent = [r["name"] for r in shown], [r["spent"] for r in shown]
    known = [p["name"] for p in people if p["name"] is not None]
    assert max(map(len, known)) in {len(n) for n in names if n is not None}
    assert "" in names
    assert None in names
    assert {max(p["spent"] for p in people if p["spent"] is not None), -0.5, None} <= set(spent)
    assert len(shown) <= 6


def test_a_plain_sample_is_the_first_few_by_key(opened: Engine):
    rows = opened.rows(compile_sample(EVERYBODY, fields=(), limit=3, **_common(opened)).statement)
    assert [row["key"] for row in rows] == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("keys", "found"),
    [(["3", "2", "3"], {"2", "3"}), ([], set()), (["x", "1.0", "01", "٣", "1e1", str(2**63), "1 OR 1=1"], set()),
     (["-1", "4"], {"4"})],
)  # fmt: skip
def test_keys_are_read_again_by_key_only(opened: Engine, keys, found):
    rows = opened.rows(compile_for_keys(EVERYBODY, keys, fields=(), **_common(opened)).statement)
    assert {row["key"] for row in rows} == found


def test_who_has_left_the_audience_does_not_come_back(opened: Engine):
    gold = {"field": "gold", "op": "is_true"}
    everybody = [str(p["id"]) for p in company(1)["customers"]]
    rows = opened.rows(compile_for_keys(gold, everybody, fields=(), **_common(opened)).statement)
    assert {r["key"] for r in rows} == {str(p["id"]) for p in company(1)["customers"] if p["gold"]}


def test_text_keys_are_text(opened: Engine):
    named = replace(CUSTOMERS, key="name", relations={})
    common = _common(opened, feed=named, feeds={"customers": named})
    rows = opened.rows(compile_for_keys(EVERYBODY, ["O'Brien", "😀 Zoë", "nobody"], fields=(), **common).statement)
    assert {row["key"] for row in rows} == {"O'Brien", "😀 Zoë"}


def test_each_recipient_has_a_birthday_by_their_own_clock(opened: Engine):
    people = [
        {"id": 1, "zone": "Pacific/Kiritimati", "birthday": date(1990, 3, 1)},
        {"id": 2, "zone": "Pacific/Kiritimati", "birthday": date(1990, 2, 28)},
        {"id": 3, "zone": "America/Los_Angeles", "birthday": date(1990, 2, 28)},
        {"id": 4, "zone": "Europe/Berlin", "birthday": date(1992, 2, 29)},
        {"id": 5, "zone": "Mars/Olympus", "birthday": date(1992, 2, 29)},
        {"id": 6, "zone": None, "birthday": date(1992, 2, 29)},
        {"id": 7, "zone": None, "birthday": None},
        {"id": 8, "zone": "America/Los_Angeles", "birthday": date(1992, 2, 29)},
    ]
    opened.fill({"customers": people})
    zones = local_dates(datetime(2024, 2, 29, 7, 30, tzinfo=UTC), [str(p["zone"]) for p in people])
    later = local_dates(datetime(2024, 2, 29, 10, 30, tzinfo=UTC), [str(p["zone"]) for p in people])
    for known, keys in ((zones, {"3", "4", "5", "6"}), (later, {"1", "4", "5", "6", "8"})):
        rule = {"anniversary": "birthday"}
        rows = opened.rows(compile_audience(rule, fields=(), local_dates=known, **_common(opened)).statement)
        assert {row["key"] for row in rows} == keys
        everybody = [str(p["id"]) for p in people]
        again = compile_for_keys(rule, everybody, fields=(), local_dates=known, **_common(opened))
        assert {row["key"] for row in opened.rows(again.statement)} == keys
        others = opened.rows(compile_audience({"not": rule}, fields=(), local_dates=known, **_common(opened)).statement)
        assert {row["key"] for row in others} == {str(p["id"]) for p in people} - keys
    opened.fill(company(1))


def test_a_feed_may_be_its_own_query_of_a_table_called_like_it(opened: Engine):
    opened.execute("CREATE TABLE people (id INTEGER, mail VARCHAR(50), place VARCHAR(50))")
    opened.execute("INSERT INTO people VALUES (1, 'a@x.example', '100% Berlin'), (2, 'b@x.example', 'Rome')")
    fields = [field("id", "integer", role=Role.KEY, column="id"), field("mail", role=Role.EMAIL, column="mail"),
              field("place", column="place")]  # fmt: skip
    own = feed("people", fields, table="", query="SELECT id, mail, place FROM people WHERE place LIKE '100%'")
    common = _common(opened, feed=own, feeds={"people": own})
    sql = compile_audience({"field": "place", "op": "not_null"}, fields=("place",), **common).statement
    if opened.dialect == "postgres":  # psycopg's own spelling; the adapter finds placeholders by token
        sql = replace(sql, sql=sql.sql.replace("%'", "%%'"), params={"p9": 1})
    assert [row["place"] for row in opened.rows(sql)] == ["100% Berlin"]


def test_postgres_bears_enums_uuids_schemas_and_other_types(postgres_url):
    with engine("postgres", postgres_url) as one:
        one.execute("CREATE SCHEMA crm")
        one.execute("CREATE TYPE tier AS ENUM ('gold', 'tin')")
        one.execute(
            "CREATE TABLE crm.people (id uuid, mail char(20), tier tier, born timestamptz, spent numeric(10,2), seen timestamptz)"
        )
        ident = "6f2c1c3e-0b7c-4f5e-9d5e-2b1f0c1d2e3f"
        one.execute("SET TIME ZONE 'UTC'")
        one.execute(
            "INSERT INTO crm.people VALUES (%s, 'a@x.example', 'gold', '1990-05-31 10:00+00', 19.90, '2024-02-29 12:00+00')",
            [ident],
        )
        kinds = {
            "id": "string",
            "mail": "string",
            "tier": "string",
            "born": "date",
            "spent": "number",
            "seen": "timestamp",
        }
        roles = {"id": Role.KEY, "mail": Role.EMAIL}
        people = feed(
            "people", [field(n, t, column=n, role=roles.get(n)) for n, t in kinds.items()], table="crm.people"
        )
        rule = {
            "all": [
                {"field": "tier", "op": "in", "value": ["gold"]},
                {"field": "mail", "op": "ends_with", "value": ".example"},
                {"field": "born", "value": "1990-05-31"},
                {"field": "spent", "value": 19.9},
                {"field": "seen", "op": "within_last_days", "value": 0},
            ]
        }
        common = {"feed": people, "feeds": {"people": people}, "dialect": "postgres", "today": TODAY}
        rows = one.rows(compile_for_keys(rule, [ident], fields=("tier", "born"), **common).statement)
        assert [(r["key"], r["address"].strip(), r["tier"], r["born"]) for r in rows] == [
            (ident, "a@x.example", "gold", date(1990, 5, 31))
        ]


def test_sqlite_bears_every_spelling_of_a_date():
    with engine("sqlite", "") as one:
        for number, (born, seen) in enumerate(
            [
                ("2024-02-28", "2024-02-28 10:00:00"),
                ("2024-02-28T00:00:00", "2024-02-28T10:00:00.000"),
                ("2024-02-28 00:00:00", "2024-02-28 12:00:00+02:00"),
                ("rubbish", "rubbish"),
            ]
        ):
            one.execute("INSERT INTO t_customers (c_id, c_birthday, c_seen) VALUES (?, ?, ?)", (number, born, seen))
        tree = {
            "all": [{"field": "birthday", "value": "2024-02-28"}, {"field": "seen", "value": "2024-02-28T10:00:00"}]
        }
        rows = one.rows(compile_audience(tree, fields=("birthday", "seen"), **_common(one)).statement)
        assert [(r["key"], r["birthday"], r["seen"]) for r in rows] == [
            (str(n), date(2024, 2, 28), datetime(2024, 2, 28, 10))  # noqa: DTZ001 — as it is stored
            for n in range(3)
        ]
        unknown = one.rows(
            compile_audience({"field": "birthday", "op": "is_null"}, fields=(), **_common(one)).statement
        )
        assert [r["key"] for r in unknown] == ["3"]


# ---------------------------------------------------------------- through the adapters, as a send reads


@pytest.fixture(params=DIALECTS)
def source(request, tmp_path, postgres_database):
    """The company in a real source, filled with company(1), read through the real adapter and its guard."""
    settings = {"duckdb": _duckdb_file, "sqlite": _sqlite_file, "postgres": _postgres_reader}[request.param]
    return open_source(
        SourceSettings("shop", request.param, settings(tmp_path, postgres_database), max_connections=2), FEEDS
    )


def _duckdb_file(folder, _url) -> dict[str, str]:
    path = str(folder / "shop.duckdb")
    with duckdb.connect(path) as connection:
        Engine("duckdb", connection).fill(company(1))
    return {"path": path}


def _sqlite_file(folder, _url) -> dict[str, str]:
    path = str(folder / "shop.db")
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        Engine("sqlite", connection).fill(company(1))
    return {"path": path}


def _postgres_reader(_folder, url) -> dict[str, str]:
    with psycopg.connect(url, autocommit=True) as owner:
        Engine("postgres", owner).fill(company(1))
        return {"url": make_reader(owner, url, *(one.table for one in FEEDS.values()))}


def test_a_send_reads_the_audience_through_the_adapter(source):
    rule = {"all": [{"field": "name", "op": "not_null"}, {"not": {"field": "name", "op": "starts_with", "value": "M"}},
                    {"related": "orders", "at_most": 2, "where": {"field": "title", "op": "not_null"}}]}  # fmt: skip
    related = [
        RelatedColumn("last", "orders", fields=("title", "paid", "total", "ordered"), order="-ordered", limit=2),
        RelatedColumn("pieces", "orders", aggregate="sum", field="pieces"),
        RelatedColumn("average", "orders", aggregate="avg", field="total"),
    ]
    common = {"feed": CUSTOMERS, "feeds": FEEDS, "dialect": source.dialect, "today": TODAY}
    statement = compile_audience(
        rule, fields=("name", "spent", "birthday", "seen"), related=related, **common
    ).statement
    naive = Naive(company(1), TODAY, {}, {})
    people = [p for p in company(1)["customers"] if naive.matches(rule, p)]
    with source.session(Tag("spring", "mira", "send"), Limits()) as session:
        rows = [row for batch in session.stream(statement) for row in batch.to_pylist()]
        (count,) = session.table(compile_count(rule, **common).statement).to_pylist()
    assert count == {"count": len(people)}
    by_key = {row["key"]: row for row in rows}
    assert set(by_key) == {str(p["id"]) for p in people}
    for person in people:
        row = by_key[str(person["id"])]
        assert (row["name"], row["spent"], row["birthday"], row["consent"]) == (
            person["name"], person["spent"], person["birthday"], person["agreed"],
        )  # fmt: skip
        assert row["seen"] == (person["seen"] and person["seen"].replace(tzinfo=UTC))
        expected = [
            {**o, "ordered": o["ordered"] and o["ordered"].isoformat()} for o in naive.column(related[0], person)
        ]
        assert json.loads(row["last"]) == expected
        assert row["pieces"] == naive.column(related[1], person)
        assert row["average"] == pytest.approx(naive.column(related[2], person))
