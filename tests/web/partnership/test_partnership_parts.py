"""The room's pure parts: quarters, what is told of a survey, meetings, scores."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twain_web.rooms.partnership.anonymity import ENOUGH, Told, tell
from twain_web.rooms.partnership.meetings import Carried, Met, carried_over, held_on_time
from twain_web.rooms.partnership.quarters import before, first_day, last_day, quarter_of
from twain_web.rooms.partnership.scoring import Row, differing, rows_of, standing


@given(st.dates(date(1990, 1, 1), date(2090, 1, 1)))
def test_every_day_lies_in_its_quarter_and_quarters_follow_each_other(day):
    quarter = quarter_of(day)
    assert first_day(quarter) <= day <= last_day(quarter)
    assert before(quarter) == quarter_of(first_day(quarter) - timedelta(days=1))
    assert quarter_of(last_day(quarter) + timedelta(days=1)) > quarter > before(quarter)


def test_of_fewer_than_five_nothing_is_told():
    few = [sums for sums in product(range(ENOUGH), repeat=4) if sum(sums) < ENOUGH]
    assert len(few) == 70
    assert [tell(excellent=a, above=b, below=c, poor=d) for a, b, c, d in few] == [None] * 70


@pytest.mark.parametrize("people", range(ENOUGH, 9))
def test_nobody_who_answered_can_work_out_how_anybody_else_did(people):
    """Each knows their own answer and reads what is told: every other one's may still be either."""
    worlds: dict[Told | None, list[tuple[int, ...]]] = {}
    for world in product((0, 1), repeat=people):
        worlds.setdefault(tell(excellent=sum(world), above=0, below=people - sum(world), poor=0), []).append(world)
    for told, possible in worlds.items():
        assert told is not None
        for own in (0, 1):
            left = [world for world in possible if world[0] == own]
            assert not left or all({world[other] for world in left} == {0, 1} for other in range(1, people)), told


@given(st.tuples(*[st.integers(0, 12)] * 4).filter(lambda sums: sum(sums) >= ENOUGH))
def test_what_is_told_is_true(sums):
    excellent, above, below, poor = sums
    told, share = tell(excellent=excellent, above=above, below=below, poor=poor), (excellent + above) / sum(sums)
    assert told is not None
    assert told.answered == sum(sums)
    bounds = {"at least": share >= told.share, "at most": share <= told.share, "": share == told.share}
    assert bounds[told.bound]


def test_of_many_the_share_itself_is_told():
    assert tell(excellent=4, above=9, below=5, poor=2) == Told(20, 0.65)
    assert tell(excellent=1, above=2, below=2, poor=0) == Told(5, 0.6, "at least")
    assert tell(excellent=0, above=0, below=2, poor=3) == Told(5, 0.4, "at most")


def test_held_on_time_is_by_the_day_it_was_first_planned_for():
    day = date(2026, 3, 10)
    checks = [
        Met(day, day), Met(day, day - timedelta(days=1)), Met(day, day + timedelta(days=1)), Met(day, None),
        Met(day + timedelta(days=30), None),
    ]  # fmt: skip
    assert held_on_time(checks, day + timedelta(days=2)) == (2, 4)
    assert held_on_time([], day) == (0, 0)
    assert held_on_time([Met(day, None)], day) == (0, 0), "today it can still be held"


def test_an_item_is_carried_over_when_a_check_leaves_it_as_it_found_it():
    first, second, third = date(2026, 1, 5), date(2026, 2, 2), date(2026, 3, 2)
    items = [Carried(first), Carried(first, second), Carried(first, third), Carried(second), Carried(second, third)]
    assert carried_over(items, [first]) == 0
    assert carried_over(items, [first, second]) == 2
    assert carried_over(items, [first, second, third]) == 2
    assert carried_over(items, []) == 0


def test_means_of_both_teams_and_what_differs():
    scores = {
        "marketing": {"security": [4, 3], "cost": [2], "exit": [4]},
        "it": {"security": [2], "cost": [1], "exit": [2, 3]},
    }
    rows = rows_of(scores)
    assert rows["security"] == Row("security", 3.5, 2.0)
    assert list(rows) == ["security", "cost", "exit"]
    assert differing(rows) == ("security", "exit"), "1.5 apart is apart; 1.0 is not"
    again = rows_of({"marketing": {"security": [3]}, "it": {"security": [2]}})
    assert differing(standing(rows, again)) == ("exit",)


@given(st.lists(st.integers(0, 4), min_size=1, max_size=5), st.lists(st.integers(0, 4), min_size=1, max_size=5))
def test_it_does_not_matter_which_team_is_which(one, other):
    there = rows_of({"marketing": {"cost": one}, "it": {"cost": other}})
    back = rows_of({"marketing": {"cost": other}, "it": {"cost": one}})
    assert there["cost"].apart == back["cost"].apart
    assert there["cost"].differs == (abs(sum(one) / len(one) - sum(other) / len(other)) >= 1.5)
