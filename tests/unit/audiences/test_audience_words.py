"""Rules in plain English, by business names."""

from __future__ import annotations

import pytest

from tests.audience_company import CUSTOMERS, FEEDS
from twain.audiences.words import explain
from twain.errors import RuleError

TREE = {
    "all": [
        {"field": "country", "op": "in", "value": ["Germany", "Brazil", "USA"]},
        {"related": "orders", "at_least": 3, "where": {"field": "paid", "op": "is_true"},
         "within": {"field": "ordered", "from": "2024-01-01"}},
        {"not": {"any": [{"field": "name", "op": "is_null"}, {"field": "seen", "op": "older_than_days", "value": 30}]}},
        {"anniversary": "birthday", "days": -7},
        {"fragment": "vip"},
        {"not": {"history": "mailed", "within_days": 30, "campaign": "spring"}},
    ]
}  # fmt: skip


def test_a_whole_rule_reads_like_english():
    assert explain(TREE, CUSTOMERS, FEEDS) == [
        "Customers for whom",
        "  – all of this is true:",
        "    – Country is “Germany”, “Brazil” or “USA”",
        "    – there are at least 3 Orders for which",
        "      – all of this is true:",
        "        – Paid is “yes”",
        "        – Order date is 1 January 2024 or later",
        "    – none of this is true:",
        "      – First name is not known",
        "      – Last seen lies more than 30 days back",
        "    – today is 7 days before the anniversary of Birthday",
        "    – they are on IT's list “vip”",
        "    – they were not mailed by the campaign “spring” in the last 30 days",
    ]


@pytest.mark.parametrize(
    ("tree", "line"),
    [
        ({"field": "visits", "op": "between", "value": [1, 5]}, "Store visits lies between 1 and 5 (both included)"),
        ({"field": "country", "op": "ne", "value": "Peru"}, "Country is known and is not “Peru”"),
        ({"field": "seen", "op": "ge", "value": "2024-05-31T09:30:00"}, "Last seen is 31 May 2024, 09:30 or later"),
        ({"field": "seen", "op": "within_last_days", "value": 1}, "Last seen lies in the last day"),
        ({"field": "visits", "op": "in", "value": list(range(20))},
         "Store visits is 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 or one of 8 more"),
        ({"related": "orders", "none": True}, "there are no Orders"),
        ({"related": "orders"}, "there is at least one of Orders"),
        ({"related": "orders", "at_most": 2}, "there are at most 2 Orders"),
        ({"related": "orders", "at_least": 1, "at_most": 2}, "there are from 1 to 2 Orders"),
        ({"anniversary": "birthday"}, "today is the anniversary of Birthday"),
        ({"anniversary": "birthday", "every": "month", "days": 1}, "today is 1 day after the monthly day of Birthday"),
        ({"anniversary": "birthday", "years": 1, "months": 6}, "today is the day 1 year and 6 months after Birthday"),
        ({"history": "clicked"}, "they clicked at any time"),
        ({"not": {"history": "clicked"}}, "they did not click at any time"),
        ({"not": {"audience": "loyal"}}, "they are not in the audience “loyal”"),
        ({"audience": "loyal"}, "they are in the audience “loyal”"),
    ],
)  # fmt: skip
def test_each_kind_of_condition(tree, line):
    assert explain(tree, CUSTOMERS, FEEDS) == ["Customers for whom", f"  – {line}"]


def test_a_known_audience_is_spelled_out():
    said = explain({"audience": "loyal"}, CUSTOMERS, FEEDS, audiences={"loyal": {"field": "gold", "op": "is_true"}})
    assert said[1:] == ["  – they are in the audience “loyal”:", "    – Gold member is “yes”"]


def test_everybody_is_everybody():
    assert explain({"all": []}, CUSTOMERS, FEEDS) == ["Customers: everybody"]


def test_words_obey_the_rights():
    with pytest.raises(RuleError, match="no field 'salary'"):
        explain({"field": "salary", "op": "gt", "value": 1}, CUSTOMERS, FEEDS)
