"""Rehearsals take as long as they take: meanwhile the launch begins at its moment, and what is found late is told to nobody."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from django.core import mail
from django.db import connections
from django.utils import timezone

from tests.web.campaigns.conftest import Way, run_of
from twain.records import RunState
from twain_web import engine, reconcile
from twain_web.rooms.campaigns import moving, trying
from twain_web.rooms.campaigns.models import Launch


@dataclass
class Database:
    """The company's database, which answers a rehearsal when a test lets it."""

    asked: threading.Event = field(default_factory=threading.Event)
    answers: threading.Event = field(default_factory=threading.Event)


@pytest.fixture
def slow_database(monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    database, really = Database(), trying.rehearse

    def slowly(*arguments, **named):
        database.asked.set()
        assert database.answers.wait(60)
        return really(*arguments, **named)

    monkeypatch.setattr(trying, "rehearse", slowly)
    yield database
    database.answers.set()


@pytest.fixture
def scheduled(way: Way) -> Launch:
    """A launch in an hour, whose rehearsal of two hours before is due now."""
    way.edit(when="at", at=f"{timezone.localtime() + timedelta(hours=3):%Y-%m-%dT%H:%M}")
    way.approve()
    launch = way.launch()
    now = timezone.now()
    Launch.objects.filter(pk=launch.pk).update(due_at=now + timedelta(hours=1), asked_at=now - timedelta(hours=5))
    launch.refresh_from_db()
    return launch


def _in_a_thread(key: str) -> threading.Thread:
    def work() -> None:
        try:
            assert reconcile.step_now("rehearsals", key)
        finally:
            engine.close()
            connections.close_all()

    thread = threading.Thread(target=work)
    thread.start()
    return thread


def test_a_launch_begins_at_its_moment_while_it_is_still_rehearsed(
    transactional_db, way: Way, sink, scheduled, slow_database
):
    (key,) = trying.due()
    assert key == f"{scheduled.pk}:t2"
    rehearsing = _in_a_thread(key)
    assert slow_database.asked.wait(60)
    Launch.objects.filter(pk=scheduled.pk).update(due_at=timezone.now())
    assert reconcile.step_now("launches", str(scheduled.pk))
    scheduled.refresh_from_db()
    assert scheduled.state == Launch.State.RUNNING
    assert run_of(scheduled).state is RunState.PLANNED
    slow_database.answers.set()
    rehearsing.join(60)
    assert scheduled.rehearsals.get().kind == "t2"


def test_while_it_is_rehearsed_nobody_else_rehearses_it(transactional_db, way: Way, sink, scheduled, slow_database):
    (key,) = trying.due()
    rehearsing = _in_a_thread(key)
    assert slow_database.asked.wait(60)
    assert not reconcile.step_now("rehearsals", key)
    slow_database.answers.set()
    rehearsing.join(60)
    assert scheduled.rehearsals.count() == 1
    assert not trying.due()


def test_what_is_found_too_late_is_told_to_nobody(way: Way, sink, scheduled, monkeypatch):
    really = trying.rehearse

    def begun_meanwhile(*arguments, **named):
        found = really(*arguments, **named)
        found.ready, found.why = False, "Prices are old."
        Launch.objects.filter(pk=scheduled.pk).update(state=Launch.State.WITHDRAWN)
        return found

    monkeypatch.setattr(trying, "rehearse", begun_meanwhile)
    trying.rehearse_launch(f"{scheduled.pk}:t2")
    assert not mail.outbox
    Launch.objects.filter(pk=scheduled.pk).update(state=Launch.State.SCHEDULED)
    found = _not_ready(scheduled)
    monkeypatch.setattr(trying, "rehearse", lambda *a, **n: found)
    trying.rehearse_launch(f"{scheduled.pk}:t2")
    assert not mail.outbox, "it was made already, perhaps by another house: nobody is told twice"
    scheduled.rehearsals.all().delete()
    trying.rehearse_launch(f"{scheduled.pk}:t2")
    assert "Would be held" in mail.outbox[0].subject


def _not_ready(launch: Launch):
    found = launch.rehearsals.get()
    found.ready, found.why = False, "Prices are old."
    return found


def test_moving_a_scheduled_launch_asks_no_database(way: Way, scheduled, slow_database):
    moving.move(str(scheduled.pk))
    assert not slow_database.asked.is_set()
    assert not moving._due()
