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
from dataclasses import dataclass
from pathlib import Path

from twain.errors import SourceBusy, SourceLimit
from twain.settings import SourceSettings

_PAUSE = 0.02


@dataclass(frozen=True, slots=True)
class Held:
    """A connection in use: its name, as IT sees it in the database, and since when (epoch seconds)."""

    application: str
    since: float


@contextmanager
def slot(
    settings: SourceSettings, wait_seconds: float, application: str = "twain", *, left_free: int = 0
) -> Iterator[int]:
    """Hold one of ``max_connections`` slots; yields its number. Raises SourceBusy (T325) after *wait_seconds*.

    *left_free* slots are never taken, so that somebody who looks need not wait for work that nobody waits for; one may always be.
    """
    deadline = time.monotonic() + wait_seconds
    usable = max(1, settings.max_connections - left_free)
    while (held := _try(settings, usable)) is None:
        if time.monotonic() > deadline:
            raise _all_taken(settings)
        time.sleep(_PAUSE)
    number, fd = held
    _sign(fd, application)
    try:
        yield number
    finally:
        os.close(fd)


def in_use(settings: SourceSettings) -> list[Held]:
    """The connections that this machine's processes hold to a database now, the oldest first."""
    found = [_signed(path) for path in sorted(_folder(settings).glob("*.lock"))]
    return sorted((one for one in found if one is not None), key=lambda one: one.since)


def _sign(fd: int, application: str) -> None:
    os.ftruncate(fd, 0)
    os.pwrite(fd, f"{time.time():.3f} {application}".encode(), 0)


def _signed(path: Path) -> Held | None:
    """Who holds a slot; None when nobody does. The lock is tried for an instant: whoever wants it just then tries again."""
    fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        since, _, application = os.pread(fd, 200, 0).decode("utf-8", "replace").partition(" ")
        return Held(application, float(since)) if since else None
    finally:
        os.close(fd)
    return None


def _try(settings: SourceSettings, usable: int) -> tuple[int, int] | None:
    folder = _folder(settings)
    for number in range(usable):
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


def _all_taken(settings: SourceSettings) -> SourceBusy:
    return SourceBusy(
        f"All {settings.max_connections} connections that IT allows to source {settings.name!r} are in use.",
        todo="Try again in a moment, or ask IT to raise max_connections.",
        business="Others are reading from this database right now. Try again in a moment.",
    )
