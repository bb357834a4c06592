"""Quiet hours in each person's zone: what may go when, changes of clocks included, and what a ledger lets nobody claim."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twain.errors import ConfigError
from twain.flows.policy import read_policy
from twain.flows.quiet import QuietHours, quiet_by, quiet_for
from twain.ledger.quiet import next_quiet, quiet_until
from twain.records import Bundle

BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"
EVERY_DAY = list(range(7))


def said(zone: str, start: str, end: str, weekdays: list[int] = EVERY_DAY, holidays: tuple[str, ...] = ()) -> str:
    minutes = [int(t[:2]) * 60 + int(t[3:]) for t in (start, end)]
    rule = {"from": minutes[0], "to": minutes[1], "weekdays": weekdays, "holidays": list(holidays)}
    return json.dumps({"zone": zone, "rules": [rule]})


def at(text: str, zone: str = BERLIN, fold: int = 0) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).timestamp()


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-06-10T12:00", "2026-06-10T12:00"),
        ("2026-06-10T20:59", "2026-06-10T20:59"),
        ("2026-06-10T21:00", "2026-06-11T08:00"),
        ("2026-06-10T23:59", "2026-06-11T08:00"),
        ("2026-06-11T07:59", "2026-06-11T08:00"),
        ("2026-06-11T08:00", "2026-06-11T08:00"),
        ("2028-02-29T03:00", "2028-02-29T08:00"),
        ("2028-02-28T22:00", "2028-02-29T08:00"),
        ("2027-02-28T22:00", "2027-03-01T08:00"),
        ("2026-03-29T01:59", "2026-03-29T08:00"),
        ("2026-10-25T02:30", "2026-10-25T08:00"),
        ("2026-12-31T23:00", "2027-01-01T08:00"),
    ],
)
def test_from_nine_to_eight(now: str, until: str) -> None:
    assert quiet_until(said(BERLIN, "21:00", "08:00"), at(now)) == at(until)


def test_an_end_inside_the_hour_that_does_not_exist_or_comes_twice_is_never_too_early() -> None:
    quiet = said(BERLIN, "22:00", "02:30")
    assert quiet_until(quiet, at("2026-03-29T01:30")) == at("2026-03-29T03:30")
    assert quiet_until(quiet, at("2026-10-25T02:10")) == at("2026-10-25T02:30", fold=1)
    assert quiet_until(quiet, at("2026-10-25T02:45")) == at("2026-10-25T02:30", fold=1)


def test_a_start_inside_the_hour_that_comes_twice_is_its_first_pass() -> None:
    quiet = said(BERLIN, "02:30", "06:00")
    assert quiet_until(quiet, at("2026-10-25T02:40", fold=0)) == at("2026-10-25T06:00")
    assert quiet_until(quiet, at("2026-10-25T02:10", fold=1)) == at("2026-10-25T06:00")


def test_sundays_and_holidays_are_quiet_as_a_whole_and_join_with_the_nights_around() -> None:
    night = json.loads(said(BERLIN, "21:00", "08:00", holidays=("12-25", "2026-12-26")))
    sunday = json.loads(said(BERLIN, "00:00", "00:00", weekdays=[6]))
    quiet = json.dumps({"zone": BERLIN, "rules": [*night["rules"], *sunday["rules"]]})
    # Thursday evening, Christmas on Friday, Saturday the 26th, Sunday, and the night to Monday
    assert quiet_until(quiet, at("2026-12-24T21:30")) == at("2026-12-28T08:00")
    assert quiet_until(quiet, at("2026-12-24T20:30")) == at("2026-12-24T20:30")


def test_what_is_on_its_way_has_a_moment_before_they_begin() -> None:
    quiet = said(NEW_YORK, "21:00", "08:00")
    begins = next_quiet(quiet, at("2026-06-10T12:00", NEW_YORK))
    assert at("2026-06-10T21:00", NEW_YORK) - 5 <= begins < at("2026-06-10T21:00", NEW_YORK)
    assert quiet_until(quiet, begins) == at("2026-06-11T08:00", NEW_YORK)
    assert next_quiet("", 0.0) == float("inf")
    assert quiet_until("", 12.0) == 12.0


ZONES = st.sampled_from(
    ["UTC", BERLIN, NEW_YORK, "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Apia", "America/St_Johns"]
)


@settings(max_examples=150, deadline=None)
@given(
    ZONES,
    st.integers(0, 1439),
    st.integers(0, 1439),
    st.datetimes(datetime(2024, 1, 1), datetime(2032, 1, 1)),  # noqa: DTZ001 — made UTC below
)
def test_whatever_goes_goes_outside_of_quiet_hours(zone: str, start: int, end: int, moment: datetime) -> None:
    now = moment.replace(tzinfo=UTC).timestamp()
    quiet = said(zone, f"{start // 60:02}:{start % 60:02}", f"{end // 60:02}:{end % 60:02}", weekdays=[0, 2, 3, 5])
    goes = quiet_until(quiet, now)
    local = datetime.fromtimestamp(goes, ZoneInfo(zone))
    minute = local.hour * 60 + local.minute
    begun_today = local.weekday() in (0, 2, 3, 5) and (start <= minute < end or (start >= end and minute >= start))
    begun_before = (local - timedelta(days=1)).weekday() in (0, 2, 3, 5) and start >= end and minute < end
    assert not begun_today
    assert not begun_before
    assert now <= goes <= now + 3 * 86_400
    assert quiet_until(quiet, goes) == goes


# ---------------------------------------------------------------- policy


def policy(root: Path, text: str) -> object:
    (root / "policy.toml").write_text(text)
    return read_policy(root)


def test_policy_says_when_for_which_channels_and_not_for_which_topics(tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text(
        '[[quiet_hours]]\nfrom = "21:00"\nto = "08:00"\nchannels = ["mail"]\nexcept_topics = ["orders"]\nholidays = ["12-25"]\n'
    )
    rules = read_policy(tmp_path).quiet_hours
    assert quiet_by(rules, "sms", "news") == {}
    assert quiet_by(rules, "mail", "orders") == {}
    (rule,) = quiet_by(rules, "mail", "news")["quiet_hours"]
    assert (rule["from"], rule["to"], rule["holidays"]) == (1260, 480, ["12-25"])


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ('from = "21:00"\nto = "8"', "T881"),
        ('from = "21:00"', "T881"),
        ('from = "21:00"\nto = "08:00"\nweekdays = ["someday"]', "T881"),
        ('from = "21:00"\nto = "08:00"\nholidays = ["Christmas"]', "T881"),
        ('from = "21:00"\nto = "08:00"\nzone = "UTC"', "T880"),
        ('from = "00:00"\nto = "24:00"', "T881"),
    ],
)
def test_what_cannot_be_meant_is_refused_at_its_line(tmp_path: Path, line: str, code: str) -> None:
    with pytest.raises(ConfigError) as refused:
        policy(tmp_path, f"[[quiet_hours]]\n{line}\n")
    assert refused.value.shown_code == code


def test_zones_whose_clocks_agree_are_one_and_an_unknown_one_is_the_workspaces() -> None:
    body = {"quiet_hours": quiet_by([QuietHours(21 * 60, 8 * 60)], "mail", "")["quiet_hours"]}
    quiet = quiet_for(Bundle("h" * 64, "summer", body), BERLIN)
    assert quiet is not None
    assert quiet("Europe/Berlin") == quiet("Europe/Paris") == quiet("") == quiet("Mars/Olympus")
    assert quiet("Europe/London") != quiet("Europe/Berlin")
    assert quiet_for(Bundle("h" * 64, "summer", {}), BERLIN) is None
