"""IT's fragments: one SELECT of keys over feeds, and nothing that reaches further."""

from __future__ import annotations

from datetime import date

import pytest

from tests.audience_company import CUSTOMERS, FEEDS
from twain.audiences.compile import compile_count
from twain.errors import RuleError

COMMON = {"feed": CUSTOMERS, "feeds": FEEDS, "today": date(2024, 5, 31)}


def _with(sql: str, dialect: str = "duckdb"):
    return compile_count({"fragment": "mine"}, fragments={"mine": sql}, dialect=dialect, **COMMON).statement


@pytest.mark.parametrize("dialect", ["duckdb", "postgres", "sqlite"])
@pytest.mark.parametrize(
    "sql",
    [
        "SELECT id FROM customers WHERE gold",
        "select ID from customers c where c.Visits > 3;",
        "SELECT c.id FROM customers AS c JOIN orders o ON o.id = c.id GROUP BY c.id HAVING COUNT(*) > 2",
        "WITH best AS (SELECT id, visits FROM customers) SELECT id FROM best WHERE visits > (SELECT AVG(visits) FROM best)",
        "SELECT id FROM customers UNION SELECT id FROM orders",
        "SELECT id FROM (SELECT * FROM customers) x WHERE name LIKE 'A%' -- the As",
        "SELECT CASE WHEN gold THEN id END FROM customers WHERE COALESCE(LOWER(name), '') <> ''",
    ],
)
def test_plain_selects_over_feeds_are_taken(sql, dialect):
    statement = _with(sql, dialect)
    assert '"twain_fragment_mine"("key") AS' in statement.sql
    assert ("customers", "id") in statement.lineage


@pytest.mark.parametrize(
    "sql",
    [
        "", ";", "SELEC id FROM customers", "SELECT id FROM customers; SELECT id FROM customers",
        "SELECT id, name FROM customers",
        "SELECT * FROM customers", "SELECT c.* FROM customers c", "VALUES (1)", "TABLE customers",
        "DROP TABLE customers",
        "DELETE FROM customers RETURNING id", "INSERT INTO customers VALUES (1) RETURNING id", "COPY customers TO '/tmp/x'",
        "WITH gone AS (DELETE FROM customers RETURNING id) SELECT id FROM gone",
        "WITH made AS (INSERT INTO orders VALUES (1) RETURNING id) SELECT id FROM made",
        "WITH RECURSIVE n AS (SELECT 1 AS id UNION ALL SELECT id + 1 FROM n) SELECT id FROM n",
        "SELECT id INTO stolen FROM customers", "SELECT id FROM customers FOR UPDATE", "SELECT id FROM t_customers",
        "SELECT id FROM main.customers", "SELECT id FROM pg_catalog.pg_authid", "SELECT id FROM sqlite_master",
        "SELECT id FROM read_csv('/etc/passwd')", "SELECT id FROM '/etc/passwd'", "SELECT id FROM duckdb_settings()",
        "SELECT id FROM customers, generate_series(1, 1000000000)", "SELECT id FROM customers, LATERAL (SELECT 1) x",
        "SELECT UNNEST([1, 2]) FROM customers", "SELECT id FROM range(10)", "SELECT pg_sleep(100) FROM customers",
        "SELECT id FROM customers WHERE pg_read_file('/etc/passwd') <> ''", "SELECT lo_import('/etc/passwd') FROM customers",
        "SELECT id FROM customers WHERE getenv('HOME') = 'x'", "SELECT load_extension('x') FROM customers",
        "SELECT set_config('a', 'b', false) FROM customers", "SELECT dblink('x', 'y') FROM customers",
        "SELECT query_to_xml('select 1', true, true, '') FROM customers", "SELECT id FROM customers WHERE id = $1",
        "SELECT id FROM customers WHERE id = :p0", "SELECT COLUMNS('.*') FROM customers", "SELECT nextval('s') FROM customers",
        "SELECT id FROM customers TABLESAMPLE 10 PERCENT", "ATTACH 'x.db'", "PRAGMA database_list", "SET x = 1",
        "EXPLAIN SELECT 1",
        "SELECT to_json(customers) FROM customers", "SELECT repeat('x', 1000000000) FROM customers",
    ],
)  # fmt: skip
def test_everything_else_is_refused_with_its_file(sql):
    with pytest.raises(RuleError) as caught:
        _with(sql)
    assert caught.value.shown_code == "T415"
    assert str(caught.value).startswith("fragments/mine.sql: ")
    assert caught.value.todo


def test_a_fragment_sees_only_fields_that_may_be_used_to_filter():
    statement = _with("SELECT id FROM customers")
    assert '"c_note" AS "note"' in statement.sql.replace('CAST("c_note" AS TEXT) AS', '"c_note" AS')
    for hidden in ("c_salary", "c_secret"):
        assert hidden not in statement.sql


def test_lineage_names_what_a_fragment_reads():
    assert _with("SELECT c.id FROM customers c WHERE c.VISITS > 1").lineage == {
        ("customers", "id"),
        ("customers", "visits"),
    }
    everything = _with("SELECT id FROM (SELECT * FROM customers) x").lineage
    assert ("customers", "note") in everything
    assert ("customers", "salary") not in everything
