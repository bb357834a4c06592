"""Child processes that are kept running: started again when they die, ended together, none left behind.

Each child leads a process group of its own, so that Ctrl-C reaches the supervisor alone and whatever a child has started goes
with it. Each reads a pipe that the supervisor holds open: were the supervisor killed, the pipe closes and the child ends itself.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

log = logging.getLogger("twain.up")

_GRACE_SECONDS = 20.0
_LONGEST_WAIT = 30.0
_STEADY_SECONDS = 60.0
_LAST_LINES = 40
#: The line that ends a Python traceback: what went wrong, in its own words.
_REASON = re.compile(r"([A-Za-z_][\w.]*(Error|Exception|Interrupt|Exit|Warning)\b.*)")


@dataclass(slots=True)
class Child:
    """One process. *arguments* follow ``python -m``; *waits* is the pause before the next restart, in seconds."""

    name: str
    arguments: Sequence[str]
    environment: Mapping[str, str] = field(repr=False)
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    waits: float = 0.5
    due_at: float = 0.0
    said: deque[str] = field(default_factory=lambda: deque(maxlen=_LAST_LINES), repr=False)
    listener: threading.Thread | None = field(default=None, repr=False)

    def start(self) -> None:
        """Start it. Its words go to our standard error (standard output is for the one who called us); the last are kept."""
        command = [sys.executable, "-m", *self.arguments]
        self.process = subprocess.Popen(  # noqa: S603 — ourselves
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=dict(self.environment),
            start_new_session=True,
        )
        self.said.clear()
        self.listener = threading.Thread(target=self._listen, args=(self.process,), daemon=True)
        self.listener.start()
        self.started_at = time.monotonic()

    def _listen(self, process: subprocess.Popen[bytes]) -> None:
        """Pass on what it says, until it and all that it started have ended."""
        with process.stdout or contextlib.nullcontext() as words:
            for line in words or ():
                text = line.decode("utf-8", "replace")
                self.said.append(text.rstrip())
                with contextlib.suppress(OSError, ValueError):  # nobody listens to us any more
                    sys.stderr.write(text)
                    sys.stderr.flush()

    def last_words(self) -> str:
        """Why it ended, as well as its own words tell: the newest line that names an error, else the last line."""
        if self.listener is not None:
            self.listener.join(2.0)
        lines = [line for line in self.said if line.strip()]
        reasons = [found[1] for line in lines if (found := _REASON.match(line))]
        return (reasons or lines or [""])[-1][:500]

    def ended(self) -> int | None:
        """Its exit code once it has ended; whatever it had started is ended too."""
        code = self.process.poll() if self.process else None
        if code is not None:
            self.signal(signal.SIGKILL)
        return code

    def signal(self, number: signal.Signals) -> None:
        """Tell the whole group, if anything of it is left."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, number)

    def schedule(self) -> float:
        """When it may start again: at once after a long life, later and later when it keeps dying."""
        steady = time.monotonic() - self.started_at >= _STEADY_SECONDS
        pause, self.waits = (0.5, 1.0) if steady else (self.waits, min(self.waits * 2, _LONGEST_WAIT))
        if self.process is not None and self.process.stdin is not None:
            self.process.stdin.close()
        self.process, self.due_at = None, time.monotonic() + pause
        return pause


def keep_running(children: Sequence[Child], stop: threading.Event, ready: Callable[[], None]) -> None:
    """Run *children* (in this order) until *stop* is set; *ready* is called once all have been started.

    They end in the same order: what serves pages stops first, what takes their mail last.
    """
    try:
        for child in children:
            child.start()
        ready()
        while not stop.wait(0.2):
            for child in children:
                _look_after(child)
    finally:
        end(children)


def _look_after(child: Child) -> None:
    if child.process is None:
        if time.monotonic() >= child.due_at:
            child.start()
        return
    code = child.ended()
    if code is not None:
        pause = child.schedule()
        log.warning("%s ended with %s; it starts again in %.1f seconds", child.name, code, pause)


def end(children: Sequence[Child], grace: float = _GRACE_SECONDS) -> None:
    """Ask each to end, one after the other; whoever is not gone after *grace* seconds in all is killed with its group."""
    deadline = time.monotonic() + grace
    for child in children:
        if child.process is None:
            continue
        child.signal(signal.SIGTERM)
        try:
            child.process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            log.warning("%s did not end by itself and is killed", child.name)
        child.signal(signal.SIGKILL)
        child.process.wait()
        if child.process.stdin is not None:
            child.process.stdin.close()
        child.process = None
