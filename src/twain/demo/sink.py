"""The built-in mail sink: takes every message, counts it, keeps the last few, and delivers nothing.

``python -m twain.demo.sink --port 2525`` runs it alone; :func:`start_sink` runs it in a process of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import signal
import smtplib
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from twain.demo.kept import KeptMessages
from twain.demo.sink_session import Answer, Manners, Received, SinkSession
from twain.errors import ChannelUnavailable

_MESSAGE_ID = re.compile(rb"(?:^|\r\n)message-id:[ \t]*([^\r\n]+)", re.IGNORECASE)
_ASK_COUNTS = b"XCOUNTS"


@dataclass(frozen=True, slots=True)
class Counts:
    """What has arrived: messages, their bytes, connections, and — where message ids are kept — how many came again."""

    messages: int
    bytes: int
    connections: int
    duplicates: int = 0


class Counting(Manners):
    """Says yes to everything and counts; optionally keeps the last messages, and logs each Message-ID that arrives.

    *ids*: an append-only file, one Message-ID a line, written before the message is acknowledged.
    """

    def __init__(self, *, chunking: bool = True, kept: KeptMessages | None = None, ids: Path | None = None) -> None:
        super().__init__()
        if not chunking:
            self.extensions = tuple(one for one in self.extensions if one != b"CHUNKING")
        self._messages = self._bytes = self._connections = 0
        self._kept = kept
        self._seen: Counter[bytes] = Counter()
        self._ids: IO[bytes] | None = ids.open("ab", buffering=0) if ids else None
        self._new_ids: list[bytes] = []

    def counts(self) -> Counts:
        """What has arrived so far."""
        again = sum(self._seen.values()) - len(self._seen)
        return Counts(self._messages, self._bytes, self._connections, again)

    def opened(self) -> None:
        """Count a connection."""
        self._connections += 1

    def message(self, message: Received) -> Answer:
        """Count it, keep it, note its id."""
        self._messages += 1
        self._bytes += len(message.data)
        if self._kept is not None:
            self._kept.keep(message)
        if self._ids is not None:
            found = message_id(message.data)
            self._seen[found] += 1
            self._new_ids.append(found + b"\n")
        return b"250 2.0.0 Ok: kept as %d\r\n" % self._messages

    def burst_done(self) -> None:
        """Write the ids down before any of them is acknowledged."""
        if self._new_ids and self._ids is not None:
            self._ids.write(b"".join(self._new_ids))
            self._new_ids = []

    def other(self, command: bytes) -> Answer:
        """``XCOUNTS`` tells the counts as JSON."""
        if command.upper() != _ASK_COUNTS:
            return super().other(command)
        counts = self.counts()
        shown = {name: getattr(counts, name) for name in Counts.__slots__}
        return b"250 " + json.dumps(shown).encode() + b"\r\n"


def message_id(data: bytes) -> bytes:
    """The Message-ID of a message, or ``(none)``."""
    match = _MESSAGE_ID.search(data[: data.find(b"\r\n\r\n") + 2])
    return match[1].strip() if match else b"(none)"


@dataclass(frozen=True, slots=True)
class SinkHandle:
    """A running sink: its port, and the folder of kept messages (None when it keeps none)."""

    port: int
    folder: Path | None
    pid: int

    def alive(self) -> bool:
        """Whether its process is still there."""
        try:
            return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
        except ChildProcessError:
            return False

    def counts(self) -> Counts:
        """Ask it; raises ChannelUnavailable when it does not answer."""
        try:
            with smtplib.SMTP("127.0.0.1", self.port, timeout=30) as client:
                code, text = client.docmd("XCOUNTS")
        except (OSError, smtplib.SMTPException) as error:
            raise ChannelUnavailable(f"The sink on port {self.port} does not answer ({error}).") from error
        if code != 250:
            raise ChannelUnavailable(f"What listens on port {self.port} is not Twain's sink.", todo="Use another port.")
        return Counts(**json.loads(text))


@contextmanager
def start_sink(
    *, port: int = 0, keep: int = 0, chunking: bool = True, ids: Path | None = None, folder: Path | None = None
) -> Iterator[SinkHandle]:
    """Run a sink on 127.0.0.1 in its own process, until the block ends. *port* 0 takes a free one.

    *keep*: so many of the last messages lie in *folder* (by default a temporary one). *ids*: see Counting.
    """
    with tempfile.TemporaryDirectory(prefix="twain-sink-") as temporary:
        kept = (folder or Path(temporary)) if keep else None
        command = [sys.executable, "-m", "twain.demo.sink", "--port", str(port), "--keep", str(keep)]
        command.append("--watch-stdin")
        command += [] if chunking else ["--no-chunking"]
        command += ["--ids", str(ids)] if ids else []
        command += ["--folder", str(kept)] if kept else []
        with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE) as process:  # noqa: S603 — ourselves
            try:
                yield SinkHandle(_told_port(process), kept, process.pid)
            finally:
                process.terminate()


def _told_port(process: subprocess.Popen[bytes]) -> int:
    assert process.stdout is not None  # noqa: S101 — it was asked for
    line = process.stdout.readline()
    if not line.startswith(b"listening on "):
        raise ChannelUnavailable("The mail sink did not start.", todo="Another program may have its port.")
    return int(line.rsplit(b":", 1)[1])


async def serve(manners: Manners, host: str = "127.0.0.1", port: int = 0) -> asyncio.Server:
    """Listen with these manners; the server's sockets tell the port."""
    sessions: set[SinkSession] = set()
    loop = asyncio.get_running_loop()
    return await loop.create_server(lambda: SinkSession(manners, sessions), host, port, backlog=512)


async def _main(options: argparse.Namespace) -> None:
    kept = KeptMessages(options.folder, options.keep) if options.keep else None
    manners = Counting(chunking=options.chunking, kept=kept, ids=options.ids)
    server = await serve(manners, options.host, options.port)
    print(f"listening on {options.host}:{server.sockets[0].getsockname()[1]}", flush=True)  # noqa: T201 — its one line
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if not sys.stdin.isatty() and options.watch_stdin:
        loop.add_reader(0, lambda: None if os.read(0, 4096) else stop.set())
    while not stop.is_set():
        if kept is not None:
            kept.write_out()
        try:
            await asyncio.wait_for(stop.wait(), 0.3)
        except TimeoutError:
            continue
    server.close()
    if kept is not None:
        kept.write_out()


def main() -> None:
    """``python -m twain.demo.sink``."""
    parser = argparse.ArgumentParser(prog="python -m twain.demo.sink", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=2525)
    parser.add_argument("--keep", type=int, default=0, help="keep so many of the last messages")
    parser.add_argument("--folder", type=Path, default=Path("sink"), help="where they are kept")
    parser.add_argument("--ids", type=Path, help="append each Message-ID to this file before acknowledging it")
    parser.add_argument("--no-chunking", dest="chunking", action="store_false", help="do not offer CHUNKING")
    parser.add_argument("--watch-stdin", action="store_true", help="end when standard input is closed")
    asyncio.run(_main(parser.parse_args()))


if __name__ == "__main__":
    main()
