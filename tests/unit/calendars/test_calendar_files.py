"""Calendars as IT writes them, and those of others as iCalendar."""

from __future__ import annotations

from datetime import UTC, date, datetime

import icalendar
import pytest

from twain.calendars import ics
from twain.calendars.business import is_holiday
from twain.calendars.files import read_calendar
from twain.calendars.parts import Import
from twain.errors import ConfigError

GOOD = """
title = "IT operations"
zone = "Europe/Berlin"

[[hours]]
effective_from = 2026-01-01
week = ["Mon-Thu 08:00-17:00", "Fri 08:00-14:00"]

[[holidays]]
effective_from = 2026-01-01
country = "DE"
region = "BE"
closed = [2026-12-24]

[[freeze]]
effective_from = 2026-06-01
name = "Christmas trade"
kind = "hard"
classes = ["normal"]
from = 2026-12-14
until = 2027-01-02T06:00:00

[[maintenance]]
effective_from = 2026-06-01
name = "Database upgrade"
touches = ["source:shop"]
from = 2026-12-06T02:00:00
until = 2026-12-06T04:00:00
"""


def test_a_file_is_read() -> None:
    found = read_calendar("it", GOOD)
    assert found.hours[0].week[-1] == (4, 480, 840)
    assert found.freezes[0].begins.astimezone(UTC) == datetime(2026, 12, 13, 23, tzinfo=UTC)
    assert found.maintenance[0].touches == ("source:shop",)
    assert is_holiday(found, date(2026, 12, 24)) == "Closed"
    assert is_holiday(found, date(2026, 12, 28)) == ""
    assert is_holiday(found, date(2026, 3, 8))  # a holiday in Berlin, not in the rest of Germany


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("effective_from = 2026-01-01\nweek", "week", "from which day"),
        ('"Fri 08:00-14:00"', '"Fri 14:00-08:00"', "no working hours"),
        ('region = "BE"', 'region = "XX"', "No public holidays are known"),
        ('kind = "hard"', 'kind = "rigid"', "rigid"),
        ('classes = ["normal"]', "classes = []", "what it is for"),
        ("until = 2027-01-02T06:00:00", "until = 2026-01-02T06:00:00", "ends before it begins"),
        ('touches = ["source:shop"]', 'touches = ["shop"]', "what it touches"),
        ('zone = "Europe/Berlin"', 'zone = "../etc/passwd"', "no time zone"),
        ('title = "IT operations"', "titel = 1", "Unknown key"),
    ],
)
def test_what_is_wrong_is_said(old: str, new: str, says: str) -> None:
    assert old in GOOD
    with pytest.raises(ConfigError, match=says) as caught:
        read_calendar("it", GOOD.replace(old, new, 1))
    assert caught.value.shown_code == "T911"
    assert caught.value.todo


ORIGIN = Import("soft", ("normal", "send"), date(2026, 1, 1), file="changes.ics")


def _ics(*lines: str) -> bytes:
    event = ["BEGIN:VEVENT", "UID:1", "DTSTAMP:20260101T000000Z", *lines, "END:VEVENT"]
    return "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:x", *event, "END:VCALENDAR", ""]).encode()


def test_events_of_an_ics_become_freezes() -> None:
    whole = ics.read_events(
        _ics("SUMMARY:Audit", "DTSTART;VALUE=DATE:20261201", "DTEND;VALUE=DATE:20261203"), ORIGIN, "Europe/Berlin"
    )
    assert whole.freezes[0].name == "Audit"
    assert whole.freezes[0].begins.astimezone(UTC) == datetime(2026, 11, 30, 23, tzinfo=UTC)
    assert whole.freezes[0].span.hours == 48
    timed = ics.read_events(_ics("SUMMARY:x", "DTSTART:20261201T100000Z", "DURATION:PT2H"), ORIGIN)
    assert timed.freezes[0].span.hours == 2


@pytest.mark.parametrize(
    "text",
    [
        b"not a calendar",
        b"x" * (ics.MAX_SIZE + 1),
        _ics("SUMMARY:x", "DTSTART:20261201T100000Z", "DURATION:PT2H", "RRULE:FREQ=DAILY"),
        _ics("SUMMARY:x"),
        _ics("SUMMARY:x", "DTSTART:20261201T100000Z", "DTEND:20261201T090000Z"),
        _ics("SUMMARY:x", "DTSTART:20261201T100000Z", "DURATION:PT2H", "RRULE:FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30"),
        _ics("SUMMARY:x", "DTSTART:20261201T100000Z", "DURATION:P999999999D"),
        _ics("SUMMARY:x", "DTSTART;VALUE=DATE:99991231"),
        _ics("SUMMARY:x", "DTSTART;TZID=../../../etc/passwd:20261201T100000", "DTEND:20261201T090000Z"),
        b"BEGIN:VCALENDAR\r\n" + b"BEGIN:VEVENT\r\n" * 40_000,
        _ics("SUMMARY:caf\xe9", "DTSTART:2026").decode("latin-1").encode("utf-16"),
    ],
)
def test_an_ics_that_cannot_be_trusted_is_refused_whole(text: bytes) -> None:
    with pytest.raises(ConfigError) as caught:
        ics.read_events(text, ORIGIN)
    assert caught.value.shown_code == "T912"


def _described(zone: str, rule: str) -> tuple[str, ...]:
    """A time zone as an ICS describes it: two halves of a year, each with its rule."""
    halves = (("STANDARD", "+0100", "+0200"), ("DAYLIGHT", "+0200", "+0100"))
    lines = [
        (f"BEGIN:{half}", "DTSTART:19700101T000000", f"TZOFFSETTO:{to}", f"TZOFFSETFROM:{frm}", f"RRULE:{rule}", f"END:{half}")
        for half, to, frm in halves
    ]  # fmt: skip
    return ("BEGIN:VTIMEZONE", f"TZID:{zone}", *lines[0], *lines[1], "END:VTIMEZONE")


def _in_zone(zone: str, rule: str) -> bytes:
    event = _ics("SUMMARY:x", f"DTSTART;TZID={zone}:20261201T100000", "DTEND:20261202T100000Z").decode()
    return event.replace("PRODID:x", "\r\n".join(("PRODID:x", *_described(zone, rule)))).encode()


@pytest.mark.parametrize(
    "rule",
    ["FREQ=SECONDLY", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", f"FREQ=YEARLY;BYSECOND={','.join(map(str, range(60)))}"],
)
def test_the_rules_of_a_described_zone_are_never_reckoned(rule: str) -> None:
    """Each look at such a time, on any page, would else count every second since 1970."""
    with pytest.raises(ConfigError, match="a time zone that nobody knows") as caught:
        ics.read_events(_in_zone("Nobody/Knows", rule), ORIGIN)
    assert caught.value.shown_code == "T912"


def test_a_zone_is_what_its_name_says_whatever_the_ics_describes() -> None:
    for zone in ("Europe/Berlin", "W. Europe Standard Time"):  # Outlook's name for the same
        (freeze,) = ics.read_events(_in_zone(zone, "FREQ=SECONDLY"), ORIGIN).freezes
        assert freeze.begins.astimezone(UTC) == datetime(2026, 12, 1, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        _ics("SUMMARY:x", "DTSTART;TZID=Europe:20261201T100000", "DTEND:20261202T090000Z"),  # a folder of that name
        _ics("SUMMARY:x", *["X-A:1"] * ics.MOST_LINES, "DTSTART:20261201T100000Z", "DURATION:PT2H"),
        _in_zone("Nobody/Knows", "FREQ=SECONDLY").replace(b"END:VTIMEZONE", b"END;A=B:VTIMEZONE"),
        _in_zone("Nobody/Knows", "FREQ=SECONDLY").replace(b"BEGIN:VTIMEZONE", b"BEGIN;A=B:VTIMEZONE"),
        _in_zone("Nobody/Knows", "FREQ=SECONDLY").replace(b"END:VTIMEZONE\r\n", b""),
    ],
)
def test_no_zone_comes_in_by_another_door(text: bytes) -> None:
    with pytest.raises(ConfigError) as caught:
        ics.read_events(text, ORIGIN)
    assert caught.value.shown_code == "T912"


def test_what_is_written_is_read_again_and_carries_no_foreign_line() -> None:
    entry = ics.Entry(
        "plan-1@twain",
        "Sale\r\nBEGIN:VALARM",
        datetime(2026, 12, 1, 9, tzinfo=UTC),
        datetime(2026, 12, 1, 11, tzinfo=UTC),
    )
    text = ics.write("Year calendar", [entry], datetime(2026, 11, 1, tzinfo=UTC))
    assert b"\r\nBEGIN:VALARM" not in text
    event = icalendar.Calendar.from_ical(text).walk("VEVENT")[0]
    assert (event["UID"], event["DTSTART"].dt) == ("plan-1@twain", datetime(2026, 12, 1, 9, tzinfo=UTC))


HOLIDAYS = Import("hard", (), date(2026, 6, 1), file="x.ics", what="holiday")


def test_events_become_maintenance_or_days_that_are_closed() -> None:
    lines = ("SUMMARY:Works outing", "DTSTART;VALUE=DATE:20261001", "DTEND;VALUE=DATE:20261003")
    assert ics.read_events(_ics(*lines), HOLIDAYS).closed == (date(2026, 10, 1), date(2026, 10, 2))
    earlier = ("SUMMARY:x", "DTSTART;VALUE=DATE:20260401", "DTEND;VALUE=DATE:20260402")
    assert ics.read_events(_ics(*earlier), HOLIDAYS).closed == (), "what lies before it stays as it was"
    with pytest.raises(ConfigError, match="longer than 31 days"):
        ics.read_events(_ics("SUMMARY:x", "DTSTART;VALUE=DATE:20261001", "DTEND;VALUE=DATE:20291001"), HOLIDAYS)
    origin = Import("hard", (), date(2026, 1, 1), file="x.ics", what="maintenance", touches=("channel:mail",))
    (work,) = ics.read_events(_ics("SUMMARY:Relay", "DTSTART:20261201T100000Z", "DURATION:PT2H"), origin).maintenance
    assert (work.name, work.touches, work.span.hours) == ("Relay", ("channel:mail",), 2)


@pytest.mark.parametrize(
    "line",
    [
        'url = "https://calendar.example.com/a.ics"\nwhat = "freeze"\nclasses = ["send"]',
        'url = "https://calendar.example.com/a.ics"\nwhat = "holiday"',
        'file = "a.ics"\nwhat = "maintenance"\ntouches = ["website:shop"]',
    ],
)
def test_an_import_names_one_file_or_one_address(line: str) -> None:
    (one,) = read_calendar("x", f"[[import]]\neffective_from = 2026-01-01\n{line}").imports
    assert one.name in ("calendar.example.com", "a.ics")


@pytest.mark.parametrize(
    "line",
    [
        'url = "ftp://example.com/a.ics"\nwhat = "holiday"',
        'url = "https://exa mple.com/a.ics"\nwhat = "holiday"',
        'url = "https://example.com/a.ics"\nfile = "a.ics"\nwhat = "holiday"',
        'file = "../a.ics"\nwhat = "holiday"',
        'what = "holiday"',
        'file = "a.ics"\nwhat = "party"',
        'file = "a.ics"\nwhat = "maintenance"',
        'file = "a.ics"',
    ],
)
def test_an_import_that_is_none_is_refused(line: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_calendar("x", f"[[import]]\neffective_from = 2026-01-01\n{line}")
    assert caught.value.shown_code == "T911"
