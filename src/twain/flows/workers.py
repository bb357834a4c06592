"""Who delivers: a name no other process ever has, and knowing for certain that a former one is gone."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from twain.flows.instance import Instance
from twain.ledger.clock import read_boot_id
from twain.records import Run, Worker

_PROC = Path("/proc")


def new_worker(instance: Instance) -> Worker:
    """This process as a worker. Its id carries the process's start time, because numbers of processes are used again."""
    journals = instance.settings.spool / "journals"
    journals.mkdir(mode=0o700, parents=True, exist_ok=True)
    pid = os.getpid()
    name = f"{pid}-{_started(pid)}-{_namespace()}-{secrets.token_hex(4)}"
    return Worker(id=name, journal=str(journals / f"{name}.journal"), boot_id=read_boot_id(), pid=pid)


def bury_the_dead(instance: Instance, run: Run) -> int:
    """End the leases of workers of this machine whose process is gone, so that nobody waits for them to run out.

    A frozen process is not gone: its lease is waited for. Returns how many were found dead.
    """
    dead = [worker for worker in instance.ledger.holders(run.id) if is_gone(worker)]
    for worker in dead:
        instance.ledger.expel(worker.id)
    return len(dead)


def is_gone(worker: Worker) -> bool:
    """Whether a worker's process has certainly ended. False for one of another machine: nobody can know from here."""
    parts = worker.id.split("-")
    if worker.boot_id != read_boot_id() or len(parts) != 4 or parts[2] != _namespace():
        return False
    return _started(worker.pid) != parts[1]


def _namespace() -> str:
    """The namespace of our process numbers: containers of one machine share its boot, not each other's numbers."""
    return str((_PROC / "self/ns/pid").stat().st_ino)


def _started(pid: int) -> str:
    """When a process began, in clock ticks since boot (proc(5), field 22); "" when there is none, or only its zombie."""
    try:
        stat = (_PROC / str(pid) / "stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
    fields = stat.rpartition(")")[2].split()
    return "" if fields[0] in ("Z", "X") else fields[19]
