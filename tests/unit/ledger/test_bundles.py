"""A bundle's hash is its meaning; an approval is on that hash."""

from __future__ import annotations

import math
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twain.errors import ConfigError
from twain.ledger.bundles import approval_state, canonical_json, digest_of, make_bundle
from twain.records import Approval

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


def shuffled(value):
    """The same meaning, written in another order and other spellings."""
    if isinstance(value, dict):
        return {unicodedata.normalize("NFD", k): shuffled(v) for k, v in reversed(value.items())}
    if isinstance(value, list):
        return tuple(shuffled(v) for v in value)
    if isinstance(value, str):
        return unicodedata.normalize("NFD", value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**53:
        return float(value)
    return value


@given(st.dictionaries(st.text(max_size=5), plain, max_size=4))
def test_the_same_meaning_has_the_same_hash(body):
    try:
        bundle = make_bundle("spring", body)
    except ConfigError:
        keys = [unicodedata.normalize("NFC", k) for k in body]
        assert len(set(keys)) < len(keys) or "twice" in str(canonical_error(body))
        return
    assert make_bundle("spring", shuffled(body)) == bundle
    assert digest_of(bundle.campaign, bundle.body) == bundle.hash


def canonical_error(body):
    with pytest.raises(ConfigError) as error:
        canonical_json(body)
    return error.value


def test_another_word_or_another_campaign_is_another_hash():
    one = make_bundle("spring", {"subject": "Hello", "ceiling": 100})
    assert (
        len({one.hash, make_bundle("autumn", one.body).hash, make_bundle("spring", {**one.body, "ceiling": 101}).hash})
        == 3
    )


def test_the_canonical_text_is_sorted_and_tight():
    assert canonical_json({"b": 1.0, "a": ["ü", True, None, 0.5, -0.0]}) == '{"a":["ü",true,null,0.5,0],"b":1}'


@pytest.mark.parametrize("value", [math.nan, math.inf, b"bytes", object(), {1: "x"}, {"x": {2}}, "\ud800"])
def test_what_is_not_plain_is_refused_by_its_place(value):
    with pytest.raises(ConfigError, match=r"body\.deep\[1\]") as error:
        make_bundle("spring", {"deep": [0, value]})
    assert error.value.shown_code == "T150"


def yes(person, role="data owner", bundle=None):
    return Approval((bundle or BUNDLE).hash, person, role, 1.0)


BUNDLE = make_bundle("spring", {"author": "Ana"})
OTHER = make_bundle("spring", {"author": "Ana", "subject": "changed"})


@pytest.mark.parametrize(
    ("rule", "given_by", "missing"),
    [
        ({}, [], 0),
        ({"needs": 2}, [], 2),
        ({"needs": 2}, [yes("Priya"), yes("Priya", "marketing lead")], 1),
        ({"needs": 1, "roles": ["data owner"]}, [yes("Tom", "marketing lead")], 1),
        ({"needs": 1, "roles": ["data owner"]}, [yes("Tom")], 0),
        ({"needs": 1, "not_author": True}, [yes("Ana")], 1),
        ({"needs": 1, "not_author": False}, [yes("Ana")], 0),
        ({"needs": 1}, [yes("Priya", bundle=OTHER)], 1),
    ],
)
def test_who_must_still_approve(rule, given_by, missing):
    state = approval_state(BUNDLE, given_by, rule)
    assert (state.missing, state.granted) == (missing, missing == 0)


def test_the_missing_approval_is_said_in_words():
    rule = {"needs": 2, "roles": ["data owner", "legal"], "not_author": True}
    assert str(approval_state(BUNDLE, [yes("Priya")], rule, author="Tom")) == (
        "1 more person with the role data owner or legal, other than Tom must approve"
    )
    assert str(approval_state(BUNDLE, [], {})) == "needs no approval"
    assert str(approval_state(BUNDLE, [yes("Priya")], {"needs": 1})) == "approved"
