"""A userland delay proxy: every byte arrives half a round trip later, in both directions. For benchmarks and tests.

``python -m twain.testing.delay --to 127.0.0.1:2525 --rtt 0.05`` prints its port and runs until its standard input ends.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

_MOST_HELD = 64 << 20  # bytes per direction; a real path of 50 ms holds less


class _Half(asyncio.Protocol):
    """One direction: reads from its own socket, writes to the other's after the delay."""

    def __init__(self, delay: float) -> None:
        self.delay = delay
        self.other: _Half | None = None
        self.transport: asyncio.Transport | None = None
        self._held: deque[tuple[float, bytes]] = deque()
        self._bytes = 0
        self._timer: asyncio.TimerHandle | None = None
        self._ended = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 — what a server gives
        self.transport = transport
        if self.other is not None:
            self.other.deliver()

    def data_received(self, data: bytes) -> None:
        loop = asyncio.get_running_loop()
        self._held.append((loop.time() + self.delay, data))
        self._bytes += len(data)
        if self._bytes > _MOST_HELD and self.transport is not None:
            self.transport.pause_reading()
        if self._timer is None:
            self._timer = loop.call_later(self.delay, self.deliver)

    def deliver(self) -> None:
        """Pass on what has been held for long enough."""
        loop = asyncio.get_running_loop()
        target = self.other.transport if self.other else None
        self._timer = None
        due: list[bytes] = []
        while target is not None and self._held and self._held[0][0] <= loop.time() + 0.0005:
            due.append(self._held.popleft()[1])
        if due and target is not None:
            target.write(b"".join(due))
            self._bytes -= sum(map(len, due))
            if self.transport is not None and self._bytes <= _MOST_HELD:
                self.transport.resume_reading()
        if self._held and target is not None:
            self._timer = loop.call_at(self._held[0][0], self.deliver)
        elif self._ended and target is not None:
            target.close()

    def eof_received(self) -> bool:
        self._end()
        return True

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 — asyncio's signature
        self._end()

    def _end(self) -> None:
        """What is held is still passed on; then the other end is closed."""
        self._ended = True
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self.delay, self.deliver)


async def serve(host: str, port: int, rtt: float) -> asyncio.Server:
    """Listen on a free port of 127.0.0.1; everything goes to *host*:*port* and back, *rtt* seconds per round trip."""
    loop = asyncio.get_running_loop()
    dialling: set[asyncio.Task[object]] = set()

    def accepted() -> _Half:
        near, far = _Half(rtt / 2), _Half(rtt / 2)
        near.other, far.other = far, near
        task: asyncio.Task[object] = loop.create_task(_dial(near, far, host, port))
        dialling.add(task)
        task.add_done_callback(dialling.discard)
        return near

    return await loop.create_server(accepted, "127.0.0.1", 0, backlog=512)


async def _dial(near: _Half, far: _Half, host: str, port: int) -> None:
    try:
        await asyncio.get_running_loop().create_connection(lambda: far, host, port)
    except OSError:
        if near.transport is not None:
            near.transport.abort()


@contextmanager
def start_delay(host: str, port: int, rtt: float) -> Iterator[int]:
    """Run a delay proxy in a process of its own; yields its port."""
    command = [sys.executable, "-m", "twain.testing.delay", "--to", f"{host}:{port}", "--rtt", str(rtt)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE) as process:  # noqa: S603 — ourselves
        assert process.stdout is not None  # noqa: S101 — it was asked for
        try:
            yield int(process.stdout.readline())
        finally:
            process.terminate()


async def _main(options: argparse.Namespace) -> None:
    host, _, port = options.to.rpartition(":")
    server = await serve(host, int(port), options.rtt)
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201 — its one line
    ended = asyncio.Event()
    asyncio.get_running_loop().add_reader(0, lambda: None if os.read(0, 4096) else ended.set())
    await ended.wait()


def main() -> None:
    """``python -m twain.testing.delay``."""
    parser = argparse.ArgumentParser(prog="python -m twain.testing.delay", description=__doc__)
    parser.add_argument("--to", required=True, help="host:port")
    parser.add_argument("--rtt", type=float, default=0.05, help="seconds per round trip")
    asyncio.run(_main(parser.parse_args()))


if __name__ == "__main__":
    main()
