"""Anniversaries and local time: each birthday once a year, each recurring month once, every zone in a group."""

from __future__ import annotations

import zoneinfo
from collections import Counter
from datetime import UTC, date, datetime, time, timedelta

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.audience_naive import plus_months, plus_years
from twain.audiences.dates import (
    days_of_month,
    local_dates,
    local_groups,
    moment_of,
    month_days,
    months_before,
    years_before,
)

BORN = [date(1923, 1, 1) + timedelta(n) for n in range(36_525)]
ZONES = sorted(z for z in zoneinfo.available_timezones() if "/" in z)


def _days_of(year: int) -> list[date]:
    return [date(year, 1, 1) + timedelta(n) for n in range((date(year + 1, 1, 1) - date(year, 1, 1)).days)]


@pytest.mark.parametrize("year", [2023, 2024, 2100])
@pytest.mark.parametrize("leap_day", ["feb28", "mar1"])
def test_each_birthday_is_matched_exactly_once_a_year(year, leap_day):
    matched = Counter(number for day in _days_of(year) for number in month_days(day, leap_day))
    assert {matched[born.month * 100 + born.day] for born in BORN} == {1}


@pytest.mark.parametrize("year", [2023, 2024, 2100])
def test_sql_sees_each_birthday_exactly_once_a_year(year):
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE TABLE people AS SELECT DATE '1923-01-01' + n::INT AS born, 0 AS times FROM range(36525) t(n)"
        )
        for day in _days_of(year):
            numbers = ", ".join(map(str, month_days(day)))
            connection.execute(
                f"UPDATE people SET times = times + 1 WHERE month(born) * 100 + day(born) IN ({numbers})"
            )
        assert connection.execute("SELECT min(times), max(times), count(*) FROM people").fetchall() == [(1, 1, 36525)]


@pytest.mark.parametrize(
    ("year", "day"), [(2023, date(2023, 2, 28)), (2024, date(2024, 2, 29)), (2100, date(2100, 2, 28))]
)
def test_february_29_celebrates_on_february_28_by_default(year, day):
    assert [d for d in _days_of(year) if 229 in month_days(d)] == [day]


@given(
    born=st.dates(date(1900, 1, 1), date(2100, 1, 1)),
    years=st.integers(1, 120),
    leap=st.sampled_from(["feb28", "mar1"]),
)
def test_years_before_undoes_years_after(born, years, leap):
    assert born in years_before(plus_years(born, years, leap), years, leap)


@given(
    on=st.dates(date(1900, 1, 1), date(2100, 1, 1)), years=st.integers(1, 120), leap=st.sampled_from(["feb28", "mar1"])
)
def test_years_before_names_nobody_else(on, years, leap):
    assert all(plus_years(born, years, leap) == on for born in years_before(on, years, leap))


@given(born=st.dates(date(1900, 1, 1), date(2100, 1, 1)), months=st.integers(1, 600))
def test_months_before_undoes_months_after(born, months):
    on = plus_months(born, months)
    assert born in months_before(on, months)
    assert all(plus_months(other, months) == on for other in months_before(on, months))


@pytest.mark.parametrize("year", [2023, 2024])
def test_each_day_of_the_month_comes_once_a_month(year):
    for month in range(1, 13):
        days = [d for d in _days_of(year) if d.month == month]
        assert Counter(number for day in days for number in days_of_month(day)) == Counter(range(1, 32))


def test_before_the_calendar_begins_there_is_nobody():
    assert years_before(date(50, 5, 5), 60) == ()
    assert months_before(date(1, 1, 31), 13) == ()


@pytest.mark.parametrize("moment", [datetime(2024, 3, 31, 1, tzinfo=UTC), datetime(2023, 11, 5, 6, 30, tzinfo=UTC)])
def test_all_zones_collapse_to_a_few_groups_and_none_is_lost(moment):
    groups = local_groups(moment, [*ZONES, "Mars/Olympus", "../etc/passwd", "a\0b", ""])
    assert len(ZONES) > 450
    assert len(groups) <= 27
    assert sorted(name for names in groups.values() for name in names) == ZONES
    for (day, hour), names in groups.items():
        local = [moment.astimezone(zoneinfo.ZoneInfo(name)) for name in names]
        assert {(at.date(), at.hour) for at in local} == {(day, hour)}


def test_local_dates_are_at_most_three():
    days = local_dates(datetime(2024, 2, 29, 10, 30, tzinfo=UTC), ZONES)
    assert set(days.values()) == {date(2024, 2, 28), date(2024, 2, 29), date(2024, 3, 1)}
    assert days["Pacific/Kiritimati"] == date(2024, 3, 1)


@pytest.mark.parametrize(
    ("zone", "day", "at", "instant"),
    [
        ("Europe/Berlin", date(2024, 1, 15), time(9), datetime(2024, 1, 15, 8, tzinfo=UTC)),
        ("Europe/Berlin", date(2024, 7, 15), time(9), datetime(2024, 7, 15, 7, tzinfo=UTC)),
        ("Europe/Berlin", date(2024, 3, 31), time(2, 30), datetime(2024, 3, 31, 1, tzinfo=UTC)),
        ("Europe/Berlin", date(2024, 10, 27), time(2, 30), datetime(2024, 10, 27, 0, 30, tzinfo=UTC)),
        ("America/New_York", date(2024, 3, 10), time(2, 30), datetime(2024, 3, 10, 7, tzinfo=UTC)),
        ("Australia/Lord_Howe", date(2024, 10, 6), time(2, 15), datetime(2024, 10, 5, 15, 30, tzinfo=UTC)),
        ("Mars/Olympus", date(2024, 10, 6), time(2, 15), datetime(2024, 10, 6, 2, 15, tzinfo=UTC)),
    ],
)
def test_the_skipped_and_the_repeated_hour(zone, day, at, instant):
    assert moment_of(day, at, zone) == instant


@given(day=st.dates(date(2020, 1, 1), date(2030, 1, 1)), at=st.times(), zone=st.sampled_from(ZONES))
def test_a_moment_is_never_early(day, at, zone):
    shown = moment_of(day, at.replace(microsecond=0), zone).astimezone(zoneinfo.ZoneInfo(zone)).replace(tzinfo=None)
    assert shown >= datetime.combine(day, at.replace(microsecond=0))
    assert shown - datetime.combine(day, at) <= timedelta(hours=24, seconds=1)
