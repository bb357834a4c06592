"""The three in the race, each a process of its own: a relay that keeps when DATA began, a send, recipients who ask out.

``python -m benchmarks._race relay|send|ask`` with its task as JSON on standard input. Clocks: CLOCK_MONOTONIC of one machine.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import struct
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, cast

from twain.demo.sink_session import OK, Answer, Fault, Manners, Received, SinkSession
from twain.flows.instance import open_instance
from twain.flows.send import SendOptions, send

BEGUN = struct.Struct("<iid")
"""One delivered message: batch, row, when its DATA (or BDAT) was taken up."""
PER_SHARD = 10_000
_PLACE = re.compile(rb"^Message-ID: <[a-z0-9]+\.(\d+)\.(\d+)\.", re.MULTILINE | re.IGNORECASE)


class _Arriving(Manners):
    """One session's own: tells it of its messages."""

    def __init__(self, session: Stamped, extensions: tuple[bytes, ...]) -> None:
        super().__init__(extensions)
        self._session = session

    def message(self, message: Received) -> Answer:
        return self._session.arrived(message)


class Stamped(SinkSession):
    """A session that knows when the DATA of its message began; *work* seconds pass over each message, one after the other."""

    def __init__(self, work: float, log: IO[bytes], extensions: tuple[bytes, ...]) -> None:
        super().__init__(_Arriving(self, extensions))
        self._work_seconds, self._log = work, log

    def _data(self, line: bytes) -> None:
        self._begun = time.monotonic()
        super()._data(line)

    def _bdat(self, line: bytes) -> None:
        self._begun = time.monotonic()
        super()._bdat(line)

    def arrived(self, message: Received) -> Answer:
        """Keep it, and work on it."""
        place = _PLACE.search(message.data[:2000])
        if place is None:
            raise RuntimeError("a message without our Message-ID")
        self._log.write(BEGUN.pack(int(place[1]), int(place[2]), self._begun))
        if not self._work_seconds:
            return OK
        asyncio.get_running_loop().call_later(self._work_seconds, self.resume, OK)
        return Fault.STALL


async def relay(task: dict[str, Any]) -> None:
    """Listen until standard input ends."""
    loop = asyncio.get_running_loop()
    with Path(task["log"]).open("ab", buffering=0) as log:
        extensions = tuple(e for e in Manners().extensions if task["chunking"] or e != b"CHUNKING")

        def session() -> Stamped:
            return Stamped(task["work"], log, extensions)

        server = await loop.create_server(session, "127.0.0.1", 0, backlog=512)
        print(server.sockets[0].getsockname()[1], flush=True)
        ended = asyncio.Event()
        loop.add_reader(0, ended.set)
        await ended.wait()
        server.close()


def one_send(task: dict[str, Any]) -> None:
    """The whole flow, as ``twain send`` does it."""
    with open_instance(Path(task["folder"])) as instance:
        done = send(instance, task["campaign"], SendOptions(run_id=task["run"]))
    print(json.dumps({"sent": done.tally.sent, "suppressed": done.tally.suppressed, "rate": done.rate}))


class Asker:
    """One recipient after the other asks out, over one connection that stays open (RFC 8058)."""

    def __init__(self, port: int, tokens: list[str], next_row: Callable[[], int | None]) -> None:
        self._port, self._tokens, self._next_row = port, tokens, next_row
        self.asked: list[tuple[int, float, float]] = []

    async def go(self) -> None:
        """Ask until nobody is left to."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        while (row := self._next_row()) is not None:
            if row < 0:
                await asyncio.sleep(0.005)
                continue
            begun = time.monotonic()
            writer.write(_request(self._tokens[row]))
            head = await reader.readuntil(b"\r\n\r\n")
            answered = time.monotonic()
            length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
            await reader.readexactly(int(length[1]) if length else 0)
            if head.startswith(b"HTTP/1.1 200"):
                self.asked.append((row, begun, answered))
        writer.close()


def _request(token: str) -> bytes:
    body = b"List-Unsubscribe=One-Click"
    return (
        f"POST /u/{token} HTTP/1.1\r\nHost: mail.example.com\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode() + body


def _last(log: Path) -> int:
    """The place of the message that was taken up last; -1 before the first."""
    with log.open("rb") as kept:
        size = kept.seek(0, 2) // BEGUN.size * BEGUN.size
        if not size:
            return -1
        kept.seek(size - BEGUN.size)
        shard, row, _ = BEGUN.unpack(kept.read(BEGUN.size))
    return (int(shard) - 1) * PER_SHARD + int(row)


async def ask(task: dict[str, Any]) -> None:
    """Choose people a little before the relay gets their messages, until there were enough or standard input ends.

    It ends with the send: who was begun last tells nothing of that, the last of all may have been asked out.
    """
    chance, log = random.Random(task["seed"]), Path(task["log"])
    people, asked, ended = len(task["tokens"]), set[int](), asyncio.Event()
    asyncio.get_running_loop().add_reader(0, ended.set)

    def next_row() -> int | None:
        place = _last(log)
        if len(asked) >= task["trials"] or ended.is_set():
            return None
        row = min(int(place + 1 + chance.uniform(0, task["within"])), people - 1)
        if place < 0 or row in asked:
            return -1
        asked.add(row)
        return row

    askers = [Asker(task["port"], task["tokens"], next_row) for _ in range(task["connections"])]
    await asyncio.gather(*(one.go() for one in askers))
    print(json.dumps([entry for one in askers for entry in one.asked]))


def main() -> None:
    """One of the three."""
    task = json.loads(sys.stdin.readline())
    if sys.argv[1] == "send":
        one_send(task)
    else:
        asyncio.run(cast("Any", {"relay": relay, "ask": ask}[sys.argv[1]])(task))


if __name__ == "__main__":
    main()
