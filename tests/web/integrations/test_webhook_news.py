"""What recipients did reaches other systems: each row of the delivery history once, whatever is merged, rewritten or killed."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from django.db import transaction
from jsonschema import Draft202012Validator

from twain.flows.erased import key_mark
from twain.ledger.happened import EVENTS
from twain.ledger.lake import Lake
from twain.ledger.news import end_of_history, read_news
from twain.records import CameBack, Fate
from twain_web import engine
from twain_web.rooms.integrations import erasing, gathering
from twain_web.rooms.integrations.event_types import BY_NAME, MOST_AT_ONCE
from twain_web.rooms.integrations.models import Message, ReadTo

AT = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


def events(name, kinds, *, run="r1"):
    rows = [
        {"id": f"{name}.{n}", "run_id": run, "shard": 0, "row": n, "campaign": "summer-thanks", "feed": "customers",
         "key": str(n), "arm": "a", "kind": kind, "link": 3 if kind == "click" else -1, "machine": n % 2 == 1,
         "why": "", "client": "apple-mail", "at": AT + timedelta(seconds=n)}
        for n, kind in enumerate(kinds)
    ]  # fmt: skip
    return name, pa.Table.from_pylist(rows, EVENTS)


@pytest.fixture
def history(company, db, tmp_path, monkeypatch):
    """A delivery history of this test's own, in the house's instance."""
    lake = Lake(tmp_path / "history")
    ledger, _, *rest = engine._stores()
    monkeypatch.setattr(engine._here, "stores", (ledger, lake, *rest))
    gathering.gather()  # the first time, everything there is counts as told
    return lake


def gather_all(history):
    gathering.gather()
    assert gathering._unread() == []


def told(name):
    bodies = [json.loads(one.body) for one in Message.objects.filter(type=name)]
    for body in bodies:
        Draft202012Validator(BY_NAME[name].schema()).validate(body)
    return [event for body in bodies for event in body["data"]["events"]]


def test_clicks_opens_and_unsubscribes_are_told_apart(history, endpoint):
    endpoint("message.clicked", "message.opened", "recipient.unsubscribed")
    history.write_events(*events("spool-1", ["open", "click", "unsubscribe", "canary", "view", "click"]))
    gather_all(history)
    assert [(e["key"], e["machine"], e["link"]) for e in told("message.clicked")] == [("1", True, 3), ("5", True, 3)]
    assert [e["message"] for e in told("message.opened")] == ["r1.0.0"]
    assert told("message.opened")[0]["at"] == "2026-11-22T09:30:00.000Z"
    assert [e["key"] for e in told("recipient.unsubscribed")] == ["2"]
    assert not told("message.viewed")


def test_a_killed_house_tells_nothing_twice_and_leaves_nothing_out(history, endpoint, monkeypatch):
    endpoint("message.clicked")
    for n in range(3):
        history.write_events(*events(f"spool-{n}", ["click"] * 2))
    real = ReadTo.save

    def dies(self, **words):
        real(self, **words)
        raise SystemError("killed")

    monkeypatch.setattr(ReadTo, "save", dies)
    for _ in range(3):
        with pytest.raises(SystemError), transaction.atomic():
            gathering.gather_once()
    assert not Message.objects.exists()
    monkeypatch.setattr(ReadTo, "save", real)
    gather_all(history)
    assert len(told("message.clicked")) == 6
    gather_all(history)
    assert len(told("message.clicked")) == 6


def test_merging_tells_nothing_again(history, endpoint):
    endpoint("message.clicked")
    for n in range(3):
        history.write_events(*events(f"spool-{n}", ["click"]))
    gather_all(history)
    history.compact()
    gather_all(history)
    assert len(told("message.clicked")) == 3


def test_what_was_merged_and_swept_before_it_was_read_is_still_told_once(history, endpoint):
    endpoint("message.clicked")
    for n in range(3):
        history.write_events(*events(f"spool-{n}", ["click"] * 2))
    history.compact()
    for old in history.root.glob("events/*/spool-*.parquet"):
        old.unlink()
    gather_all(history)
    assert sorted(e["key"] for e in told("message.clicked")) == ["0", "0", "0", "1", "1", "1"]


def test_a_long_list_goes_in_several_webhooks(history, endpoint):
    endpoint("message.clicked")
    history.write_events(*events("spool-1", ["click"] * (MOST_AT_ONCE * 2 + 1)))
    gather_all(history)
    assert Message.objects.count() == 3
    assert len({(e["message"]) for e in told("message.clicked")}) == MOST_AT_ONCE * 2 + 1


def test_bounces_are_told_only_when_they_are_believed(history, endpoint):
    endpoint("message.bounced", "message.complained")
    same = {"at": AT.timestamp(), "via": "mailbox", "run_id": "r1", "shard": 0, "campaign": "c", "feed": "customers",
            "recipient": "7", "address_hash": b"h" * 32, "sent_at": AT.timestamp()}  # fmt: skip
    mails = [
        CameBack(mail=b"1" * 32, kind="bounce", cause="hard", status="5.1.1", words="no such user", row=1, believed=True,
                 followed="suppressed: hard bounce", **same),
        CameBack(mail=b"2" * 32, kind="bounce", cause="hard", row=2, believed=False, **same),
        CameBack(mail=b"3" * 32, kind="complaint", row=3, believed=True, **same),
    ]  # fmt: skip
    history.write_bounces(1, mails)
    gather_all(history)
    (bounce,) = told("message.bounced")
    assert (bounce["cause"], bounce["key"], bounce["address_hash"]) == ("hard", "7", (b"h" * 32).hex())
    assert [e["message"] for e in told("message.complained")] == ["r1.0.3"]


def test_whoever_is_erased_leaves_the_webhooks_that_are_kept(history, endpoint, batch_of):
    """F11: in what is kept to be sent again nobody stands who was erased, neither by key nor by hash."""
    endpoint("message.clicked", "message.sent")
    here = engine.instance()
    history.write_events(*events("spool-1", ["click"] * 3))
    hashes = [b"1" * 32, b"2" * 32]
    history.write(batch_of(Fate.SENT, Fate.SENT), ["101", "102"], hashes, [""] * 2)
    gather_all(history)
    here.ledger.remember_erased([key_mark(here, "customers", "1"), hashes[1]], "tester")
    assert erasing._newly_erased() == ["erased"]
    erasing.empty_webhooks()
    assert erasing._newly_erased() == []
    assert [e["key"] for e in told("message.clicked")] == ["0", "", "2"]
    assert [(e["key"], e["address_hash"]) for e in told("message.sent")] == [("101", hashes[0].hex()), ("", "")]


def test_a_history_put_back_from_a_backup_is_not_told_again(history, endpoint, tmp_path):
    endpoint("message.clicked")
    history.write_events(*events("spool-1", ["click"]))
    gather_all(history)
    shutil.rmtree(history.root)
    gather_all(history)
    assert ReadTo.objects.get(name="history").place == 0


def test_only_what_somebody_waits_for_is_read(history, endpoint, monkeypatch):
    history.write_events(*events("spool-1", ["click"]))

    def read(*_arguments, **_words):
        raise AssertionError("a file was read that nobody waits for")

    monkeypatch.setattr("twain.ledger.news.pq.read_table", read)
    gather_all(history)
    assert ReadTo.objects.get(name="history").place == end_of_history(history.root)


def test_a_torn_line_waits_until_it_is_whole(history, endpoint):
    history.write_events(*events("spool-1", ["click"]))
    manifest = history.root / "manifest.jsonl"
    whole = manifest.read_bytes()
    manifest.write_bytes(whole[:-10])
    assert read_news(history.root, 0, {"events"}).rows == {}
    assert read_news(history.root, 0, {"events"}).after == 0
    manifest.write_bytes(whole)
    news = read_news(history.root, 0, {"events"})
    assert len(news.rows["events"]) == 1
    assert news.after == len(whole)


def test_a_batch_written_again_tells_only_what_changed(history, endpoint, batch_of):
    endpoint("message.sent", "message.unknown")
    keys, hashes, arms = ["1", "2", "3"], [b"h" * 32] * 3, ["a"] * 3
    history.write(batch_of(Fate.SENT, Fate.UNCERTAIN, Fate.SENT), keys, hashes, arms)
    gather_all(history)
    assert [e["key"] for e in told("message.sent")] == ["1", "3"]
    assert [e["key"] for e in told("message.unknown")] == ["2"]
    history.rewrite(batch_of(Fate.SENT, Fate.SENT, Fate.SENT))
    gather_all(history)
    assert [e["key"] for e in told("message.sent")] == ["1", "3", "2"]
