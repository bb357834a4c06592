"""Leads in the house: which wait and why, tried again by whoever may, covered without a reason; the old list, answered for."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone
from django.utils.html import escape

from twain.errors import ChannelUnavailable
from twain.flows import intake
from twain.flows.forms import read_form
from twain.flows.leads import LATE_AFTER
from twain.flows.signing_up import sealed_outgoing
from twain.ledger.stores import open_ledger
from twain.records import OldList, Outgoing, Signup
from twain.returns.form_pages import snippet
from twain_web import engine
from twain_web.roles import Role
from twain_web.rooms.insights import mailbox
from twain_web.rooms.insights.troubles import troubles
from twain_web.rooms.people.public import audit_page

CRM = {"kind": "table", "path": "crm.sqlite", "table": "leads", "id": "lead_id", "owner": "pnair",
       "columns": {"email": "email"}}  # fmt: skip
ADDRESS = "anna@customer.example"


@pytest.fixture
def here(company, db, tmp_path, monkeypatch):
    """The house with a ledger of its own and an intake whose table does not exist yet."""
    own, rest = open_ledger("memory://"), engine._stores()[1:]
    monkeypatch.setattr(engine._here, "stores", (own, *rest))
    plain = engine.instance
    crm = {**CRM, "path": str(tmp_path / "crm.sqlite")}

    def instance(person=None):
        made = plain(person)
        settings = replace(made.settings, intakes={"crm": crm}, write_back="crm", production=True)
        return replace(made, workspace=replace(made.workspace, settings=settings))

    monkeypatch.setattr(engine, "instance", instance)
    return instance()


def hand_over(here, number, *, kind="lead", about="newsletter", ago=0.0):
    identifier, now = f"{kind}-{number}", here.clock.now()
    sealed = sealed_outgoing(here, identifier, {"id": identifier, "kind": kind, "email": ADDRESS})
    item = Outgoing(
        identifier, kind, about, "crm", b"a" * 32, now - ago, sealed, due=now, give_up_at=now + 600
    )  # fmt: skip
    here.ledger.hand_over([item])
    return identifier


def die(here, identifier):
    """Tried, refused, given up: the table is not there."""
    item = here.ledger.take_outgoing(identifier)
    here.ledger.settle_outgoing(item, "dead", problem="T872 The intake crm refused: no such table: leads.")


def table_of(here):
    return sqlite3.connect(here.settings.intakes["crm"]["path"])


def test_each_form_says_where_its_leads_are_and_whose_they_become(here, signed_in):
    die(here, hand_over(here, 1))
    hand_over(here, 2)
    now = here.clock.now()
    here.ledger.sign_up(Signup(b"s" * 16, "newsletter", "pending", b"b" * 32, now, expires_at=now + 600, mail_due=now))
    here.ledger.note_mail(b"s" * 16, again=now + 60, problem="the relay is away")
    text = signed_in(Role.MARKETER).get("/leads/").content.decode()
    for said in ("newsletter", "crm", "1 could not be asked", "no such table: leads", "lead-1"):
        assert said in text
    assert "Priya Nair, Senior DBA" in text
    assert ADDRESS not in text
    assert "Try all again" not in text
    (form,) = [one for one in signed_in(Role.MARKETER).get("/leads/").context["forms"] if one.name == "newsletter"]
    assert (form.confirming, form.unmailed, form.counts.waiting, form.counts.failing) == (1, 1, 1, 1)


def test_a_form_can_be_taken_to_another_page(here, signed_in):
    """The same lines that a program prints, shown as text, with the pages that may send it."""
    form = read_form(here.root, "newsletter")
    text = signed_in(Role.MARKETER).get("/leads/").content.decode()
    assert form.words
    for language in form.words:
        assert escape(snippet(form, language, here.settings.base_url)) in text
    assert ("No page may send it yet" in text) == (not form.origins)
    assert all(origin in text for origin in form.origins)


@pytest.mark.parametrize(
    ("written", "shown"),
    [("operator", "Test Operator, Tester"), ("CRM team, Berlin", "CRM team, Berlin"), ("", "No owner is named")],
)
def test_an_intakes_owner_is_somebody_by_name_and_title(here, somebody, signed_in, written, shown):
    """Somebody of the house, whoever else is meant, or nobody: then it says how to name one."""
    somebody(Role.IT_OPERATOR, username="operator")
    here.settings.intakes["crm"]["owner"] = written
    hand_over(here, 1)
    assert shown in signed_in(Role.MARKETER).get("/leads/").content.decode()


def test_a_form_whose_file_is_gone_or_wrong_is_still_shown(here, signed_in):
    hand_over(here, 1, about="fair")
    text = signed_in(Role.MARKETER).get("/leads/").content.decode()
    assert "This form cannot be shown." in text
    assert "There is no form" in text


def test_trying_again_writes_it_once_into_the_mended_table(here, signed_in):
    first, second = hand_over(here, 1), hand_over(here, 2)
    for one in (first, second):
        die(here, one)
    with closing(table_of(here)) as crm:
        crm.execute("create table leads (lead_id text primary key, email text)")
        crm.commit()
        client = signed_in(Role.DATA_OWNER)
        assert client.post(f"/leads/{first}/again/").status_code == 302
        assert intake.deliver_outgoing(here).written == 1
        assert client.post("/leads/again/").status_code == 302
        assert client.post(f"/leads/{first}/again/").status_code == 422
        assert intake.deliver_outgoing(here).written == 1
        assert crm.execute("select lead_id, email from leads order by 1").fetchall() == [
            (first, ADDRESS), (second, ADDRESS),
        ]  # fmt: skip
    page = client.get(f"/leads/{first}/").content.decode()
    assert "its contents are gone from here" in page
    assert "Try again now" not in page
    rows, _ = audit_page(verb="leads tried again")
    assert [row.thing for row in rows] == ["leads", f"lead:{first}"]


def test_what_is_in_it_is_covered_until_somebody_gives_a_reason(here, signed_in):
    one = hand_over(here, 1)
    covered = signed_in(Role.MARKETER).get(f"/leads/{one}/").content.decode()
    assert "email" in covered
    assert ADDRESS not in covered
    owner = signed_in(Role.DATA_OWNER)
    assert owner.post(f"/leads/{one}/unmask/", {"reason": "why not"}).status_code == 422
    shown = owner.post(f"/leads/{one}/unmask/", {"reason": "She called: her address was misspelled."})
    assert ADDRESS in shown.content.decode()
    rows, _ = audit_page(verb="lead unmasked")
    assert [(row.person, row.thing) for row in rows] == [("data_owner", f"lead:{one}")]
    assert ADDRESS not in json.dumps(rows[0].detail)


@pytest.mark.parametrize("role", [Role.MARKETER, Role.MARKETING_LEAD, Role.AUDITOR])
def test_trying_again_is_its(here, signed_in, role):
    one = hand_over(here, 1)
    die(here, one)
    client = signed_in(role)
    assert client.post(f"/leads/{one}/again/").status_code == 403
    assert client.post("/leads/again/").status_code == 403
    assert here.ledger.one_outgoing(one).state == "dead"


@pytest.mark.parametrize("role", [Role.MARKETER, Role.IT_OPERATOR, Role.ADMINISTRATOR, Role.AUDITOR])
def test_looking_into_one_is_not_everybodys(here, signed_in, role):
    one = hand_over(here, 1)
    answer = signed_in(role).post(f"/leads/{one}/unmask/", {"reason": "I would like to know who it is."})
    assert answer.status_code == 403


def test_a_lead_that_nobody_knows_is_404(here, signed_in):
    assert signed_in(Role.DATA_OWNER).get("/leads/lead-none/").status_code == 404


# ---------------------------------------------------------------- the old provider's list


@pytest.mark.parametrize("role", [Role.MARKETING_LEAD, Role.IT_OPERATOR, Role.ADMINISTRATOR])
def test_the_old_list_is_answered_for_by_name_and_reason(here, signed_in, role):
    client = signed_in(role)
    assert "Answer for going without" in client.get("/deliverability/").content.decode()
    assert client.post("/deliverability/old-list/", {"because": "no"}).status_code == 302
    assert here.ledger.old_list() is None
    client.post("/deliverability/old-list/", {"because": "There was no provider before."})
    settled = here.ledger.old_list()
    assert (settled.kind, settled.person, settled.why) == ("waived", str(role), "There was no provider before.")
    page = client.get("/deliverability/").content.decode()
    assert "There was no provider before." in page
    assert 'id="waive"' not in page
    rows, _ = audit_page(verb="old suppressions waived")
    assert [(row.person, row.detail["reason"]) for row in rows] == [(str(role), "There was no provider before.")]


@pytest.mark.parametrize("role", [Role.MARKETER, Role.DATA_OWNER, Role.AUDITOR])
def test_others_read_who_may_and_are_refused(here, signed_in, role):
    client = signed_in(role)
    page = client.get("/deliverability/").content.decode()
    assert "can answer for going without it, by name" in page
    assert client.post("/deliverability/old-list/", {"because": "There was no provider before."}).status_code == 403
    assert here.ledger.old_list() is None


def test_an_imported_list_is_never_waived_over(here, signed_in):
    here.ledger.settle_old_list(OldList("imported", "aberg", "old.csv", 1.0))
    client = signed_in(Role.MARKETING_LEAD)
    assert "old.csv" in client.get("/deliverability/").content.decode()
    client.post("/deliverability/old-list/", {"because": "There was no provider before."})
    assert here.ledger.old_list().kind == "imported"


# ---------------------------------------------------------------- what home is told


def titles(person):
    return [(one.level, one.title) for one in troubles(person)]


def test_leads_and_wishes_that_do_not_get_through_are_told(here, somebody):
    operator = somebody(Role.IT_OPERATOR)
    here.ledger.settle_old_list(OldList("imported", "aberg", "old.csv", 1.0))
    assert titles(operator) == []
    die(here, hand_over(here, 1))
    hand_over(here, 2, ago=LATE_AFTER + 60)
    hand_over(here, 3, kind="unsubscribe", ago=LATE_AFTER + 60)
    hand_over(here, 4, kind="opt_in", ago=LATE_AFTER + 60)
    hand_over(here, 5, kind="opt_in")
    cache.clear()
    assert titles(operator) == [
        ("red", "1 lead could not be written"),
        ("red", "3 opt-outs or consents are not in your own system yet"),
        ("amber", "1 lead has been waiting for too long"),
    ]
    assert "may write to people who said no" in troubles(operator)[1].text
    assert titles(somebody(Role.MARKETER)) == []


def test_a_mailbox_that_cannot_be_read_is_told_until_it_can(here, somebody, monkeypatch):
    operator = somebody(Role.IT_OPERATOR)
    here.ledger.settle_old_list(OldList("imported", "aberg", "old.csv", 1.0))

    def away(_instance):
        raise ChannelUnavailable("imap.example cannot be read.", todo="Ask its owner.", code="T850")

    monkeypatch.setattr(mailbox, "collect", away)
    for _ in range(2):
        with pytest.raises(ChannelUnavailable):
            mailbox.collect_bounces("mailbox")
    (told,) = troubles(operator)
    assert (told.title, told.todo) == ("The mailbox for bounces cannot be read", "Ask its owner.")
    assert told.technical == "T850 imap.example cannot be read."
    assert timezone.now().timestamp() - told.since < timedelta(minutes=1).total_seconds()
    monkeypatch.setattr(mailbox, "collect", lambda _instance: None)
    mailbox.collect_bounces("mailbox")
    assert troubles(operator) == []


def test_whoever_may_answer_for_the_old_list_is_asked(here, somebody):
    assert titles(somebody(Role.MARKETING_LEAD)) == [("amber", "The old provider's suppressions are not here")]
    assert titles(somebody(Role.MARKETER)) == []
