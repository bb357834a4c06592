"""Working time of the team that answers, and what a page says with it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.house_workspace import ROOT
from twain_web.roles import Role
from twain_web.rooms.desk import business
from twain_web.rooms.desk.actions.asking import type_of
from twain_web.rooms.desk.models import Event, Request
from twain_web.rooms.desk.reads import forecasts

MOMENTS = st.datetimes(datetime(2025, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001


@given(MOMENTS, st.timedeltas(timedelta(0), timedelta(days=40)), st.timedeltas(timedelta(0), timedelta(days=40)))
def test_working_time_adds_up_and_never_runs_backwards(begin, first, second):
    middle, end = begin + first, begin + first + second
    whole = business.hours(begin, end)
    assert abs(business.hours(begin, middle) + business.hours(middle, end) - whole) < 1e-6
    assert 0 <= whole <= (end - begin).total_seconds() / 3600 + 1e-9  # moments are microseconds apart, and floats
    assert business.hours(end, begin - timedelta(seconds=1)) == 0


@given(MOMENTS, st.floats(0.01, 400))
def test_after_so_many_hours_so_many_have_passed(begin, wanted):
    assert abs(business.hours(begin, business.after(begin, wanted)) - wanted) < 1e-5


def test_a_week_has_forty_hours_also_when_the_clocks_change():
    for monday in (
        datetime(2026, 3, 23, tzinfo=UTC),
        datetime(2026, 10, 19, tzinfo=UTC),
        datetime(2026, 6, 1, tzinfo=UTC),
    ):
        assert business.hours(monday, monday + timedelta(days=7)) == 40


def _closed(asker, asked_at, days, feed="customers"):
    one = Request.objects.create(
        kind="new-field", state="observed", outcome="x", probe="column", asker=asker, feed=feed, since=asked_at,
        asked_at=asked_at, observed_at=asked_at + timedelta(days=days),
    )  # fmt: skip
    for number, (verb, state, at) in enumerate((("ask", "asked", asked_at), ("observe", "observed", one.observed_at))):
        Event.objects.create(request=one, number=number, at=at, verb=verb, state=state)


CALENDAR = """
[[hours]]
effective_from = 2026-01-01
zone = "Europe/Berlin"
week = ["Mon-Thu 08:00-16:00"]

[[freeze]]
effective_from = 2026-01-01
name = "Winter sale"
kind = "hard"
classes = ["normal"]
from = 2026-11-23T00:00:00
until = 2026-11-28T00:00:00
"""


@pytest.fixture
def its_calendar():
    file = ROOT / "calendars" / "it.toml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(CALENDAR)
    yield file
    file.unlink()


def test_its_own_calendar_says_when_work_is_and_a_freeze_stops_the_clock(its_calendar):
    friday, monday = datetime(2026, 11, 20, 12, tzinfo=UTC), datetime(2026, 11, 30, 8, tzinfo=UTC)
    assert business.hours(friday, monday) == 4 * 8 + 1
    assert business.hours(friday, monday, "normal") == 1
    assert business.days_after(friday, 1, "normal") == monday.date()
    assert business.days_after(friday, 1, "standard") == datetime(2026, 11, 23).date()  # noqa: DTZ001
    its_calendar.write_text("hours = ")
    assert business.hours(friday, monday, "normal") == 4 + 5 * 8, "unreadable: plain hours serve, twain check tells"


def test_it_is_an_estimate_by_name_until_six_have_been_closed(db, somebody):
    lena, kind = somebody(Role.MARKETER), type_of("new-field")
    now = datetime(2026, 6, 1, 7, tzinfo=UTC)  # a Monday, 9:00 in Berlin
    for week in range(5):
        _closed(lena, now - timedelta(days=7 * (week + 3)), 1)
    said = forecasts.say(kind, "customers", "", None, now)
    assert (said.n, said.estimate_by, said.past) == (0, "Priya Nair, Senior DBA", (1.0,) * 5)
    _closed(lena, now - timedelta(days=14), 4)
    said = forecasts.say(kind, "customers", "", datetime(2026, 6, 2).date(), now)  # noqa: DTZ001
    assert (said.n, said.half, said.usually) == (6, datetime(2026, 6, 1).date(), datetime(2026, 6, 4).date())  # noqa: DTZ001
    assert abs(said.chance - 5 / 7) < 1e-9
    assert forecasts.backtest("new-field").told == 0
