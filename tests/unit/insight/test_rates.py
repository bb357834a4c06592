from math import isclose, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twain.insight.credit import WHOLE, FeedRead, credits_of, even
from twain.insight.rates import difference, rate
from twain.records import Owner

groups = st.integers(0, 20_000).flatmap(lambda whole: st.tuples(st.integers(0, whole), st.just(whole)))


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_the_papers_own_intervals(part, whole, low, high):
    """R. G. Newcombe, Two-sided confidence intervals for the single proportion, Stat. Med. 17 (1998), table I, method 3."""
    found = rate(part, whole)
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)


@pytest.mark.parametrize(
    ("first", "second", "low", "high"),
    [
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((6, 7), (2, 7), 0.0582, 0.8062),
        ((5, 56), (0, 29), -0.0381, 0.1926),
        ((0, 10), (0, 20), -0.1611, 0.2775),
        ((10, 10), (0, 10), 0.6075, 1.0),
    ],
)
def test_the_papers_own_differences(first, second, low, high):
    """R. G. Newcombe, Stat. Med. 17 (1998) 873–890, table II, method 10."""
    found = difference(rate(*first), rate(*second))
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)


@given(groups)
def test_its_ends_are_the_rates_that_the_score_test_just_allows(group):
    """Wilson's own definition: the end p solves |seen − p| = z·√(p(1 − p)/n)."""
    part, whole = group
    found = rate(part, whole)
    assert 0 <= found.low <= found.share <= found.high <= 1
    for end in (found.low, found.high):
        if whole and 0 < end < 1:
            assert isclose(abs(found.share - end), 1.959964 * sqrt(end * (1 - end) / whole), rel_tol=1e-5)


@given(groups, groups)
def test_a_difference_is_the_other_ones_mirror(one, other):
    first, second = rate(*one), rate(*other)
    ahead, behind = difference(first, second), difference(second, first)
    if ahead is None or behind is None:
        assert 0 in (first.whole, second.whole)
        return
    assert -1 <= ahead.low <= ahead.difference <= ahead.high <= 1
    assert isclose(ahead.low, -behind.high, abs_tol=1e-12)
    assert isclose(ahead.high, -behind.low, abs_tol=1e-12)
    assert ahead.told_apart == behind.told_apart


@given(st.integers(1, 1_000), st.integers(2, 20))
def test_more_people_tell_more(part, times):
    small, large = rate(part, 2 * part), rate(part * times, 2 * part * times)
    assert large.high - large.low < small.high - small.low


@pytest.mark.parametrize(("part", "whole"), [(2, 1), (-1, 3)])
def test_what_is_no_share_is_refused(part, whole):
    with pytest.raises(ValueError, match="is no share"):
        rate(part, whole)


@given(st.integers(0, 10**9), st.integers(1, 40))
def test_parts_add_up_and_are_fair(total, ways):
    parts = even(total, ways)
    assert sum(parts) == total
    assert max(parts) - min(parts) <= 1


@given(st.integers(1, 12), st.integers(0, 10**6), st.integers(0, 10**6))
def test_shared_credit_is_what_there_was(feeds, clicks, conversions):
    reads = [FeedRead(f"f{n}", "", Owner("N. N.", ""), (), ()) for n in range(feeds)]
    found = credits_of(reads, {"clicks": clicks, "conversions": conversions})
    assert sum(one.share for one in found) == WHOLE
    for kind, people in (("clicks", clicks), ("conversions", conversions)):
        assert sum(one.shared[kind] for one in found) == people
        assert all(one.touched[kind] == people for one in found)


def test_nothing_read_is_nobodys_credit():
    assert credits_of([], {"clicks": 3}) == []
