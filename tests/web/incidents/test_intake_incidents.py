"""An intake that takes nothing any more is one incident, told to its owner without anybody's data, closed by the next write."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone

from twain.flows.intake import deliver_outgoing, retry
from twain.flows.intake_faults import failing_intakes
from twain.flows.leads import LATE_AFTER
from twain.flows.signing_up import sealed_outgoing
from twain.ledger.stores import open_ledger
from twain.records import Outgoing
from twain_web import engine
from twain_web.rooms.incidents import looking, noticing
from twain_web.rooms.incidents.models import Incident

ADDRESS = "margarethe@customer.example"


@pytest.fixture
def here(company, priya, tmp_path, monkeypatch):
    """The house with a ledger of its own, and IT's table that does not exist yet. It is Priya's, by policy's id."""
    own, rest = open_ledger("memory://"), engine._stores()[1:]
    monkeypatch.setattr(engine._here, "stores", (own, *rest))
    plain, crm = engine.instance, {"kind": "table", "path": str(tmp_path / "crm.sqlite"), "table": "leads", "id": "lead_id",
                                   "owner": "pnair", "columns": {"email": "email"}}  # fmt: skip

    def instance(person=None):
        made = plain(person)
        return replace(made, workspace=replace(made.workspace, settings=replace(made.settings, intakes={"crm": crm})))

    monkeypatch.setattr(engine, "instance", instance)
    cache.clear()
    with closing(sqlite3.connect(crm["path"])) as empty, empty:
        empty.execute("create table other (id text)")
    return instance()


def hand_over(here, number, *, kind="lead", ago=0.0):
    identifier, now = f"{kind}-{number}", here.clock.now()
    sealed = sealed_outgoing(here, identifier, {"id": identifier, "kind": kind, "email": ADDRESS})
    item = Outgoing(identifier, kind, "newsletter", "crm", b"a" * 32, now - ago, sealed, due=now, give_up_at=now + 6e5)
    here.ledger.hand_over([item])


def mend(here):
    with closing(sqlite3.connect(here.settings.intakes["crm"]["path"])) as crm, crm:
        crm.execute("create table leads (lead_id text primary key, email text)")


def noticed():
    cache.clear()
    for what in noticing.due():
        noticing.notice(what)
    return list(Incident.objects.filter(kind="intake", restored_at=None))


def test_it_opens_once_is_told_without_anybodys_data_and_closes_by_the_next_write(here, priya, posted):
    assert (noticing._intakes_mark(), noticed()) == ("", [])
    hand_over(here, 1)
    hand_over(here, 2, kind="unsubscribe")
    assert deliver_outgoing(here).dead == 2, "the table is really not there"
    (one,) = noticed()
    assert (one.owner, one.owner_name, one.owner_title, one.check_name) == (priya, "Priya Nair", "Senior DBA", "crm")
    assert one.title == "Entries of forms cannot be written to crm"
    assert "2 entries wait safely" in one.business
    assert "1 of them is somebody's yes or no" in one.business
    assert one.technical == "[intakes.crm], table: T872; 2 given up, 0 waiting. twain leads list; twain leads retry"
    (letter,) = posted()
    assert letter.to == [priya.email]
    everything = f"{letter.subject}{letter.body}" + "".join(
        f"{e.business}{e.technical}{e.detail}" for e in one.events.all()
    )
    assert "margarethe" not in everything
    assert "customer.example" not in everything
    hand_over(here, 3)
    deliver_outgoing(here)
    assert ([i.pk for i in noticed()], posted()) == ([one.pk], []), "one incident, one mail"
    mend(here)
    looking.look(str(one.pk))
    one.refresh_from_db()
    assert one.is_open, "that the table is there is not yet a write"
    assert retry(here) == 3
    assert deliver_outgoing(here).written == 3
    assert noticed() == []
    one.refresh_from_db()
    assert one.restored_at is not None
    assert one.events.last().business == "It takes entries again: one was written."
    assert noticing._intakes_mark() == ""
    (news,) = posted()
    assert "crm" in news.subject


def test_the_owners_look_closes_it_when_something_was_written(here):
    hand_over(here, 1)
    deliver_outgoing(here)
    (one,) = noticed()
    mend(here)
    retry(here)
    deliver_outgoing(here)
    looking.look(str(one.pk))
    one.refresh_from_db()
    assert not one.is_open


def test_what_waits_a_little_is_no_incident_and_neither_is_one_refused_among_many(here, monkeypatch):
    hand_over(here, 1)
    item = here.ledger.take_outgoing("lead-1")
    later = here.clock.now() + 60
    here.ledger.settle_outgoing(item, "waiting", due=later, problem="T871 The intake crm cannot be written now: away.")
    assert failing_intakes(here) == []
    hand_over(here, 2, ago=LATE_AFTER + 1)
    item = here.ledger.take_outgoing("lead-2")
    here.ledger.settle_outgoing(item, "waiting", due=later, problem="T871 The intake crm cannot be written now: away.")
    assert [(one.waiting, one.dead, one.code) for one in failing_intakes(here)] == [(2, 0, "T871")]
    hand_over(here, 3)
    here.ledger.settle_outgoing(here.ledger.take_outgoing("lead-3"), "written")
    hand_over(here, 4)
    here.ledger.settle_outgoing(here.ledger.take_outgoing("lead-4"), "dead", problem="T872 The intake crm refused: no.")
    assert failing_intakes(here) == [], "something was written a moment ago"


def test_what_was_withdrawn_closes_it_and_without_an_owner_somebody_of_it_is_asked(here, priya, monkeypatch):
    here.settings.intakes["crm"].pop("owner")
    hand_over(here, 1)
    deliver_outgoing(here)
    (one,) = noticed()
    assert one.owner == priya, "the only one of IT here"
    here.ledger.forget_signups([b"a" * 32])
    looking.look(str(one.pk))
    one.refresh_from_db()
    assert one.restored_at is not None
    assert one.restored_at <= timezone.now() + timedelta(seconds=1)
    assert one.events.last().business == "Nothing waits for it any more."
