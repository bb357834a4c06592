"""The way of a request from the first word to what is there, with the demo company's own catalogue."""

from __future__ import annotations

import re
import subprocess
from datetime import timedelta

import pytest
from django.core import mail
from django.db import DatabaseError, transaction
from django.test import Client
from django.utils import timezone
from django.utils.formats import date_format

from tests.house_workspace import ROOT
from twain.errors import ConfigError, WrongState
from twain.flows.request_types import PROBES
from twain_web.roles import Role
from twain_web.rooms.desk import catalogue, letters, looking
from twain_web.rooms.desk.actions import answers, noticing
from twain_web.rooms.desk.actions.asking import Wish, ask, take
from twain_web.rooms.desk.models import Event, Letter, Promise, Request
from twain_web.rooms.desk.probes import probe, there
from twain_web.rooms.desk.public import waiting_for
from twain_web.rooms.feeds import reads
from twain_web.rooms.feeds.models import CampaignReads
from twain_web.rooms.feeds.public import Use
from twain_web.rooms.people.models import AuditRow, Team

SOON = timezone.localdate() + timedelta(days=9)


@pytest.fixture
def lena(somebody):
    return somebody(Role.MARKETER, username="lhoffmann")


@pytest.fixture
def priya(somebody):
    """The demo's contracts name her as the owner of customers: by her address she is known."""
    one = somebody(Role.DATA_OWNER, username="pnair")
    one.email, one.full_name, one.title = "priya.nair@nordlicht.example", "Priya Nair", "Senior DBA"
    one.team = Team.objects.create(name="Data", side="it")
    one.save()
    return one


@pytest.fixture
def posted(settings):
    """Letters go out, into Django's own box."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    settings.WEB_URL = ""

    def post() -> list:
        for key in letters.due():
            letters.send(key)
        sent, mail.outbox = mail.outbox, []
        return sent

    mail.outbox = []
    return post


def shoe_size(lena, **more) -> Request:
    target = {"feed": "customers", "field": "shoe size", "kind": "number"}
    return ask(
        by=lena,
        wish=Wish("new-field", "the shoe size of customers", "Sale of boots", SOON, "Frost", target=target, **more),
    )


def links(message) -> dict[str, str]:
    """What the links of a letter say, and where they lead."""
    return dict(re.findall(r"^(.+):\n(\S*/requests/answer/\S+)$", message.body, re.MULTILINE))


def test_the_owner_of_the_feed_is_asked_by_name_as_a_question(lena, priya, posted):
    asked = shoe_size(lena)
    assert (asked.state, asked.turn, asked.answers) == ("asked", "it", priya)
    (letter,) = posted()
    assert letter.to == [priya.email]
    assert letter.reply_to == [lena.email]
    assert letter.subject.startswith("A question from Test Lhoffmann")
    assert "asks whether this could be had" in letter.body
    assert "Sale of boots" in letter.body
    assert [w.text for w in waiting_for(priya)] == ["Test Lhoffmann asks: the shoe size of customers"]
    assert waiting_for(lena) == []


def test_a_promise_by_a_link_of_the_letter(lena, priya, posted):
    asked = shoe_size(lena)
    (letter,) = posted()
    found = links(letter)
    assert list(found) == [
        f"Yes, by {date_format(SOON, 'l j F')}", "Yes, by another day", "Offer a simpler way", "Ask back",
    ]  # fmt: skip
    visitor = Client()
    url = found["Yes, by another day"]
    for _ in range(3):
        assert b"Nothing is sent before you press" in visitor.get(url).content
    asked.refresh_from_db()
    assert asked.state == "asked", "opening a link did something"
    assert visitor.post(url, {"day": "2020-01-01"}).status_code == 422
    assert b"Thank you" in visitor.post(url, {"day": SOON.isoformat(), "words": "With pleasure"}).content
    asked.refresh_from_db()
    assert (asked.state, asked.promises.get().day, asked.promises.get().by) == ("promised", SOON, priya)
    for other in found.values():
        assert visitor.post(other, {"day": SOON.isoformat(), "words": "x"}).status_code == 409
    assert asked.promises.count() == 1
    (news,) = posted()
    assert news.to == [lena.email]
    assert "gave a date" in news.body


def test_a_link_is_for_its_person_alone_and_for_a_time(lena, priya, posted, signed_in):
    shoe_size(lena)
    url = links(posted()[0])["Yes, by another day"]
    said = {"day": SOON.isoformat()}
    assert signed_in(Role.DATA_OWNER, username="somebody-else").post(url, said).status_code == 409
    for forged in (url[:-3] + "AAA/", url.replace("answer/", "answer/x"), "/requests/answer/nonsense/"):
        assert Client().post(forged, said).status_code == 409
    Letter.objects.update(expires_at=timezone.now())
    assert Client().post(url, said).status_code == 409
    Letter.objects.update(expires_at=timezone.now() + timedelta(days=1))
    priya.roles_held.all().delete()
    assert Client().post(url, said).status_code == 409
    assert not Promise.objects.exists()


def test_a_link_needs_the_form_of_its_page(lena, priya, posted):
    shoe_size(lena)
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(links(posted()[0])["Yes, by another day"], {"day": SOON.isoformat()}).status_code == 403
    assert not Promise.objects.exists()


def test_a_question_stops_its_clock_and_the_answer_starts_it_again(lena, priya, posted):
    asked = shoe_size(lena)
    posted()
    answers.promise(by=priya, request=asked, day=SOON)
    answers.start(by=priya, request=asked)
    answers.question(by=priya, request=asked, words="European sizes?")
    assert (asked.state, asked.turn) == ("clarifying", "asker")
    letter = posted()[-1]
    assert letter.to == [lena.email]
    assert Client().post(links(letter)["Answer the question"], {"words": "Yes"}).status_code == 200
    asked.refresh_from_db()
    assert (asked.state, asked.turn) == ("in_work", "it")


def test_a_simpler_way_is_taken_with_one_press(lena, priya, posted):
    asked = shoe_size(lena)
    posted()
    answers.decline(by=priya, request=asked, words="Take the size of the last boots bought", day=SOON)
    url = links(posted()[0])["Take this way"]
    page = Client().get(url).content.decode()
    assert SOON.isoformat() in page
    assert Client().post(url).status_code == 200
    asked.refresh_from_db()
    assert (asked.state, asked.probe, asked.promises.get().by) == ("promised", "asker", priya)
    answers.show(by=priya, request=asked)
    assert [w.url for w in waiting_for(lena)] == [asked.url]
    assert Client().post(links(posted()[-1])["It is there, and it serves"]).status_code == 200
    asked.refresh_from_db()
    assert asked.state == "confirmed"


def test_promises_and_events_cannot_be_rewritten_by_anybody(lena, priya):
    asked = shoe_size(lena)
    answers.promise(by=priya, request=asked, day=SOON)
    answers.promise(by=priya, request=asked, day=SOON + timedelta(days=3), words="A colleague is ill")
    assert [p.day for p in asked.promises.all()] == [SOON, SOON + timedelta(days=3)]
    first = asked.promises.first()
    first.day = SOON + timedelta(days=99)
    with pytest.raises(WrongState):
        first.save()
    for rows in (Promise.objects, Event.objects):
        with pytest.raises(DatabaseError, match="only added to"), transaction.atomic():
            rows.update(at=timezone.now())
    for day in (None, timezone.localdate() - timedelta(days=1)):
        with pytest.raises(ConfigError, match="needs a day"):
            answers.promise(by=priya, request=asked, day=day)


@pytest.fixture
def field_in_contract():
    """The feed with the points under a further name, as after IT's merge; put back afterwards."""
    path = ROOT / "feeds" / "customers.odcs.yaml"
    before = path.read_text()

    def merge(patch: str) -> None:
        subprocess.run(["git", "apply", "-"], cwd=ROOT, input=patch, text=True, check=True, capture_output=True)

    yield merge
    path.write_text(before)


def test_a_field_closes_its_request_by_itself(company, lena, priya, posted, signed_in, field_in_contract):
    asked = shoe_size(lena)
    (letter,) = posted()
    assert f"# Asked for by {lena.full_name}: Sale of boots" in letter.attachments[0].content
    patch = signed_in(username="pnair").get(f"/requests/{asked.slug}/patch/").content.decode()
    assert letter.attachments[0].content == patch
    looking.look(str(asked.pk))
    asked.refresh_from_db()
    assert (asked.state, asked.seen["there"]) == ("asked", False)

    field_in_contract(patch)
    looking.look(str(asked.pk))
    asked.refresh_from_db()
    assert asked.state == "asked", "a field that nobody has reviewed does not exist"

    path = ROOT / "feeds" / "customers.odcs.yaml"
    reviewed = re.sub(
        r"^(\s+)# (  - property| ?customProperties|    value|  )", r"\1\2", path.read_text(), flags=re.MULTILINE
    )
    reviewed = reviewed.replace("- name: shoe_size", "- name: shoe_size\n        physicalName: points").replace(
        "logicalType: number\n        classification: personal",
        "logicalType: integer\n        classification: personal",
    )
    path.write_text(reviewed)
    looking.look(str(asked.pk))
    asked.refresh_from_db()
    assert asked.state == "observed", asked.seen
    assert {m.to[0]: m.subject for m in posted()} == {
        lena.email: "It is there: the shoe size of customers",
        priya.email: "About: the shoe size of customers",
    }


def test_what_is_lost_within_a_month_opens_again(lena, priya, monkeypatch):
    asked = shoe_size(lena)
    monkeypatch.setattr("twain_web.rooms.desk.probes.column.observe", lambda *_: there("There"))
    looking.look(str(asked.pk))
    monkeypatch.undo()
    asked.refresh_from_db()
    assert asked.state == "observed"
    looking.look(str(asked.pk))
    asked.refresh_from_db()
    assert asked.state == "observed", "one look that fails is looked at again"
    looking.look(str(asked.pk))
    asked.refresh_from_db()
    assert (asked.state, asked.turn) == ("reopened", "it")
    monkeypatch.setattr("twain_web.rooms.desk.probes.column.observe", lambda *_: there("There"))
    looking.look(str(asked.pk))
    Request.objects.update(observed_at=timezone.now() - noticing.KEPT_FOR - timedelta(hours=1), look_at=timezone.now())
    looking.look(str(asked.pk))
    asked.refresh_from_db()
    assert (asked.state, asked.look_at) == ("confirmed", None)


def test_nobody_is_left_waiting_and_nobody_is_scored(lena, priya, somebody, monkeypatch):
    stand_in, bridge = somebody(Role.IT_OPERATOR, username="jweber"), somebody(Role.DATA_OWNER, username="bridge")
    priya.delegate, priya.team.bridge = stand_in, bridge
    priya.team.save()
    priya.save()
    stand_in.team = priya.team
    stand_in.save()
    asked = shoe_size(lena)
    assert looking.escalations_due() == []
    monkeypatch.setattr("twain_web.rooms.desk.business.hours", lambda *_: 17.0)
    for person in (stand_in, bridge):
        assert looking.escalations_due() == [str(asked.pk)]
        looking.escalate(str(asked.pk))
        asked.refresh_from_db()
        assert asked.answers == person
        assert Letter.objects.filter(person=person, kind="asked").count() == 1
    assert looking.escalations_due() == []
    answers.promise(by=bridge, request=asked, day=SOON)
    assert asked.state == "promised"


def test_the_catalogue_answers_a_sentence(company):
    def found(text):
        return [(fit.term.feed, fit.term.field) for fit in catalogue.fitting(text)]

    assert ("customers", "birth_date") in found("Could we please have the birthday of all our customers?")
    assert ("customers", "tier") in found("loyalty tier for the winter mailing")
    assert found("the shoe size of customers") == []
    assert found("   ") == found("the of and") == []


def test_already_available_counts_once_it_is_really_used(company, lena, priya, monkeypatch):
    made = take(by=lena, kind="new-field", outcome="birthdays", feed="customers", field="birth_date")
    assert (made.state, made.probe, Letter.objects.count()) == ("deflected", "column", 0)
    assert looking.uses_due() == [str(made.pk)]
    looking.note_use(str(made.pk))
    made.refresh_from_db()
    assert made.used_at is None

    reads = frozenset({("customers", "birth_date")})
    mine, theirs = (Use("campaign", f"of {who}", owner=who, reads=reads) for who in (str(lena), "Somebody Else, Title"))
    monkeypatch.setattr(looking, "uses_of", lambda _: [theirs])
    looking.note_use(str(made.pk))
    made.refresh_from_db()
    assert made.used_at is None
    monkeypatch.setattr(looking, "uses_of", lambda _: [theirs, mine])
    looking.note_use(str(made.pk))
    made.refresh_from_db()
    assert made.used_at is not None
    assert looking.uses_due() == []


def test_a_campaign_made_in_the_house_is_a_use_once_it_is_known_what_it_reads(company, lena, monkeypatch):
    made = take(by=lena, kind="new-field", outcome="birthdays", feed="customers", field="birth_date")
    monkeypatch.setattr(reads, "USES", [lambda _feed: [Use("campaign", "Wishes", owner=str(lena))]])
    looking.note_use(str(made.pk))
    made.refresh_from_db()
    assert made.used_at is None
    known = {"title": "Wishes", "owner": str(lena), "reads": [["customers", "birth_date"]]}
    CampaignReads.objects.create(campaign="made:wishes", made=True, stamp="1", **known)
    looking.note_use(str(made.pk))
    made.refresh_from_db()
    assert made.used_at is not None


def test_either_side_may_have_it_looked_at_now(company, lena, signed_in):
    asked = shoe_size(lena)
    Request.objects.filter(pk=asked.pk).update(look_at=timezone.now() + timedelta(hours=1))
    assert looking.looks_due() == []
    assert signed_in(Role.MARKETER).post(f"{asked.url}look/").status_code == 302
    assert looking.looks_due() == [str(asked.pk)]
    page = signed_in(Role.DATA_OWNER).get(asked.url).content.decode()
    assert "It is looking" in page
    looking.look(str(asked.pk))
    page = signed_in(Role.DATA_OWNER).get(asked.url, {"state": "asked"}, headers={"HX-Request": "true"})
    assert "Look now" in page.content.decode()
    moved = signed_in(Role.DATA_OWNER).get(asked.url, {"state": "promised"}, headers={"HX-Request": "true"})
    assert moved.headers["HX-Retarget"] == moved.headers["HX-Reselect"] == "#main"


@pytest.mark.parametrize(("number", "seconds"), [(1, 5), (20, 5), (400, 100)])
def test_however_many_are_open_the_house_looks_a_few_times_a_second(company, lena, monkeypatch, number, seconds):
    asked = shoe_size(lena)
    monkeypatch.setattr(looking, "_open", lambda: number)
    looking.look(str(asked.pk))
    asked.refresh_from_db()
    assert (asked.look_at - asked.looked_at).total_seconds() == pytest.approx(seconds, abs=2)


def test_a_letter_that_cannot_be_sent_is_tried_again_later(lena, priya, settings):
    settings.EMAIL_BACKEND = "no.such.Backend"
    shoe_size(lena)
    (key,) = letters.due()
    with pytest.raises(ImportError):
        letters.send(key)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    letters.send(key)
    one = Letter.objects.get()
    assert (one.tries, one.sent_at) == (1, None)
    assert one.send_at > timezone.now()


def test_every_move_is_in_the_audit(lena, priya):
    asked = shoe_size(lena)
    answers.promise(by=priya, request=asked, day=SOON)
    rows = AuditRow.objects.filter(thing=f"request:{asked.slug}").order_by("number")
    assert [(row.person, row.verb) for row in rows] == [("lhoffmann", "request ask"), ("pnair", "request promise")]


def test_each_probe_has_its_file():
    assert {name: probe(name).name for name in PROBES} == {name: name for name in PROBES}
