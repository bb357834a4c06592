"""How many connections one company database gets from this machine, held across processes.

A slot is a locked file. The kernel drops the lock when its process ends, however it ends, so no slot is ever lost.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from twain.errors import SourceLimit
from twain.settings import SourceSettings

_PAUSE = 0.02


@contextmanager
def slot(settings: SourceSettings, wait_seconds: float) -> Iterator[int]:
    """Hold one of ``max_connections`` slots; yields its number. Raises SourceLimit (T325) after *wait_seconds*."""
    deadline = time.monotonic() + wait_seconds
    while (held := _try_all(settings)) is None:
        if time.monotonic() > deadline:
            raise _all_taken(settings)
        time.sleep(_PAUSE)
    number, fd = held
    try:
        yield number
    finally:
        os.close(fd)


def _try_all(settings: SourceSettings) -> tuple[int, int] | None:
    folder = _folder(settings)
    for number in range(max(1, settings.max_connections)):
        fd = os.open(folder / f"{number}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(fd)
        else:
            return number, fd
    return None


def _folder(settings: SourceSettings) -> Path:
    """One folder per database, whatever each workspace calls it; readable by this user only."""
    which = repr((settings.kind, sorted(settings.options.items())))
    base = Path(tempfile.gettempdir()) / f"twain-{os.getuid()}"
    base.mkdir(mode=0o700, exist_ok=True)
    if base.stat().st_uid != os.getuid() or base.is_symlink():
        raise SourceLimit(f"{base} belongs to somebody else.", todo="Remove it, or set TMPDIR to a folder of your own.")
    folder = base / hashlib.sha256(which.encode()).hexdigest()[:16]
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def _all_taken(settings: SourceSettings) -> SourceLimit:
    return SourceLimit(
        f"All {settings.max_connections} connections that IT allows to source {settings.name!r} are in use.",
        todo="Try again in a moment, or ask IT to raise max_connections.",
        business="Others are reading from this database right now. Try again in a moment.",
        code="T325",
    )
