"""A scriptable, faulty SMTP relay for tests: real sockets, in a thread, with everything it saw at hand.

::

    with Relay() as relay:
        relay.script.refuse(b"gone@example.org", b"550 5.1.1 No such user")
        channel = SmtpChannel(relay.settings())
"""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections import Counter, deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import TypeVar

from twain.demo.sink import message_id
from twain.demo.sink_session import OK, Answer, Fault, Manners, Received, SinkSession
from twain.settings import ChannelSettings

T = TypeVar("T")

#: Turns of the loop in a row in which nothing is open, before it may end.
_CALM_TURNS = 5
_FULL = (b"PIPELINING", b"SIZE 52428800", b"8BITMIME", b"SMTPUTF8", b"CHUNKING")


@dataclass
class Script:
    """What goes wrong, and when. Message numbers count whole messages that arrived, from 1, over all connections."""

    extensions: tuple[bytes, ...] = _FULL
    greeting: bytes = b"220 relay.test ESMTP\r\n"
    refused: dict[bytes, deque[bytes]] = field(default_factory=dict)
    refused_mail: bytes | None = None
    on_message: dict[int, Answer] = field(default_factory=dict)
    drop_at_data: set[int] = field(default_factory=set)
    always: Callable[[Received, int], Answer | None] | None = None
    tls: ssl.SSLContext | None = None
    accounts: dict[bytes, bytes] = field(default_factory=dict)
    connections_before_greeting_well: int = 0
    injected_after_starttls: bytes = b""

    def refuse(self, recipient: bytes, *lines: bytes, times: int | None = None) -> None:
        """Answer RCPT TO of this recipient with these lines in order: the last for ever, or *times* times then 250."""
        answers = deque(line + b"\r\n" for line in lines)
        if times is not None:
            answers = deque([answers[0]] * times + [OK])
        self.refused[recipient] = answers

    def drop_after_accepting(self, number: int) -> None:
        """Take message *number*, and close the connection without saying so."""
        self.on_message[number] = Fault.DROP

    def stall_at(self, number: int) -> None:
        """Take message *number*, and say nothing until resumed."""
        self.on_message[number] = Fault.STALL


class _Scripted(Manners):
    def __init__(self, relay: Relay) -> None:
        super().__init__()
        self._relay = relay

    def opened(self) -> None:
        script = self._relay.script
        self.extensions, self.tls, self.accounts = script.extensions, script.tls, script.accounts
        self._relay.connections += 1

    def greeting(self) -> Answer:
        if self._relay.connections <= self._relay.script.connections_before_greeting_well:
            return b"421 4.3.2 Not now\r\n"
        return self._relay.script.greeting

    def mail(self, sender: bytes, options: bytes) -> Answer:  # noqa: ARG002 — all alike
        self._relay.mails += 1
        return self._relay.script.refused_mail or OK

    def rcpt(self, recipient: bytes) -> Answer:
        answers = self._relay.script.refused.get(recipient)
        if not answers:
            return OK
        return answers.popleft() if len(answers) > 1 else answers[0]

    def data(self) -> Answer:
        self._relay.datas += 1
        return Fault.DROP if self._relay.datas in self._relay.script.drop_at_data else b"354 Go on\r\n"

    def message(self, message: Received) -> Answer:
        return self._relay.take(message)


class Relay:
    """Listens on 127.0.0.1 from ``with`` to its end. ``received`` holds every whole message, also unacknowledged ones."""

    def __init__(self, script: Script | None = None) -> None:
        self.script = script or Script()
        self.received: list[Received] = []
        self.acknowledged: list[Received] = []
        self.raw: list[bytes] = []
        self.connections = self.mails = self.datas = 0
        self.arrived = threading.Condition()
        self.on_arrival: Callable[[Received], None] = lambda _: None
        self._sessions: set[SinkSession] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Relay:
        self._thread.start()
        self._server = self._call(self._start())
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        self._call(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def settings(
        self, *, connections: int = 1, limits: dict[str, dict[str, float]] | None = None, **options: object
    ) -> ChannelSettings:
        """Settings of a channel that sends here."""
        where = {"host": "127.0.0.1", "port": self.port, **options}
        return ChannelSettings("relay", "smtp", where, connections=connections, limits=limits or {})

    def take(self, message: Received) -> Answer:
        """A whole message has arrived: note it, and answer by the script."""
        number = len(self.received) + 1
        self.on_arrival(message)
        answer: Answer | None = self.script.on_message.get(number)
        if answer is None and self.script.always is not None:
            answer = self.script.always(message, number)
        answer = answer if answer is not None else b"250 2.0.0 queued as %d\r\n" % number
        with self.arrived:
            self.received.append(message)
            if isinstance(answer, bytes) and answer.startswith(b"2"):
                self.acknowledged.append(message)
            self.arrived.notify_all()
        return answer

    def wait_for(self, messages: int, seconds: float = 20.0) -> bool:
        """Until so many whole messages have arrived; False when they do not come in time."""
        with self.arrived:
            return self.arrived.wait_for(lambda: len(self.received) >= messages, seconds)

    def recipients(self) -> Counter[bytes]:
        """How often each recipient's message was acknowledged."""
        return Counter(one for message in self.acknowledged for one in message.recipients)

    def arrivals(self) -> Counter[bytes]:
        """How often each Message-ID arrived whole, acknowledged or not."""
        return Counter(message_id(message.data) for message in self.received)

    def resume(self, answer: bytes = OK) -> None:
        """End every stall, with this reply to the message that was held."""

        def resume_all() -> None:
            for session in list(self._sessions):
                session.resume(answer)

        self._loop.call_soon_threadsafe(resume_all)

    def drop_all(self) -> None:
        """Cut every connection now."""
        self._loop.call_soon_threadsafe(self._abort_all)

    def _abort_all(self) -> None:
        for session in list(self._sessions):
            session.transport.abort()

    async def _start(self) -> asyncio.Server:
        manners = _Scripted(self)
        return await self._loop.create_server(lambda: _Recording(manners, self), "127.0.0.1", 0)

    async def _end(self) -> None:
        # Nobody more is let in first: a server that closes while a client is being accepted leaves half a transport behind.
        for listening in self._server.sockets:
            self._loop.remove_reader(listening.fileno())
        calm = 0
        while calm < _CALM_TURNS:  # who was just accepted has a connection some turns of the loop later
            open_still = self._open()
            calm = 0 if open_still or len(asyncio.all_tasks()) > 1 else calm + 1
            for transport in open_still:
                transport.abort()
            await asyncio.sleep(0.002)
        self._server.close()
        await self._server.wait_closed()

    def _open(self) -> list[asyncio.Transport]:
        """Connections whose socket is not closed. Those within their TLS handshake have no session: the loop alone knows them."""
        known = list(getattr(self._loop, "_transports", {}).values())
        return [*(session.transport for session in self._sessions), *(one for one in known if one._sock is not None)]  # noqa: SLF001

    def _call(self, work: Coroutine[object, object, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)


class _Recording(SinkSession):
    """Keeps the raw bytes of each connection, for tests about what is on the wire."""

    def __init__(self, manners: Manners, relay: Relay) -> None:
        super().__init__(manners, relay._sessions)  # noqa: SLF001 — a part of the relay
        self._raw = relay.raw
        self._script = relay.script

    def data_received(self, data: bytes) -> None:
        """Keep, then work off."""
        self._raw.append(data)
        super().data_received(data)

    def _starttls(self, line: bytes) -> None:
        if self._script.injected_after_starttls:
            self._say(b"220 2.0.0 Go ahead\r\n" + self._script.injected_after_starttls)
        else:
            super()._starttls(line)
