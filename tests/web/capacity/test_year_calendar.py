"""The year calendar: who may do what with a plan, what is booked and moved, and the secret address."""

from __future__ import annotations

from datetime import timedelta

import icalendar
import pytest
from django.urls import reverse
from django.utils import timezone

from tests.house_workspace import ROOT
from twain.errors import Held, WrongState
from twain_web import engine
from twain_web.roles import Role
from twain_web.rooms.capacity import actions, reads
from twain_web.rooms.capacity.models import CalendarFeed, Plan
from twain_web.rooms.capacity.moving import _begun, go_live
from twain_web.rooms.capacity.public import enter_demo_plans, give_back, reserve, room_for
from twain_web.rooms.people.public import audit_page

pytestmark = pytest.mark.django_db
CALENDAR = """
title = "IT"
zone = "UTC"
[[hours]]
effective_from = 2020-01-01
week = ["Mon-Fri 09:00-17:00"]
[[freeze]]
effective_from = 2020-01-01
name = "Stocktaking"
kind = "hard"
classes = ["send"]
from = {}
until = {}
"""


@pytest.fixture
def limits(company):
    """A hundred mails an hour; no sends for one day, thirty days from now."""
    frozen = (timezone.now() + timedelta(days=30)).date()
    (ROOT / "calendars").mkdir(exist_ok=True)
    (ROOT / "calendars" / "it.toml").write_text(CALENDAR.format(frozen, frozen + timedelta(days=1)))
    limit = '[[limit]]\nof = "channel:mail"\nsends_per_hour = 100\neffective_from = 2020-01-01\n'
    (ROOT / "capacity.toml").write_text(limit)
    yield frozen
    (ROOT / "capacity.toml").unlink()
    (ROOT / "calendars" / "it.toml").unlink()
    ledger = engine.ledger()
    for slot in ledger.slots():
        ledger.release_slot(slot.id)


def later(days=3):
    return (timezone.now() + timedelta(days=days)).replace(minute=0, second=0, microsecond=0)


@pytest.fixture
def plan(somebody, limits):
    lena = somebody(Role.MARKETER)
    return actions.make_plan(by=lena, title="Sale", purpose="", channel="mail", people=80, begins_at=later())


@pytest.fixture
def booked(plan, somebody):
    actions.take_step(by=plan.owner, plan=plan, verb="announce")
    actions.take_step(by=somebody(Role.DATA_OWNER), plan=plan, verb="confirm")
    actions.book_plan(by=plan.owner, plan=plan)
    return plan


def test_a_plan_walks_from_idea_to_booked_and_each_side_does_its_own_part(plan, signed_in):
    marketing, it, auditor = (signed_in(role) for role in (Role.MARKETER, Role.DATA_OWNER, Role.AUDITOR))
    url = lambda step: reverse(f"capacity:{step}", args=[plan.pk])  # noqa: E731
    assert marketing.post(url("confirm")).status_code == 403
    assert it.post(url("announce")).status_code == 403
    assert auditor.post(url("announce")).status_code == 403
    for client, step in ((marketing, "announce"), (it, "confirm"), (marketing, "book")):
        assert client.post(url(step)).status_code == 302
    plan.refresh_from_db()
    assert plan.state == "booked"
    assert [step.state for step in plan.steps.all()] == ["idea", "announced", "feasible", "booked"]
    assert [row.verb for row in audit_page(thing=f"plan:{plan.pk}")[0]] == [
        "plan booked", "plan feasible", "plan announced", "plan idea"
    ]  # fmt: skip
    with pytest.raises(WrongState):
        actions.take_step(by=plan.owner, plan=plan, verb="announce")


def test_the_next_day_is_told_by_its_fullest_hour(limits, somebody, signed_in):
    lena = somebody(Role.MARKETER)
    for campaign, people, hours in (("one", 20, 2), ("two", 75, 3)):
        body = {"campaign": campaign, "channel": "mail", "feed": "customers"}
        reserve(by=lena, body=body, people=people, begins=later(0) + timedelta(hours=hours))
    (room,) = reads.rooms_ahead()
    assert [hour.booked for hour in room.hours] == [20, 75]
    assert (room.words, room.fullest.booked, room.fullest.limit, room.fullest.share) == (
        "Messages by mail",
        75,
        100,
        75,
    )
    page = signed_in(Role.MARKETER).get("/calendar/").content.decode()
    assert "At most 75 of 100 an hour" in page
    for campaign in ("one", "two"):
        give_back(campaign)
    assert "Everything is free." in signed_in(Role.MARKETER).get("/calendar/").content.decode()


def test_what_is_booked_is_gone_for_others_and_comes_back_when_withdrawn(booked):
    body = {"campaign": "other", "channel": "mail", "feed": "customers"}
    room = room_for(body, 80, booked.begins_at)
    assert (room.limited, room.fits) == (True, False)
    assert room.next_at == booked.begins_at + timedelta(hours=1)
    with pytest.raises(Held, match="has no slot") as caught:
        reserve(by=booked.owner, body=body, people=80, begins=booked.begins_at)
    assert "The next free slot is" in caught.value.business
    actions.take_step(by=booked.owner, plan=booked, verb="withdraw")
    reserve(by=booked.owner, body=body, people=80, begins=booked.begins_at)
    assert not room_for({**body, "campaign": "third"}, 80, booked.begins_at).fits
    give_back("other")
    assert room_for({**body, "campaign": "third"}, 80, booked.begins_at).fits


def test_dragging_moves_the_booking_too_and_into_a_freeze_it_does_not_go(booked, signed_in, limits):
    client, url = signed_in(Role.MARKETER), reverse("capacity:move", args=[booked.pk])
    wanted = booked.begins_at + timedelta(days=1)
    moved = client.post(url, {"begins_at": wanted.isoformat()}, headers={"Accept": "application/json"})
    assert moved.json()["moved"] is True
    assert [slot.begins for slot in engine.ledger().slots() if slot.campaign == f"plan-{booked.pk}"] == [
        wanted.timestamp()
    ]
    frozen = client.post(url, {"begins_at": f"{limits}T12:00"}, headers={"Accept": "application/json"})
    assert (frozen.status_code, frozen.json()["moved"]) == (409, False)
    assert "Stocktaking" in frozen.json()["why"]
    booked.refresh_from_db()
    assert booked.begins_at == wanted
    assert client.post(url, {"begins_at": "never"}).status_code == 302
    assert signed_in(Role.DATA_OWNER).post(url, {"begins_at": wanted.isoformat()}).status_code == 403


def test_a_simpler_way_is_adopted_as_a_whole_or_not_at_all(booked, signed_in):
    it, marketing = signed_in(Role.IT_OPERATOR), signed_in(Role.MARKETER)
    url = reverse("capacity:simpler", args=[booked.pk])
    assert marketing.post(url, {"text": "x"}).status_code == 403
    assert it.post(url, {"text": ""}).status_code == 422
    assert it.post(url, {"text": "Half of them, a day later", "way_people": 40,
                         "way_begins_at": (booked.begins_at + timedelta(days=1)).isoformat()}).status_code == 302  # fmt: skip
    way = booked.ways.get()
    assert it.post(reverse("capacity:adopt", args=[way.pk])).status_code == 403
    before = booked.begins_at
    assert marketing.post(reverse("capacity:adopt", args=[way.pk])).status_code == 302
    booked.refresh_from_db()
    assert (booked.people, booked.begins_at) == (40, before + timedelta(days=1))
    slot = next(one for one in engine.ledger().slots() if one.id == booked.slot)
    assert (slot.people, slot.begins) == (40, booked.begins_at.timestamp())


def test_notice_is_told_in_working_hours(plan):
    assert reads.notice_of(plan) is None
    actions.take_step(by=plan.owner, plan=plan, verb="announce")
    notice = reads.notice_of(plan)
    assert notice.estimate
    assert 0 <= notice.given <= 24
    assert not notice.enough


def test_a_linked_campaign_has_the_plans_room(booked):
    actions.link_campaign(by=booked.owner, plan=booked, campaign="summer-thanks")
    assert [slot.id for slot in engine.ledger().slots(campaign="summer-thanks")] == [booked.slot]
    assert list(_begun()) == []
    go_live(str(booked.pk))
    booked.refresh_from_db()
    assert booked.state == "live"


def test_the_calendar_shows_plans_freezes_and_who_may_drag(booked, signed_in):
    where = {"start": timezone.now().isoformat(), "end": (timezone.now() + timedelta(days=40)).isoformat()}
    for role, movable in ((Role.MARKETER, True), (Role.DATA_OWNER, False)):
        found = {
            one["extendedProps"]["kind"]: one for one in signed_in(role).get(reverse("capacity:events"), where).json()
        }
        assert found["plan"]["editable"] is movable
        assert found["freeze"]["title"] == "Stocktaking"
    assert signed_in(Role.MARKETER).get(reverse("capacity:events"), {"start": "x", "end": "y"}).status_code == 422
    assert signed_in(Role.MARKETER).get(reverse("capacity:calendar")).status_code == 200
    assert signed_in(Role.MARKETER).get(booked.url).status_code == 200


def test_the_secret_address_tells_no_ideas_and_ends_when_it_is_revoked(booked, signed_in, client):
    actions.make_plan(by=booked.owner, title="Secret idea", purpose="", channel="mail", people=1, begins_at=later(5))
    marketing = signed_in(Role.MARKETER)
    page = marketing.post(reverse("capacity:make_feed"))
    address = page.context["address"]
    text = client.get(address)
    assert text["Content-Type"].startswith("text/calendar")
    titles = {str(event["SUMMARY"]) for event in icalendar.Calendar.from_ical(text.content).events}
    assert "Sale" in titles
    assert "Secret idea" not in titles
    assert address.rsplit("/", 1)[1].removesuffix(".ics") not in str(list(CalendarFeed.objects.values()))
    assert client.get(reverse("capacity:ics", args=["guess"])).status_code == 404
    feed = CalendarFeed.objects.get()
    assert signed_in(Role.DATA_OWNER).post(reverse("capacity:revoke_feed", args=[feed.pk])).status_code == 404
    marketing.post(reverse("capacity:revoke_feed", args=[feed.pk]))
    assert client.get(address).status_code == 404


def test_a_plan_is_written_down_by_a_form_that_says_what_is_wrong(signed_in, limits):
    client, said = signed_in(Role.MARKETER), {"title": "Advent", "people": 10, "channel": "mail"}
    past = client.post(reverse("capacity:new"), {**said, "begins_at": "2020-01-01T09:00"})
    assert (past.status_code, Plan.objects.count()) == (422, 0)
    assert client.post(reverse("capacity:new"), {**said, "begins_at": later().isoformat()}).status_code == 302
    assert Plan.objects.get().state == "idea"


def test_the_demos_plans_are_made_once_and_never_over_somebodys_own(company, somebody):
    assert enter_demo_plans(marketing="lhoffmann", its="jweber") == 0, "nobody is there yet"
    for name, role in (("lhoffmann", Role.MARKETER), ("jweber", Role.DATA_OWNER)):
        somebody(role, username=name)
    assert enter_demo_plans(marketing="lhoffmann", its="jweber") == 3
    assert sorted(Plan.objects.values_list("state", flat=True)) == ["announced", "feasible", "idea"]
    assert all(one.begins_at > timezone.now() + timedelta(days=30) for one in Plan.objects.all())
    assert enter_demo_plans(marketing="lhoffmann", its="jweber") == 0


def test_clicks_alone_are_booked_by_a_launch_and_hold_no_send(company, somebody):
    limit = '[[limit]]\nof = "website:shop"\nclicks_per_hour = 5000\neffective_from = 2020-01-01\n'
    (ROOT / "capacity.toml").write_text(limit)
    body = {"campaign": "summer-thanks", "channel": "mail", "feed": "customers"}
    try:
        room = room_for(body, 500, later())
        assert (room.limited, room.fits) == (True, True)
        assert not room_for(body, 3_000_000, later()).fits
        reserve(by=somebody(Role.MARKETER), body=body, people=500, begins=later())
        (slot,) = engine.ledger().slots(campaign="summer-thanks")
        assert sum(amount for (of, _hour), amount in slot.loads.items() if of == "website:shop") == pytest.approx(15)
        give_back("summer-thanks")
    finally:
        (ROOT / "capacity.toml").unlink()
