"""Counting for people who wait: in a thread of this house, one at a time for each person, ended at once when it is superseded.

The row in the store is the truth: whichever house the next request comes to, it reads the same state there. A watch looks at the
row while the count runs; when somebody has superseded it, the reading process in front of the company's database is ended.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from twain.errors import TwainError
from twain.flows import counting
from twain.ports import Session
from twain.records import Audience, Funnel
from twain_web import engine
from twain_web.rooms.audiences.models import Count

log = logging.getLogger("twain.counts")

_LOOK_SECONDS = 0.15
_BEAT_SECONDS = 1.0
_LOST_AFTER = timedelta(seconds=20)
_KEPT = 8


class Superseded(Exception):
    """Nobody waits for this count any more."""


def start(*, by: Any, kind: str, audience: str, feed: str, trees: Mapping[str, Any]) -> Count:  # noqa: ANN401
    """Begin to count *trees* (rules over *feed*, by name) for a person; what they were counting before is given up."""
    with transaction.atomic():
        give_up(by=by, kinds=[kind] if kind == Count.FULL else [Count.EDITING, Count.SAVED, Count.OVERLAP])
        count = Count.objects.create(person=by, kind=kind, audience=audience, feed=feed, trees=dict(trees))
    threading.Thread(target=_in_thread, args=(count.pk, by.username), name=f"count-{count.pk}", daemon=True).start()
    return count


def get_ready(feed: str) -> None:
    """Have the process loaded that the next count over *feed* will read in. A feed that is gone is said by the page itself."""
    with suppress(TwainError):
        instance = engine.instance()
        counting.get_ready(instance, instance.workspace.feed(feed))


def give_up(*, by: Any, kinds: list[str]) -> None:  # noqa: ANN401
    """Supersede what a person is counting; the process that reads for it ends within a fraction of a second."""
    running = Count.objects.filter(person=by, kind__in=kinds, state=Count.RUNNING)
    running.update(state=Count.SUPERSEDED, ended_at=timezone.now())


def looked_at(count: Count) -> Count:
    """The count as it stands; one whose house has gone is marked as lost."""
    if count.state == Count.RUNNING and timezone.now() - count.beat_at > _LOST_AFTER:
        Count.objects.filter(pk=count.pk, state=Count.RUNNING).update(state=Count.LOST, ended_at=timezone.now())
        count.refresh_from_db()
    return count


def run(pk: object, person: str) -> None:
    """Count, and write down what came of it. Called in a thread of its own."""
    count = Count.objects.get(pk=pk)
    began = time.monotonic()
    watch = _Watch(count)
    try:
        with watch:
            found = {name: _counted(count, tree, person, watch) for name, tree in count.trees.items()}
    except Superseded:
        return
    except TwainError as error:
        if not watch.superseded:
            _end(count, Count.REFUSED, _said(error) | {"seconds": time.monotonic() - began})
        return
    except Exception:
        log.exception("Count %s broke off", pk)
        _end(count, Count.LOST, {})
        return
    _end(count, Count.DONE, {"found": found, "seconds": round(time.monotonic() - began, 2)})


def _in_thread(pk: object, person: str) -> None:
    try:
        run(pk, person)
        for editing in Count.objects.filter(pk=pk, kind=Count.EDITING):  # whoever edits counts again in a moment
            get_ready(editing.feed)
    finally:
        engine.close()
        connection.close()


def _counted(count: Count, tree: Mapping[str, Any], person: str, watch: _Watch) -> dict[str, Any]:
    instance = engine.instance(person)
    rule = counting.Rule(f"audience {count.audience}".strip(), tree, instance.workspace.feed(count.feed))
    costs: list[float | None] = []

    def opened(session: Session, audience: Audience) -> None:
        watch.guard(session)
        costs.append(session.cost(audience.statement))

    try:
        funnel = counting.count(
            instance, rule, full=count.kind == Count.FULL, opened=opened, progress=watch.progressed
        )  # fmt: skip
    finally:
        watch.let_go()
    return _plain(funnel) | {"cost": costs[0]}


def _plain(funnel: Funnel) -> dict[str, Any]:
    return {"matched": funnel.matched, "excluded": dict(funnel.excluded), "audience": funnel.audience}


def _said(error: TwainError) -> dict[str, Any]:
    return {"business": error.business, "technical": error.what, "todo": error.todo, "code": error.shown_code}


def _end(count: Count, state: str, result: dict[str, Any]) -> None:
    running = Count.objects.filter(pk=count.pk, state=Count.RUNNING)
    running.update(state=state, result=result, ended_at=timezone.now())
    theirs = Count.objects.filter(person=count.person_id, audience=count.audience).exclude(state=Count.RUNNING)
    Count.objects.filter(pk__in=list(theirs.values_list("pk", flat=True)[_KEPT:])).delete()


class _Watch:
    """Looks, while a count runs, whether anybody still waits for it, and says that it lives."""

    def __init__(self, count: Count) -> None:
        self.superseded = False
        self._count = count
        self._session: Session | None = None
        self._handing = threading.Lock()
        self._over = threading.Event()
        self._read = 0
        self._thread = threading.Thread(target=self._look, name=f"watch-{count.pk}", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def guard(self, session: Session) -> None:
        """From now on this is what a superseded count ends."""
        with self._handing:
            self._session = session
        self.progressed(0)

    def let_go(self) -> None:
        """The session is over by itself."""
        with self._handing:
            self._session = None

    def progressed(self, read: int) -> None:
        """So many rows have been read; Superseded when nobody waits any more."""
        self._read = read
        if self.superseded:
            raise Superseded

    def _look(self) -> None:
        beaten = time.monotonic()
        try:
            while not self._over.wait(_LOOK_SECONDS):
                state = Count.objects.filter(pk=self._count.pk).values_list("state", flat=True).first()
                if state not in (Count.RUNNING, None):
                    self._interrupt()
                elif time.monotonic() - beaten >= _BEAT_SECONDS:
                    beaten = time.monotonic()
                    Count.objects.filter(pk=self._count.pk).update(read=self._read, beat_at=timezone.now())
        finally:
            connection.close()

    def _interrupt(self) -> None:
        self.superseded = True
        with self._handing, suppress(TwainError):
            if self._session is not None:
                self._session.interrupt()
