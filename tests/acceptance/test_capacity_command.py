"""Where IT has declared how much may be sent in an hour, nothing goes without room, and nothing beyond it."""

from __future__ import annotations

import shutil
import time
from datetime import UTC, datetime, timedelta

import pytest

from twain.ledger.clock import SystemClock

CAPACITY = '[[limit]]\nof = "channel:mail"\nsends_per_hour = {}\neffective_from = 2020-01-01\n'


def declare(demo, per_hour):
    (demo.root / "capacity.toml").write_text(CAPACITY.format(per_hour))


def _now():
    return datetime.now(UTC).isoformat(timespec="seconds")


@pytest.fixture
def within_an_hour(monkeypatch):
    """The clock stands early enough in an hour: five minutes' sends fall into it, and it does not turn meanwhile."""
    ahead = 20 * 60 if datetime.now(UTC).minute >= 45 else 0
    monkeypatch.setattr(SystemClock, "now", lambda _: time.time() + ahead)


@pytest.mark.usefixtures("within_an_hour")
def test_a_send_without_a_slot_is_held_and_the_next_one_is_named(demo):
    declare(demo, 500)
    held = demo.twain("send", "summer-thanks", "--limit", "40", "--json")
    assert held.code == 3
    assert held.json["error"]["code"] == "T914"
    assert "The next free slot is" in held.json["error"]["business"]
    assert "twain capacity book summer-thanks --at" in held.json["error"]["todo"]
    assert demo.messages() == 0
    booked = demo.twain("capacity", "book", "summer-thanks", "--people", "40", "--json").json["slot"]
    assert (booked["people"], booked["state"]) == (40, "booked")
    run = demo.twain("runs", "--json").json["runs"][0]["run"]
    assert demo.twain("resume", run, "--json").json["sent"] == 40
    taken = demo.twain("capacity", "show", "--json").json
    assert [(s["state"], s["run"]) for s in taken["slots"]] == [("taken", run)]
    assert [hour["booked"] for hour in taken["hours"]] == [40]


def test_an_audience_larger_than_its_slot_waits_when_others_have_the_rest(demo):
    declare(demo, 100)
    shutil.copytree(demo.root / "campaigns/summer-thanks", demo.root / "campaigns/autumn")
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    others = demo.twain("capacity", "book", "autumn", "--people", "1000", "--at", hour.isoformat(), "--json")
    assert others.code == 0  # ten hours, all of each
    declare(demo, 102)
    assert demo.twain("capacity", "book", "summer-thanks", "--people", "1", "--at", _now(), "--json").code == 0
    held = demo.twain("send", "summer-thanks", "--limit", "90", "--json")
    assert (held.code, held.json["error"]["code"]) == (3, "T914")
    assert "90 people, 1 were booked" in held.json["error"]["what"]
    assert demo.messages() == 0
    slots = demo.twain("capacity", "show", "--hours", "72", "--json").json["slots"]
    assert {s["campaign"]: s["people"] for s in slots} == {"autumn": 1000, "summer-thanks": 1}


def test_only_it_books_beyond_the_limits_and_a_freeze_of_sends_holds(demo):
    declare(demo, 10)
    refused = demo.twain("capacity", "book", "summer-thanks", "--people", "30", "--exception", "Sale", "--json")
    assert refused.json["error"]["code"] == "T915"
    tomorrow = (datetime.now(UTC) + timedelta(days=2)).date()
    (demo.root / "calendars").mkdir()
    (demo.root / "calendars" / "it.toml").write_text(
        f'[[freeze]]\neffective_from = 2020-01-01\nname = "Stocktaking"\nkind = "hard"\nclasses = ["send"]\n'
        f"from = 2020-01-01\nuntil = {tomorrow.isoformat()}\n"
    )
    frozen = demo.twain("capacity", "book", "summer-thanks", "--people", "5", "--at", _now(), "--json")
    assert "Stocktaking" in frozen.json["error"]["business"]
    found = demo.twain("capacity", "slot", "summer-thanks", "--people", "5", "--json").json
    assert datetime.fromisoformat(found["at"]) >= datetime.combine(tomorrow, datetime.min.time(), UTC) - timedelta(
        hours=3
    )


def test_ci_hears_of_a_calendar_that_is_wrong(demo):
    assert demo.twain("check", "--offline").code == 0
    (demo.root / "calendars").mkdir()
    (demo.root / "calendars" / "it.toml").write_text('[[hours]]\nweek = ["Mon-Fri 09:00-17:00"]\n')
    said = demo.twain("check", "--offline", "--json")
    assert said.code != 0
    assert "T911" in said.out


def test_clicks_that_were_booked_are_taken_by_a_send_that_needs_no_slot(demo):
    (demo.root / "capacity.toml").write_text(
        '[[limit]]\nof = "website:shop"\nclicks_per_hour = 1\neffective_from = 2020-01-01\n'
    )
    sent = demo.twain("send", "summer-thanks", "--limit", "20", "--json")
    assert (sent.code, demo.messages()) == (0, 20)
    assert demo.twain("capacity", "show", "--json").json["slots"] == []
    assert demo.twain("capacity", "book", "summer-thanks", "--people", "1", "--at", _now(), "--json").code == 0
    again = demo.twain("send", "summer-thanks", "--limit", "30", "--json")
    assert again.code == 0, "more than was booked, and its channel is not limited"
    (slot,) = demo.twain("capacity", "show", "--json").json["slots"]
    assert (slot["state"], slot["people"], slot["run"] != "") == ("taken", 30, True)
