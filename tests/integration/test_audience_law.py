"""The law of audiences: the compiled statement matches exactly the rows that a naive Python filter matches, on every database."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.audience_company import CUSTOMERS, FEEDS
from tests.audience_engines import DIALECTS, Engine, engine
from tests.audience_naive import Naive, day
from tests.audience_strategies import (
    ORDER_TREES,
    TODAYS,
    TREES,
    company,
    every_anniversary,
    every_related,
    every_test,
    filterable,
)
from twain.audiences.compile import compile_audience, compile_count, compile_for_keys
from twain.records import RelatedColumn

AUDIENCES = {"either": {"any": [{"field": "country", "op": "in", "value": ["Anna", "ß"]}, {"audience": "spender"}]},
             "spender": {"field": "spent", "op": "gt", "value": 0}}  # fmt: skip
FRAGMENTS = {"gold": "SELECT id FROM customers WHERE gold = TRUE"}
LAWFUL = settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
SEEDS = st.integers(0, 3)


@pytest.fixture(scope="module", params=DIALECTS)
def opened(request, postgres_url):
    with engine(request.param, postgres_url) as one:
        yield one


def _common(opened: Engine, today: date) -> dict:
    return {
        "feed": CUSTOMERS, "feeds": FEEDS, "dialect": opened.dialect, "today": today,
        "audiences": AUDIENCES, "fragments": FRAGMENTS,
    }  # fmt: skip


def _naive(data, today: date) -> Naive:
    return Naive(data, today, AUDIENCES, {"gold": lambda row: row["gold"] is True})


def _agree(opened: Engine, data, tree, today: date) -> None:
    """Both find the same keys; NOT finds all others."""
    naive = _naive(data, today)
    expected = {str(row["id"]) for row in data["customers"] if naive.matches(tree, row)}
    everybody = {str(row["id"]) for row in data["customers"]}
    for one, keys in ((tree, expected), ({"not": tree}, everybody - expected)):
        statement = compile_audience(one, fields=(), **_common(opened, today)).statement
        assert {row["key"] for row in opened.rows(statement)} == keys, one


@pytest.mark.parametrize(
    "name", [f.name for f in filterable(CUSTOMERS) if f.name not in ("zone", "tongue", "note", "email")]
)
def test_every_operator_on_every_type(opened: Engine, name):
    data = company(1)
    opened.fill(data)
    for tree in every_test(CUSTOMERS.fields[name], count=2):
        _agree(opened, data, tree, TODAYS[0])


@pytest.mark.parametrize("today", TODAYS[:3:2])
def test_every_anniversary_and_every_amount_of_related_rows(opened: Engine, today):
    data = company(2)
    opened.fill(data)
    for tree in (*every_anniversary("birthday"), *every_related({"field": "pieces", "op": "ge", "value": 1})):
        _agree(opened, data, tree, today)


@LAWFUL
@given(seed=SEEDS, trees=st.lists(TREES, min_size=3, max_size=3), today=st.sampled_from(TODAYS))
def test_compiled_audience_is_the_naive_filter(opened: Engine, seed, trees, today):
    data = company(seed)
    opened.fill(data)
    for tree in trees:
        expected = [row for row in data["customers"] if _naive(data, today).matches(tree, row)]
        compiled = compile_audience(tree, fields=("name", "seen"), **_common(opened, today))
        found = sorted(opened.rows(compiled.statement), key=lambda row: int(row["key"]))
        assert [(r["key"], r["address"], r["consent"], r["name"], r["seen"]) for r in found] == [
            (str(r["id"]), r["email"], r["agreed"], r["name"], r["seen"]) for r in expected
        ]
        assert opened.rows(compile_count(tree, **_common(opened, today)).statement) == [{"count": len(expected)}]


@LAWFUL
@given(seed=SEEDS, tree=TREES, where=ORDER_TREES, keys=st.lists(st.integers(0, 44).map(str), max_size=6))
def test_related_data_is_what_belongs_to_each_person(opened: Engine, seed, tree, where, keys):
    data, today, specs = company(seed), TODAYS[3], _specs(where)
    opened.fill(data)
    common = {"fields": (), "related": specs, **_common(opened, today)}
    compiled = compile_for_keys(tree, keys, **common) if keys else compile_audience(tree, **common)
    naive = _naive(data, today)
    expected = {
        str(row["id"]): {spec.name: naive.column(spec, row) for spec in specs}
        for row in data["customers"]
        if naive.matches(tree, row) and (not keys or str(row["id"]) in keys)
    }
    found = {
        row["key"]: {spec.name: _plain(row[spec.name]) for spec in specs} for row in opened.rows(compiled.statement)
    }
    assert _rounded(found) == _rounded(_texts(expected))


def _specs(where) -> list[RelatedColumn]:
    shown = ("title", "total", "pieces", "paid", "ordered", "shipped")
    return [
        RelatedColumn("first_two", "orders", fields=shown, order="-ordered", limit=2, where=where),
        RelatedColumn("by_title", "orders", fields=("title",), order="title", limit=3),
        RelatedColumn("namesakes", "namesakes", fields=("id",), limit=2),
        RelatedColumn("how_many", "orders", aggregate="count", where=where),
        RelatedColumn("pieces", "orders", aggregate="sum", field="pieces", where=where),
        RelatedColumn("average", "orders", aggregate="avg", field="total"),
        RelatedColumn("first_title", "orders", aggregate="min", field="title"),
        RelatedColumn("last_shipped", "orders", aggregate="max", field="shipped"),
        RelatedColumn("newest_total", "orders", aggregate="latest", field="total", order="shipped", where=where),
        RelatedColumn("favourite", "orders", aggregate="most_frequent", field="title"),
    ]


def _plain(value):
    if isinstance(value, list):
        return [{k: _timed(k, v) for k, v in row.items()} for row in value]
    return value


def _timed(name: str, value):
    """Timestamps in JSON are ISO 8601; databases differ in T or space, and in trailing zeros."""
    if name != "shipped" or value is None:
        return value
    whole, _, fraction = value.replace(" ", "T").partition(".")
    return f"{whole}.{fraction:0<3.3}" if fraction.strip("0") else whole


def _texts(expected):
    """The oracle's rows as JSON has them: dates and times as text."""
    written = lambda v: v.isoformat() if hasattr(v, "isoformat") else v  # noqa: E731
    return {
        key: {
            name: [{k: _timed(k, written(v)) for k, v in row.items()} for row in value]
            if isinstance(value, list)
            else value
            for name, value in columns.items()
        }
        for key, columns in expected.items()
    }


def _rounded(answers):
    rounded = lambda v: round(float(v), 6) if isinstance(v, int | float) and not isinstance(v, bool) else v  # noqa: E731
    return {
        key: {
            name: [{k: rounded(v) for k, v in row.items()} for row in value]
            if isinstance(value, list)
            else rounded(value)
            for name, value in columns.items()
        }
        for key, columns in answers.items()
    }


def test_the_oracle_itself_knows_a_day_from_a_moment():
    """The oracle is only worth something if it can say no."""
    row = {"id": 1, "seen": TODAYS[0], "birthday": date(2000, 2, 29), "gold": None}
    naive = Naive({"orders": [], "lines": []}, date(2023, 2, 28), {}, {})
    assert naive.matches({"anniversary": "birthday"}, row)
    assert not naive.matches({"anniversary": "birthday", "feb29": "mar1"}, row)
    assert not naive.matches({"field": "gold", "op": "ne", "value": True}, row)
    assert naive.matches({"not": {"field": "gold", "op": "is_true"}}, row)
    assert day(TODAYS[0]) == TODAYS[0]
