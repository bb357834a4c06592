"""Contracts are confirmed by their owners: asked every ninety days in one mail about what is used and new; one button answers."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction
from django.test import Client
from django.utils import timezone

from twain_web import engine
from twain_web.roles import Role
from twain_web.rooms.desk import confirming
from twain_web.rooms.desk.models import Reminder, StillRight
from twain_web.rooms.feeds.public import Use
from twain_web.rooms.people.models import Person
from twain_web.rooms.people.public import audit_page

pytestmark = pytest.mark.django_db
USED = {"customers", "orders"}


@pytest.fixture
def priya(company, somebody, monkeypatch):
    """The owner of every feed, two of which are used."""
    made = somebody(Role.DATA_OWNER, username="pnair")
    Person.objects.filter(pk=made.pk).update(email=engine.workspace().feeds["customers"].owner.email)
    uses = [Use("campaign", "Summer thanks", owner="Lena Hoffmann, Campaign Manager")]
    monkeypatch.setattr(confirming, "uses_of", lambda feed: uses if feed in USED else [])
    return Person.objects.get(pk=made.pk)


def stood(feed, days, person=None, fingerprint=""):
    mark = fingerprint or confirming.fingerprint(engine.workspace().feeds[feed])
    return StillRight.objects.create(
        feed=feed, fingerprint=mark, person=person, at=timezone.now() - timedelta(days=days)
    )


def theirs():
    owner = engine.workspace().feeds["customers"].owner.email
    return {name for name, feed in engine.workspace().feeds.items() if feed.owner.email == owner}


def test_ninety_days_begin_when_a_contract_is_first_seen(priya):
    assert confirming.owners_due() == []
    assert set(StillRight.objects.values_list("feed", flat=True)) == set(engine.workspace().feeds)
    confirming.remind(str(priya.pk))
    assert not Reminder.objects.exists()


def test_one_mail_about_what_is_used_and_new_and_one_button_answers_it(priya, mailoutbox, signed_in):
    for feed in engine.workspace().feeds:
        stood(feed, 91)
    asked = theirs() & USED
    assert confirming.owners_due() == [str(priya.pk)]
    confirming.remind(str(priya.pk))
    confirming.remind(str(priya.pk))
    (letter,) = Reminder.objects.all()
    assert set(letter.feeds) == asked
    confirming.send(str(letter.pk))
    confirming.send(str(letter.pk))
    (mail,) = mailoutbox
    assert mail.to == [priya.email]
    path = re.search(r"/requests/still-right/\S+", mail.body)[0]
    nobody = Client()
    assert nobody.get(path).status_code == nobody.head(path).status_code == 200
    assert confirming.confirmed("customers") is None, "a link that a scanner opens says nothing"
    assert signed_in(Role.MARKETER).post(path).status_code == 409
    assert nobody.post(path).status_code == 200
    assert {one.feed for one in StillRight.objects.filter(person=priya)} == asked
    assert audit_page(thing="feed:customers")[0][0].verb == "contract confirmed"
    assert nobody.post(path).status_code == 409
    assert StillRight.objects.filter(person=priya).count() == len(asked)
    page = signed_in(Role.MARKETER).get("/catalogue/feed/customers/").content.decode()
    assert f"by {priya}" in page


def test_who_has_confirmed_it_is_not_asked_again_before_something_changes(priya):
    for feed in theirs():
        stood(feed, 91, priya)
    assert confirming.owners_due() == []
    stood("customers", 91, priya, "0" * 64)
    assert confirming.owners_due() == [str(priya.pk)]
    confirming.remind(str(priya.pk))
    assert set(Reminder.objects.get().feeds) == {"customers"}
    assert confirming.owners_due() == [], "once in ninety days, whatever else changes"


def test_what_has_changed_since_the_mail_is_not_confirmed_by_it(priya):
    for feed in USED:
        stood(feed, 91)
    letter = Reminder.objects.create(person=priya, feeds={"customers": "0" * 64, "gone": "1" * 64})
    assert confirming.asked_about(letter) == []
    assert confirming.confirm(by=priya, letter=letter) == []
    assert confirming.confirmed("customers") is None


def test_whoever_has_lost_the_role_and_a_link_that_is_not_ours_change_nothing(priya, client):
    stood("customers", 91)
    letter = Reminder.objects.create(
        person=priya, feeds={"customers": confirming.fingerprint(engine.workspace().feeds["customers"])}
    )
    path = re.search(r"/requests/still-right/\S+", confirming._mail(letter).body)[0]
    assert client.post(path[:-3] + "x/").status_code == 409
    priya.roles_held.all().delete()
    assert client.post(path).status_code == 409
    assert confirming.confirmed("customers") is None


def test_the_database_itself_keeps_what_was_confirmed(priya):
    stood("customers", 5, priya)
    with pytest.raises(DatabaseError), transaction.atomic():
        StillRight.objects.update(feed="orders")
