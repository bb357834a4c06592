"""A relay 50 ms away: CHUNKING keeps the rate it has on loopback, plain DATA the most its round trips allow.

All connections go through a userland delay proxy to our own sink, each in a process of its own. CHUNKING is compared with
the same client on loopback, interleaved; plain DATA with the ceiling of one message per connection and round trip, the round
trip as it is measured through the proxy in the same call.
"""

from __future__ import annotations

import argparse
import smtplib
import statistics
import time
from collections.abc import Sequence

from benchmarks.report import Report, interleave
from twain.delivery.channels.smtp import SmtpChannel
from twain.demo.sink import start_sink
from twain.records import Envelope, Fate, Outcome, Wait
from twain.settings import ChannelSettings
from twain.testing.delay import start_delay

RTT = 0.050
_LINE = b"A line of quoted-printable text as most of a personalised message has it, 76 =\r\n"
_MESSAGE = b"Message-ID: <1@bench.test>\r\nSubject: Distance\r\n\r\n" + _LINE * (10_240 // len(_LINE))


class Pile:
    """A feeder over so many equal messages; counts what was sent."""

    def __init__(self, messages: int) -> None:
        self.sent = 0
        self.begun_at = self.last_at = 0.0
        self._left = messages
        self._warm = messages // 10

    def take(self, limit: int) -> Sequence[Envelope] | Wait | None:
        given = min(limit, self._left)
        self._left -= given
        return [Envelope(self._left + n, b"b@example.com", b"a@example.org", _MESSAGE) for n in range(given)] or None

    def answer(self, ticket: int, outcome: Outcome) -> None:
        if outcome.fate is not Fate.SENT:
            message = f"message {ticket}: {outcome}"
            raise RuntimeError(message)
        self.sent += 1
        self.last_at = time.monotonic()
        if self.sent == self._warm:
            self.begun_at = self.last_at

    @property
    def rate(self) -> float:
        """Messages per second over the last nine tenths, when all connections are open."""
        return (self.sent - self._warm) / (self.last_at - self.begun_at)

    def recalled(self) -> frozenset[int]:
        """Nobody asks out."""
        return frozenset()

    def tick(self) -> None:
        """Nothing to keep."""


def rate(port: int, messages: int, connections: int, **options: object) -> float:
    """Messages per second once all connections are open; every one of them must be sent."""
    where = {"host": "127.0.0.1", "port": port, "in_flight": 128, "in_flight_bytes": 2 << 20, **options}
    pile = Pile(messages)
    SmtpChannel(ChannelSettings("far", "smtp", where, connections=connections)).deliver(pile)
    if pile.sent != messages:
        message = f"{pile.sent} of {messages} were sent"
        raise RuntimeError(message)
    return pile.rate


def round_trip(port: int) -> float:
    """Seconds that one command and its reply take, the median of 20."""
    with smtplib.SMTP("127.0.0.1", port, timeout=30) as client:
        times = []
        for _ in range(20):
            begun = time.monotonic()
            client.noop()
            times.append(time.monotonic() - begun)
    return statistics.median(times)


def arguments(parser: argparse.ArgumentParser) -> None:
    """How many connections, at most 20."""
    parser.add_argument("--connections", type=int, default=20, choices=range(1, 21), metavar="1-20")


def run(options: argparse.Namespace) -> Report:
    """Measure all three, interleaved."""
    many, plenty = options.connections, max(2000, int(40_000 * options.scale))
    fewer = min(10, many)  # for DATA: its replies come in step, and more would measure the proxy's own queue
    few = max(1200, int(4000 * options.scale))
    with start_sink() as sink, start_delay("127.0.0.1", sink.port, RTT) as far:
        near, chunked, plain, trip = interleave(
            lambda: rate(sink.port, plenty, many),
            lambda: rate(far, plenty, many),
            lambda: rate(far, few, fewer, chunking=False),
            lambda: round_trip(far),
            rounds=options.rounds,
        )
    ceiling = fewer / trip
    report = Report("distance")
    report.figures = {
        "round trip asked for, ms": RTT * 1000,
        "round trip measured, ms": trip * 1000,
        "connections, CHUNKING": many,
        "connections, plain DATA": fewer,
        "CHUNKING on loopback, messages/s": near,
        "CHUNKING at a distance, messages/s": chunked,
        "plain DATA at a distance, messages/s": plain,
        "connections ÷ round trip, messages/s": ceiling,
    }
    report.ratios = {"CHUNKING: distance / loopback": chunked / near, "DATA: distance / ceiling": plain / ceiling}
    report.at_least("CHUNKING keeps of loopback's rate", chunked / near, 0.60)
    report.at_least("plain DATA reaches of its ceiling", plain / ceiling, 0.90)
    return report
