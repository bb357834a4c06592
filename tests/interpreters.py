"""Starting ``python -m twain …`` without loading everything anew: libraries are loaded once, each start is a copy of that.

Starting an interpreter costs a second of work, hundreds of tests start some, and what they test begins after that second.
What a copy is, ``tests/interpreter_stock.py`` says. Files that are about processes themselves (``REAL``) have interpreters
started in earnest, and so has whatever asks for more than a copy can be, such as a terminal. What a copy starts is started in
earnest as well.
"""

from __future__ import annotations

import ctypes
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

_SERVER = Path(__file__).with_name("interpreter_stock.py")
_ROOT = _SERVER.parents[1]

#: Tests of how processes start, what they were told, what they may use, and how they end: never a copy.
REAL = (
    "tests/acceptance/test_house_start.py",
    "tests/faults/test_control_store_gone.py",
    "tests/faults/test_disk_full.py",
    "tests/faults/test_gateway_killed.py",
    "tests/faults/test_order_of_durability.py",
    "tests/faults/test_terminal.py",
    "tests/integration/test_source_limits.py",
    "tests/integration/test_spare_processes.py",
    "tests/web/campaigns/test_campaign_kills.py",
    "tests/web/up/",
)

#: Two stocks: what reads a database is small, and stays so; ``twain`` is the rest.
_SMALL = ("twain.feeds.child", "twain.demo.sink", "twain.testing.delay", "tests.told_back")
_LOADED = {
    "small": (*_SMALL, "duckdb", "adbc_driver_postgresql.dbapi", "psycopg", "sqlite3"),
    "twain": (
        *(f"twain.cli.{path.stem}" for path in sorted((_ROOT / "src" / "twain" / "cli").glob("*.py"))),
        "adbc_driver_postgresql.dbapi", "aiosmtplib", "django.core.handlers.wsgi", "django.core.mail", "django.core.management",
        "django.db.backends.sqlite3.base", "django.db.migrations.executor", "django.forms", "django.shortcuts",
        "django.views.generic", "pydantic",
    ),
}  # fmt: skip
#: Read while a library is loaded, not while a command runs: a start that differs in them is of another stock.
_SETTLED = ("LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH", "LD_PRELOAD", "PYTHONDEVMODE", "PYTHONHASHSEED", "PYTHONHOME",
            "PYTHONPATH", "PYTHONSAFEPATH", "PYTHONUTF8", "PYTHONWARNINGS")  # fmt: skip
_WIDTHS = ("COLUMNS", "FORCE_COLOR", "LINES", "NO_COLOR")  # and these by what writes for people
WORTH_IT = 2  # so many are started in earnest before it pays to load a stock
_SUBREAPER = 36  # of prctl(2): orphans below us become our children

_really = subprocess.Popen._execute_child  # type: ignore[attr-defined]
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass
class _Stock:
    """One process that has loaded *names* in this *environment* and is split into copies."""

    names: Sequence[str]
    environment: Mapping[str, str]
    wanted: int = 0
    line: socket.socket | None = None
    process: subprocess.Popen[bytes] | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def copy(self, asked: Mapping[str, Any], streams: Sequence[int]) -> int | None:
        """Have a copy; its process id. None if the stock has ended, as it does when something cannot be loaded."""
        with self.lock:
            line = self.line or self._open()
            _libc.prctl(_SUBREAPER, 1, 0, 0, 0)
            try:
                socket.send_fds(line, [json.dumps(asked).encode()], streams)
                return int(line.recv(32) or 0) or None
            except ConnectionError:
                return None
            finally:
                _libc.prctl(_SUBREAPER, 0, 0, 0, 0)

    def _open(self) -> socket.socket:
        self.line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, str(_SERVER), str(theirs.fileno()), *self.names],
                cwd=_ROOT, pass_fds=(theirs.fileno(),), stdin=subprocess.DEVNULL,
                env=dict(self.environment),
            )  # fmt: skip
        return self.line

    def close(self) -> None:
        """No more copies; those there are go on."""
        if self.line is not None and self.process is not None:
            self.line.close()
            self.process.wait()


_stocks: dict[tuple[object, ...], _Stock] = {}
_choosing = threading.Lock()
in_earnest = threading.Event()


def _execute_child(self: Any, *given: Any) -> None:
    """In the place of the library's own, whose arguments these are: a copy, or whatever else was asked for in earnest."""
    if not _copied(self, *given):
        _really(self, *given)


def _copied(self: Any, *given: Any) -> int | None:
    (args, _, prepare, _, kept, cwd, env, _, _, shell, to, to_us, out_us, out, err_us, err,
     _, gid, gids, uid, umask, session, group) = given  # fmt: skip
    environment = dict(os.environ if env is None else env)
    told = [] if isinstance(args, str | bytes | os.PathLike) else [str(word) for word in args]
    streams = [0 if to == -1 else to, 1 if out == -1 else out, 2 if err == -1 else err]
    plain = (prepare, shell, gid, gids, uid, umask, group) == (None, False, None, None, None, -1, -1)
    words = _module_and_words(told)
    if not words or not plain or not Path(cwd or ".").is_dir() or any(os.isatty(one) for one in streams):
        return None
    safe, module, *rest = words
    asked = {"parent": os.getpid(), "module": module, "words": rest, "safe": bool(safe), "session": session, "kept": list(kept),
             "environment": environment, "folder": str(Path(cwd or ".").absolute())}  # fmt: skip
    stock = _stock("small" if module in _SMALL else "twain", environment)
    stock.wanted += 1
    copied = stock.copy(asked, [*streams, *kept]) if stock.wanted > WORTH_IT else None
    if copied:
        self.pid, self._child_created = copied, True
        self._close_pipe_fds(to, to_us, out_us, out, err_us, err)
    return copied


def _module_and_words(told: Sequence[str]) -> list[str]:
    """Whether ``-P`` was said, then the module, then its words; nothing if this is no start that a copy can be."""
    if in_earnest.is_set() or not told or told[0] != sys.executable:
        return []
    safe, rest = ("-P", told[2:]) if told[1:2] == ["-P"] else ("", told[1:])
    ours = rest[:1] == ["-m"] and len(rest) > 1 and rest[1].partition(".")[0] in ("twain", "twain_web", "tests")
    return [safe, *rest[1:]] if ours else []


def _stock(kind: str, environment: Mapping[str, str]) -> _Stock:
    names = (*_SETTLED, *_WIDTHS) if kind == "twain" else _SETTLED
    settled = {name: environment[name] for name in names if name in environment}
    rest = {name: os.environ[name] for name in ("HOME", "PATH", "TMPDIR", "VIRTUAL_ENV") if name in os.environ}
    with _choosing:
        return _stocks.setdefault((kind, *sorted(settled.items())), _Stock(_LOADED[kind], {**rest, **settled}))


def pytest_configure() -> None:
    subprocess.Popen._execute_child = _execute_child  # type: ignore[attr-defined]


def pytest_unconfigure() -> None:
    subprocess.Popen._execute_child = _really  # type: ignore[attr-defined]
    while _stocks:
        _stocks.popitem()[1].close()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    if item.nodeid.startswith(REAL):
        in_earnest.set()
    yield
    in_earnest.clear()
