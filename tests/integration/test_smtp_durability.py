"""F7, the order of durability: claim committed, then journalled as begun, and only then on the wire."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.delivery_desk import RUN, open_desk
from twain.delivery.channels.smtp import SmtpChannel
from twain.delivery.dispatch import Terms
from twain.delivery.journal import read_journal
from twain.delivery.pace import Backoff
from twain.demo.sink_session import Received
from twain.ledger.clock import read_boot_id
from twain.testing.relay import Relay


@pytest.mark.parametrize("without", [(), (b"CHUNKING",)])
def test_no_message_arrives_before_its_claim_is_committed_and_its_begin_journalled(
    tmp_path: Path, without: tuple[bytes, ...]
) -> None:
    """Looked at from outside, by the relay, at the very moment each message arrives."""
    path = tmp_path / "ledger.db"
    desk = open_desk(tmp_path, f"sqlite:///{path}")
    desk.begin([300])
    worker = desk.worker()
    claimed: list[bool] = []
    begun: list[bool] = []

    def look(message: Received) -> None:
        row = int(message.recipients[0].split(b"@")[0].split(b".")[1])
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as other:
            count = other.execute("select claimed from shards where run_id = ?", [RUN]).fetchone()[0]
        other.close()
        claimed.append(row < count)
        told = read_journal(worker, read_boot_id())
        begun.append(any(row in one.begun for one in (told or {}).values()))

    with Relay() as relay:
        relay.script.extensions = tuple(e for e in relay.script.extensions if e not in without)
        relay.on_arrival = look
        report = desk.send(
            SmtpChannel(relay.settings(connections=2, in_flight=8)), worker, terms=Terms(backoff=Backoff())
        )
    desk.ledger.close()
    assert report.sent == 300
    assert len(claimed) == len(begun) == 300
    assert all(claimed)
    assert all(begun)
