"""The SMTP channel against a relay that misbehaves: drops, stalls, storms, injections (F2, F9, X8, X19)."""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.delivery_desk import RUN, Desk, address, open_desk
from twain.delivery.channels.smtp import SmtpChannel
from twain.delivery.dispatch import Terms
from twain.delivery.pace import Backoff
from twain.demo.sink_session import Answer, Fault, Received
from twain.errors import ChannelError, ChannelUnavailable
from twain.records import Envelope, Fate, Wait
from twain.settings import ChannelSettings
from twain.testing.channel_suite import ListFeeder, envelopes, sample_message
from twain.testing.relay import Relay

QUICK = Terms(backoff=Backoff(first=0.05, factor=1.0, reconnect=0.02, jitter=0.0))
WAYS = {"bdat": (), "data": (b"CHUNKING",), "lockstep": (b"CHUNKING", b"PIPELINING")}


@pytest.fixture(params=list(WAYS))
def relay(request: pytest.FixtureRequest) -> Iterator[Relay]:
    with Relay() as made:
        made.script.extensions = tuple(e for e in made.script.extensions if e not in WAYS[request.param])
        yield made


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = open_desk(tmp_path, f"sqlite:///{tmp_path / 'ledger.db'}")
    yield made
    made.ledger.close()


def fates(feeder: ListFeeder) -> dict[int, Fate]:
    return {ticket: outcome.fate for ticket, outcome in feeder.answers.items()}


def test_dropped_before_the_final_dot_nothing_is_sent_twice_and_nobody_lost(desk: Desk) -> None:
    """F2: the relay hangs up instead of answering DATA, three times."""
    with Relay() as relay:
        relay.script.extensions = tuple(e for e in relay.script.extensions if e != b"CHUNKING")
        relay.script.drop_at_data = {3, 8, 9}
        desk.begin([60])
        report = desk.send(SmtpChannel(relay.settings(connections=2)), terms=QUICK)
        assert (report.ended, report.sent, report.uncertain) == ("done", 60, 0)
        assert Counter(relay.recipients().values()) == {1: 60}


def test_dropped_after_the_final_dot_is_uncertain_and_never_sent_again(relay: Relay, desk: Desk) -> None:
    """F2: accepted, but the answer is lost. One per connection with DATA; at most the in-flight bound with BDAT."""
    relay.script.drop_after_accepting(10)
    desk.begin([50])
    channel = SmtpChannel(relay.settings(connections=1, in_flight=8))
    report = desk.send(channel, terms=QUICK)
    bound = channel.promise()["messages"] if b"CHUNKING" in relay.script.extensions else 1
    assert 1 <= report.uncertain <= bound
    tally = desk.ledger.tally(RUN)
    assert (tally.pending, tally.sent + tally.uncertain) == (0, 50)
    assert max(relay.arrivals().values()) == 1


def test_a_relay_that_says_421_has_not_taken_what_came_after(relay: Relay) -> None:
    """RFC 5321 section 3.8: after 421 nothing was processed, so nothing of it is uncertain."""
    relay.script.on_message[5] = b"421 4.3.2 Shutting down\r\n"

    def closing(message: Received, number: int) -> Answer | None:
        return Fault.DROP if 5 < number < 8 else None

    relay.script.always = closing
    feeder = ListFeeder(envelopes(12))
    SmtpChannel(relay.settings()).deliver(feeder)
    assert feeder.answers[5].reason == "throttled"
    assert Fate.SENT in fates(feeder).values()
    assert feeder.answers[5].fate is Fate.DEFERRED


def test_a_stalled_relay_is_waited_for(relay: Relay, desk: Desk) -> None:
    """F2: silence is no error; the answer counts when it comes."""
    relay.script.stall_at(4)
    desk.begin([12])
    sending = threading.Thread(target=lambda: reports.append(desk.send(SmtpChannel(relay.settings()), terms=QUICK)))
    reports: list[object] = []
    sending.start()
    assert relay.wait_for(4)
    sending.join(1.2)
    assert sending.is_alive()
    relay.resume(b"250 2.0.0 queued at last\r\n")
    sending.join(20)
    assert not sending.is_alive()
    tally = desk.ledger.tally(RUN)
    assert (tally.sent, tally.uncertain) == (12, 0)
    assert max(relay.arrivals().values()) == 1


def test_a_relay_silent_for_too_long_leaves_the_message_uncertain(relay: Relay) -> None:
    relay.script.stall_at(2)
    feeder = ListFeeder(envelopes(2))
    channel = SmtpChannel(relay.settings(accept_timeout="500ms", reply_timeout="500ms"))
    channel.deliver(feeder)
    assert fates(feeder) == {1: Fate.SENT, 2: Fate.UNCERTAIN}


def test_a_storm_of_4xx_ends_with_everybody_delivered(relay: Relay, desk: Desk) -> None:
    """F9: greylisting and temporary trouble twice, throttling once: never a failure, and the lane slows down."""
    lines = (b"450 4.2.0 Greylisted, try again", b"451 4.3.0 Trouble", b"452 4.2.2 Full")
    for row in range(11):
        relay.script.refuse(address(0, row), lines[row % 3], times=2)
    relay.script.refuse(address(0, 11), b"451 4.7.500 Busy, slow down", times=1)
    desk.begin([12])
    report = desk.send(SmtpChannel(relay.settings(connections=2)), terms=QUICK)
    assert (report.ended, report.sent, report.failed) == ("done", 12, 0)
    assert report.deferred == 23
    assert Counter(relay.recipients().values()) == {1: 12}
    assert desk.ledger.lane_slowness("relay", "*") < 1.0


def test_a_relay_that_is_not_there_yet_is_tried_again(relay: Relay) -> None:
    relay.script.connections_before_greeting_well = 2
    feeder = ListFeeder(envelopes(3))
    SmtpChannel(relay.settings()).deliver(feeder)
    assert set(fates(feeder).values()) == {Fate.SENT}
    assert relay.connections >= 3


def test_a_relay_out_of_reach_ends_it_with_everything_answered() -> None:
    with Relay() as relay:
        settings = relay.settings(give_up_after="600ms")
    feeder = ListFeeder(envelopes(5))
    with pytest.raises(ChannelUnavailable) as caught:
        SmtpChannel(settings).deliver(feeder)
    assert caught.value.shown_code == "T810"
    assert not feeder.taken  # nothing is claimed for a relay that has never answered


def test_a_relay_that_goes_away_for_good_ends_it_with_everything_answered(relay: Relay) -> None:
    relay.script.always = lambda _, number: Fault.DROP if number >= 5 else None
    relay.script.drop_at_data = set(range(5, 10_000))
    feeder = ListFeeder(envelopes(2000))
    with pytest.raises(ChannelUnavailable):
        SmtpChannel(relay.settings(give_up_after="500ms")).deliver(feeder)
    assert set(feeder.answers) == feeder.taken
    assert len(feeder.taken) < 2000


def test_a_refused_sender_is_the_channels_fault_not_a_persons(relay: Relay, desk: Desk) -> None:
    relay.script.refused_mail = b"550 5.7.1 Sender not allowed\r\n"
    desk.begin([20])
    report = desk.send(SmtpChannel(relay.settings()), terms=QUICK)
    assert report.ended == "channel_unavailable"
    assert report.error is not None
    assert report.error.shown_code == "T825"


def test_a_reply_nobody_asked_for_breaks_the_connection_not_the_run(desk: Desk) -> None:
    """Replies out of step must never be taken for a later message's."""
    with Relay() as relay:
        relay.script.on_message[3] = b"250 2.0.0 ok\r\n250 2.0.0 and once more\r\n"
        relay.script.extensions = (b"8BITMIME",)
        desk.begin([10])
        desk.send(SmtpChannel(relay.settings()), terms=QUICK)
        tally = desk.ledger.tally(RUN)
        assert tally.pending == 0
        assert max(relay.arrivals().values()) == 1


def test_only_whole_crlf_lines_are_on_the_wire(relay: Relay) -> None:
    """X8, CVE-2023-51764: a body that would end DATA early, or has bare line ends, never leaves."""
    hostile = [
        b"Subject: x\r\n\r\na\n.\nMAIL FROM:<evil@example.net>\r\n",
        b"Subject: x\r\n\r\na\r\n.\r\nMAIL FROM:<evil@example.net>\r\n",
        b"Subject: x\r\n\r\na\r.\rQUIT\r\n",
        b"Subject: x\r\n\r\n.\r\n",
        b"Subject: x\r\n\r\nno end",
        b".\r\n",
    ]
    for body in hostile:
        feeder = ListFeeder([Envelope(1, b"b@example.com", b"a@example.org", body)])
        SmtpChannel(relay.settings()).deliver(feeder)
        assert feeder.answers[1].reason == "malformed"
    assert not relay.received
    SmtpChannel(relay.settings()).deliver(ListFeeder(envelopes(30)))
    assert len(relay.acknowledged) == 30
    assert not re.search(rb"[^\r]\n|\r[^\n]", b"".join(relay.raw))
    assert b"evil" not in b"".join(relay.raw)


def test_a_relays_control_characters_never_reach_a_report(relay: Relay) -> None:
    """X19."""
    relay.script.on_message[1] = b"250 2.0.0 \x1b]0;owned\x07 queued\tas\x00 " + b"9" * 400 + b"\r\n"
    feeder = ListFeeder(envelopes(1))
    SmtpChannel(relay.settings()).deliver(feeder)
    reply = feeder.answers[1].reply
    assert feeder.answers[1].fate is Fate.SENT
    assert reply.isprintable()
    assert len(reply) <= 200


def test_letters_beyond_ascii_need_smtputf8(relay: Relay) -> None:
    person = Envelope(1, b"b@example.com", "jürgen@example.org".encode(), sample_message(1))
    feeder = ListFeeder([person])
    SmtpChannel(relay.settings()).deliver(feeder)
    assert fates(feeder) == {1: Fate.SENT}
    assert b"SMTPUTF8" in relay.received[0].options
    relay.script.extensions = tuple(e for e in relay.script.extensions if e != b"SMTPUTF8")
    feeder = ListFeeder([person])
    SmtpChannel(relay.settings()).deliver(feeder)
    assert (feeder.answers[1].fate, feeder.answers[1].reason) == (Fate.FAILED, "needs_smtputf8")


def test_eight_bit_and_size_are_respected(relay: Relay) -> None:
    relay.script.extensions = tuple(
        b"SIZE 2000" if e.startswith(b"SIZE") else e for e in relay.script.extensions if e != b"8BITMIME"
    )
    eight = Envelope(1, b"b@example.com", b"a@example.org", b"Subject: x\r\n\r\n\xc3\xbc\r\n")
    large = Envelope(2, b"b@example.com", b"b@example.org", sample_message(2, lines=200))
    feeder = ListFeeder([eight, large, Envelope(3, b"b@example.com", b"c@example.org", sample_message(3))])
    SmtpChannel(relay.settings()).deliver(feeder)
    assert [feeder.answers[n].reason for n in (1, 2, 3)] == ["needs_8bitmime", "too_large", ""]
    assert len(relay.received) == 1


def test_idle_connections_are_closed_and_opened_again(relay: Relay) -> None:
    class Resting(ListFeeder):
        """Three messages, a rest of a second, two more."""

        ends = time.monotonic() + 1.0

        def take(self, limit: int) -> Sequence[Envelope] | Wait | None:
            if len(self.taken) < 3:
                return super().take(min(limit, 3 - len(self.taken)))
            return Wait(0.05, "pace") if time.monotonic() < self.ends else super().take(limit)

    feeder = Resting(envelopes(5))
    SmtpChannel(relay.settings(idle="300ms")).deliver(feeder)
    assert fates(feeder) == dict.fromkeys(range(1, 6), Fate.SENT)
    assert relay.connections == 2


def test_a_channel_test_tells_what_is_wrong() -> None:
    with Relay() as relay:
        channel = SmtpChannel(relay.settings())
        assert channel.test() == []
        assert channel.test("someone@example.org") == []
        assert relay.recipients() == {b"someone@example.org": 1}
        relay.script.refuse(b"someone@example.org", b"550 5.7.1 Not here")
        assert [p.code for p in channel.test("someone@example.org")] == ["T831"]
        assert [p.code for p in channel.test("a\r\nb@example.org")] == ["T830"]
    assert [p.code for p in channel.test()] == ["T810"]


def test_loopback_is_told_from_the_world() -> None:
    def leaves(host: str) -> bool:
        return SmtpChannel(ChannelSettings("x", "smtp", {"host": host})).leaves_loopback

    assert [leaves(h) for h in ("127.0.0.1", "localhost", "::1")] == [False] * 3
    assert [leaves(h) for h in ("192.0.2.1", "does-not-exist.invalid")] == [True] * 2


def test_a_wrong_password_is_no_weather() -> None:
    with Relay() as relay:
        relay.script.accounts = {b"twain": b"right"}
        feeder = ListFeeder(envelopes(2))
        with pytest.raises(ChannelError) as caught:
            SmtpChannel(relay.settings(username="twain", password="wrong")).deliver(feeder)
        assert caught.value.shown_code == "T820"
        assert "wrong" not in str(caught.value)
        assert not feeder.taken


@pytest.mark.parametrize("method", ["plain", "login", "auto"])
def test_signing_in(method: str) -> None:
    with Relay() as relay:
        relay.script.accounts = {b"twain": "pässword".encode()}
        feeder = ListFeeder(envelopes(3))
        SmtpChannel(relay.settings(username="twain", password="pässword", auth=method)).deliver(feeder)
        assert set(fates(feeder).values()) == {Fate.SENT}
