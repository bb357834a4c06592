"""F7, seen in a trace of system calls: claim and journal are on disk before the first byte of a message."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.delivery_desk import RUN, open_desk
from twain.delivery.channels.smtp import SmtpChannel
from twain.ledger.clock import SystemClock
from twain.settings import ChannelSettings
from twain.testing.relay import Relay

PEOPLE = 40


def send(folder: Path, port: int) -> None:
    """The traced program: one worker, one shard."""
    desk = open_desk(folder, f"sqlite:///{folder / 'ledger.db'}", clock=SystemClock())
    desk.begin([PEOPLE])
    (folder / "begin").write_text("from here on")
    desk.send(SmtpChannel(ChannelSettings("relay", "smtp", {"host": "127.0.0.1", "port": port, "in_flight": 8})))
    desk.ledger.close()


@pytest.mark.parametrize("without", [(), (b"CHUNKING",)], ids=["chunking", "data"])
def test_no_message_leaves_before_the_disk_has_its_claim(tmp_path, without):
    out = tmp_path / "calls.json"
    with Relay() as relay:
        relay.script.extensions = tuple(e for e in relay.script.extensions if e not in without)
        program = (
            f"from tests.faults.test_order_of_durability import send, Path; send(Path({str(tmp_path)!r}), {relay.port})"
        )
        command = [sys.executable, "-m", "tests.faults.syscalls", str(out), sys.executable, "-c", program]
        done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=Path(__file__).parents[2])
        assert done.returncode == 0, done.stderr
        assert len(relay.acknowledged) == PEOPLE
    calls = json.loads(out.read_text())
    start = next(n for n, (_, path, _) in enumerate(calls) if path.endswith("/begin"))
    mails = _check(calls[start:])
    assert mails >= 1
    ledger = open_desk(tmp_path, f"sqlite:///{tmp_path / 'ledger.db'}").ledger
    assert ledger.tally(RUN).sent == PEOPLE
    ledger.close()


def _check(calls):
    """Walk the trace; returns how many writes to the relay carried messages."""
    unsynced = claimed = journalled = False
    mails = 0
    for kind, path, data in calls:
        if path.endswith("ledger.db-wal"):
            claimed = claimed or kind == "sync"
            unsynced = kind == "write"
        elif path.endswith(".journal"):
            journalled = True
        elif path.startswith("socket:") and ("MAIL FROM" in data or "Subject:" in data):
            mails += 1
            assert claimed, "a message left before anything was made durable"
            assert journalled, "a message left before the journal said that it would"
            assert not unsynced, "a message left while the ledger's log was not on the disk yet"
    return mails
