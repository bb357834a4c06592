"""F6: a sending process is stopped by SIGSTOP for longer than its lease, another takes over, and SIGCONT wakes it up."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
from collections import Counter
from pathlib import Path

import pytest

from tests.conftest import fresh_database
from tests.delivery_desk import RUN, Desk, open_desk
from twain.delivery.channels.smtp import SmtpChannel
from twain.delivery.dispatch import Terms
from twain.delivery.pace import Backoff
from twain.errors import LeaseLost
from twain.ledger.clock import SystemClock
from twain.settings import ChannelSettings
from twain.testing.relay import Relay

PEOPLE, GRACE, STALLED = 150, 0.3, 20
TERMS = Terms(backoff=Backoff(first=0.05, factor=1.0, reconnect=0.02, jitter=0.0), lease_seconds=1.0)
_SPAWN = multiprocessing.get_context("spawn")


def freezable(folder: str, url: str, settings: ChannelSettings) -> None:
    """The worker that will be frozen: sends, and writes down how it ended."""
    desk = open_desk(Path(folder), url, clock=SystemClock(), grace=GRACE)
    try:
        ended = desk.send(SmtpChannel(settings), desk.worker("frozen"), terms=TERMS).ended
    except LeaseLost:
        ended = "lease lost"
    finally:
        desk.ledger.close()
    (Path(folder) / "ended.json").write_text(json.dumps(ended))


@pytest.fixture(params=["sqlite", "postgres"])
def url(request, tmp_path, postgres_url):
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'ledger.db'}"
        return
    with fresh_database(postgres_url) as made:
        yield made


def take_over(desk: Desk, relay: Relay) -> None:
    """Another worker sends the rest, once the lease and its grace are over; waits for that by itself."""
    report = desk.send(SmtpChannel(relay.settings()), desk.worker("second"), terms=TERMS)
    assert report.ended == "done"


@pytest.mark.parametrize("without", [(), (b"CHUNKING",)], ids=["chunking", "data"])
def test_a_frozen_process_wakes_up_and_neither_sends_nor_settles(url: str, tmp_path: Path, without: tuple[bytes, ...]):
    desk = open_desk(tmp_path, url, clock=SystemClock(), grace=GRACE)
    with Relay() as relay:
        relay.script.extensions = tuple(e for e in relay.script.extensions if e not in without)
        relay.script.stall_at(STALLED)
        desk.begin([PEOPLE])
        settings = relay.settings(in_flight=8)
        worker = _SPAWN.Process(target=freezable, args=(str(tmp_path), url, settings))
        worker.start()
        assert worker.pid
        try:
            assert relay.wait_for(STALLED, 60)
            os.kill(worker.pid, signal.SIGSTOP)
            take_over(desk, relay)
            books, arrived = desk.ledger.tally(RUN), len(relay.received)
            relay.resume()  # the answer that it was waiting for is there the moment it wakes up
            os.kill(worker.pid, signal.SIGCONT)
            worker.join(60)
        finally:
            worker.kill()
            worker.join()
        assert worker.exitcode == 0
        assert (books.pending, books.sent + books.uncertain) == (0, PEOPLE)
        assert desk.ledger.tally(RUN) == books, "a stale settlement was taken"
        assert set(relay.arrivals().values()) == {1}, "somebody was sent to twice"
        # What had left it before it was stopped may still lie in the socket; nothing new is begun.
        assert len(relay.received) - arrived <= books.uncertain <= SmtpChannel(settings).promise()["messages"]
        assert Counter(relay.recipients().values()) == {1: len(relay.recipients())}
    desk.ledger.close()
    assert (tmp_path / "ended.json").exists()
