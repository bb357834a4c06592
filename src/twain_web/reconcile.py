"""Everything that happens by itself: one registry, one loop, a lease per object. No job queue.

Objects hold their desired state. A reconciler says which objects are due and moves one of them a step forward; it is idempotent,
because after a crash the step is made again. Two houses on one control store share the work: the lease decides.

Short steps are made in the loop, one after the other. Work that can take long (it asks the company's database, or waits for a
network) has *hands*: a bounded number of threads of its own, so that it holds up nobody but its own kind. They make all steps
that a look found, one after the other. Until the last of them is begun, looks add nothing, so everybody has a turn; they only
take out what is due no more, because another house may have moved it meanwhile.

An object whose step fails, or could do nothing yet (:class:`NotNow`), rests, longer and longer; the others of its kind do not
wait for it.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from django.db import DatabaseError, IntegrityError, close_old_connections, connections, transaction
from django.utils import timezone

from twain_web import engine
from twain_web.models import ReconcilerLease

log = logging.getLogger("twain.reconcile")

_LEASE_SECONDS = 120
_RENEW_SECONDS = 30.0
_END_SECONDS = 10.0
_LONGEST_PAUSE = 60.0
_MOST_FAILURES = 10
Step = Callable[[str], None]


class NotNow(Exception):
    """Raised by a step that could do nothing yet: its object rests like one whose step failed, and nothing is logged."""


@dataclass(frozen=True, slots=True)
class Rest:
    """How often in a row an object's step came to nothing, and until when it is left alone (the loop's clock, seconds)."""

    failures: int
    until: float


_NO_REST = Rest(0, float("-inf"))


@dataclass(slots=True)
class Reconciler:
    """One kind of work. *every* is seconds between looks; *due* names the objects that want a step now.

    *hands*: how many threads of their own its steps have; 0 for short steps, which are made in the loop. *most*: steps per look,
    for work that others should feel little of; None for all that is due.
    """

    name: str
    every: float
    due: Callable[[], Iterable[str]]
    step: Step
    hands: int = 0
    most: int | None = None
    looked_at: float = field(default=float("-inf"))
    failures: int = 0  # looks in a row that could not see what is due
    resting: dict[str, Rest] = field(default_factory=dict)  # objects whose last step came to nothing
    _looked: float = 0.0  # the same moment as looked_at, by this process's own clock

    @property
    def pause(self) -> float:
        """Seconds until the next look: longer and longer while looks fail, because a trace a second helps nobody."""
        return self._pause_after(self.failures)

    def look(self, moment: float) -> list[str]:
        """What is due and does not rest at *moment* (the loop's clock). What is due no more is forgotten."""
        self.looked_at, self._looked = moment, time.monotonic()
        due = list(dict.fromkeys(self.due()))
        for gone in set(self.resting).difference(due):
            self.resting.pop(gone, None)
        return [key for key in due if self.resting.get(key, _NO_REST).until <= moment]

    def seen(self, *, well: bool) -> None:
        """Note how a look went."""
        self.failures = 0 if well else min(self.failures + 1, _MOST_FAILURES)

    def went(self, key: str, *, well: bool) -> None:
        """Note how a step went; an object whose step came to nothing rests from now on."""
        if well:
            self.resting.pop(key, None)
            return
        times = min(self.resting.get(key, _NO_REST).failures + 1, _MOST_FAILURES)
        now = self.looked_at + time.monotonic() - self._looked
        self.resting[key] = Rest(times, now + self._pause_after(times))

    def _pause_after(self, failures: int) -> float:
        return min(_LONGEST_PAUSE, self.every * 2**failures) if failures else self.every


REGISTRY: dict[str, Reconciler] = {}
#: The leases that this process works under now, by reconciler and key, with their holder: what is to be renewed.
_mine: dict[tuple[str, str], str] = {}


def reconciler(
    name: str, *, every: float, due: Callable[[], Iterable[str]], hands: int = 0, most: int | None = None
) -> Callable[[Step], Step]:
    """Register a function that takes one object's key and moves that object forward; *hands*, *most*: see :class:`Reconciler`."""

    def registered(step: Step) -> Step:
        REGISTRY[name] = Reconciler(name, every, due, step, hands, most)
        return step

    return registered


def run(stop: threading.Event) -> None:
    """Work until *stop* is set, then let what is being done come to its end, for ten seconds at most.

    What takes longer ends with the process: its lease is given back, and whoever comes next makes that step again.
    """
    crew, over = Crew(), threading.Event()
    keeper = threading.Thread(target=_keep_leases, args=(over,), name="leases", daemon=True)
    keeper.start()
    try:
        while not stop.is_set():
            close_old_connections()
            tick(crew=crew)
            stop.wait(0.25)
    finally:
        crew.end(_END_SECONDS)
        over.set()
        keeper.join()
        _give_back()


def tick(*, now: float | None = None, everything: bool = False, crew: Crew | None = None) -> int:
    """Look once at whatever is due for a look (or at *everything*); returns how many steps were made here.

    Steps of kinds that have hands are given to *crew*; without one, they are made here like all others.
    """
    moment = time.monotonic() if now is None else now
    steps = 0
    for one in list(REGISTRY.values()):
        if everything:
            one.resting.clear()
        if everything or moment - one.looked_at >= one.pause:
            steps += _look(one, moment, crew)
    return steps


def step_now(name: str, key: str) -> bool:
    """Move one object forward without waiting for the next look, unless somebody is at it just now: then it moves anyway."""
    return _step(REGISTRY[name], key)


class Crew:
    """The threads of all kinds of work that have hands. Threads are started when first needed and keep their connections."""

    def __init__(self) -> None:
        self._hands: dict[str, _Hands] = {}

    def give(self, one: Reconciler, due: Sequence[str]) -> None:
        """Have what is due moved, in this order. While something waits from before, nothing is added."""
        self._hands.setdefault(one.name, _Hands(one)).give(due)

    def end(self, seconds: float) -> None:
        """Begin nothing more, and wait so long in all for what is being done."""
        deadline = time.monotonic() + seconds
        for hands in self._hands.values():
            hands.dismiss()
        for hands in self._hands.values():
            hands.wait(deadline)


class _Hands:
    """One kind's threads: at most as many as it has hands, and no object given to two of them."""

    def __init__(self, one: Reconciler) -> None:
        self._one = one
        self._changed = threading.Condition()
        self._waiting: deque[str] = deque()
        self._busy: set[str] = set()
        self._threads: list[threading.Thread] = []
        self._over = False

    def give(self, due: Sequence[str]) -> None:
        with self._changed:
            if self._waiting:
                self._waiting = deque(key for key in self._waiting if key in set(due))
                return
            self._waiting.extend([key for key in due if key not in self._busy][: self._one.most])
            for _ in range(len(self._threads), min(self._one.hands, len(self._busy) + len(self._waiting))):
                self._threads.append(threading.Thread(target=self._work, name=f"does-{self._one.name}", daemon=True))
                self._threads[-1].start()
            self._changed.notify_all()

    def dismiss(self) -> None:
        with self._changed:
            self._over = True
            self._waiting.clear()
            self._changed.notify_all()

    def wait(self, deadline: float) -> None:
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        if self._busy:
            log.warning("%s is left at %s; that step is made again", self._one.name, ", ".join(sorted(self._busy)))

    def _work(self) -> None:
        while (key := self._next()) is not None:
            close_old_connections()
            made = _step(self._one, key)
            if made is not False:
                self._one.went(key, well=made is True)
            with self._changed:
                self._busy.discard(key)
        engine.close()
        connections.close_all()

    def _next(self) -> str | None:
        """The object that has waited longest, from now on in these hands; None when nothing more is to be begun."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._over)
            if self._over:
                return None
            key = self._waiting.popleft()
            self._busy.add(key)
            return key


def _look(one: Reconciler, moment: float, crew: Crew | None) -> int:
    try:
        due = one.look(moment)
    except Exception:
        log.exception("Reconciler %s could not see what is due", one.name)
        one.seen(well=False)
        return 0
    one.seen(well=True)
    if crew is not None and one.hands:
        crew.give(one, due)
        return 0
    return sum(_made_here(one, key) for key in due[: one.most])


def _made_here(one: Reconciler, key: str) -> bool:
    made = _step(one, key)
    if made is not False:
        one.went(key, well=made is True)
    return made is True


def _step(one: Reconciler, key: str) -> bool | None:
    """Make one step: True when it was made, False when somebody else makes it, None when it came to nothing."""
    try:
        if not _take(one.name, key):
            return False
        one.step(key)
    except NotNow:
        return None
    except Exception:
        log.exception("Reconciler %s failed at %s; it will be tried again", one.name, key)
        return None
    finally:
        _let_go(one.name, key)
    return True


def _take(name: str, key: str) -> bool:
    """The lease of one object, if nobody else has it."""
    now, holder = timezone.now(), _holder()
    until = now + timedelta(seconds=_LEASE_SECONDS)
    over = ReconcilerLease.objects.filter(reconciler=name, key=key, expires_at__lte=now)
    if not over.update(holder=holder, expires_at=until):
        try:
            with transaction.atomic():
                ReconcilerLease.objects.create(reconciler=name, key=key, holder=holder, expires_at=until)
        except IntegrityError:
            return False
    _mine[name, key] = holder
    return True


def _let_go(name: str, key: str) -> None:
    """Give back what this thread has taken. A store that is gone just now is no reason to end: the lease runs out by itself."""
    holder = _holder()
    if _mine.get((name, key)) != holder:
        return
    del _mine[name, key]
    try:
        ReconcilerLease.objects.filter(reconciler=name, key=key, holder=holder).delete()
    except DatabaseError:
        log.exception("The lease of %s on %s could not be given back", name, key)


def _keep_leases(over: threading.Event) -> None:
    """Renew what is being worked under, however long a step takes, until *over* is set."""
    while not over.wait(_RENEW_SECONDS):
        close_old_connections()
        until = timezone.now() + timedelta(seconds=_LEASE_SECONDS)
        try:
            for (name, key), holder in list(_mine.items()):
                ReconcilerLease.objects.filter(reconciler=name, key=key, holder=holder).update(expires_at=until)
        except DatabaseError:
            log.exception("Leases could not be renewed")
    connections.close_all()


def _give_back() -> None:
    """What is still being done when the process ends: its leases, so that nobody waits until they have run out."""
    for (name, key), holder in list(_mine.items()):
        ReconcilerLease.objects.filter(reconciler=name, key=key, holder=holder).delete()


def _holder() -> str:
    return f"{socket.gethostname()}-{os.getpid()}-{threading.get_ident()}"
