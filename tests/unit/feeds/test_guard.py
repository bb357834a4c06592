"""What the guard lets through, and by which rule it refuses the rest."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twain.errors import GuardError
from twain.feeds import guard, placeholders
from twain.feeds.engine import Ref
from twain.testing.source_suite import feed

FIT = {
    "postgres": [
        "SELECT COUNT(*) FROM people",
        'WITH "people" AS (SELECT "id", CAST("name" AS TEXT) AS "name" FROM "people") SELECT * FROM "people"',
        "SELECT id FROM people p WHERE EXISTS (SELECT 1 FROM shop.orders o WHERE o.id = p.id) AND name = %(p0)s",
        "SELECT CAST(JSON_AGG(JSON_BUILD_OBJECT('a', id) ORDER BY id) AS TEXT) FROM people GROUP BY name HAVING COUNT(*) > 1",
        "SELECT id, ROW_NUMBER() OVER (PARTITION BY name ORDER BY id DESC) AS r FROM people",
        "SELECT EXTRACT(MONTH FROM born) * 100 + EXTRACT(DAY FROM born) FROM people WHERE born > CURRENT_DATE - INTERVAL '1 day'",
        "SELECT MODE() WITHIN GROUP (ORDER BY name), SUM(id) FILTER (WHERE id > 1) FROM people",
        'SELECT id FROM people ORDER BY name COLLATE "C" LIMIT 10 OFFSET 5',
        "SELECT id FROM people UNION SELECT id FROM shop.orders",
    ],
    "duckdb": [
        "SELECT TO_JSON(ARRAY_AGG({'a': id} ORDER BY id)) FROM people",
        "SELECT id FROM people WHERE REGEXP_MATCHES(name, '^a') AND name = $p0",
        "SELECT ARG_MAX(name, id), MEDIAN(id), COUNT(DISTINCT name) FROM main.people QUALIFY ROW_NUMBER() OVER () = 1",
        "SELECT STRFTIME(born, '%m'), DATE_TRUNC('month', born) FROM PEOPLE",
    ],
    "sqlite": [
        "SELECT JSON_GROUP_ARRAY(JSON_OBJECT('a', id)) FROM main.people",
        "SELECT DATE(born), STRFTIME('%Y-%m-%d %H:%M:%f', born) FROM people WHERE name = :p0 AND name REGEXP 'x'",
    ],
}

UNFIT = [
    ("postgres", "", "T332"),
    ("postgres", "SELECT 1 FROM people; SELECT 2 FROM people", "T331"),
    ("postgres", "SELECT 'it''s FROM people", "T331"),
    ("postgres", "SELECT " + "(" * 3000 + "1" + ")" * 3000 + " FROM people", "T331"),
    ("postgres", "DELETE FROM people", "T332"),
    ("postgres", "WITH x AS (DELETE FROM people RETURNING id) SELECT * FROM x", "T332"),
    ("postgres", "SELECT id INTO x FROM people", "T335"),
    ("postgres", "SELECT id FROM people FOR UPDATE", "T335"),
    ("postgres", "WITH RECURSIVE x AS (SELECT 1 UNION ALL SELECT 1 FROM x) SELECT * FROM x", "T335"),
    ("postgres", "SELECT pg_sleep(1) FROM people", "T334"),
    ("postgres", "SELECT * FROM pg_ls_dir('/')", "T334"),
    ("postgres", "SELECT * FROM secrets", "T333"),
    ("postgres", 'SELECT * FROM "PEOPLE"', "T333"),
    ("postgres", "SELECT * FROM other.people", "T333"),
    ("postgres", "SELECT 'x'::regclass FROM people", "T335"),
    # A WITH is in sight of later ones and of its own query only, and never of itself.
    ("postgres", "WITH secrets AS (SELECT * FROM secrets) SELECT * FROM secrets", "T333"),
    ("postgres", "SELECT * FROM (WITH secrets AS (SELECT 1) SELECT * FROM secrets) a, secrets", "T333"),
    ("postgres", "WITH a AS (SELECT * FROM b), b AS (SELECT 1) SELECT * FROM a", "T333"),
    ("duckdb", "SELECT * FROM 'x.csv'", "T333"),
    ("duckdb", "SELECT * FROM read_csv('x.csv')", "T335"),
    ("duckdb", "SELECT COLUMNS('.*') FROM people", "T334"),
    ("duckdb", "PRAGMA database_list", "T332"),
    ("sqlite", "SELECT load_extension('x') FROM people", "T334"),
    ("sqlite", "SELECT * FROM pragma_table_info('people')", "T334"),
    ("sqlite", "SELECT * FROM sqlite_schema", "T333"),
]


@pytest.mark.parametrize(("dialect", "sql"), [(dialect, sql) for dialect, fit in FIT.items() for sql in fit])
def test_plain_questions_pass_and_come_out_the_same(dialect, sql):
    tree = guard.check(sql, dialect, ["people", "shop.orders"])
    assert guard.check(tree.sql(dialect=dialect), dialect, ["people", "shop.orders"]).sql(dialect) == tree.sql(dialect)


@pytest.mark.parametrize(("dialect", "sql", "code"), UNFIT)
def test_everything_else_is_refused_with_its_reason(dialect, sql, code):
    with pytest.raises(GuardError) as caught:
        guard.check(sql, dialect, ["people"], source="shop")
    kinds = {code, "T334", "T335"} if code in {"T334", "T335"} else {code}
    assert caught.value.shown_code in kinds
    assert "'shop'" in caught.value.what
    assert "\n" not in str(caught.value)


def test_a_comment_never_reaches_the_database():
    tree = guard.check("SELECT id /* a */ FROM people -- b", "postgres", ["people"])
    assert tree.sql(dialect="postgres", comments=False) == "SELECT id FROM people"


def test_system_tables_are_refused_even_when_listed():
    for name in ("pg_shadow", "pg_catalog.pg_class", "information_schema.tables"):
        with pytest.raises(GuardError):
            guard.check(f"SELECT * FROM {name}", "postgres", [name])


def test_relations_are_the_feeds_own_and_those_of_it_s_queries():
    plain = feed("people", "shop")
    asked = replace(plain, table="", query="WITH x AS (SELECT * FROM a.orders) SELECT * FROM x JOIN stores ON TRUE")
    assert guard.relations([plain, asked], "duckdb") == {("people",), ("a", "orders"), ("stores",)}


@given(st.text(max_size=60))
def test_no_text_at_all_gets_more_than_a_refusal(text):
    with pytest.raises(GuardError):
        guard.check(text, "postgres", [])


@given(st.dictionaries(st.sampled_from(["p0", "p1", "p10"]), st.just(1), min_size=1), st.text(max_size=30))
def test_markers_are_found_where_they_are_parameters_only(params, text):
    quoted = "'" + text.replace("'", "''").replace("\\", "") + "'"
    for dialect, mark in (("postgres", "%({})s"), ("duckdb", "${}"), ("sqlite", ":{}")):
        sql = f"SELECT {quoted}, " + ", ".join(mark.format(name) for name in params) + " FROM people"
        parts = placeholders.split(sql, dialect, params)
        assert [part.name for part in parts if isinstance(part, Ref)] == list(params)
        assert "".join(part if isinstance(part, str) else mark.format(part.name) for part in parts) == sql
