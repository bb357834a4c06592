"""The receiving half of SMTP, for the built-in sink and for the test relay: strict, fast, and scriptable.

What is answered is decided by a ``Manners`` object; the sink's says yes to everything, the test relay's follows a script.
RFC 5321, with PIPELINING (2920), CHUNKING (3030), 8BITMIME (6152), SMTPUTF8 (6531), SIZE (1870), STARTTLS (3207), AUTH (4954).
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

_PATH = re.compile(rb"^\s*<([^<>\r\n\0]*)>\s*(.*)$", re.DOTALL)
_LONGEST_COMMAND = 4096
OK = b"250 2.0.0 Ok\r\n"


class Fault(Enum):
    """What a relay may do in place of answering."""

    DROP = "drop"
    """Close the connection at once, without the replies that were still to be said."""
    STALL = "stall"
    """Say nothing any more on this connection until it is resumed."""


Answer = bytes | Fault


@dataclass(slots=True)
class Received:
    """One message as it came: *by* is ``data`` or ``bdat``; *data* has its dots unstuffed."""

    sender: bytes
    recipients: list[bytes]
    data: bytes
    by: str
    options: bytes = b""


@dataclass
class Manners:
    """How a sink answers. Override a method to answer otherwise; each returns one whole reply or a Fault."""

    extensions: tuple[bytes, ...] = (b"PIPELINING", b"SIZE 52428800", b"8BITMIME", b"SMTPUTF8", b"CHUNKING")
    tls: ssl.SSLContext | None = None
    accounts: dict[bytes, bytes] = field(default_factory=dict)

    def greeting(self) -> Answer:
        """The first thing said."""
        return b"220 sink.localhost ESMTP Twain sink\r\n"

    def mail(self, sender: bytes, options: bytes) -> Answer:  # noqa: ARG002 — for those who override it
        """Answer MAIL FROM."""
        return OK

    def rcpt(self, recipient: bytes) -> Answer:  # noqa: ARG002
        """Answer RCPT TO."""
        return OK

    def data(self) -> Answer:
        """Answer DATA, once a recipient has been accepted."""
        return b"354 End with a dot\r\n"

    def message(self, message: Received) -> Answer:  # noqa: ARG002
        """Answer a whole message."""
        return OK

    def other(self, command: bytes) -> Answer:  # noqa: ARG002
        """Answer a command that SMTP does not know."""
        return b"500 5.5.2 Unknown command\r\n"

    def opened(self) -> None:
        """A client has connected."""

    def burst_done(self) -> None:
        """What came in one read has been worked off; its replies go out after this."""


class SinkSession(asyncio.Protocol):
    """One client's connection."""

    def __init__(self, manners: Manners, sessions: set[SinkSession] | None = None) -> None:
        self.manners = manners
        self.stalled = False
        self._sessions = sessions if sessions is not None else set()
        self._buffer = b""
        self._replies: list[bytes] = []
        self._hello = False
        self._user: bytes | None = None
        self._asking: Callable[[bytes], None] | None = None
        self._encrypted = False
        self._upgrading: asyncio.Task[None] | None = None
        self._chunk_left = 0
        self._chunk_last = False
        self._chunk_refused: bytes = b""
        self._in_data = False
        self._reset()
        self._verbs: dict[bytes, Callable[[bytes], None]] = {
            b"MAIL": self._mail,
            b"RCPT": self._rcpt,
            b"DATA": self._data,
            b"BDAT": self._bdat,
            b"RSET": self._rset,
            b"EHLO": self._ehlo,
            b"HELO": self._helo,
            b"NOOP": lambda _: self._say(OK),
            b"QUIT": self._quit,
            b"STAR": self._starttls,
            b"AUTH": self._auth,
            b"VRFY": lambda _: self._say(b"252 2.0.0 Send some mail\r\n"),
        }

    def _reset(self) -> None:
        self._sender: bytes | None = None
        self._options = b""
        self._recipients: list[bytes] = []
        self._chunks: list[bytes] = []

    # ---- asyncio

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 — what a server gives
        self.transport = transport
        if self._encrypted:
            return
        self._sessions.add(self)
        self.manners.opened()
        self._say(self.manners.greeting())
        self._flush()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 — asyncio's signature
        """Forget the client."""
        self._sessions.discard(self)

    def data_received(self, data: bytes) -> None:
        """Work off every whole command and message, then answer all of them in one write."""
        self._buffer = self._buffer + data if self._buffer else data
        if not self.stalled and self._upgrading is None:
            self._work()

    def resume(self, answer: bytes = OK) -> None:
        """End a stall with this reply."""
        if self.stalled:
            self.stalled = False
            self._say(answer)
            self._work()

    def _work(self) -> None:
        place = 0
        while not self.stalled and self._upgrading is None and not self.transport.is_closing():
            after = self._step(place)
            if after == place:
                break
            place = after
        self._buffer = self._buffer[place:]
        self._flush()

    def _step(self, place: int) -> int:
        """Consume one command, chunk or message from *place*; returns the place behind it, or *place* for "not whole yet"."""
        if self._chunk_left:
            return self._chunk(place)
        if self._in_data:
            return self._body(place)
        end = self._buffer.find(b"\r\n", place)
        if end < 0:
            if len(self._buffer) - place > _LONGEST_COMMAND:
                self._drop()
            return place
        self._command(self._buffer[place:end])
        return end + 2

    def _command(self, line: bytes) -> None:
        if self._asking is not None:
            ask, self._asking = self._asking, None
            ask(line)
            return
        if b"\n" in line or b"\r" in line or b"\0" in line:
            self._say(b"500 5.5.2 Bare line end\r\n")
            return
        verb = self._verbs.get(line[:4]) or self._verbs.get(line[:4].upper())
        if verb is None:
            self._say(self.manners.other(line))
        else:
            verb(line)

    def _say(self, answer: Answer) -> None:
        if isinstance(answer, bytes):
            self._replies.append(answer)
        elif answer is Fault.DROP:
            self._drop()
        else:
            self.stalled = True

    def _flush(self) -> None:
        self.manners.burst_done()
        if self._replies and not self.transport.is_closing():
            self.transport.write(b"".join(self._replies))
        self._replies = []

    def _drop(self) -> None:
        self._flush()
        self.transport.abort()

    # ---- commands

    def _ehlo(self, _: bytes) -> None:
        self._reset()
        self._hello = True
        lines = [b"sink.localhost", *self.manners.extensions]
        if self.manners.tls is not None and not self._encrypted:
            lines.append(b"STARTTLS")
        if self.manners.accounts:
            lines.append(b"AUTH PLAIN LOGIN")
        self._say(b"".join(b"250-%b\r\n" % line for line in lines[:-1]) + b"250 %b\r\n" % lines[-1])

    def _helo(self, _: bytes) -> None:
        self._reset()
        self._hello = True
        self._say(b"250 sink.localhost\r\n")

    def _mail(self, line: bytes) -> None:
        match = _PATH.match(line[10:]) if line[:10].upper() == b"MAIL FROM:" else None
        if match is None:
            self._say(b"501 5.5.4 Syntax: MAIL FROM:<address>\r\n")
        elif not self._hello or (self.manners.accounts and self._user is None):
            self._say(b"530 5.7.0 Say EHLO and sign in first\r\n")
        elif self._sender is not None:
            self._say(b"503 5.5.1 Nested MAIL\r\n")
        else:
            answer = self.manners.mail(match[1], match[2])
            if _is_yes(answer):
                self._sender, self._options = match[1], match[2]
            self._say(answer)

    def _rcpt(self, line: bytes) -> None:
        match = _PATH.match(line[8:]) if line[:8].upper() == b"RCPT TO:" else None
        if match is None:
            self._say(b"501 5.5.4 Syntax: RCPT TO:<address>\r\n")
        elif self._sender is None:
            self._say(b"503 5.5.1 MAIL first\r\n")
        else:
            answer = self.manners.rcpt(match[1])
            if _is_yes(answer):
                self._recipients.append(match[1])
            self._say(answer)

    def _data(self, _: bytes) -> None:
        if self._sender is None or self._chunks:
            self._say(b"503 5.5.1 MAIL first\r\n")
        elif not self._recipients:
            self._say(b"554 5.5.1 No valid recipients\r\n")
        else:
            answer = self.manners.data()
            self._in_data = isinstance(answer, bytes) and answer.startswith(b"3")
            self._say(answer)

    def _body(self, place: int) -> int:
        if self._buffer.startswith(b".\r\n", place):
            self._finish(b"", "data")
            return place + 3
        end = self._buffer.find(b"\r\n.\r\n", place)
        if end < 0:
            return place
        data = self._buffer[place : end + 2]
        if b"\n." in data or data.startswith(b"."):
            data = re.sub(rb"(?m)^\.", b"", data)
        self._finish(data, "data")
        return end + 5

    def _bdat(self, line: bytes) -> None:
        words = line.split()
        if len(words) < 2 or not words[1].isdigit():
            self._say(b"501 5.5.4 Syntax: BDAT size [LAST]\r\n")
            return
        self._chunk_left = int(words[1])
        self._chunk_last = len(words) > 2 and words[2].upper() == b"LAST"
        self._chunk_refused = b""
        if self._sender is None:
            self._chunk_refused = b"503 5.5.1 MAIL first\r\n"
        elif not self._recipients:
            self._chunk_refused = b"554 5.5.1 No valid recipients\r\n"
        if not self._chunk_left:
            self._chunk_done(b"")

    def _chunk(self, place: int) -> int:
        end = place + self._chunk_left
        if len(self._buffer) < end:
            return place
        self._chunk_left = 0
        self._chunk_done(self._buffer[place:end])
        return end

    def _chunk_done(self, data: bytes) -> None:
        if self._chunk_refused:
            self._say(self._chunk_refused)  # and the transaction stays as it is: RFC 3030 leaves that open
            return
        self._chunks.append(data)
        if self._chunk_last:
            self._finish(b"".join(self._chunks), "bdat")
        else:
            self._say(OK)

    def _finish(self, data: bytes, by: str) -> None:
        message = Received(self._sender or b"", self._recipients, data, by, self._options)
        self._in_data = False
        self._reset()
        self._say(self.manners.message(message))

    def _rset(self, _: bytes) -> None:
        self._reset()
        self._say(OK)

    def _quit(self, _: bytes) -> None:
        self._say(b"221 2.0.0 Bye\r\n")
        self._flush()
        self.transport.close()

    def _starttls(self, line: bytes) -> None:
        if line.upper() != b"STARTTLS" or self.manners.tls is None or self._encrypted:
            self._say(self.manners.other(line))
            return
        self._say(b"220 2.0.0 Go ahead\r\n")
        self._flush()
        self._buffer = b""
        self._upgrading = asyncio.get_running_loop().create_task(self._encrypt(self.manners.tls))

    async def _encrypt(self, context: ssl.SSLContext) -> None:
        loop = asyncio.get_running_loop()
        self._encrypted = True
        try:
            upgraded = await loop.start_tls(self.transport, self, context, server_side=True)
        except (OSError, ssl.SSLError):
            self.transport.abort()
            return
        if upgraded is not None:
            self.transport = upgraded
        self._hello, self._upgrading = False, None
        self._reset()
        self._work()

    # ---- sign-in

    def _auth(self, line: bytes) -> None:
        words = line.split()
        if not self.manners.accounts or len(words) < 2:
            self._say(b"503 5.5.1 Not offered\r\n")
        elif words[1].upper() == b"PLAIN":
            self._with_answer(words[2] if len(words) > 2 else None, b"", self._plain)
        elif words[1].upper() == b"LOGIN":
            self._with_answer(words[2] if len(words) > 2 else None, b"Username:", self._login_user)
        else:
            self._say(b"504 5.5.4 Unknown method\r\n")

    def _with_answer(self, given: bytes | None, prompt: bytes, then: Callable[[bytes], None]) -> None:
        if given is not None:
            then(given)
        else:
            self._asking = then
            self._say(b"334 %b\r\n" % base64.b64encode(prompt))

    def _plain(self, answer: bytes) -> None:
        parts = _unbase64(answer).split(b"\0")
        self._check(parts[1], parts[2]) if len(parts) == 3 else self._check(b"", b"\0")

    def _login_user(self, answer: bytes) -> None:
        user = _unbase64(answer)
        self._with_answer(None, b"Password:", lambda password: self._check(user, _unbase64(password)))

    def _check(self, user: bytes, password: bytes) -> None:
        if self.manners.accounts.get(user) == password:
            self._user = user
            self._say(b"235 2.7.0 Welcome\r\n")
        else:
            self._say(b"535 5.7.8 Wrong name or password\r\n")


def _is_yes(answer: Answer) -> bool:
    return isinstance(answer, bytes) and answer.startswith(b"2")


def _unbase64(text: bytes) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
