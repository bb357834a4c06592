"""The house reads the mailbox for bounces by itself."""

from dataclasses import replace

import pytest

from tests.mail_servers import PASSWORD, USER, Imap, Store, serving
from tests.returned_mails import dsn
from twain.records import Fate
from twain_web import engine
from twain_web.reconcile import REGISTRY
from twain_web.rooms.insights import mailbox


@pytest.fixture
def here(sent, db, monkeypatch):
    """The house's instance, with a mailbox set that is a real IMAP server."""
    plain, store = engine.instance(), Store()
    with serving(Imap, store) as port:
        raw = {"kind": "imap", "host": "127.0.0.1", "port": port, "username": USER, "password": PASSWORD, "tls": "none"}
        settings = replace(plain.settings, bounces=raw)
        ours = replace(plain, workspace=replace(plain.workspace, settings=settings))
        monkeypatch.setattr(mailbox.engine, "instance", lambda: ours)
        yield ours, store


def test_it_reads_what_came_back(sent, here):
    ours, store = here
    everybody = ours.history.undelivered(sent.id, [Fate.SENT])
    one = next(person for person in everybody if person.key)  # another test may have had somebody forgotten
    mac = ours.mint().stamps(sent.id, one.shard, [one.row])[0][0].decode()
    store.add(dsn(f"<{sent.id}.{one.shard}.{one.row}.{mac}@mail.example.com>", salt="house"))
    reconciler = REGISTRY["bounces"]
    assert list(reconciler.due()) == ["mailbox"]
    reconciler.step("mailbox")
    assert store.raws() == []
    (booked,) = ours.ledger.returned_for(sent.id, one.shard, one.row)
    assert (booked.recipient, booked.cause, booked.followed) == (one.key, "hard", "suppressed: hard bounce")
    assert ours.ledger.unsuppress(booked.address_hash, "test")


def test_without_a_mailbox_nothing_is_due(db):
    assert list(REGISTRY["bounces"].due()) == []
