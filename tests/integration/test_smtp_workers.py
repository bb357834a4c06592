"""Several workers on one Postgres ledger, sending by SMTP at once: everybody once."""

from __future__ import annotations

import threading
from collections import Counter
from pathlib import Path

import pytest

from tests.delivery_desk import RUN, open_desk
from twain.delivery.channels.smtp import SmtpChannel
from twain.delivery.dispatch import DeliveryReport
from twain.ledger.clock import SystemClock
from twain.testing.relay import Relay


@pytest.mark.parametrize("store", ["postgres", "sqlite"])
def test_workers_together_send_everybody_one_message(store: str, tmp_path: Path, postgres_url: str) -> None:
    url = postgres_url if store == "postgres" else f"sqlite:///{tmp_path / 'ledger.db'}"
    first = open_desk(tmp_path, url, clock=SystemClock())
    second = open_desk(tmp_path, url, clock=SystemClock())
    first.begin([120] * 6)
    reports: list[DeliveryReport] = []

    def work(name: str) -> None:
        desk = first if name == "w1" else second
        reports.append(desk.send(SmtpChannel(relay.settings(connections=2)), desk.worker(name)))

    with Relay() as relay:
        workers = [threading.Thread(target=work, args=(name,)) for name in ("w1", "w2")]
        for one in workers:
            one.start()
        for one in workers:
            one.join(60)
        assert Counter(relay.recipients().values()) == {1: 720}
    tally = first.ledger.tally(RUN)
    assert (tally.sent, tally.pending) == (720, 0)
    assert sum(report.sent for report in reports) == 720
    assert {report.ended for report in reports} == {"done"}
    first.ledger.close()
    second.ledger.close()
