"""The way of an incident: a real check fails, its owner is told once, the data are mended, the check is seen to pass."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from twain.errors import SourceUnavailable, WrongState
from twain_web import engine
from twain_web.rooms.campaigns.models import Launch
from twain_web.rooms.campaigns.telling import TELLERS
from twain_web.rooms.incidents import looking, noticing
from twain_web.rooms.incidents.actions import answering, closing, opening
from twain_web.rooms.incidents.models import Event, Held, Incident
from twain_web.rooms.incidents.public import incidents, waiting_for
from twain_web.rooms.people.models import AuditRow

LONG_AGO = timezone.now() - timedelta(days=400)


def _verbs(one: Incident) -> list[str]:
    return list(one.events.values_list("verb", flat=True))


def test_one_incident_for_two_sends_told_once_closed_by_the_check(house, data, posted, lena, priya):
    data.spoil()
    first = house.launch("summer-thanks")
    (one,) = house.notice()
    (letter,) = posted()
    assert letter.to == [priya.email]
    assert letter.subject == "Held: Customers: older than agreed (1 campaign, 20 500 recipients wait)"
    assert "1 campaign, 20\u202f500 recipients wait." in letter.body
    assert "not sent after" in letter.body
    assert "For IT: customers.updated_at: newest" in letter.body
    assert letter.body.count("/incidents/answer/") == 3

    second = house.launch("birthday")
    assert house.notice() == [one]  # used again, however many wait
    assert not posted()  # and told once
    house.try_it("birthday")
    house.notice()
    assert _verbs(one) == ["open", "told", "also"]
    assert "2 campaigns, 41\u202f000 recipients wait." in one.events.last().business
    assert {held.launch for held in one.held.all()} == {first.pk, second.pk}
    assert waiting_for(priya)[0].text.startswith("Customers: older than agreed. 2 campaigns, ")
    assert "Priya Nair, Senior DBA, told" in waiting_for(lena)[0].text

    one.refresh_from_db()
    looking.look(str(one.pk))
    one.refresh_from_db()
    assert one.is_open
    answering.acknowledge(by=priya, incident=one)
    data.mend()
    looking.look(str(one.pk))
    one.refresh_from_db()
    assert not one.is_open
    assert re.fullmatch(
        r"Seen to pass: The newest of Customers is .+ old; it may be .+ old\.", one.events.last().business
    )
    assert not Held.objects.filter(ended_at=None).exists()
    assert set(Launch.objects.values_list("looked_at", flat=True)) == {None}  # both are checked again at once
    (news,) = posted()
    assert (news.to, news.subject) == ([priya.email], "Mended: Customers: older than agreed")
    assert waiting_for(priya) == waiting_for(lena) == []
    assert not house.notice(), "an old rehearsal has opened it again"


def test_a_rehearsal_that_passes_closes_it_without_a_look_of_its_own(house, data, posted, monkeypatch):
    data.spoil()
    house.launch()
    (one,) = house.notice()
    data.mend()
    house.try_it()
    monkeypatch.setattr(looking, "look_at_all", lambda *_: pytest.fail("the database was asked once more"))
    assert house.notice() == []
    one.refresh_from_db()
    assert one.restored_at is not None


def test_it_goes_on_as_the_same_within_three_days_and_as_another_later(house, data, posted):
    data.spoil()
    house.launch()
    (one,) = house.notice()
    closing.restore(one, timezone.now(), "Mended.")
    house.try_it()
    assert house.notice() == [one]
    assert _verbs(one) == ["open", "told", "restore", "reopen", "told"]
    assert len(incidents(LONG_AGO)) == 2  # each failure is one record
    closing.restore(one, timezone.now(), "Mended.")
    Incident.objects.filter(pk=one.pk).update(restored_at=timezone.now() - opening.REOPENS_WITHIN - timedelta(hours=1))
    house.try_it()
    (other,) = house.notice()
    assert other.pk != one.pk


def test_what_is_not_known_closes_nothing(house, data, posted, monkeypatch, priya):
    data.spoil()
    house.launch()
    (one,) = house.notice()
    data.mend()

    def gone(*_):
        raise SourceUnavailable("shop: connection refused", business="The database does not answer.")

    monkeypatch.setattr(looking, "look_at_all", gone)
    answering.look_again(by=priya, incident=one)
    looking.look(str(one.pk))
    one.refresh_from_db()
    assert one.is_open
    assert one.seen == "The database does not answer."
    assert one.look_at > timezone.now() + timedelta(minutes=4)  # spaced out
    assert one.events.last().business == "Looked again: The database does not answer."
    assert _verbs(one)[-3:] == ["acknowledge", "look", "looked"]


def test_automatic_looks_leave_no_line_and_come_more_seldom(house, data, posted):
    data.spoil()
    house.launch()
    (one,) = house.notice()
    lines = one.events.count()
    Incident.objects.filter(pk=one.pk).update(opened_at=timezone.now() - timedelta(hours=2))
    looking.look(str(one.pk))
    one.refresh_from_db()
    assert one.events.count() == lines
    assert timedelta(minutes=25) < one.look_at - timezone.now() < timedelta(minutes=31)


def test_the_room_of_campaigns_hears_who_was_told_and_tells_nobody_twice(house, data, posted, priya):
    data.spoil()
    launch = house.launch()
    (tell,) = TELLERS
    assert tell(launch.pk) == ["Priya Nair, Senior DBA"]
    assert [m.to for m in posted()] == [[priya.email]]
    assert tell(launch.pk) == ["Priya Nair, Senior DBA"]
    assert not posted()


def test_an_owner_who_is_not_in_this_house_is_told_without_links(house, data, posted, priya):
    priya.email = "moved@nordlicht.example"
    priya.save()
    data.spoil()
    house.launch()
    (one,) = house.notice()
    (letter,) = posted()
    assert letter.to == ["priya.nair@nordlicht.example"]
    assert "/incidents/answer/" not in letter.body
    assert (one.owner, one.asked, one.owner_shown) == (None, None, "Priya Nair, Senior DBA")


def test_what_becomes_of_a_send_stands_in_its_timeline_once(house, data, posted):
    data.spoil()
    launch = house.launch()
    Launch.objects.filter(pk=launch.pk).update(run_id="r1")
    (one,) = house.notice()
    for _ in range(2):
        closing.note_send("summer-thanks", "r1", "resumed")
        closing.note_send("summer-thanks", "r1", "expired")
    assert _verbs(one)[-2:] == ["resumed", "expired"]
    assert "not to go later" in one.events.last().business
    assert not one.held.filter(ended_at=None).exists()


def test_a_launch_that_is_over_waits_no_more(house, data, posted):
    data.spoil()
    launch = house.launch()
    (one,) = house.notice()
    Launch.objects.filter(pk=launch.pk).update(state=Launch.State.WITHDRAWN)
    assert house.notice() == [one]  # the check still fails
    assert not one.held.filter(ended_at=None).exists()


def test_the_timeline_is_only_added_to(house, data, posted):
    data.spoil()
    house.launch()
    (one,) = house.notice()
    event = one.events.first()
    event.business = "It was nothing."
    with pytest.raises(WrongState, match="not rewritten"):
        event.save()
    with pytest.raises(DatabaseError), transaction.atomic():
        Event.objects.filter(pk=event.pk).update(business="It was nothing.")
    assert AuditRow.objects.filter(verb="incident opened", thing=f"incident:{one.slug}").exists()


def test_feeds_that_nobody_uses_wake_nobody(house, data, monkeypatch, posted):
    feed = engine.workspace().feeds["customers"]
    verdict = {"check": "freshness", "level": "hold", "feed": "customers", "field": "updated_at", "business": "Old.",
               "technical": "old", "observed": 1.0, "expected": "", "sql": ""}  # fmt: skip
    seen = noticing.Checked("customers", feed.contract_hash, timezone.now(), (verdict,), {}, timezone.now())
    monkeypatch.setattr(noticing, "checked", lambda: [seen])
    monkeypatch.setattr(noticing, "uses_of", lambda _name: [])
    noticing.notice_feeds()
    assert not Incident.objects.exists()
    monkeypatch.setattr(noticing, "uses_of", lambda _name: ["a campaign"])
    noticing.notice_feeds()
    (one,) = Incident.objects.all()
    (letter,) = posted()
    assert letter.subject == "A check fails: Customers: older than agreed"
    assert "No send waits for it yet." in letter.body
    assert one.key == "feed:customers:freshness:updated_at"


def test_a_database_out_of_reach_is_one_incident_until_it_answers(house, data, monkeypatch, posted):
    trouble = {"code": "T310", "business": "The database does not answer.", "technical": "connection refused"}
    feed = engine.workspace().feeds["customers"]
    seen = [noticing.Checked(name, feed.contract_hash, None, (), trouble, None) for name in ("customers", "orders")]
    monkeypatch.setattr(noticing, "checked", lambda: seen)
    monkeypatch.setattr(noticing, "uses_of", lambda _name: ["a campaign"])
    noticing.notice_feeds()
    (one,) = Incident.objects.all()
    assert (one.key, one.title) == ("source:shop", "The database shop cannot be reached")
    looking.look(str(one.pk))  # the real one answers
    one.refresh_from_db()
    assert one.events.last().business == "The database answers again."


def test_a_red_sender_domain_is_one_incident_until_it_is_green(house, priya, monkeypatch, posted):
    levels = {"mail.example.com": ("hold", timezone.now())}
    monkeypatch.setattr(noticing, "domain_levels", lambda: levels)
    monkeypatch.setattr(looking, "domain_levels", lambda: levels)
    asked: list[str] = []
    monkeypatch.setattr(looking, "want_a_look", asked.append)
    record = type("R", (), {"record": "SPF", "what": "is missing.", "todo": "Add it."})
    monkeypatch.setattr(
        noticing, "domain_card", lambda _d: type("C", (), {"cause": "Mail is refused.", "wrong": [record]})
    )
    (one,) = house.notice()
    assert (one.key, one.technical) == ("domain:mail.example.com", "SPF: is missing. Add it.")
    looking.look(str(one.pk))
    assert asked == ["mail.example.com"]
    levels["mail.example.com"] = ("pass", timezone.now())
    house.notice()
    looking.look(str(one.pk))
    assert house.notice() == []
