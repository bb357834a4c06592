"""Sends at a local time: the right moment in every zone, at clock changes too."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo, available_timezones

import pytest

from twain.flows.waves import first_moment, wave_of


def at(text: str, zone: str = "UTC") -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


def test_without_a_time_there_are_no_waves():
    assert wave_of("", 0.0) is None


@pytest.mark.parametrize(
    ("zone", "now", "expected"),
    [
        ("Europe/Berlin", "2026-06-01T05:00", "2026-06-01T07:00"),
        ("Europe/Berlin", "2026-06-01T07:00", "2026-06-01T07:00"),
        ("Europe/Berlin", "2026-06-01T07:01", "2026-06-02T07:00"),
        ("Asia/Tokyo", "2026-06-01T05:00", "2026-06-02T00:00"),
        ("America/New_York", "2026-06-01T05:00", "2026-06-01T13:00"),
        ("Nowhere/Land", "2026-06-01T05:00", "2026-06-01T09:00"),
        ("../../etc/passwd", "2026-06-01T05:00", "2026-06-01T09:00"),
        (None, "2026-06-01T05:00", "2026-06-01T09:00"),
        ("", "2026-06-01T05:00", "2026-06-01T09:00"),
    ],
)
def test_the_next_nine_o_clock(zone, now, expected):
    assert wave_of("09:00", at(now))(zone) == at(expected)


def test_in_the_spring_gap_the_moment_after_it():
    # 29 March 2026: 02:00 → 03:00 in Berlin; 02:30 does not exist and means 03:30 summer time = 01:30 UTC.
    assert wave_of("02:30", at("2026-03-28T12:00"))("Europe/Berlin") == at("2026-03-29T01:30")


def test_in_the_autumn_repeat_the_first_pass():
    # 25 October 2026: 02:30 comes twice; the first is 00:30 UTC.
    assert wave_of("02:30", at("2026-10-24T12:00"))("Europe/Berlin") == at("2026-10-25T00:30")


def test_every_zone_gets_a_moment_within_a_day_and_never_an_early_one():
    now = datetime(2026, 3, 28, 23, 17, tzinfo=UTC).timestamp()
    wave = wave_of("09:00", now)
    for zone in available_timezones():
        moment = wave(zone)
        assert now <= moment <= now + 25 * 3600
        local = datetime.fromtimestamp(moment, ZoneInfo(zone))
        assert (local.hour, local.minute) == (9, 0)


@pytest.mark.parametrize(
    ("zone", "utc"),
    [("Pacific/Kiritimati", "2026-11-30T19:00"), ("Europe/Berlin", "2026-12-01T08:00"), ("Pacific/Honolulu", "2026-12-01T19:00")],
)  # fmt: skip
def test_a_day_is_the_same_day_everywhere(zone, utc):
    start = datetime.fromisoformat("2026-11-30T19:00+00:00").timestamp()
    expected = datetime.fromisoformat(f"{utc}+00:00").timestamp()
    assert wave_of("09:00", start, "2026-12-01")(zone) == expected


def test_the_day_begins_where_it_begins_first():
    assert first_moment("09:00", "2026-12-01") == datetime.fromisoformat("2026-11-30T19:00+00:00").timestamp()
