"""Reading processes that are started ahead: loading a driver takes longer than many a count, and nobody should wait for it.

A spare has loaded its kind's driver and knows nothing else: no address, no password, no connection, no slot of the source. It
serves one session like any other child, and ends with us or when nobody has wanted it for a while. One per kind and process.
"""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
import threading
from dataclasses import dataclass

#: How long a spare waits, in seconds: as long as somebody may think about a rule.
KEPT_SECONDS = 300.0

_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "PYTHONPATH", "VIRTUAL_ENV", "LD_LIBRARY_PATH", "SSL_CERT_FILE",
         "PGSERVICEFILE", "PGSSLROOTCERT", "PGSYSCONFDIR")  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Spare:
    process: subprocess.Popen[bytes]
    timer: threading.Timer


_spares: dict[str, _Spare] = {}
_lock = threading.Lock()


def warm(kind: str) -> None:
    """Have a process ready for the next session with a database of this *kind*. Returns at once; it loads by itself."""
    with _lock:
        there = _spares.get(kind)
        if there is not None and there.process.poll() is None:
            return
        if there is not None:
            there.timer.cancel()
            _close(there.process)
        process = start(kind)
        timer = threading.Timer(KEPT_SECONDS, _retire, (kind, process))
        timer.daemon = True
        timer.start()
        _spares[kind] = _Spare(process, timer)


def take(kind: str) -> subprocess.Popen[bytes]:
    """A process for one session: the spare, if there is one that lives; else a new one."""
    with _lock:
        spare = _spares.pop(kind, None)
    if spare is None:
        return start(kind)
    spare.timer.cancel()
    if spare.process.poll() is None:
        return spare.process
    _close(spare.process)
    return start(kind)


def start(kind: str) -> subprocess.Popen[bytes]:
    """Start a reading process. Its environment has nothing that could be a secret; what it must know comes over its stdin."""
    return subprocess.Popen(  # noqa: S603 — our own interpreter, and a kind that is known
        [sys.executable, "-P", "-m", "twain.feeds.child", kind],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={key: value for key, value in os.environ.items() if key in _KEPT},
        bufsize=0,
        start_new_session=True,
    )


@atexit.register
def end_all() -> None:
    """End every spare of this process."""
    with _lock:
        ended = list(_spares.values())
        _spares.clear()
    for spare in ended:
        spare.timer.cancel()
        _close(spare.process)


def _retire(kind: str, process: subprocess.Popen[bytes]) -> None:
    with _lock:
        spare = _spares.get(kind)
        if spare is None or spare.process is not process:
            return
        del _spares[kind]
    _close(process)


def _close(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe:
            pipe.close()
