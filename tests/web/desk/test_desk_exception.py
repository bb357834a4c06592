"""Asking for room that there is not: from the plan and the review to a request that closes when IT books it."""

from __future__ import annotations

from datetime import timedelta
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from django.utils import timezone

from tests.house_workspace import ROOT
from twain.errors import ConfigError
from twain.flows.capacity import book, demand_for
from twain_web import engine
from twain_web.roles import Role
from twain_web.rooms.capacity import actions as plans
from twain_web.rooms.capacity.public import plans_ahead, room_for
from twain_web.rooms.desk.actions.answers import name_target
from twain_web.rooms.desk.actions.asking import Wish, ask
from twain_web.rooms.desk.looking import look
from twain_web.rooms.desk.models import Request

pytestmark = pytest.mark.django_db


@pytest.fixture
def full(company, somebody):
    """A hundred mails an hour, and somebody else has that hour: a plan of eighty that does not fit."""
    (ROOT / "capacity.toml").write_text(
        '[[limit]]\nof = "channel:mail"\nsends_per_hour = 100\neffective_from = 2020-01-01\n'
    )
    at = (timezone.now() + timedelta(days=3)).replace(minute=0, second=0, microsecond=0)
    here = engine.instance()
    book(here, "birthday", demand_for(here, "mail", 60), at.timestamp())
    yield plans.make_plan(
        by=somebody(Role.MARKETER), title="Winter sale", purpose="", channel="mail", people=80, begins_at=at
    )
    (ROOT / "capacity.toml").unlink()
    ledger = engine.ledger()
    for slot in ledger.slots():
        ledger.release_slot(slot.id)


def link_on(page):
    start = page.index("/requests/ask/?")
    return unescape(page[start : page.index('"', start)])


def test_the_conflict_is_in_the_form_and_the_booked_exception_closes_it(full, signed_in, somebody):
    lena = signed_in(Role.MARKETER)
    page = lena.get(full.url).content.decode()
    address = link_on(page)
    assert "The next free slot is" in page
    assert "channel mail is full" in parse_qs(urlsplit(address).query)["outcome"][0]
    form = lena.get(address)
    said = {name: form.context["form"][name].value() for name in form.context["form"].fields}
    assert (said["target_campaign"], said["target_people"]) == (f"plan-{full.pk}", "80")
    sent = lena.post("/requests/ask/", said | {"purpose": "The club turns ten", "why": ""})
    assert sent.status_code == 302
    asked = Request.objects.get()
    assert (asked.probe, asked.campaign, asked.target["people"]) == ("capacity", "", "80")
    look(str(asked.pk))
    asked.refresh_from_db()
    assert (asked.state, "channel mail is full" in asked.seen["words"]) == ("asked", True)
    its = engine.instance(somebody(Role.DATA_OWNER))
    demand = demand_for(its, "mail", 80)
    book(its, full.name_in_ledger, demand, full.begins_at.timestamp(), exception="agreed by both leads")
    look(str(asked.pk))
    asked.refresh_from_db()
    assert (asked.state, "agreed by both leads" in asked.seen["words"]) == ("observed", True)


def test_a_review_offers_it_beside_the_next_free_slot_only_where_it_takes_such_a_request(full):
    body = {"campaign": "summer-thanks", "channel": "mail", "feed": "customers"}
    room = room_for(body, 80, full.begins_at)
    assert (room.fits, room.next_at) == (False, full.begins_at + timedelta(hours=1))
    said = parse_qs(urlsplit(room.ask_url).query)
    assert (said["kind"], said["target_campaign"], said["target_channel"]) == (
        ["capacity"],
        ["summer-thanks"],
        ["mail"],
    )
    assert room_for(body, 30, full.begins_at).ask_url == ""
    file = ROOT / "requests" / "capacity.toml"
    kept = file.read_text()
    try:
        file.write_text(kept.replace('probe = "capacity"', 'probe = "asker"'))
        assert room_for(body, 80, full.begins_at).ask_url == ""
    finally:
        file.write_text(kept)


def test_what_the_check_must_know_is_asked_for_and_it_may_name_it_better(full, somebody):
    lena, jonas = somebody(Role.MARKETER), somebody(Role.DATA_OWNER)
    target = {"campaign": "", "channel": "mail", "at": "2099-06-10T09:00", "people": "80"}
    for wrong in ({"at": "soon"}, {"people": "0"}, {"people": "-3"}, {"channel": "pigeon"}, {"campaign": "a b/c"}):
        with pytest.raises(ConfigError) as caught:
            ask(by=lena, wish=Wish("capacity", "room for it", "a birthday", target=target | wrong))
        assert caught.value.shown_code == "T928"
    assert not Request.objects.exists()
    asked = ask(by=lena, wish=Wish("capacity", "room for it", "a birthday", target=target))
    with pytest.raises(ConfigError):
        name_target(by=jonas, request=asked, target=target | {"at": "later"})
    name_target(by=jonas, request=asked, target=target | {"campaign": "summer-thanks", "people": 90})
    assert (asked.target["campaign"], asked.target["people"]) == ("summer-thanks", "90")
    assert [one.title for one in plans_ahead()] == ["Winter sale"]


def test_a_lead_route_is_marked_when_it_is_asked_for_and_nobody_chooses_the_mark(somebody):
    lena = somebody(Role.MARKETER)
    wish = Wish("lead-route", "leads of the hut", "to invite them", target={"form": "newsletter", "mark": "x" * 300})
    first, second = ask(by=lena, wish=wish), ask(by=lena, wish=wish)
    assert len(first.target["mark"]) == 16
    assert first.target["mark"] != second.target["mark"]
    look(str(first.pk))
    first.refresh_from_db()
    assert (first.state, "where the leads" in first.seen["words"]) == ("asked", True)
