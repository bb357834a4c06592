"""The SQL of a few representative rules, as it is written for each database: a change in it is to be seen and wanted.

After a wanted change: ``TWAIN_UPDATE_SNAPSHOTS=1 python -m pytest tests/unit/audiences/test_audience_snapshots.py``.
"""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest
import sqlglot

from tests.audience_company import CUSTOMERS, FEEDS
from twain.audiences.compile import compile_audience, compile_count, compile_for_keys, compile_sample
from twain.records import RelatedColumn, Statement

HERE = Path(__file__).parent / "snapshots"
GOLD = {"field": "gold", "op": "is_true"}
BOUGHT = {"related": "orders", "at_least": 3, "within": {"field": "ordered", "from": "2024-01-01"}}
NEVER = {
    "related": "orders",
    "none": True,
    "where": {"related": "lines", "where": {"field": "genre", "value": "Metal"}},
}
LAST = RelatedColumn("last", "orders", fields=("title", "total", "paid"), order="-ordered", limit=2)
COUNT = RelatedColumn("bought", "orders", aggregate="count")
FAVOURITE = RelatedColumn("favourite", "orders", aggregate="most_frequent", field="title")


def _rules(dialect: str) -> dict[str, Statement]:
    common = {
        "feed": CUSTOMERS, "feeds": FEEDS, "dialect": dialect, "today": date(2023, 2, 28),
        "fragments": {"vip": "SELECT id FROM customers WHERE visits > 9"},
    }  # fmt: skip
    text = {
        "any": [
            {"field": "name", "op": op, "value": "ß"} for op in ("eq", "gt", "contains", "starts_with", "ends_with")
        ]
    }
    zones = {"Pacific/Auckland": date(2023, 3, 1), "Europe/Berlin": date(2023, 2, 28)}
    audiences = {
        "related": compile_audience(
            {"all": [GOLD, BOUGHT, NEVER]}, fields=("name",), related=[LAST, COUNT, FAVOURITE], **common
        ),
        "negated": compile_count({"not": {"all": [GOLD, BOUGHT, {"fragment": "vip"}]}}, **common),
        "text": compile_count(text, **common),
        "birthday": compile_count({"anniversary": "birthday", "days": 0}, local_dates=zones, **common),
        "keys": compile_for_keys(
            {"all": [{"field": "seen", "op": "within_last_days", "value": 7}, BOUGHT]},
            ["1", "2", "x"],
            fields=(),
            **common,
        ),
        "extremes": compile_sample(GOLD, fields=("name",), extreme=("name",), limit=5, **common),
    }
    return {name: audience.statement for name, audience in audiences.items()}


@pytest.mark.parametrize("dialect", ["duckdb", "postgres", "sqlite"])
def test_sql_is_as_it_was(dialect):
    for name, statement in _rules(dialect).items():
        pretty = sqlglot.parse_one(statement.sql, dialect=dialect).sql(dialect=dialect, pretty=True)
        text = f"-- {name}, {dialect}; {', '.join(f'{k} = {v!r}' for k, v in statement.params.items())}\n{pretty}\n"
        path = HERE / f"{name}.{dialect}.sql"
        if os.environ.get("TWAIN_UPDATE_SNAPSHOTS"):
            path.write_text(text, encoding="utf-8")
        assert path.read_text(encoding="utf-8") == text, f"{path.name} differs"


def test_there_is_no_snapshot_without_its_rule():
    wanted = {f"{name}.{dialect}.sql" for dialect in ("duckdb", "postgres", "sqlite") for name in _rules(dialect)}
    assert {path.name for path in HERE.glob("*.sql")} == wanted
