"""SMTP: our own pipelined client to the company's relay.

::

    smtp_options    what twain.toml may say about it
    smtp_greeting   connect, EHLO, STARTTLS, AUTH
    smtp_door       what may go on the wire
    smtp_talk       BDAT streams, DATA groups, lockstep
    smtp_pool       connections, pulled and woken in bursts
    smtp_gather     single answers, let come together
    smtp_replies    what a reply means

A general client (aiosmtplib) sends 115–1 100 messages per second from one process; hiding the round trip behind pipelining and
batching everything per burst gives several times what C's ``smtp-source`` does with as many connections.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Coroutine, Mapping, Sequence
from email.utils import formatdate, make_msgid
from typing import Any

import uvloop

from twain.delivery.channels.smtp_door import is_clean_address
from twain.delivery.channels.smtp_greeting import open_session
from twain.delivery.channels.smtp_options import SmtpOptions, read_options
from twain.delivery.channels.smtp_pool import Pool
from twain.delivery.pace import Lanes, read_limits
from twain.errors import ChannelError, ConfigError
from twain.ports import Feeder
from twain.records import Envelope, Fate, LanePace, Outcome, Problem, Wait
from twain.settings import ChannelSettings


def open_channel(settings: ChannelSettings) -> SmtpChannel:
    """The channel that *settings* describe; nothing is connected yet. Raises ConfigError."""
    return SmtpChannel(settings)


class SmtpChannel:
    """A relay, reached by SMTP."""

    kind = "smtp"

    def __init__(self, settings: ChannelSettings) -> None:
        self.name = settings.name
        self.options: SmtpOptions = read_options(settings)
        self.leaves_loopback = self.options.leaves_loopback
        self._paces = read_limits(settings.limits, settings.name)
        self._lanes = Lanes(_groups(settings), settings.limits)
        self._pool: Pool | None = None

    def deliver(self, feeder: Feeder) -> None:
        """Pull and send until *feeder* is over. However it ends, every envelope taken has been answered first.

        Raises ChannelUnavailable when the relay stays out of reach, ChannelError when it will never let us in, and
        whatever the feeder raises.
        """
        self._pool = Pool(self.options, feeder)
        try:
            _run(self._pool.run())
        finally:
            self._pool = None

    def trouble(self) -> str:
        """Why nothing goes just now, in a sentence with the channel's name and the relay's address; empty while it answers.

        Asked from inside ``deliver``, by the feeder's ``tick``.
        """
        return self._pool.trouble if self._pool is not None else ""

    def lane(self, address: str) -> str:
        """The lane of one address."""
        return self._lanes.of(address)

    def paces(self) -> Mapping[str, LanePace]:
        """IT's limits by lane."""
        return self._paces

    def promise(self) -> Mapping[str, int]:
        """What a crash may leave unknown: at most so many messages and bytes begun and unanswered, over all connections."""
        many = self.options.connections
        return {
            "connections": many,
            "messages": many * self.options.in_flight,
            "bytes": many * self.options.in_flight_bytes,
        }

    def test(self, recipient: str | None = None) -> list[Problem]:
        """Connect, greet, encrypt, sign in; and send one plain message when *recipient* is given."""
        try:
            _run(_say_hello(self.options))
        except ChannelError as error:
            return [Problem("error", error.shown_code, error.what, error.todo)]
        return self._test_message(recipient) if recipient else []

    def _test_message(self, recipient: str) -> list[Problem]:
        if not is_clean_address(recipient.encode()):
            return [Problem("error", "T830", f"{recipient!r} is not an address.", "Give one like you@example.com.")]
        sealer = self.options.sealer
        sender = f"postmaster@{sealer.signers[0].domain}" if sealer else recipient
        one = _OneMessage(sender.encode(), recipient.encode(), _test_text(sender, recipient, self.options.hostname))
        try:
            self.deliver(one)
        except ChannelError as error:
            return [Problem("error", error.shown_code, error.what, error.todo)]
        if one.outcome is not None and one.outcome.fate is Fate.SENT:
            return []
        said = one.outcome.reply if one.outcome else "nothing"
        return [Problem("error", "T831", f"The relay did not take the test message: {said}", "Ask the relay's owner.")]


class _OneMessage:
    """A feeder with one message in it."""

    def __init__(self, sender: bytes, recipient: bytes, data: bytes) -> None:
        self.outcome: Outcome | None = None
        self._waiting = [Envelope(1, sender, recipient, data)]

    def take(self, limit: int) -> Sequence[Envelope] | Wait | None:
        """The message, once."""
        return [self._waiting.pop()] if self._waiting and limit else None

    def answer(self, ticket: int, outcome: Outcome) -> None:  # noqa: ARG002 — there is only one
        """Keep what the relay said."""
        self.outcome = outcome

    def recalled(self) -> Collection[int]:
        """Nothing is called back."""
        return ()

    def tick(self) -> None:
        """Nothing to keep."""


def _test_text(sender: str, recipient: str, hostname: str) -> bytes:
    lines = (
        f"From: Twain <{sender}>",
        f"To: <{recipient}>",
        "Subject: Twain channel test",
        f"Date: {formatdate(time.time())}",
        f"Message-ID: {make_msgid(domain=hostname)}",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=us-ascii",
        "",
        "This is a test of a way out, asked for by 'twain channel test'.",
        "",
    )
    return "\r\n".join(lines).encode()


async def _say_hello(options: SmtpOptions) -> None:
    session = await open_session(options)
    session.transport.write(b"QUIT\r\n")
    session.transport.close()


def _run(work: Coroutine[Any, Any, None]) -> None:
    """Run on a loop of its own; a caller's loop is never touched."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(work)


def _groups(settings: ChannelSettings) -> Mapping[str, Sequence[str]]:
    groups = settings.options.get("lanes", {})
    if not isinstance(groups, Mapping) or not all(isinstance(d, list | tuple) for d in groups.values()):
        raise ConfigError(
            f"channels.{settings.name}.lanes is not a table of lists.",
            todo='Write it like lanes.corp = ["example.com"].',
        )
    return groups
