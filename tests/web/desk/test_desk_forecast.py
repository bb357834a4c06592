"""The forecast: its rank, what open ones do to it, its groups, and whether it was kept."""

from __future__ import annotations

import math
import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twain_web.rooms.desk.clocks import Clocks, Passed, clocks
from twain_web.rooms.desk.forecast import HALF, USUALLY, Case, percentile, similar, walk_forward
from twain_web.rooms.desk.states import State

BEGAN = datetime(2026, 1, 5, 9, tzinfo=UTC)
HOURS = st.floats(0.1, 500)
MANY = st.lists(HOURS, min_size=6, max_size=60)


@given(MANY, st.sampled_from([HALF, USUALLY, 0.9]))
def test_without_open_ones_it_is_the_kth_smallest(finished, p):
    k = math.ceil(p * (len(finished) + 1) - 1e-9)
    assert percentile(finished, [], p) == (sorted(finished)[k - 1] if k <= len(finished) else None)


@given(MANY, st.lists(HOURS, max_size=20), HOURS)
def test_an_open_one_never_makes_it_shorter(finished, still_open, age):
    before, after = percentile(finished, still_open, USUALLY), percentile(finished, [*still_open, age], USUALLY)
    if before is not None and age >= before:
        assert after is None or after >= before
    if before is None and age >= max(finished):
        assert after is None


@given(MANY, st.lists(HOURS, max_size=20))
def test_it_is_one_of_those_that_were_seen_and_grows_with_the_share(finished, still_open):
    half, usually = percentile(finished, still_open, HALF), percentile(finished, still_open, USUALLY)
    assert half is None or half in finished
    assert usually is None or (half is not None and half <= usually)


def test_a_fresh_open_one_says_nothing_and_an_old_one_does():
    finished = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    assert percentile(finished, [], HALF) == 4.0
    assert percentile(finished, [0.1] * 5, HALF) == 4.0
    # After 3.0 a quarter is spent; what is left is shared by 4, 5, 6 and what is longer: 7/16, then 10/16.
    assert percentile(finished, [3.5] * 5, HALF) == 5.0
    assert percentile(finished, [7.0], USUALLY) is None


def test_the_nominal_share_is_covered_at_the_smallest_number():
    """86 % for 85 % at six: the seventh is no longer than the largest of six in 6 cases of 7."""
    rng = random.Random(7)
    kept = 0
    for _ in range(4000):
        *past, now = [rng.lognormvariate(3, 1) for _ in range(7)]
        kept += now <= (percentile(past, [], USUALLY) or 0.0)
    assert kept / 4000 == pytest.approx(6 / 7, abs=0.02)


def case(number, hours=10.0, *, kind="field", feed="customers", team="data", closed=True):
    asked = BEGAN + timedelta(days=number)
    return Case(kind, feed, team, asked, asked + timedelta(hours=hours) if closed else None, hours)


def test_the_finest_group_with_six_is_taken_and_never_fewer():
    now = BEGAN + timedelta(days=300)
    here = [case(n, 1.0) for n in range(5)]
    team = [case(n, 2.0, feed="orders") for n in range(6)]
    others = [case(n, 3.0, feed="visits", team="web") for n in range(6)]
    assert similar(here, "field", "customers", "data", now) is None
    assert len(similar([*here, *team, *others], "field", "customers", "data", now).finished) == 11
    six = [*here, case(9, 1.0)]
    assert similar([*six, *team], "field", "customers", "data", now).finished == (1.0,) * 6
    assert similar([*six, *others], "field", "stores", "nobody", now).longest == 3.0
    assert similar(six, "feed", "customers", "data", now) is None


def test_what_is_older_than_a_year_is_forgotten():
    cases = [case(n) for n in range(6)]
    assert similar(cases, "field", "customers", "data", BEGAN + timedelta(days=360)).since == BEGAN
    assert similar(cases, "field", "customers", "data", BEGAN + timedelta(days=372)) is None


def test_walking_forward_knows_nothing_of_the_future():
    steady = [case(n, 10.0) for n in range(40)]
    told = walk_forward(steady, lambda c, then: 0.0)
    assert (told.told, told.kept, told.procedure_changed) == (34, 34, False)
    slower = [case(n, 10.0 if n < 30 else 10.0 * (n - 28)) for n in range(60)]
    changed = walk_forward(slower, lambda c, then: min(c.hours, (then - c.asked_at).total_seconds() / 3600))
    assert changed.last_kept <= 13
    assert changed.procedure_changed


def test_a_walk_forward_over_a_steady_year_keeps_what_it_says():
    rng = random.Random(3)
    cases = [case(n, rng.lognormvariate(3, 0.7)) for n in range(300)]
    share = walk_forward(cases, lambda c, then: (then - c.asked_at).total_seconds() / 3600).share
    assert 0.80 <= share <= 0.92


def test_three_clocks_share_all_the_time():
    def at(hours, state):
        return Passed(BEGAN + timedelta(hours=hours), state)

    told = [
        at(0, State.ASKED), at(5, State.CLARIFYING), at(8, State.ASKED), at(9, State.PROMISED),
        at(10, State.WAITING_EXTERNAL), at(30, State.IN_WORK), at(33, State.OBSERVED),
    ]  # fmt: skip
    whole = clocks(told, BEGAN + timedelta(hours=99), lambda a, b: (b - a).total_seconds() / 3600)
    assert whole == Clocks(it=5 + 1 + 1 + 3, marketing=3, external=20)
    assert whole.lead == 30
    again = [*told, at(40, State.REOPENED), at(44, State.OBSERVED)]
    assert clocks(again, BEGAN + timedelta(hours=99), lambda a, b: (b - a).total_seconds() / 3600).it == 14
    early = clocks(told, BEGAN + timedelta(hours=6), lambda a, b: (b - a).total_seconds() / 3600)
    assert (early.it, early.marketing) == (5, 1)
