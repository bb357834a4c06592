"""How messages are said to a relay: streamed by BDAT, grouped with DATA, or in lockstep with a relay that cannot pipeline.

All three are plain asyncio protocols without a coroutine per message: replies come in by ``data_received``, are matched
with what was asked in order, and the pool is woken once per burst. Orders of commands: RFC 5321, RFC 2920 (pipelining),
RFC 3030 (chunking).
"""

from __future__ import annotations

import asyncio
import re
import time
from collections import deque
from collections.abc import Collection
from typing import Protocol

from twain.delivery.channels.smtp_door import Door
from twain.delivery.channels.smtp_greeting import Session
from twain.delivery.channels.smtp_options import SmtpOptions
from twain.delivery.channels.smtp_replies import blames_sender, clean, read_reply
from twain.delivery.dkim import sealed
from twain.delivery.pace import CONNECTION_LOST, UNSENT
from twain.records import Envelope, Fate, Outcome

_RSET, _MAIL, _RCPT, _DATA, _FINAL, _QUIT = range(6)
_BURST = 256 * 1024
_LONGEST_LINE = 65_536
_AHEAD = 0.1
"""Seconds that a message may wait at the relay behind others of ours: what was written cannot be called back."""
_ROUND = deque([_FINAL, _MAIL, _RCPT, _DATA])
_USUAL = re.compile(rb"(250 [^\n]*)\n250 [^\n]*\n250 [^\n]*\n354 [^\n]*\n").fullmatch
_RECALLED = Outcome(0, Fate.DEFERRED, UNSENT, "called back before it began")


class Owner(Protocol):
    """What a conversation tells its pool."""

    ready: deque[Envelope]
    recalled: Collection[int]
    """Tickets whose message must not begin any more."""
    now: float
    """The loop's clock at the last burst."""

    def is_fresh(self) -> bool:
        """Whether *recalled* is new enough to write by; else wake it first."""

    def answered(self, ticket: int, outcome: Outcome) -> None:
        """One envelope has its answer."""

    def wake(self) -> None:
        """Something changed: there may be room, or an end."""

    def gather(self) -> None:
        """An answer was heard and the next message is out: others may answer at any moment."""

    def lost(self, talk: Conversation, why: str) -> None:
        """This connection is over."""

    def blamed(self, line: bytes) -> None:
        """The relay refuses our sender: that is nobody's address at fault."""


class Flight:
    """One message under way. *sealed*: its last byte was handed to the socket, so the relay may have accepted it."""

    __slots__ = ("envelope", "sealed", "ticket")

    def __init__(self, ticket: int, envelope: Envelope | None) -> None:
        self.ticket = ticket
        self.sealed = envelope is None
        self.envelope = envelope


class Conversation(asyncio.Protocol):
    """One connection that sends messages; its subclasses know the three ways of saying them."""

    def __init__(self, session: Session, options: SmtpOptions, owner: Owner) -> None:
        self.flights: deque[Flight] = deque()
        self.heard_at = owner.now
        self.dead = False
        self.closed = False
        self._options = options
        self._owner = owner
        self._sealer = options.sealer
        self._door = Door(session.extensions)
        self._expected: deque[int] = deque()
        self._refusal: bytes | None = None
        self._last_words = b""
        self._last_meaning = read_reply(b"", 0.0)
        self._tail = b""
        self._writable = True
        self._told_to_go = False
        self._transport = session.transport
        self._transport.set_write_buffer_limits(high=_BURST)
        self._transport.set_protocol(self)

    # ---- what the pool asks

    def room(self) -> int:
        """How many envelopes could be begun on this connection now."""
        raise AssertionError("each way of talking says so itself")

    def fill(self) -> None:
        """Begin as many of the owner's ready envelopes as there is room for."""
        raise AssertionError("each way of talking does so itself")

    def overdue(self, now: float) -> bool:
        """Whether the relay has been silent for longer than RFC 5321 section 4.5.3.2 lets it."""
        if not self.flights:
            return False
        sealed = self.flights[0].sealed
        return now - self.heard_at > (self._options.accept_timeout if sealed else self._options.reply_timeout)

    def close(self) -> None:
        """Nothing is under way: say QUIT and go."""
        if not self.dead:
            self.dead = True
            self._transport.write(b"QUIT\r\n")
            self._transport.close()

    def abandon(self, why: str) -> None:
        """Go at once; what is under way gets the answer that its last state allows."""
        if not self.dead:
            self.dead = True
            self._transport.abort()
            self._settle(why)

    def cut(self) -> None:
        """Close the socket without further ceremony."""
        self._transport.abort()

    # ---- what asyncio tells

    def data_received(self, data: bytes) -> None:
        """Match each reply with what was asked; only a reply's last line counts."""
        self.heard_at = self._owner.now
        if self._tail:
            data = self._tail + data
        lines = data.split(b"\n")
        self._tail = lines.pop()
        for line in lines:
            if line[3:4] != b"-" and not self.dead:
                self._reply(line)
        if len(self._tail) > _LONGEST_LINE:
            self._broken("The relay sent a line without an end.")
        self._go_on_at_once()

    def _go_on_at_once(self) -> None:
        """After a burst of replies: the pool takes more and says it."""
        self._owner.wake()

    def pause_writing(self) -> None:
        """The socket is full."""
        self._writable = False

    def resume_writing(self) -> None:
        """The socket takes more."""
        self._writable = True
        self._owner.wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """The relay, the network or our own close ended it."""
        self.closed = True
        if self.dead:
            return
        self.dead = True
        why = clean(str(exc).encode()) if exc else "The relay closed the connection."
        self._settle(why)
        self._owner.lost(self, why)

    # ---- replies

    def _reply(self, line: bytes) -> None:
        if not self._expected or (line[:3] == b"421"):
            self._unasked(line)
        else:
            self._heard(self._expected.popleft(), line)

    def _heard(self, kind: int, line: bytes) -> None:
        raise AssertionError(f"each way of talking hears {line!r} in answer to {kind} itself")

    def _unasked(self, line: bytes) -> None:
        """421 means the relay is closing (RFC 5321 section 3.8): nothing after the command it answers was processed."""
        if line[:3] != b"421":
            self._broken(f"The relay said something it was not asked: {clean(line)}")
            return
        self._told_to_go = True
        if self.flights:
            self._finish(line)
        self.dead = True
        self._transport.abort()
        self._settle(clean(line))
        self._owner.lost(self, clean(line))

    def _broken(self, why: str) -> None:
        if not self.dead:
            self.abandon(why)
            self._owner.lost(self, why)

    def _finish(self, line: bytes) -> None:
        """The oldest message has its last reply; an earlier refusal of it says more than that."""
        flight = self.flights.popleft()
        refusal, self._refusal = self._refusal, None
        if refusal is not None:
            line = refusal
        if line != self._last_words:  # many relays say the same to everybody
            self._last_words, self._last_meaning = line, read_reply(line, 0.0)
        self._owner.answered(flight.ticket, self._last_meaning)

    def _refuse(self, kind: int, line: bytes) -> None:
        if self._refusal is None:
            self._refusal = line
        if kind == _MAIL and blames_sender(line):
            self._owner.blamed(line)

    def _settle(self, why: str) -> None:
        """The connection is gone: decide each message by how far it had come (RFC 1047 says why this is all we know)."""
        while self.flights:
            flight = self.flights.popleft()
            refusal, self._refusal = self._refusal, None
            if refusal is not None:
                outcome = read_reply(refusal, 0.0)
            elif flight.sealed and not self._told_to_go:
                outcome = Outcome(0, Fate.UNCERTAIN, CONNECTION_LOST, why)
            else:
                outcome = Outcome(0, Fate.DEFERRED, CONNECTION_LOST, why)
            self._owner.answered(flight.ticket, outcome)
        self._expected.clear()

    # ---- what the three ways share

    def _called_back(self, flight: Flight) -> bool:
        """Its DATA was said, its body not: the only way out is to close, and the relay drops it (RFC 5321 §4.1.1.4)."""
        if flight.ticket not in self._owner.recalled:
            return False
        self.flights.remove(flight)
        self._refusal = None
        self._owner.answered(flight.ticket, _RECALLED)
        self._broken(_RECALLED.reply)
        return True

    def _next(self) -> tuple[Envelope, bytes] | None:
        """The next envelope that may go, with its MAIL line; those that may not are answered on the way."""
        ready = self._owner.ready
        while ready:
            envelope = ready.popleft()
            if envelope.ticket in self._owner.recalled:
                self._owner.answered(envelope.ticket, _RECALLED)
                self._owner.wake()
                continue
            if self._sealer is not None:  # as late as can be: what is not sent after all costs no signature
                envelope = sealed(self._sealer, envelope)
            line = self._door.mail(envelope)
            if isinstance(line, bytes):
                return envelope, line
            self._owner.answered(envelope.ticket, line)
            self._owner.wake()
        return None

    def _started(self) -> None:
        if not self.flights:
            self.heard_at = self._owner.now


class Streamed(Conversation):
    """CHUNKING with PIPELINING: whole messages follow each other without waiting, up to the in-flight bounds.

    Each starts with RSET, so that a refused recipient of one message can never leave a transaction open in which the
    next one's body would go to both (RFC 3030 leaves the state after a refused BDAT open).

    What is written cannot be called back, so no more is under way than a relay works off in a tenth of a second: told by how
    much longer the last of a burst took than a message that went alone. A long way there and back is still hidden.
    """

    def __init__(self, session: Session, options: SmtpOptions, owner: Owner) -> None:
        super().__init__(session, options, owner)
        self._bytes = 0
        self._begun: deque[tuple[int, int, float]] = deque()  # size, messages before it, when
        self._heard_last: tuple[int, int, float] | None = None
        self._alone = float("inf")
        self._depth = 1

    def room(self) -> int:
        """Free places, once there are enough of them to fill in one write."""
        least, free = max(1, self._depth // 4), self._depth - len(self.flights)
        if self.dead or not self._writable or (self.flights and self._bytes >= self._options.in_flight_bytes):
            return 0
        return free if free >= least else 0

    def fill(self) -> None:
        """Write as many whole messages as the bounds allow, in one burst."""
        parts: list[bytes] = []
        burst, now = 0, time.monotonic()
        while self._may_begin(burst):
            found = self._next()
            if found is None:
                break
            envelope, mail = found
            burst += self._begin(envelope, mail, parts, now)
        if parts:
            self._transport.write(b"".join(parts))

    def _may_begin(self, burst: int) -> bool:
        if self.dead or not self._writable or burst >= _BURST or not self._owner.ready:
            return False
        if not self.flights:
            return True
        fits = self._bytes + len(self._owner.ready[0].data) <= self._options.in_flight_bytes
        return fits and len(self.flights) < self._depth

    def _begin(self, envelope: Envelope, mail: bytes, parts: list[bytes], now: float) -> int:
        data = envelope.data
        size = len(data)
        parts += (b"RSET\r\n", mail, b"RCPT TO:<", envelope.recipient, b">\r\nBDAT %d LAST\r\n" % size, data)
        self._started()
        self._begun.append((size, len(self.flights), now))
        self.flights.append(Flight(envelope.ticket, None))
        self._expected += (_RSET, _MAIL, _RCPT, _FINAL)
        self._bytes += size
        return size

    def _heard(self, kind: int, line: bytes) -> None:
        if kind == _FINAL:
            self._heard_last = self._begun.popleft()
            self._bytes -= self._heard_last[0]
            self._finish(line)
        elif line[:1] != b"2":
            self._refuse(kind, line)

    def _go_on_at_once(self) -> None:
        if self._heard_last is not None:
            self._reckon(*self._heard_last)
            self._heard_last = None
        super()._go_on_at_once()

    def _reckon(self, _: int, before: int, begun_at: float) -> None:
        """How deep may be written, after the last answer of a burst; a message that went alone tells the mere way and work."""
        took = time.monotonic() - begun_at
        self._alone = took if before == 0 else min(self._alone, took)
        each = (took - self._alone) / max(before, 1)
        self._depth = min(2 * self._depth, int(_AHEAD / max(each, 1e-6)) + 1, self._options.in_flight)


class Grouped(Conversation):
    """PIPELINING with DATA: one round trip per message.

    MAIL, RCPT and DATA go as one group; the body follows the 354, and the next message's group right behind its final dot.
    """

    def __init__(self, session: Session, options: SmtpOptions, owner: Owner) -> None:
        super().__init__(session, options, owner)
        self._most = min(2, options.in_flight)
        self._go = False
        self._dirty = False

    def room(self) -> int:
        """One message announced behind one whose dot is out; with a bound of 1 never both."""
        return 1 if not self._waits() and len(self.flights) < self._most else 0

    def _waits(self) -> bool:
        """Nothing can be written: for want of a 354 to what was announced, or of room in the socket."""
        waits_for_go = not self._go and self.flights and not self.flights[-1].sealed
        return bool(waits_for_go or self.dead or not self._writable)

    def fill(self) -> None:
        """Write the body that was asked for, and announce the next message in the same breath."""
        if self._waits() or (self._go and self._called_back(self.flights[-1])):
            return
        parts: list[bytes] = []
        if self._go:
            self._seal(parts)
        if len(self.flights) < self._most:
            self._announce(parts)
        if parts:
            self._transport.write(b"".join(parts))

    def data_received(self, data: bytes) -> None:
        """The usual round of replies at once: one message taken, the next one's MAIL and RCPT accepted, its body asked for."""
        plain = self._expected == _ROUND and not self._tail and self._refusal is None
        if not plain or (usual := _USUAL(data)) is None:
            super().data_received(data)
            return
        self.heard_at = self._owner.now
        self._expected.clear()
        self._go = True
        self._finish(usual[1])
        self._go_on_at_once()

    def _seal(self, parts: list[bytes]) -> None:
        """The 354 is here: the body and its dot, or the dot alone when the recipient was refused (RFC 2920 section 3.1)."""
        flight = self.flights[-1]
        self._go = False
        if self._refusal is None and flight.envelope is not None:
            parts.append(flight.envelope.data)
        parts.append(b".\r\n")
        flight.sealed, flight.envelope = True, None
        self._expected.append(_FINAL)

    def _announce(self, parts: list[bytes]) -> None:
        found = self._next()
        if found is None:
            return
        envelope, mail = found
        if self._dirty:
            parts.append(b"RSET\r\n")
            self._expected.append(_RSET)
            self._dirty = False
        parts += (mail, b"RCPT TO:<", envelope.recipient, b">\r\nDATA\r\n")
        self._started()
        self.flights.append(Flight(envelope.ticket, envelope))
        self._expected += (_MAIL, _RCPT, _DATA)

    def _heard(self, kind: int, line: bytes) -> None:
        if kind == _FINAL:
            self._finish(line)
        elif kind == _DATA:
            self._answer_to_data(line)
        elif line[:1] != b"2":
            self._refuse(kind, line)

    def _go_on_at_once(self) -> None:
        """Most bursts find the next message ready: it goes out now, without another turn of the loop."""
        if self._owner.ready and self._owner.is_fresh():
            self.fill()
            self._owner.gather()
            if self._owner.ready and not self.dead:
                return
        self._owner.wake()

    def _answer_to_data(self, line: bytes) -> None:
        if line[:1] == b"3":
            self._go = True
        else:
            self._dirty = True
            self._finish(line)


class Lockstep(Conversation):
    """No PIPELINING: one command, one reply."""

    _paused: int | None = None

    def room(self) -> int:
        """One message at a time."""
        return 0 if self.dead or self.flights or self._expected else 1

    def fill(self) -> None:
        """Begin the next message with its MAIL FROM, or go on with one that waited for a look at who unsubscribed."""
        if self._paused is not None and not self.dead:
            paused, self._paused = self._paused, None
            self._go_on(paused)
        if not self.room():
            return
        found = self._next()
        if found is not None:
            envelope, mail = found
            self._started()
            self.flights.append(Flight(envelope.ticket, envelope))
            self._say(_MAIL, mail)

    def _say(self, kind: int, command: bytes) -> None:
        self._expected.append(kind)
        self._transport.write(command)

    def _heard(self, kind: int, line: bytes) -> None:
        if kind == _FINAL:
            self._finish(line)
        elif kind == _RSET:
            return
        elif line[:1] not in b"23":
            self._refuse(kind, line)
            self._finish(line)
            self._say(_RSET, b"RSET\r\n")
        else:
            self._go_on(kind)

    def _go_on(self, kind: int) -> None:
        flight = self.flights[0]
        if not self._owner.is_fresh():
            self._paused = kind  # until the owner has looked, and fills
            self._owner.wake()
            return
        if self._called_back(flight):
            return
        assert flight.envelope is not None  # noqa: S101 — it is only given up when the body is written
        if kind == _MAIL:
            self._say(_RCPT, b"RCPT TO:<%b>\r\n" % flight.envelope.recipient)
        elif kind == _RCPT:
            self._say(_DATA, b"DATA\r\n")
        else:
            data, flight.envelope, flight.sealed = flight.envelope.data, None, True
            self._say(_FINAL, data + b".\r\n")


def talk(session: Session, options: SmtpOptions, owner: Owner) -> Conversation:
    """The best way of talking that this relay offers."""
    offered = session.extensions
    if offered.pipelining and offered.chunking:
        return Streamed(session, options, owner)
    return (Grouped if offered.pipelining else Lockstep)(session, options, owner)
