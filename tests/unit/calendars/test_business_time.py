"""Business time equals what a naive count of minutes on the wall clock says, whatever the zones, holidays and changes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from holidays import country_holidays
from hypothesis import example, given, settings
from hypothesis import strategies as st

from twain.calendars.business import add_hours, hours_between, measure, working
from twain.calendars.parts import Calendar, Freeze, Holidays, Hours
from twain.errors import ConfigError

MINUTE = timedelta(minutes=1)
ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
    "UTC",
    "America/Santiago",
    "Asia/Beirut",
)
#: Around changes of the clocks, at midnight ones too, and around Christmas.
MOMENTS = (
    datetime(2026, 3, 28, 12, tzinfo=UTC), datetime(2026, 10, 24, 12, tzinfo=UTC), datetime(2026, 4, 4, 6, tzinfo=UTC),
    datetime(2026, 9, 5, 12, tzinfo=UTC), datetime(2026, 12, 23, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC),
)  # fmt: skip
DAYS = st.dates(date(2026, 3, 20), date(2026, 12, 31))


@st.composite
def weeks(draw: st.DrawFn) -> tuple[tuple[int, int, int], ...]:
    shifts = draw(
        st.lists(st.tuples(st.integers(0, 6), st.integers(0, 1439), st.integers(1, 1440)), min_size=1, max_size=8)
    )
    return tuple((day, min(a, b - 1), b) if a >= b else (day, a, b) for day, a, b in shifts)


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    hours = draw(st.lists(st.builds(Hours, DAYS, st.sampled_from(ZONES), weeks()), max_size=2))
    first = Hours(date(2025, 1, 1), draw(st.sampled_from(ZONES)), draw(weeks()))
    off = Holidays(
        date(2025, 1, 1), draw(st.sampled_from(["", "DE", "US"])), "", tuple(draw(st.lists(DAYS, max_size=2)))
    )
    later = st.builds(Holidays, DAYS, st.sampled_from(["DE", ""]), st.just(""), st.just(()), st.tuples(DAYS))
    return Calendar(
        "it", hours=(first, *hours), holidays=(off, *draw(st.lists(later, max_size=1))), freezes=draw(freezes())
    )


@st.composite
def freezes(draw: st.DrawFn) -> tuple[Freeze, ...]:
    def one() -> Freeze:
        begins = draw(st.sampled_from(MOMENTS)) + timedelta(minutes=draw(st.integers(-600, 1500)))
        ends = begins + timedelta(minutes=draw(st.integers(1, 900)))
        kind, known = draw(st.sampled_from(["hard", "soft"])), draw(st.sampled_from([date(2025, 1, 1), begins.date()]))
        return Freeze("f", kind, draw(st.sampled_from([("normal",), ("send",)])), begins, ends, known)

    return tuple(one() for _ in range(draw(st.integers(0, 2))))


def naive(calendar: Calendar, begins: datetime, ends: datetime, change: str) -> int:
    """Working minutes, looked at one by one."""
    return sum(_works(calendar, begins + n * MINUTE, change) for n in range(int((ends - begins) / MINUTE)))


def _works(calendar: Calendar, moment: datetime, change: str) -> bool:
    for freeze in calendar.freezes:
        known = datetime.combine(freeze.effective_from, datetime.min.time(), freeze.begins.tzinfo)
        if freeze.kind == "hard" and change in freeze.classes and max(freeze.begins, known) <= moment < freeze.ends:
            return False
    return any(_shown(calendar, part, moment.astimezone(ZoneInfo(part.zone))) for part in calendar.hours)


def _shown(calendar: Calendar, part: Hours, wall: datetime) -> bool:
    today = wall.date()
    if part.effective_from > today or any(part.effective_from < o.effective_from <= today for o in calendar.hours):
        return False
    same = [o for o in calendar.hours if o.effective_from == part.effective_from]
    if same[0] is not part or _off(calendar, today):
        return False
    minute = wall.hour * 60 + wall.minute
    return any(day == wall.weekday() and a <= minute < b for day, a, b in part.week)


def _off(calendar: Calendar, day: date) -> bool:
    begun = sorted((o for o in calendar.holidays if o.effective_from <= day), key=lambda o: o.effective_from)
    if not begun:
        return False
    now = next(o for o in begun if o.effective_from == begun[-1].effective_from)
    public = country_holidays(now.country, years=day.year) if now.country else {}
    return day not in now.worked and (day in now.closed or day in public)


NIGHT = tuple((day, 60, 240) for day in range(7))


@given(
    calendars(),
    st.sampled_from(MOMENTS),
    st.integers(0, 2000),
    st.integers(0, 1440),
    st.sampled_from(["", "normal"]),
)
@example(Calendar("x", hours=(Hours(date(2025, 1, 1), "Europe/Berlin", NIGHT),)), MOMENTS[0], 0, 1440, "")
@example(
    Calendar("x", hours=(Hours(date(2025, 1, 1), "America/Santiago", ((5, 0, 1440), (6, 0, 90))),)),
    MOMENTS[3],
    0,
    2880,
    "",
)
@settings(max_examples=25, deadline=None)
def test_hours_between_is_what_a_count_of_minutes_says(
    calendar: Calendar, around: datetime, offset: int, length: int, change: str
) -> None:
    begins = around + offset * MINUTE
    ends = begins + length * MINUTE
    assert round(hours_between(calendar, begins, ends, change) * 60, 6) == naive(calendar, begins, ends, change)


@given(calendars(), st.sampled_from(MOMENTS), st.integers(0, 1000), st.integers(1, 60))
@settings(max_examples=25, deadline=None)
def test_adding_hours_and_counting_them_agree(calendar: Calendar, begins: datetime, offset: int, minutes: int) -> None:
    begins += offset * MINUTE
    ends = add_hours(calendar, begins, minutes / 60)
    assert hours_between(calendar, begins, ends) == pytest.approx(minutes / 60)
    before = ends - timedelta(seconds=30)
    assert hours_between(calendar, begins, before) < minutes / 60


@given(calendars(), st.sampled_from(MOMENTS), st.integers(1, 3000), st.integers(1, 3000))
@settings(max_examples=25, deadline=None)
def test_two_parts_make_the_whole(calendar: Calendar, begins: datetime, first: int, second: int) -> None:
    middle, ends = begins + first * MINUTE, begins + (first + second) * MINUTE
    parts = hours_between(calendar, begins, middle) + hours_between(calendar, middle, ends)
    assert parts == pytest.approx(hours_between(calendar, begins, ends))


@given(
    calendars(),
    st.sampled_from([*MOMENTS, datetime(2026, 12, 31, 20, tzinfo=UTC), datetime(2025, 12, 30, 23, tzinfo=UTC)]),
    st.integers(-2000, 2000),
    st.integers(-60, 6000),
    st.sampled_from(["", "normal"]),
)
@settings(max_examples=20, deadline=None)
def test_what_is_added_up_once_says_the_same(
    calendar: Calendar, around: datetime, offset: int, length: int, change: str
) -> None:
    begins = around + offset * MINUTE
    ends = begins + length * MINUTE
    assert measure(calendar, change)(begins, ends) == pytest.approx(hours_between(calendar, begins, ends, change))


def test_a_calendar_that_changes_leaves_the_past_as_it_was() -> None:
    office = tuple((day, 540, 1020) for day in range(5))
    old = Calendar("it", hours=(Hours(date(2026, 1, 1), "Europe/Berlin", office),))
    new_hours = Hours(date(2026, 7, 1), "Europe/London", tuple((day, 600, 960) for day in range(4)))
    frozen = Freeze(
        "x", "hard", ("normal",), datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 7, 15, tzinfo=UTC), date(2026, 7, 1)
    )
    new = Calendar("it", hours=(*old.hours, new_hours), freezes=(frozen,))
    june = (datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 6, 30, 20, tzinfo=UTC))
    assert working(new, *june, "normal") == working(old, *june, "normal")
    july = (datetime(2026, 7, 20, tzinfo=UTC), datetime(2026, 7, 25, tzinfo=UTC))
    assert (hours_between(old, *july), hours_between(new, *july)) == (40.0, 24.0)


def test_a_calendar_without_hours_says_so_instead_of_searching_for_ever() -> None:
    with pytest.raises(ConfigError, match="no 8 business hours"):
        add_hours(Calendar("it"), datetime(2026, 1, 1, tzinfo=UTC), 8)
