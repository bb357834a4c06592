"""What is handed out and has not begun can be called back: a channel asks just before it writes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from delivery_desk import RUN, Desk, MovableClock, address, open_desk
from twain.delivery.channels.memory import MemoryChannel
from twain.delivery.channels.smtp import SmtpChannel
from twain.delivery.dispatch import Dispatcher, Terms
from twain.delivery.journal import Journal
from twain.delivery.lookout import Lookout
from twain.demo.sink_session import Received
from twain.errors import LedgerUnavailable
from twain.records import Envelope, Fate
from twain.settings import ChannelSettings
from twain.testing.channel_suite import ListFeeder, envelopes
from twain.testing.relay import Relay, Script

_GROUPED = (b"PIPELINING", b"SIZE 52428800", b"8BITMIME", b"SMTPUTF8")
_PLAIN = (b"SIZE 52428800", b"8BITMIME", b"SMTPUTF8")


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


def _dispatcher(desk: Desk) -> Dispatcher:
    channel = MemoryChannel(ChannelSettings("memory", "memory", {}))
    lookout = Lookout(desk.ledger, RUN, "memory", desk.clock)
    worker = desk.worker()
    return Dispatcher(desk.ledger, channel, desk.messages, worker, desk.clock, Journal(worker), lookout, Terms())


def test_who_unsubscribes_after_being_handed_out_is_called_back(tmp_path: Path, clock: MovableClock) -> None:
    desk = open_desk(tmp_path, clock=clock)
    desk.begin([20])
    dispatcher = _dispatcher(desk)
    taken = dispatcher.take(10)
    assert isinstance(taken, list)
    assert not dispatcher.recalled()
    (theirs,) = [one for one in taken if one.recipient == address(0, 3)]
    desk.suppress(0, 3)
    clock.pass_time(0.06)
    assert set(dispatcher.recalled()) == {theirs.ticket}


def test_a_look_that_came_with_a_take_calls_back_as_well(tmp_path: Path, clock: MovableClock) -> None:
    desk = open_desk(tmp_path, clock=clock)
    desk.begin([20])
    dispatcher = _dispatcher(desk)
    taken = dispatcher.take(5)
    assert isinstance(taken, list)
    desk.suppress(0, 0)
    clock.pass_time(0.06)
    dispatcher.take(5)
    assert set(dispatcher.recalled()) == {taken[0].ticket}


def test_while_nobody_can_say_who_unsubscribed_nothing_begins(
    tmp_path: Path, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = open_desk(tmp_path, clock=clock)
    desk.begin([20])
    dispatcher = _dispatcher(desk)
    taken = dispatcher.take(5)
    assert isinstance(taken, list)

    def away(*_: object) -> object:
        raise LedgerUnavailable("The ledger is away.")

    monkeypatch.setattr(desk.ledger, "suppressed_since", away)
    clock.pass_time(0.3)
    assert set(dispatcher.recalled()) == {one.ticket for one in taken}
    assert not isinstance(dispatcher.take(5), list)


class _Unsubscribing(ListFeeder):
    """Calls one ticket back when so many messages have been looked at."""

    victim = 0

    def recalled(self) -> set[int]:
        return {self.victim}


@pytest.mark.parametrize("extensions", [Script().extensions, _GROUPED, _PLAIN], ids=["BDAT", "DATA", "lockstep"])
def test_a_ticket_called_back_never_reaches_the_relay(extensions: tuple[bytes, ...]) -> None:
    with Relay(Script(extensions=extensions)) as relay:
        feeder = _Unsubscribing(envelopes(12))
        feeder.victim = 5
        SmtpChannel(relay.settings()).deliver(feeder)
        arrived = {one.recipients[0] for one in relay.received}
    assert feeder.answers[5].fate is Fate.DEFERRED
    assert feeder.answers[5].reason == "unsent"
    assert len(arrived) == 11
    assert b"person5@example.org" not in arrived


class _Late(ListFeeder):
    """Calls message 4 back once the relay has message 3, behind which the DATA of 4 has been said already."""

    def __init__(self, sent: list[Envelope]) -> None:
        super().__init__(sent)
        self.third = threading.Event()

    def recalled(self) -> set[int]:
        return {4} if self.third.is_set() else set()


def test_between_data_and_its_body_the_connection_is_given_up_and_nobody_else_suffers() -> None:
    feeder = _Late(envelopes(12))

    def slow_over_the_third(_: Received, number: int) -> None:
        if number == 3:
            feeder.third.set()
            threading.Event().wait(0.1)  # longer than what was known is good for

    with Relay(Script(extensions=_GROUPED, always=slow_over_the_third)) as relay:
        SmtpChannel(relay.settings(connections=1)).deliver(feeder)
        arrived = [one.recipients[0] for one in relay.received]
        connections = relay.connections
    assert feeder.answers[4].reason == "unsent"
    assert sorted(arrived) == sorted(b"person%d@example.org" % n for n in range(1, 13) if n != 4)
    assert not feeder.answered_twice
    assert connections == 2


def test_to_a_slow_relay_no_more_is_written_than_it_works_off_in_a_tenth_of_a_second() -> None:
    waiting: list[int] = []
    feeder = ListFeeder(envelopes(40))

    def slow(_: Received, number: int) -> None:
        waiting.append(len(feeder.taken) - number)
        threading.Event().wait(0.02)

    with Relay(Script(always=slow)) as relay:
        SmtpChannel(relay.settings(connections=1)).deliver(feeder)
    assert len(relay.received) == 40
    assert max(waiting[10:]) <= 16  # of 32 that are allowed


class _Watched(list[Envelope]):
    """What a channel has seen; tells of the third."""

    def __init__(self, tell: Callable[[], None]) -> None:
        super().__init__()
        self._tell = tell

    def append(self, one: Envelope) -> None:
        super().append(one)
        if len(self) == 3:
            self._tell()


def test_who_is_called_back_ends_as_suppressed(tmp_path: Path, clock: MovableClock) -> None:
    desk = open_desk(tmp_path, clock=clock)
    desk.begin([40])
    channel = MemoryChannel(ChannelSettings("memory", "memory", {}))

    def unsubscribe() -> None:
        desk.suppress(0, 30)
        clock.pass_time(0.06)

    channel.seen = _Watched(unsubscribe)
    report = desk.send(channel)
    assert (report.ended, report.sent, report.suppressed) == ("done", 39, 1)
    assert address(0, 30) not in {one.recipient for one in channel.sent}
