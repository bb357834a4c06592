"""The load generator of *gateway*: raw HTTP/1.1 over many kept-open connections, with requests pipelined. One process, uvloop.

Prints one JSON object: answers per second, latencies in milliseconds, its own CPU in µs per answer, and, when asked for it, every
click that was answered 302.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import deque
from functools import partial
from typing import cast

import uvloop


class Connection(asyncio.Protocol):
    """One connection that always has *depth* requests on their way."""

    def __init__(self, requests: list[bytes], offset: int, depth: int, answered: list[int] | None) -> None:
        self._requests, self._next, self._depth, self._answered = requests, offset, depth, answered
        self._on_their_way: deque[tuple[float, int]] = deque()
        self._rest = b""
        self.latencies: list[float] = []
        self.count = self.refused = 0
        self.over = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)  # uvloop's own kind says it in no other way
        self._ask(self._depth)

    def _ask(self, number: int) -> None:
        now, asked = time.perf_counter(), []
        for _ in range(number):
            place = self._next % len(self._requests)
            self._next += 1
            self._on_their_way.append((now, place))
            asked.append(self._requests[place])
        self._transport.write(b"".join(asked))

    def data_received(self, data: bytes) -> None:
        """Answers here have no body, so that an empty line ends each."""
        answers = (self._rest + data).split(b"\r\n\r\n")
        self._rest = answers.pop()
        now = time.perf_counter()
        for answer in answers:
            begun, place = self._on_their_way.popleft()
            self.latencies.append(now - begun)
            if not answer.startswith(b"HTTP/1.1 302"):
                self.refused += 1
            elif self._answered is not None:
                self._answered.append(place)
        self.count += len(answers)
        if not self.over and answers:
            self._ask(len(answers))

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 — the base class has it
        self.over = True


def _as_it_is(connection: Connection) -> Connection:
    return connection


async def click(
    port: int, requests: list[bytes], connections: int, depth: int, seconds: float, *, told: bool
) -> dict[str, object]:
    """Ask for *seconds* after half a second of warming up, or until the server is gone."""
    loop = asyncio.get_running_loop()
    answered: list[int] | None = [] if told else None
    share = max(len(requests) // connections, 1)
    made: list[Connection] = []
    for number in range(connections):
        one = Connection(requests, number * share, depth, answered)
        await loop.create_connection(partial(_as_it_is, one), "127.0.0.1", port)
        made.append(one)
    if not told:
        await asyncio.sleep(0.5)
    before = sum(one.count for one in made)
    for one in made:
        one.latencies.clear()
    begun, spent = time.perf_counter(), time.process_time()
    while time.perf_counter() - begun < seconds and not all(one.over for one in made):
        await asyncio.sleep(0.02)
    taken = time.perf_counter() - begun
    spent = time.process_time() - spent
    count = sum(one.count for one in made) - before
    waited = sorted(latency for one in made for latency in one.latencies) or [0.0]
    return {
        "rate": count / taken,
        "p50": waited[len(waited) // 2] * 1e3,
        "p99": waited[int(len(waited) * 0.99)] * 1e3,
        "spent": spent / max(count, 1) * 1e6,
        "refused": sum(one.refused for one in made),
        "answered": answered or [],
    }


def main() -> None:
    """Ports and amounts as JSON on standard input, figures as JSON on standard output."""
    asked = json.load(sys.stdin)
    requests = [
        f"GET {path} HTTP/1.1\r\nHost: mail.example.com\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 "
        f"Firefox/140.0\r\nAccept: text/html\r\nAccept-Language: de\r\n\r\n".encode()
        for path in asked["paths"]
    ]
    figures = uvloop.run(
        click(asked["port"], requests, asked["connections"], asked["depth"], asked["seconds"], told=asked["told"])
    )
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
