"""Which lost field lives on under which new name, and the contract that keeps the old one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.feed_contracts import CUSTOMER, changed, feed_of
from twain.feeds.renames import dotted, keep_name, renames
from twain.records import Field, Role

_FILE = "feeds/Customer.odcs.yaml"


def f(name, column="", kind="string", business="", role=None):
    return Field(name, column or name, kind, business or name, frozenset(), role)


def feed(*fields):
    return replace(feed_of(CUSTOMER), fields={one.name: one for one in fields})


def names(before, after):
    return {old: new.name for old, new in renames(feed(*before), feed(*after)).items()}


@pytest.mark.parametrize(
    ("was", "now"),
    [
        (f("city", "c_12"), f("place_of_living", "c_12")),
        (f("city", "c_12"), f("place_of_living", "c_12", "integer")),
        (f("mail", role=Role.EMAIL), f("contact", role=Role.EMAIL)),
        (f("x1", business="Town"), f("q9", business="town")),
        (f("first_name"), f("firstname")),
        (f("a", "customer_city"), f("b", "customers_city")),
    ],
)
def test_one_gone_and_one_new_that_are_alike(was, now):
    assert names([was], [now]) == {was.name: now.name}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([f("city")], [f("city"), f("city_name")]),  # it is still there
        ([f("city"), f("town")], [f("town")]),  # its successor was always there
        ([f("city")], [f("citi", kind="integer")]),  # another type of value
        ([f("city")], [f("shoe_size")]),  # another thing
        ([f("city")], []),
    ],
)
def test_what_is_no_rename(before, after):
    assert names(before, after) == {}


def test_a_new_field_is_one_fields_successor_and_a_guess_must_be_the_only_one():
    assert names([f("first_name"), f("last_name")], [f("full_name")]) == {}, "whose it is, nobody can tell"
    assert names([f("first_name"), f("last_name")], [f("firstname"), f("family", "last_name")]) == {
        "first_name": "firstname",
        "last_name": "family",
    }


def kept(text, name="FirstName"):
    before, after = feed_of(CUSTOMER, _FILE), feed_of(text, _FILE)
    was = before.fields[name]
    return keep_name(text, was, renames(before, after)[name])


def test_the_old_name_stays_over_the_new_column():
    text = changed(CUSTOMER, "- name: FirstName\n", "- name: first_name  # as of today\n")
    assert "- name: FirstName  # as of today\n        physicalName: first_name\n" in kept(text)
    assert feed_of(kept(text)).fields["FirstName"].column == "first_name"


def test_a_column_that_is_named_already_is_not_named_twice():
    text = changed(CUSTOMER, "- name: FirstName\n", "- name: GivenName\n        physicalName: first\n")
    assert kept(text).count("physicalName: first\n") == 1


def test_line_ends_stay_as_they_are():
    text = changed(CUSTOMER, "- name: FirstName\n", "- name: first_name\n").replace("\n", "\r\n")
    assert "- name: FirstName\r\n        physicalName: first_name\r\n" in kept(text)
    assert kept(text).count("\r\n") == kept(text).count("\n")


def test_where_it_is_not_sure_nothing_changes():
    text = changed(
        CUSTOMER,
        "      - name: FirstName\n",
        "      - {name: first_name, logicalType: string, customProperties: [{property: twain.reviewed,"
        " value: {by: A B, on: 2026-11-01}}]}\n      - name: Nick\n",
    )
    was, now = feed_of(CUSTOMER, _FILE).fields["FirstName"], feed_of(text, _FILE).fields["first_name"]
    assert keep_name(text, was, now) == text


def test_references_between_contracts_are_found_whole_and_outside_comments():
    text = "to: a.city  # a.city\nelement: a.city\nx: a.city_name, ba.city, a.city.x\n  - a.city"
    assert [text[:start].count("\n") for start, _ in dotted(text, "a", "city")] == [0, 1, 3]
    assert {text[start:end] for start, end in dotted(text, "a", "city")} == {"city"}
