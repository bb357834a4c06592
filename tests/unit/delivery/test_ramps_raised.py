"""A worker that waits for midnight notices when the ramp is raised, lowered or ended, within seconds."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.delivery_desk import RUN, Desk, open_desk
from twain.delivery.channels.memory import MemoryChannel
from twain.delivery.dispatch import Terms
from twain.delivery.ramps import EVERY
from twain.records import RunState
from twain.records.warming import WarmUp
from twain.settings import ChannelSettings

#: A place where it is noon or near it, whenever the tests run: midnight is far away.
NOON = f"Etc/GMT{datetime.now(UTC).hour - 12:+d}"


def ramp(*numbers: int) -> WarmUp:
    return WarmUp("news.example", "@news.example", numbers, zone=NOON)


@pytest.fixture(params=["memory", "sqlite"])
def desk(request: pytest.FixtureRequest, tmp_path: Path):
    made = open_desk(tmp_path, "memory://" if request.param == "memory" else f"sqlite:///{tmp_path / 'ledger.db'}")
    yield made
    made.ledger.close()


class Waiting:
    """A channel whose waits take no time: the clock is moved on instead; *then* is called at the wait of that number."""

    def __init__(self, desk: Desk, then: dict[int, object]) -> None:
        self.desk, self.then, self.waits = desk, then, 0
        self.channel = MemoryChannel(ChannelSettings("memory", "memory", {}), sleep=self.pass_by)

    def pass_by(self, seconds: float) -> None:
        self.waits += 1
        assert self.waits < 2_000
        self.desk.clock.pass_time(max(seconds, 0.05))
        self.then.get(self.waits, lambda: None)()


def test_the_rest_goes_as_soon_as_the_ramp_is_raised(desk: Desk) -> None:
    desk.begin([40, 40, 20])
    ramps = [ramp(10, 500)]
    sent_before: list[int] = []

    def raised() -> None:
        sent_before.append(desk.ledger.tally(RUN).sent)
        ramps[:] = [ramp(60, 500)]

    def over() -> None:
        sent_before.append(desk.ledger.tally(RUN).sent)
        ramps.clear()

    waiting = Waiting(desk, {60: raised, 160: over})
    began = desk.clock.now()
    report = desk.send(waiting.channel, terms=Terms(warming=lambda: tuple(ramps)))
    assert (report.ended, report.sent) == ("done", 100)
    assert sent_before == [10, 60]
    assert desk.clock.now() - began < 300, "long before midnight"


def test_a_lowered_ramp_counts_from_the_next_claim_on(desk: Desk) -> None:
    desk.begin([2_000])
    asked = [0]

    def ramps() -> tuple[WarmUp, ...]:
        asked[0] += 1
        return (ramp(900, 5_000),) if asked[0] == 1 else (ramp(600, 5_000),)

    def stop() -> None:
        desk.pause()

    waiting = Waiting(desk, {300: stop})
    waiting.channel.deliver = _slowly(waiting.channel.deliver, desk)  # type: ignore[method-assign]
    report = desk.send(waiting.channel, terms=Terms(warming=ramps))
    assert report.ended == RunState.PAUSED
    assert 600 <= desk.ledger.tally(RUN).sent < 900


def _slowly(deliver, desk: Desk):
    """Every hundred messages take as long as it takes to look at the ramp again."""

    def slow(feeder):
        take = feeder.take

        def taken(limit):
            desk.clock.pass_time(EVERY / 10)
            return take(limit)

        feeder.take = taken
        return deliver(feeder)

    return slow


def test_a_worker_that_begins_looks_again_at_what_waits(desk: Desk) -> None:
    desk.begin([30])
    waiting = Waiting(desk, {40: desk.pause})
    assert desk.send(waiting.channel, terms=Terms(warming=lambda: (ramp(10, 20),))).sent == 10
    desk.resume()
    again = Waiting(desk, {})
    report = desk.send(again.channel, desk.worker("w2"), terms=Terms(warming=lambda: (ramp(30, 40),)))
    assert (report.ended, report.sent) == ("done", 20)
