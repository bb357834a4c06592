"""Splits: stable for ever, of the right size, independent of each other, and calm when arms change."""

from __future__ import annotations

import math
from collections import Counter
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twain.audiences.split import HOLDOUT, assign, assign_batch, splitter
from twain.records import Arm

PEOPLE = [sha256(b"%d" % n).digest() for n in range(40_000)]
FROZEN = [-1, -1, 1, 1, 1, 0, 0, 1, -1, -1, 0, -1, 2, 2, -1, -1]
A, B, C = Arm("a", 0.5), Arm("b", 0.3), Arm("c", 0.2)


def _near(count: int, share: float, of: int, sigmas: float = 4.5) -> bool:
    return abs(count - share * of) <= sigmas * math.sqrt(of * share * (1 - share))


def test_shares_are_kept():
    got = Counter(assign_batch(PEOPLE, "spring", 0.1, [A, B, C]))
    assert _near(got[HOLDOUT], 0.1, len(PEOPLE))
    for index, arm in enumerate([A, B, C]):
        assert _near(got[index], 0.9 * arm.share, len(PEOPLE))


def test_the_answers_are_those_of_every_version():
    """Frozen: a change here would move people between arms in the middle of a campaign."""
    assert assign_batch(PEOPLE[:16], "spring", 0.25, [A, B, C]) == FROZEN


def test_the_order_of_arms_does_not_matter():
    one = [(A, B, C)[i].name for i in assign_batch(PEOPLE[:5000], "s", 0, [A, B, C])]
    other = [(C, A, B)[i].name for i in assign_batch(PEOPLE[:5000], "s", 0, [C, A, B])]
    assert one == other


def test_an_added_arm_takes_people_and_moves_nobody_else():
    before = [(A, B)[i].name for i in assign_batch(PEOPLE, "s", 0, [A, B])]
    after = [(A, B, C)[i].name for i in assign_batch(PEOPLE, "s", 0, [A, B, C])]
    moved = [(x, y) for x, y in zip(before, after, strict=True) if x != y]
    assert {y for _, y in moved} == {"c"}
    assert _near(len(moved), 0.2, len(PEOPLE))


def test_a_larger_holdout_only_adds_people():
    small, large = (assign_batch(PEOPLE[:5000], "s", share, [A, B]) for share in (0.1, 0.2))
    assert all(y == HOLDOUT for x, y in zip(small, large, strict=True) if x == HOLDOUT)
    assert all(x == y for x, y in zip(small, large, strict=True) if y != HOLDOUT)


def test_campaigns_and_holdout_are_independent():
    first, second = (assign_batch(PEOPLE, salt, 0.5, [A, Arm("b", 0.5)]) for salt in ("one", "two"))
    both = sum(x == y == HOLDOUT for x, y in zip(first, second, strict=True))
    assert _near(both, 0.25, len(PEOPLE))
    arms = Counter(y for x, y in zip(first, second, strict=True) if x == 0 and y != HOLDOUT)
    assert _near(arms[0], 0.5, sum(arms.values()))


def test_the_edges():
    assert assign_batch(PEOPLE[:100], "s", 0.0, [A]) == [0] * 100
    assert set(assign_batch(PEOPLE[:1000], "s", 1e-9, [A])) == {0}
    assert assign_batch([], "s", 0.5, [A, B]) == []


@given(address=st.binary(min_size=1, max_size=64), salt=st.text(max_size=20), holdout=st.floats(0, 0.99))
def test_one_by_one_is_the_same_as_in_a_batch(address, salt, holdout):
    one = assign(address, salt, holdout, [A, B])
    assert one in (HOLDOUT, 0, 1)
    assert [one] * 2 == assign_batch([address, address], salt, holdout, [A, B])
    assert splitter(salt, holdout, [A, B])(address) == one


@pytest.mark.parametrize("name", ["ä", "b c", ""])
def test_any_name_may_be_an_arm(name):
    assert set(assign_batch(PEOPLE[:500], "s", 0, [Arm(name, 0.5), B])) == {0, 1}
