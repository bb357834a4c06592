"""A send runs in a process of its own, ``twain resume <send>``, and outlives the house.

Whether it lives is asked of the kernel: the process holds a lock on a file that it was born with, and loses it however it ends.
There is no moment between "started" and "noted as started": the lock is taken first, and the child inherits it.
"""

from __future__ import annotations

import fcntl
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

from django.conf import settings

#: Children of this process, kept so that they are reaped when they end.
_children: dict[str, subprocess.Popen[bytes]] = {}
#: Asking whether a process lives takes its lock for a moment: nobody else of this process may ask or start just then.
_asking = threading.Lock()


def start(run_id: str, person: str) -> bool:
    """Start the send's process, acting as *person*; False when it lives already."""
    with _asking:
        return _start(run_id, person)


def _start(run_id: str, person: str) -> bool:
    lock = _locked(run_id)
    if lock is None:
        return False
    try:
        with _file(run_id, "log").open("ab") as log:
            _children[run_id] = subprocess.Popen(  # noqa: S603 — our own interpreter and our own words
                [sys.executable, "-P", "-m", "twain", "resume", run_id, "--json"],
                cwd=settings.TWAIN.root,
                env={**os.environ, "TWAIN_PERSON": person},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(lock,),
                start_new_session=True,
            )
    finally:
        os.close(lock)
    return True


def lives(run_id: str) -> bool:
    """Whether the send's process is there, on this machine."""
    reap()
    with _asking:
        lock = _locked(run_id)
        if lock is not None:
            os.close(lock)
    return lock is None


def reap() -> None:
    """Take note of children that have ended."""
    for run_id, child in list(_children.items()):
        if child.poll() is not None:
            _children.pop(run_id, None)


def this_machine() -> str:
    """Where processes that we start live: another house on the same control store has others."""
    return socket.gethostname()[:120]


def _locked(run_id: str) -> int | None:
    lock = os.open(_file(run_id, "lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        return None
    return lock


def _file(run_id: str, kind: str) -> Path:
    """Ids come from the ledger; a name that could leave the folder never gets here."""
    if not run_id.isalnum():
        raise ValueError(run_id)
    folder = Path(settings.TWAIN.state) / "log"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder / f"{run_id}.{kind}"
