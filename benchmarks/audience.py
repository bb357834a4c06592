"""Audience: the compiled statement against SQL written by hand, over 5 M customers × 20 M orders in DuckDB.

The question: gold or big-spending customers in three countries who bought at least three paid orders since a date and never
returned one, with their first name and language. Both sides go all the way to the people who may be mailed: consent applied,
duplicates by address dropped (the lowest key wins). Bar: the same optimised plan, or at most 1.15 times the time.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.report import Report, interleave
from twain.audiences.compile import compile_audience
from twain.records import Feed, Field, FieldType, Owner, Relation, Right, Role, Statement

CUSTOMERS, ORDERS = 5_000_000, 20_000_000
BAR = 1.15

RULE = {
    "all": [
        {"field": "country", "op": "in", "value": ["DE", "BR", "US"]},
        {"any": [{"field": "gold", "op": "is_true"}, {"field": "spent", "op": "gt", "value": 500}]},
        {
            "related": "orders",
            "at_least": 3,
            "where": {"field": "paid", "op": "is_true"},
            "within": {"field": "ordered", "from": "2023-01-01"},
        },
        {"related": "orders", "none": True, "where": {"field": "returned", "op": "is_true"}},
    ]
}

BY_HAND = """
SELECT min(CAST(c.id AS VARCHAR)) AS key, c.email AS address, min(c.first_name) AS name, min(c.lang) AS lang
FROM customers c
WHERE c.country IN ('DE', 'BR', 'US')
  AND (c.gold OR c.spent > 500)
  AND c.consent
  AND c.id IN (
    SELECT o.customer_id FROM orders o WHERE o.paid AND o.ordered >= DATE '2023-01-01' GROUP BY o.customer_id HAVING count(*) >= 3
  )
  AND NOT EXISTS (SELECT 1 FROM orders o WHERE o.customer_id = c.id AND o.returned)
GROUP BY c.email
"""

COMPILED = """
SELECT min("key") AS key, "address", min("first_name") AS name, min("language") AS lang
FROM ({statement}) AS audience
WHERE "consent"
GROUP BY "address"
"""

_OURS, _THEIRS = "FROM ours", "FROM theirs"


def run(options: argparse.Namespace) -> Report:
    """Make the company in a temporary file, check that both sides answer alike, and time them in turn."""
    report = Report("audience")
    with tempfile.TemporaryDirectory(prefix="twain-bench-") as folder:
        path = str(Path(folder) / "company.duckdb")
        _make(path, options.scale)
        with duckdb.connect(path, read_only=True, config=_limits(folder)) as connection:
            _compare(connection, report, options.rounds)
    return report


def _compare(connection: duckdb.DuckDBPyConnection, report: Report, rounds: int) -> None:
    statement = compiled()
    ours_sql, params = COMPILED.format(statement=statement.sql), dict(statement.params)

    def ours() -> None:
        connection.execute(f"CREATE OR REPLACE TEMP TABLE ours AS {ours_sql}", params)

    def theirs() -> None:
        connection.execute(f"CREATE OR REPLACE TEMP TABLE theirs AS {BY_HAND}")

    seconds, by_hand = interleave(ours, theirs, rounds=rounds)
    people = _count(connection, "ours")
    different = sum(
        _count(connection, f"({one} EXCEPT ALL {other})") for one, other in ((_OURS, _THEIRS), (_THEIRS, _OURS))
    )
    same = plan(connection, ours_sql, params) == plan(connection, BY_HAND, {})
    report.figures |= {name: _count(connection, name) for name in ("customers", "orders")}
    report.figures |= {
        "people": people,
        "compiled, seconds": seconds,
        "by hand, seconds": by_hand,
        "same plan": str(same),
    }
    report.ratios["compiled ÷ by hand"] = seconds / by_hand
    report.at_most("rows that differ", different, 0)
    report.at_least("people found", people, 1)
    report.at_most("compiled ÷ by hand (or the same plan)", 1.0 if same else seconds / by_hand, BAR)


def compiled() -> Statement:
    """The rule, compiled as a send would compile it."""
    feeds = {feed.name: feed for feed in (_customers(), _orders())}
    audience = compile_audience(
        RULE, feed=feeds["customers"], feeds=feeds, fields=("first_name",), dialect="duckdb", today=date(2024, 6, 1)
    )
    return audience.statement


Plan = tuple[str, str, tuple["Plan", ...]]  # operator, kind of join, what it reads


def plan(connection: duckdb.DuckDBPyConnection, sql: str, params: dict[str, Any]) -> tuple[Plan, ...]:
    """The optimised plan as a tree of operators and kinds of join; projections, which only rename, are left out."""
    (_, text), *_ = connection.execute(f"EXPLAIN (FORMAT json) {sql}", params or None).fetchall()
    return tuple(one for node in json.loads(text) for one in _operators(node))


def _operators(node: dict[str, Any]) -> Iterator[Plan]:
    inner = tuple(one for child in node["children"] for one in _operators(child))
    if node["name"].strip() == "PROJECTION":
        yield from inner
    else:
        yield node["name"].strip(), str(node.get("extra_info", {}).get("Join Type", "")), inner


def _make(path: str, scale: float) -> None:
    customers, orders = max(int(CUSTOMERS * scale), 1000), max(int(ORDERS * scale), 4000)
    with duckdb.connect(path, config={"memory_limit": "1500MB", "threads": 2}) as connection:
        connection.execute(
            f"""
            CREATE TABLE customers AS SELECT
              n AS id,
              'person' || (CASE WHEN n % 50 = 0 THEN n // 2 ELSE n END) || '@example.com' AS email,
              hash(n, 1) % 10 < 8 AS consent,
              ['DE', 'BR', 'US', 'FR', 'IT', 'PL', 'ES', 'SE', 'JP', 'IN'][1 + (hash(n, 2) % 10)::INT] AS country,
              'Name ' || (hash(n, 3) % 5000) AS first_name,
              ['de', 'pt', 'en'][1 + (hash(n, 4) % 3)::INT] AS lang,
              hash(n, 5) % 5 = 0 AS gold,
              (hash(n, 6) % 100000) / 100.0 AS spent
            FROM range({customers}) t(n)"""
        )
        connection.execute(
            f"""
            CREATE TABLE orders AS SELECT
              n AS id,
              (hash(n, 7) % {customers})::BIGINT AS customer_id,
              DATE '2020-01-01' + (hash(n, 8) % 1600)::INT AS ordered,
              hash(n, 9) % 10 < 9 AS paid,
              hash(n, 10) % 40 = 0 AS returned,
              (hash(n, 11) % 20000) / 100.0 AS total
            FROM range({orders}) t(n)"""
        )


def _limits(folder: str) -> dict[str, str | bool | int | float | list[str]]:
    return {"memory_limit": "1500MB", "threads": 2, "temp_directory": folder}


def _count(connection: duckdb.DuckDBPyConnection, relation: str) -> int:
    (count,) = connection.execute(f"SELECT count(*) FROM {relation}").fetchone() or (0,)
    return int(count)


def _field(name: str, kind: FieldType, role: Role | None = None) -> Field:
    return Field(name, name, kind, name.replace("_", " "), frozenset(Right), role)


def _feed(name: str, fields: list[Field], **more: object) -> Feed:
    owner, named = Owner("Demo", "Benchmark"), {f.name: f for f in fields}
    return Feed(name, name, "bench", "id", named, owner, "1", "", table=name, **more)  # type: ignore[arg-type]


def _customers() -> Feed:
    fields = [
        _field("id", "integer", Role.KEY),
        _field("email", "string", Role.EMAIL),
        _field("consent", "boolean", Role.CONSENT),
        _field("lang", "string", Role.LANGUAGE),
        _field("country", "string"),
        _field("first_name", "string"),
        _field("gold", "boolean"),
        _field("spent", "number"),
    ]
    return _feed("customers", fields, relations={"orders": Relation("orders", "orders", "id", "customer_id")})


def _orders() -> Feed:
    fields = [
        _field("id", "integer", Role.KEY),
        _field("customer_id", "integer"),
        _field("ordered", "date"),
        _field("paid", "boolean"),
        _field("returned", "boolean"),
    ]
    return _feed("orders", fields)
