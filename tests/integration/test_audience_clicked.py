"""The law of "clicked": an audience with it, counted as a send counts, is the naive filter over rows and events, everywhere."""

from __future__ import annotations

import hashlib
import shutil
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.audience_company import CUSTOMERS, FEEDS
from tests.audience_engines import DIALECTS, engine
from tests.audience_naive import Naive
from tests.audience_strategies import TODAYS, TREES, company
from twain.audiences.compile import compile_audience
from twain.ledger.happened import EVENTS
from twain.ledger.lake import Lake
from twain.snapshot.take import count_funnel

NOW, TODAY = 1_795_000_000.0, TODAYS[0]
AUDIENCES = {"either": {"any": [{"field": "country", "op": "in", "value": ["Anna", "ß"]}, {"audience": "spender"}]},
             "spender": {"field": "spent", "op": "gt", "value": 0}}  # fmt: skip
FRAGMENTS = {"gold": "SELECT id FROM customers WHERE gold = TRUE"}

HAPPENED = st.lists(
    st.fixed_dictionaries({
        "key": st.integers(0, 44).map(str), "kind": st.sampled_from(["click", "click", "open", "canary", "unsubscribe"]),
        "machine": st.booleans(), "campaign": st.sampled_from(["spring", "autumn"]),
        "feed": st.sampled_from([CUSTOMERS.name, CUSTOMERS.name, "others"]), "days": st.floats(0.01, 60, allow_nan=False),
    }),
    max_size=60,
)  # fmt: skip
LEAVES = st.fixed_dictionaries(
    {"history": st.just("clicked")},
    optional={"within_days": st.sampled_from([1, 7, 30]), "campaign": st.sampled_from(["spring", "autumn"])},
)


@pytest.fixture(scope="module", params=DIALECTS)
def opened(request, postgres_url):
    with engine(request.param, postgres_url) as one:
        one.fill(company(1))
        yield one


def written(root, events):
    """A history that holds these events, in two files of which one was merged."""
    shutil.rmtree(root, ignore_errors=True)
    lake = Lake(root)
    for number, part in enumerate((events[::2], events[1::2])):
        if part:
            rows = {name: [one[name] for one in part] for name in ("key", "kind", "machine", "campaign", "feed")}
            rows["at"] = [datetime.fromtimestamp(NOW, UTC) - timedelta(days=one["days"]) for one in part]
            rows |= {"run_id": ["r1"] * len(part), "shard": [0] * len(part), "row": list(range(len(part)))}
            table = pa.table({name: pa.array(values, EVENTS.field(name).type) for name, values in rows.items()})
            lake.write_events(f"gateway-{number}", table)
    lake.compact(now=NOW)
    return lake


def clicked(leaf, event) -> bool:
    """What the leaf says, read plainly: a person's click, on this feed, of that campaign, within so many days."""
    return (
        event["kind"] == "click"
        and not event["machine"]
        and event["feed"] == CUSTOMERS.name
        and leaf.get("campaign") in (None, event["campaign"])
        and event["days"] <= leaf.get("within_days", 1e9)
    )


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(tree=TREES, leaf=LEAVES, negated=st.booleans(), events=HAPPENED)
def test_who_clicked_is_whom_the_events_name(opened, tmp_path, tree, leaf, negated, events):
    rule = {"all": [tree, {"not": leaf} if negated else leaf]}
    data = company(1)
    naive = Naive(data, TODAY, AUDIENCES, {"gold": lambda row: row["gold"] is True})
    rest = {str(row["id"]) for row in data["customers"] if naive.matches(tree, row)}
    who = {event["key"] for event in events if clicked(leaf, event)}
    expected = rest - who if negated else rest & who

    compiled = compile_audience(
        rule, feed=CUSTOMERS, feeds=FEEDS, fields=(), dialect=opened.dialect, today=TODAY, audiences=AUDIENCES,
        fragments=FRAGMENTS,
    )  # fmt: skip
    keys = [row["key"] for row in opened.rows(compiled.statement)]
    lake = written(tmp_path / "history", events)
    tests = [(test.negated, lake.keys(test, compiled.feed, NOW)) for test in compiled.history]
    batch = pa.record_batch(
        {
            "key": keys,
            "address": [f"p{key}@mail.example" for key in keys],
            "consent": pa.array([True] * len(keys), pa.bool_()),
        }
    )
    funnel = count_funnel(
        [batch] if keys else [],
        spool=tmp_path / "spool",
        hash_address=lambda many: [hashlib.sha256(one).digest() for one in many],
        split=None,
        history=tests,
    )
    assert (funnel.matched, funnel.audience) == (len(rest), len(expected))
    assert funnel.excluded.get("history", 0) == len(rest) - len(expected)
