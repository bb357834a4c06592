"""Everything that happens by itself: one registry, one loop, a lease per object. No job queue.

Objects hold their desired state. A reconciler says which objects are due and moves one of them a step forward; it is idempotent,
because after a crash the step is made again. Two houses on one control store share the work: the lease decides.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta

from django.db import IntegrityError, close_old_connections, transaction
from django.utils import timezone

from twain_web.models import ReconcilerLease

log = logging.getLogger("twain.reconcile")

_LEASE_SECONDS = 120
_LONGEST_PAUSE = 60.0
_MOST_FAILURES = 10
Step = Callable[[str], None]


@dataclass(slots=True)
class Reconciler:
    """One kind of work. *every* is seconds between looks; *due* names the objects that want a step now."""

    name: str
    every: float
    due: Callable[[], Iterable[str]]
    step: Step
    looked_at: float = field(default=float("-inf"))
    failures: int = 0

    @property
    def pause(self) -> float:
        """Seconds until the next look: longer and longer while it fails, because a trace a second helps nobody."""
        return min(_LONGEST_PAUSE, self.every * 2**self.failures) if self.failures else self.every


REGISTRY: dict[str, Reconciler] = {}


def reconciler(name: str, *, every: float, due: Callable[[], Iterable[str]]) -> Callable[[Step], Step]:
    """Register a function that takes one object's key and moves that object forward."""

    def registered(step: Step) -> Step:
        REGISTRY[name] = Reconciler(name, every, due, step)
        return step

    return registered


def run(stop: threading.Event) -> None:
    """Work until *stop* is set. Called in a process or thread of its own."""
    while not stop.is_set():
        close_old_connections()
        tick()
        stop.wait(0.25)


def tick(*, now: float | None = None, everything: bool = False) -> int:
    """Look once at whatever is due for a look (or at *everything*); returns how many steps were made."""
    moment = time.monotonic() if now is None else now
    steps = 0
    for one in list(REGISTRY.values()):
        if everything or moment - one.looked_at >= one.pause:
            one.looked_at = moment
            steps += _look(one)
    return steps


def step_now(name: str, key: str) -> bool:
    """Move one object forward without waiting for the next look, unless somebody is at it just now: then it moves anyway."""
    return _step(REGISTRY[name], key)


def _look(one: Reconciler) -> int:
    try:
        keys = list(one.due())
    except Exception:
        log.exception("Reconciler %s could not see what is due", one.name)
        one.failures = min(one.failures + 1, _MOST_FAILURES)
        return 0
    made = [_step(one, key) for key in keys]
    one.failures = min(one.failures + 1, _MOST_FAILURES) if None in made else 0
    return sum(done is True for done in made)


def _step(one: Reconciler, key: str) -> bool | None:
    """Make one step: True when it was made, False when another house makes it, None when it failed."""
    if not _take(one.name, key):
        return False
    try:
        one.step(key)
    except Exception:
        log.exception("Reconciler %s failed at %s; it will be tried again", one.name, key)
        return None
    finally:
        ReconcilerLease.objects.filter(reconciler=one.name, key=key, holder=_holder()).delete()
    return True


def _take(name: str, key: str) -> bool:
    """The lease of one object, if nobody else has it."""
    now = timezone.now()
    until = now + timedelta(seconds=_LEASE_SECONDS)
    over = ReconcilerLease.objects.filter(reconciler=name, key=key, expires_at__lte=now)
    if over.update(holder=_holder(), expires_at=until):
        return True
    try:
        with transaction.atomic():
            ReconcilerLease.objects.create(reconciler=name, key=key, holder=_holder(), expires_at=until)
    except IntegrityError:
        return False
    return True


def _holder() -> str:
    return f"{socket.gethostname()}-{os.getpid()}-{threading.get_ident()}"
