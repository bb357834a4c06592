"""The parent's hold on one child process: start it, ask it, end it.

The child gets its settings over a pipe, and an environment from which everything that could be a secret is left out. It
ends its own statement in time; if it does not answer (frozen, or stuck in a driver), it is killed a moment later.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

import pyarrow as pa

from twain.errors import TwainError
from twain.feeds import faults, spares, wire
from twain.feeds.engine import Work
from twain.settings import SourceSettings

_START_SECONDS = 30.0
_GRACE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Told:
    """A child's answer to a question that is not a stream."""

    value: Mapping[str, Any]


class Child:
    """One child process with one connection. Not for use by two threads at once."""

    def __init__(self, settings: SourceSettings, application: str, memory_mb: int, timeout_seconds: float) -> None:
        self._settings = settings
        self._seconds = timeout_seconds
        self._speaking = threading.Lock()
        self._interrupted = False
        self._scratch = tempfile.TemporaryDirectory(prefix="twain-source-")
        self._process = spares.take(settings.kind)
        work = Work(
            kind=settings.kind,
            options=dict(settings.options),
            application=application,
            time_zone=settings.time_zone,
            scratch=self._scratch.name,
            memory_mb=memory_mb,
            timeout_seconds=timeout_seconds,
        )
        self._begin(asdict(work))

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._process.pid

    def _begin(self, work: Mapping[str, Any]) -> None:
        try:
            self._say(work)
            self._hear(time.monotonic() + min(_START_SECONDS, self._seconds + _GRACE_SECONDS + 10.0))
        except BaseException:
            self.kill()
            raise

    def ask(self, command: Mapping[str, Any]) -> Mapping[str, Any]:
        """One question, one answer. Raises the errors of ``faults``."""
        self._say(command)
        _, payload = self._hear(self._deadline())
        answer: Mapping[str, Any] = json.loads(payload)
        return answer

    def stream(self, command: Mapping[str, Any]) -> Iterator[pa.RecordBatch]:
        """Batches as they come; the child's own count is compared with what arrived."""
        deadline = self._deadline()
        self._say(command)
        _, payload = self._hear(deadline)
        schema = pa.ipc.read_schema(pa.py_buffer(payload))
        rows, over = 0, False
        try:
            while not over:
                kind, payload = self._hear(deadline)
                if kind == wire.BATCH:
                    batch = pa.ipc.read_record_batch(pa.py_buffer(payload), schema)
                    rows += batch.num_rows
                    yield batch
                over = kind == wire.END
        except TwainError:  # the child has said so itself, and waits for the next question
            over = True
            raise
        finally:
            if not over:
                self.cancel()
        if rows != (told := json.loads(payload)["rows"]):
            raise faults.incomplete(self._settings, rows, told)

    def cancel(self) -> None:
        """End what runs, in the server too, and with it this child: its consumer has left."""
        if self._process.poll() is None:
            with suppress(wire.Closed):
                wire.send_json(self._in, wire.COMMAND, {"do": "cancel"})
            self.close()

    def interrupt(self) -> None:
        """From another thread: end what runs, in the server too; asked a second time, end the child itself.

        Whoever reads from it hears SourceError (T305) or SourceUnavailable, and tidies up.
        """
        if self._interrupted:
            self._process.kill()
            return
        self._interrupted = True
        with self._speaking, suppress(wire.Closed, OSError, ValueError):  # it may have ended by itself meanwhile
            wire.send_json(self._in, wire.COMMAND, {"do": "cancel"})

    def close(self) -> None:
        """Let the child end by itself; kill it when it does not."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                pipe.close()
        try:
            self._process.wait(_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._scratch.cleanup()

    def kill(self) -> None:
        """End the child at once."""
        self._process.kill()
        self.close()

    @property
    def _in(self) -> int:
        assert self._process.stdin  # noqa: S101 — opened with PIPE
        return self._process.stdin.fileno()

    def _say(self, command: Mapping[str, Any]) -> None:
        if self._process.poll() is not None:
            raise faults.died(self._settings, self._process.returncode)
        with self._speaking, suppress(wire.Closed):  # what it said before it ended is better than this
            wire.send_json(self._in, wire.COMMAND, command)

    def _deadline(self) -> float:
        return time.monotonic() + self._seconds + _GRACE_SECONDS

    def _hear(self, deadline: float) -> tuple[bytes, bytes]:
        assert self._process.stdout  # noqa: S101 — opened with PIPE
        try:
            kind, payload = wire.receive(self._process.stdout.fileno(), deadline)
        except wire.Late:
            self.kill()
            raise faults.as_error({"kind": "time"}, self._settings, self._seconds) from None
        except wire.Closed:
            self.close()
            raise faults.died(self._settings, self._process.returncode) from None
        if kind == wire.FAULT:
            raise faults.as_error(json.loads(payload), self._settings, self._seconds)
        return kind, payload
