"""Room for sends: what is booked never passes a limit, the earliest slot is the earliest, and a forecast is judged honestly."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twain.calendars.parts import Calendar, Freeze, Maintenance
from twain.calendars.slots import (
    CLICK_HOURS,
    HOUR,
    Capacity,
    Clicks,
    Demand,
    Limit,
    earliest,
    error_of,
    full,
    learned,
    read_limits,
)
from twain.errors import ConfigError
from twain.ledger.stores import open_ledger
from twain.records.slots import Slot

LONG_AGO = date(2020, 1, 1)
MONDAY = datetime(2026, 12, 7, 9, tzinfo=UTC).timestamp()
LIMITS = (Limit("channel:mail", 1000, LONG_AGO), Limit("website:shop", 60, LONG_AGO), Limit("source:shop", 2, LONG_AGO))


def demand(people: int, **more: object) -> Demand:
    return Demand("mail", people, "shop", ("website:shop",), **more)  # type: ignore[arg-type]


@given(st.integers(1, 20_000), st.floats(0, 86_400), st.floats(0, 30))
@settings(max_examples=50, deadline=None)
def test_every_message_and_every_click_falls_into_some_hour(people: int, after: float, hours: float) -> None:
    loads = demand(people, hours=hours).loads(Capacity(LIMITS), MONDAY + after)
    sends = sum(n for (what, _), n in loads.items() if what == "channel:mail")
    clicks = sum(n for (what, _), n in loads.items() if what == "website:shop")
    assert sends == pytest.approx(people)
    assert clicks == pytest.approx(people * Clicks().rate, rel=1e-6)
    assert all(n <= 1000 + 1e-6 for (what, _), n in loads.items() if what == "channel:mail")


@given(st.lists(st.tuples(st.integers(1, 4_000), st.integers(0, 30)), min_size=1, max_size=8))
@settings(max_examples=40, deadline=None)
def test_bookings_one_after_the_other_never_pass_a_limit_and_each_is_the_earliest(
    wishes: list[tuple[int, int]],
) -> None:
    capacity = Capacity(LIMITS)
    taken: dict[tuple[str, int], float] = {}
    for people, wanted in wishes:
        one = demand(people, clicks=Clicks(0.01))
        begins = earliest(one, capacity, taken, MONDAY + wanted * HOUR)
        assert begins is not None
        for hour in range(wanted, int((begins - MONDAY) // HOUR)):
            before = one.loads(capacity, MONDAY + hour * HOUR)
            assert full(before, taken, capacity.bounds(before)), "an earlier hour would have done"
        for key, amount in one.loads(capacity, begins).items():
            taken[key] = taken.get(key, 0.0) + amount
    for (what, hour), amount in taken.items():
        limit = capacity.limit(what, hour)
        assert limit is None or amount <= limit + 1


def test_freezes_of_sends_and_maintenance_of_what_it_needs_are_gone_round() -> None:
    nine, noon = datetime(2026, 12, 7, 9, tzinfo=UTC), datetime(2026, 12, 7, 12, tzinfo=UTC)
    two = datetime(2026, 12, 7, 14, tzinfo=UTC)
    freeze = Freeze("Stocktaking", "hard", ("send",), nine, noon, LONG_AGO)
    work = Maintenance("Upgrade", ("source:shop",), noon, two, LONG_AGO)
    other = Maintenance("Elsewhere", ("source:crm",), two, datetime(2027, 1, 1, tzinfo=UTC), LONG_AGO)
    soft = Freeze("Be careful", "soft", ("send",), two, datetime(2027, 1, 1, tzinfo=UTC), LONG_AGO)
    capacity = Capacity(LIMITS, (Calendar("it", freezes=(freeze, soft), maintenance=(work, other)),))
    assert earliest(demand(10), capacity, {}, MONDAY) == two.timestamp()
    assert "Stocktaking" in capacity.barred(demand(10).span(capacity, MONDAY), ["channel:mail"])


def test_predicted_clicks_are_what_makes_the_second_send_wait() -> None:
    capacity, heavy = Capacity(LIMITS), demand(400, clicks=Clicks(0.1, (1.0,)))
    first = heavy.loads(capacity, MONDAY)
    assert earliest(heavy, capacity, first, MONDAY) == MONDAY + HOUR  # 400 messages fit; 40 more clicks do not
    assert earliest(demand(400, clicks=Clicks(0.0)), capacity, first, MONDAY) == MONDAY


def test_a_new_limit_holds_from_its_day_on() -> None:
    capacity = Capacity((Limit("channel:mail", 1000, LONG_AGO), Limit("channel:mail", 50, date(2026, 12, 8))))
    assert [capacity.limit("channel:mail", int((MONDAY + day * 86_400) // HOUR)) for day in (0, 1)] == [1000, 50]


def test_clicks_are_learned_from_three_sends_on() -> None:
    past = [(1000, {0: 30, 1: 10}), (1000, {0: 30, 5: 10})]
    assert learned(past) == Clicks()
    known = learned([*past, (2000, {0: 60, 60: 999})])
    assert (known.sends, known.rate) == (3, pytest.approx(140 / 4000))
    assert known.shares[0] == pytest.approx(120 / 140)
    assert len(known.shares) == CLICK_HOURS


def test_the_error_of_a_forecast_counts_each_hour() -> None:
    assert error_of({0: 10, 1: 10}, {0: 10, 1: 10}) == 0
    assert error_of({0: 20}, {1: 20}) == 2  # the right number in the wrong hour is no good forecast
    assert error_of({0: 20}, {}) is None


@pytest.mark.parametrize(
    "text",
    ['[[limit]]\nof = "mail"', '[[limit]]\nof = "channel:mail"\nsends_per_hour = 5', "x = 1", "=",
     '[[limit]]\nof = "channel:mail"\neffective_from = 2026-01-01\nsends_per_hour = -1',
     '[[limit]]\nof = "channel:mail"\neffective_from = 2026-01-01\nclicks_per_hour = 1'],
)  # fmt: skip
def test_a_capacity_file_that_is_wrong_says_so(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_limits(text)
    assert caught.value.shown_code == "T913"


def _slot(name: str, amount: float, **more: object) -> Slot:
    loads = {("channel:mail", int(MONDAY // HOUR)): amount}
    return Slot(name, name, "mail", MONDAY, MONDAY + HOUR, int(amount), loads, "it", MONDAY, **more)  # type: ignore[arg-type]


def test_the_ledger_books_whole_or_not_at_all() -> None:
    ledger, hour = open_ledger("memory://"), int(MONDAY // HOUR)
    bounds = {("channel:mail", hour): 1000.0}
    assert ledger.book_slot(_slot("a", 700), bounds) == []
    assert ledger.book_slot(_slot("b", 400), bounds) == [("channel:mail", hour)]
    assert [slot.id for slot in ledger.slots()] == ["a"]
    assert ledger.book_slot(_slot("a", 900), bounds) == []  # one's own room does not stand in one's way
    assert ledger.book_slot(_slot("c", 400, exception="Agreed"), bounds) == []
    assert ledger.release_slot("a")
    assert not ledger.release_slot("a")
    assert [slot.campaign for slot in ledger.slots(since=MONDAY)] == ["c"]
    assert ledger.slots(since=MONDAY + 2 * HOUR) == []
    ledger.close()


def test_what_would_take_longer_than_sixty_days_fits_nowhere_and_is_not_reckoned_hour_by_hour() -> None:
    capacity = Capacity((Limit("channel:mail", 1.0, date(2020, 1, 1)),))
    wanted = Demand("mail", 1_000_000_000)
    loads = wanted.loads(capacity, MONDAY)
    assert len(loads) <= 24 * 60 + 1
    assert full(loads, {}, capacity.bounds(loads))
    assert earliest(wanted, capacity, {}, MONDAY) is None
