"""Samples are made up from the contract: they keep to its rules, and are the same every time."""

import re
from dataclasses import replace
from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.house_workspace import ROOT
from twain.feeds.contract import load_feeds
from twain.feeds.synthetic import samples
from twain.records import Quality

FEEDS, _ = load_feeds(ROOT / "feeds", ROOT)
TYPES = {"string": str, "integer": int, "number": float, "boolean": bool, "date": date, "timestamp": datetime}


def with_rule(metric="invalidValues", **arguments):
    feed = FEEDS["customers"]
    field = replace(feed.fields["city"], quality=(Quality(metric, "mustBe", 0, arguments=arguments),))
    return replace(feed, fields={**feed.fields, "city": field})


@pytest.mark.parametrize("name", sorted(FEEDS))
def test_each_value_is_of_its_type_and_the_same_again(name):
    made = samples(FEEDS[name], 8)
    assert made == samples(FEEDS[name], 8)
    for row in made:
        assert row.keys() == FEEDS[name].fields.keys()
        for field, value in row.items():
            assert value is None or isinstance(value, TYPES[FEEDS[name].fields[field].type])


def test_values_keep_to_the_rules_of_the_contract():
    for row in samples(FEEDS["customers"], 20):
        assert row["tier"] in {"bronze", "silver", "gold"}
        assert re.fullmatch("[A-Z]{2}", row["country"])
        assert row["email"].endswith("@example.com")
    keys = [row["customer_id"] for row in samples(FEEDS["customers"], 20)]
    assert len(set(keys)) == 20


def test_what_may_be_missing_is_missing_once():
    assert [row["first_name"] is None for row in samples(FEEDS["customers"], 5)] == [False, False, False, True, False]


@pytest.mark.parametrize("pattern", ["^[A-Z]{3}-\\d{4}$", "^\\d+$", "^[a-f2-9]{8}$", "A\\.B", "^x?y*z+$"])
def test_a_pattern_is_obeyed(pattern):
    assert all(row["city"] is None or re.search(pattern, row["city"]) for row in samples(with_rule(pattern=pattern)))


@given(st.text(max_size=40))
def test_no_pattern_makes_it_fail(pattern):
    try:
        re.compile(pattern)
    except re.error:
        return
    samples(with_rule(pattern=pattern))
