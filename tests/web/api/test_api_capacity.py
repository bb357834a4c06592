"""Capacity by the API, as the command line has it: limits, load with predicted clicks, the earliest slot, bookings, errors."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.house_workspace import ROOT
from twain_web import engine
from twain_web.roles import Role
from twain_web.rooms.campaigns import programs as campaigns
from twain_web.rooms.people.models import Person, Team
from twain_web.rooms.people.public import audit_page

JSON = {"content_type": "application/json"}
LIMITS = """
[[limit]]
of = "channel:mail"
sends_per_hour = 100
effective_from = 2020-01-01
[[limit]]
of = "website:shop"
clicks_per_hour = 50
effective_from = 2020-01-01
"""
AT = (datetime.now(UTC) + timedelta(days=2)).replace(minute=0, second=0, microsecond=0)


@pytest.fixture
def limited(company, db):
    (ROOT / "capacity.toml").write_text(LIMITS)
    yield
    (ROOT / "capacity.toml").unlink()
    ledger = engine.ledger()
    for slot in ledger.slots():
        ledger.release_slot(slot.id)


def book(caller, people, what="bookings", **more):
    told = {"campaign": "summer-thanks", "people": people, "at": AT.isoformat(), **more}
    return caller.post(f"/api/capacity/{what}", told, **JSON)


def test_marketing_books_it_exceeds_and_everybody_reads(limited, calling):
    lena, priya = calling(Role.MARKETER, username="lena"), calling(Role.DATA_OWNER, username="priya")
    first = book(lena, 80)
    assert (first.status_code, first.json()["state"], first.json()["people"]) == (201, "booked", 80)
    full = book(lena, 180)
    assert full.status_code == 201, "two hours of a hundred each, in place of its own slot"
    too_much = book(lena, 300_000_000)
    assert (too_much.status_code, too_much.json()["code"]) == (409, "T914")
    beyond = book(lena, 250, "exceptions", why="the club turns ten")
    assert beyond.status_code == 403
    agreed = book(priya, 250, "exceptions", why="the club turns ten")
    assert (agreed.status_code, "the club turns ten" in agreed.json()["exception"]) == (201, True)
    whole = calling(Role.AUDITOR).get("/api/capacity?hours=72").json()
    assert [one["of"] for one in whole["limits"]] == ["channel:mail", "website:shop"]
    assert {one["of"] for one in whole["hours"]} == {"channel:mail", "website:shop"}
    clicks = sum(one["booked"] for one in whole["hours"] if one["of"] == "website:shop")
    assert 0 < clicks < 250 * 0.03
    assert [(one["campaign"], one["people"]) for one in whole["slots"]] == [("summer-thanks", 250)]
    assert audit_page(thing="campaign:summer-thanks")[0][0].verb == "room booked"
    assert lena.delete("/api/capacity/bookings/summer-thanks").json() == {"released": [whole["slots"][0]["id"]]}
    assert lena.get("/api/capacity?hours=72").json()["slots"] == []


def test_the_earliest_slot_is_told_with_the_clicks_that_are_expected(limited, calling):
    priya = calling(Role.DATA_OWNER, username="priya")
    assert book(calling(Role.MARKETER, username="lena"), 100).status_code == 201
    address = f"/api/capacity/slot?campaign=birthday&people=60&after={AT:%Y-%m-%dT%H:%M:%SZ}"
    found = priya.get(address).json()
    assert datetime.fromisoformat(found["at"]) == AT + timedelta(hours=1)
    assert found["clicks"] == {"rate": 0.03, "sends": 0, "estimate": True}
    assert priya.get("/api/capacity/slot?campaign=birthday&people=99999999").json()["at"] is None
    assert priya.get("/api/capacity/slot?campaign=nothing").status_code == 404
    assert priya.get("/api/capacity/slot?campaign=birthday&after=0001-01-01T00:00:00").json()["code"] == "T916"
    assert priya.get("/api/capacity?hours=0").status_code == 422


def test_how_wrong_a_forecast_was_is_told(limited, calling):
    ledger = engine.ledger()
    calling(Role.MARKETER, username="lena")
    caller = calling(Role.DATA_OWNER, username="priya")
    slot_id = book(calling(Role.MARKETER, username="lena"), 40).json()["id"]
    (slot,) = [one for one in ledger.slots() if one.id == slot_id]
    measured = {"people": 40, "sent": 38, "clicks_expected": 1.2, "clicks": 2.0, "error": 0.4}
    ledger.book_slot(type(slot)(**{**_fields(slot), "measured": measured}), {})
    told = caller.get("/api/capacity/forecasts").json()
    assert (told["total"], told["items"][0]["error"], told["items"][0]["campaign"]) == (1, 0.4, "summer-thanks")


def _fields(slot):
    return {name: getattr(slot, name) for name in slot.__slots__}


def test_room_of_another_teams_campaign_is_neither_booked_nor_given_back(limited, calling, somebody):
    for name in ("owner", "stranger"):
        person = somebody(Role.MARKETER, username=name)
        Person.objects.filter(pk=person.pk).update(team=Team.objects.create(name=name, side="marketing"))
    slug = campaigns.make_campaign(by=Person.objects.get(username="owner"), name="Spring greetings").slug
    stranger = calling(Role.MARKETER, username="stranger")
    assert book(stranger, 10, campaign=slug).status_code == 403
    assert stranger.delete(f"/api/capacity/bookings/{slug}").status_code == 403
