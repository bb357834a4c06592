"""A contract's hash is its meaning: writing it otherwise changes nothing, doing otherwise changes it."""

from __future__ import annotations

import io
import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from tests.feed_contracts import CUSTOMER, INVOICE, changed, feed_of
from twain.feeds.contract import contract_text, link

_PROSE = [
    ("status: active", "status: deprecated"),
    ('version: "1.0.0"', 'version: "1.0.1"'),
    ("Everybody who has an account.", "Something else."),
    ("name: Priya Nair, title: Senior DBA", "name: Jo Smit, title: DBA"),
    ("businessName: First name", "businessName: Given name"),
    ("description: As the person writes it.", "description: Other words."),
    ("[given name]", "[forename]"),
    ('"on": "2026-11-01"', '"on": "2026-11-02"'),
    ("description: The shop has customers", "description: Anything"),
    ("      - name: Salary\n        logicalType: number", "      - name: Wages\n        logicalType: string"),
]
_EXECUTABLE = [
    ("twain.source, value: shop", "twain.source, value: other"),
    ("sales.customers", "sales.people"),
    ("- name: FirstName", "- name: GivenName"),
    ("physicalName: customer_id", "physicalName: id"),
    ("logicalType: integer", "logicalType: string"),
    ("[personalise, preview]", "[personalise]"),
    ("[personalise, preview]", "[personalise, preview, filter]"),
    ("classification: personal", "classification: sensitive"),
    ("          - {property: twain.role, value: email}\n", ""),
    ("        required: true\n", ""),
    ("        unique: true\n", ""),
    ("mustBeLessThan: 1\n", "mustBeLessThan: 2\n"),
    ("mustBeLessThan: 1\n", "mustBeLessOrEqualTo: 1\n"),
    ("            unit: percent\n", ""),
    ("            severity: warning\n", ""),
    ("mustBeGreaterThan: 100", "mustBeGreaterThan: 101"),
    ("value: 9,", "value: 10,"),
    ("unit: h", "unit: m"),
    ("value: at_send", "value: snapshot"),
    ("value: 0.2", "value: 0.3"),
    ("      - name: Salary\n        logicalType: number\n        classification: sensitive\n", ""),
]


@pytest.mark.parametrize(("old", "new"), _PROSE)
def test_prose_does_not_change_the_hash(old, new):
    assert feed_of(changed(CUSTOMER, old, new)).contract_hash == feed_of(CUSTOMER).contract_hash


@pytest.mark.parametrize(("old", "new"), _EXECUTABLE[:-1])
def test_what_executes_changes_the_hash(old, new):
    assert feed_of(changed(CUSTOMER, old, new)).contract_hash != feed_of(CUSTOMER).contract_hash


def test_every_executable_change_is_told_from_every_other():
    hashes = [feed_of(changed(CUSTOMER, old, new)).contract_hash for old, new in _EXECUTABLE[:-1]]
    assert len(set(hashes)) == len(hashes)


def test_reviewing_a_field_and_dropping_an_unreviewed_one():
    assert feed_of(changed(CUSTOMER, *_EXECUTABLE[-1])).contract_hash == feed_of(CUSTOMER).contract_hash
    reviewed = (
        CUSTOMER + '        customProperties: [{property: twain.reviewed, value: {by: A B, "on": "2026-11-02"}}]\n'
    )
    assert feed_of(reviewed).contract_hash != feed_of(CUSTOMER).contract_hash


def test_a_foreign_key_changes_the_hash():
    text = changed(INVOICE, "        relationships:\n          - to: Customer.Id\n", "")
    assert feed_of(text).contract_hash != feed_of(INVOICE).contract_hash


def test_linking_does_not_change_the_hash():
    feeds = {"Customer": feed_of(CUSTOMER), "Invoice": feed_of(INVOICE)}
    linked, _ = link(feeds)
    assert linked["Customer"].relations != feeds["Customer"].relations
    assert {n: f.contract_hash for n, f in linked.items()} == {n: f.contract_hash for n, f in feeds.items()}


def _shuffled(value, draw: random.Random):
    if isinstance(value, dict):
        keys = list(value)
        draw.shuffle(keys)
        return {k: _shuffled(value[k], draw) for k in keys}
    return [_shuffled(v, draw) for v in value] if isinstance(value, list) else value


@settings(max_examples=12, deadline=None)
@given(
    st.randoms(use_true_random=False),
    st.sampled_from([CUSTOMER, INVOICE]),
    st.booleans(),
    st.lists(st.text(st.characters(categories=["L", "N", "P"])), max_size=3),
)
def test_layout_order_of_keys_and_comments_do_not_change_the_hash(draw, text, as_json, comments):
    data = _shuffled(YAML(typ="safe", pure=True).load(text), draw)
    out = io.StringIO()
    if as_json:
        out.write(json.dumps(data, indent=draw.choice([None, 1, 4])))
    else:
        yaml = YAML(typ="safe", pure=True)
        yaml.default_flow_style = draw.choice([True, False])
        yaml.dump(data, out)
    remarks = "".join(f"# {comment}\n" for comment in comments)
    written = f"{remarks}{out.getvalue()}\n{remarks}"
    assert feed_of(written).contract_hash == feed_of(text).contract_hash
    assert contract_text(written, "f") != ""


@settings(max_examples=6, deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_canonical_text_is_the_same_however_the_maps_are_ordered(draw):
    data = YAML(typ="safe", pure=True).load(CUSTOMER)
    properties = _shuffled(data, draw)
    assert contract_text(json.dumps(properties), "f") == contract_text(CUSTOMER, "f")
