"""Random companies (from a seed) and random rules over them (Hypothesis): few distinct values, so that rules meet rows."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, datetime
from functools import cache

from hypothesis import strategies as st

from tests.audience_company import CUSTOMERS, FEEDS
from twain.records import Feed, Field, Right

TODAYS = (date(2023, 2, 28), date(2023, 3, 1), date(2024, 2, 29), date(2024, 5, 31), date(2024, 12, 31))
WORDS = (
    "Anna",
    "anna",
    "Müller",
    "MÜLLER",
    "O'Brien",
    "100%",
    "a_b",
    "😀 Zoë",
    "",
    " ",
    "ß",
    "ss",
    "\r\nBcc:",
    "Ann",
    "%",
    "Ω",
)
_ANY_TEXT = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=6)
_DAYS = (
    "2000-02-29", "2020-02-29", "1999-02-28", "2023-02-28", "2001-03-01", "2023-12-31", "2024-01-31", "2024-02-29",
    "2024-05-30", "2024-05-31", "1970-01-01", "2024-06-01", "1996-02-29", "2024-04-30", "2023-05-24",
)  # fmt: skip
_TIMES = ("T00:00:00", "T09:30:00", "T23:59:59.500", "T00:00:00.001")

POOL = {
    "string": WORDS,
    "integer": (-1, 0, 1, 2, 3, 2**40),
    "number": (-0.5, 0.0, 0.1, 19.9, 20.0, 1e9),
    "boolean": (True, False),
    "date": _DAYS,
    "timestamp": (*_DAYS, *(day + time for day in _DAYS for time in _TIMES)),
}
_READ = {"date": date.fromisoformat, "timestamp": datetime.fromisoformat}


@cache
def company(seed: int) -> dict[str, list[dict]]:
    """Rows of every feed: about a quarter of all values missing, some people without orders, some orders of nobody."""
    draw = random.Random(seed)
    return {
        "customers": _rows(CUSTOMERS, 40, {}, draw),
        "orders": _rows(FEEDS["orders"], 60, {"customer_id": range(1, 30)}, draw),
        "lines": _rows(FEEDS["lines"], 60, {"order_id": range(1, 40)}, draw),
    }


def _rows(feed: Feed, count: int, links: dict[str, range], draw: random.Random) -> list[dict]:
    fields = [f for f in feed.fields.values() if f.name != feed.key]
    return [
        {feed.key: n + 1} | {f.name: None if draw.random() < 0.2 else _value(f, links, draw) for f in fields}
        for n in range(count)
    ]


def _value(one: Field, links: dict[str, range], draw: random.Random):
    value = draw.choice(links.get(one.name, POOL[one.type]))
    return _READ.get(one.type, lambda v: v)(value) if one.name not in links else value


def filterable(feed: Feed) -> list[Field]:
    return [f for f in feed.fields.values() if Right.FILTER in f.rights]


def every_test(one: Field, count: int = 4) -> Iterator[dict]:
    """Each operator that goes with a field, each with a few values of the pool."""
    values = POOL[one.type][:: max(1, len(POOL[one.type]) // count)]
    yield from ({"field": one.name, "op": op} for op in ("is_null", "not_null"))
    yield from ({"field": one.name, "op": op, "value": v} for op in ("eq", "ne") for v in values)
    yield from ({"field": one.name, "op": op, "value": list(values[:3])} for op in ("in", "not_in"))
    if one.type == "boolean":
        yield from ({"field": one.name, "op": op} for op in ("is_true", "is_false"))
    else:
        yield from ({"field": one.name, "op": op, "value": v} for op in ("lt", "le", "gt", "ge") for v in values)
        yield {"field": one.name, "op": "between", "value": [values[0], values[-1]]}
    if one.type == "string":
        parts = ("A", "Ann", "%", "_", "ü", "Ü", "😀", "'", "n", "\r\n", "Zoë")
        yield from (
            {"field": one.name, "op": op, "value": v} for op in ("contains", "starts_with", "ends_with") for v in parts
        )
    if one.type in ("date", "timestamp"):
        yield from (
            {"field": one.name, "op": op, "value": n}
            for op in ("within_last_days", "older_than_days")
            for n in (0, 1, 400)
        )
        yield from every_anniversary(one.name)


def every_anniversary(name: str) -> Iterator[dict]:
    shapes = (
        {},
        {"every": "month"},
        {"years": 1},
        {"years": 4},
        {"years": 23},
        {"months": 1},
        {"months": 3},
        {"years": 1, "months": 1},
    )
    yield from (
        {"anniversary": name, "days": days, "feb29": leap, **shape}
        for shape in shapes
        for days in (-7, 0)
        for leap in ("feb28", "mar1")
    )


AMOUNTS = (
    {},
    {"none": True},
    {"at_least": 2},
    {"at_most": 1},
    {"at_least": 1, "at_most": 2},
    {"at_most": 0},
    {"at_most": 2},
)
SPANS = (
    {},
    {"within": {"field": "ordered", "days": 400}},
    {"within": {"field": "shipped", "days": 30}},
    {"within": {"field": "ordered", "from": "2023-02-28", "to": "2024-02-29"}},
    {"within": {"field": "shipped", "to": "2024-02-29"}},
)


def every_related(where: dict) -> Iterator[dict]:
    yield from ({"related": "orders", **amount} for amount in AMOUNTS)
    yield from ({"related": "orders", **span, "where": where} for span in SPANS)
    yield from ({"related": "orders", **amount, **SPANS[3], "where": where} for amount in AMOUNTS[::2])
    yield from ({"related": "namesakes", **amount} for amount in AMOUNTS[:3])


# ---------------------------------------------------------------- random trees


def _leaf(feed: Feed):
    known = [test for one in filterable(feed) for test in every_test(one)]
    texts = [one.name for one in filterable(feed) if one.type == "string"]
    ops = st.sampled_from(("eq", "ne", "lt", "ge", "contains", "starts_with", "ends_with"))
    wild = st.builds(
        lambda f, op, v: {"field": f, "op": op, "value": v}, st.sampled_from(texts), ops, _ANY_TEXT.filter(bool)
    )
    return st.one_of(st.sampled_from(known), wild)


def _tree(leaf, depth: int):
    if depth == 0:
        return leaf
    below = _tree(leaf, depth - 1)
    return st.one_of(
        leaf,
        st.lists(below, max_size=3).map(lambda rules: {"all": rules}),
        st.lists(below, min_size=1, max_size=3).map(lambda rules: {"any": rules}),
        below.map(lambda rule: {"not": rule}),
    )


def _related(name: str, spans, where):
    wheres = st.one_of(st.just({}), where.map(lambda rule: {"where": rule}))
    amounts = st.sampled_from(AMOUNTS)
    return st.builds(lambda a, w, s: {"related": name, **a, **w, **s}, amounts, wheres, st.sampled_from(spans))


_ORDER_LEAF = st.one_of(_leaf(FEEDS["orders"]), _related("lines", ({},), _tree(_leaf(FEEDS["lines"]), 1)))
_CUSTOMER_LEAF = st.one_of(
    _leaf(CUSTOMERS),
    _related("orders", SPANS, _tree(_ORDER_LEAF, 1)),
    _related("namesakes", SPANS, _tree(_ORDER_LEAF, 1)),
    st.just({"fragment": "gold"}),
    st.just({"audience": "either"}),
)
TREES = _tree(_CUSTOMER_LEAF, 2)
ORDER_TREES = _tree(_ORDER_LEAF, 1)
