"""A house of its own for tests that kill it: ``python -m tests.web.campaigns.killed_house <what> …`` with TWAIN_ROOT set.

``prepare`` makes its tables, people and one approved, launched campaign; ``work <where>`` moves launches until all are over, and
dies by SIGKILL at *where* (a name of POINTS, or ``nowhere``).
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from twain_web.loading import load

load()

from django.core.management import call_command  # noqa: E402 — after the settings

from twain_web.roles import Role  # noqa: E402
from twain_web.rooms.campaigns import following, moving, processes  # noqa: E402
from twain_web.rooms.campaigns.actions.approving import approve  # noqa: E402
from twain_web.rooms.campaigns.actions.launching import launch  # noqa: E402
from twain_web.rooms.campaigns.models import Launch  # noqa: E402
from twain_web.rooms.campaigns.records import campaign_record, subject  # noqa: E402
from twain_web.rooms.people.actions import enter_person  # noqa: E402


def _die(*_: object, **__: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _before(module: Any, name: str) -> None:
    setattr(module, name, _die)


def _after(module: Any, name: str) -> None:
    work = getattr(module, name)

    def then_die(*arguments: object, **named: object) -> None:
        work(*arguments, **named)
        _die()

    setattr(module, name, then_die)


#: Where the reconciler can be hit, in the order in which it gets there.
POINTS: dict[str, Callable[[], None]] = {
    "before anything": lambda: _before(moving, "_begin"),
    "the id is noted": lambda: _before(moving, "plan"),
    "the run is made": lambda: _after(moving, "plan"),
    "the launch says running": lambda: _before(moving, "follow"),
    "before its process": lambda: _before(processes, "start"),
    "its process has just begun": lambda: _after(processes, "start"),
    "its end is not noted": lambda: _before(following, "_end"),
    "nowhere": lambda: None,
}


def prepare() -> None:
    """Tables, people, and the birthday campaign of the files, launched."""
    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    lena = enter_person(
        by="test", username="lena", full_name="Lena Test", title="", email="l@example.com", roles=[Role.MARKETER]
    )
    priya = enter_person(
        by="test", username="priya", full_name="Priya Test", title="", email="p@example.com", roles=[Role.DATA_OWNER]
    )
    from twain.flows.publish import publish  # noqa: PLC0415
    from twain_web import engine  # noqa: PLC0415

    one = subject("killed")
    digest = publish(engine.instance(lena), campaign_record("killed")).hash
    approve(by=priya, subject=one, bundle=digest)
    launch(by=lena, subject=one, bundle=digest, token="k" * 32)


def work(where: str) -> None:
    """Move everything until it is over. Prints the send and how it ended."""
    following.START_AGAIN = following.CHECK_AGAIN = timedelta(0)
    POINTS[where]()
    for _ in range(60):
        for key in moving._due():
            moving.move(key)
        for child in list(processes._children.values()):
            child.wait(60)
        if not Launch.objects.filter(state__in=Launch.OPEN).exists():
            break
        if not processes._children:
            _wait_for_orphans()
    done = Launch.objects.get()
    sys.stdout.write(f"{done.run_id} {done.state}\n")


def _wait_for_orphans() -> None:
    """A process that a dead house started holds its lock: wait for that, as the kernel tells."""
    import fcntl  # noqa: PLC0415

    run_id = Launch.objects.get().run_id
    if run_id:
        with processes._file(run_id, "lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)


if __name__ == "__main__":
    {"prepare": prepare, "work": work}[sys.argv[1]](*sys.argv[2:])
