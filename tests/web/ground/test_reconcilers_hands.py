"""Long work has threads of its own: it holds up nobody else, keeps its lease, is never made twice at once, and ends in order."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.utils import timezone

from twain_web import reconcile
from twain_web.models import ReconcilerLease


class Slow:
    """A step that lasts until it is told to end; it remembers how many were being made at once."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.begun: list[str] = []
        self.ended: list[str] = []
        self.most = 0
        self.changed = threading.Condition()

    def __call__(self, key: str) -> None:
        with self.changed:
            self.begun.append(key)
            self.most = max(self.most, len(self.begun) - len(self.ended))
            self.changed.notify_all()
        assert self.go.wait(30)
        with self.changed:
            self.ended.append(key)
            self.changed.notify_all()

    def until(self, true: Callable[[], bool]) -> None:
        with self.changed:
            assert self.changed.wait_for(true, 30)


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> dict[str, reconcile.Reconciler]:
    monkeypatch.setattr(reconcile, "REGISTRY", {})
    return reconcile.REGISTRY


@pytest.fixture
def slow() -> Iterator[Slow]:
    step = Slow()
    yield step
    step.go.set()


@pytest.fixture
def crew(slow: Slow) -> Iterator[reconcile.Crew]:
    made = reconcile.Crew()
    yield made
    slow.go.set()  # before its end: whoever still waits would hold it up
    made.end(30.0)


def test_a_long_step_holds_up_nobody_else(registry, transactional_db, slow, crew):
    moved: list[str] = []
    reconcile.reconciler("rehearsals", every=1.0, due=lambda: ["a"], hands=2)(slow)
    reconcile.reconciler("launches", every=1.0, due=lambda: ["b"])(moved.append)
    assert reconcile.tick(now=0.0, crew=crew) == 1
    slow.until(lambda: slow.begun == ["a"])
    assert reconcile.tick(now=1.0, crew=crew) == 1
    assert (moved, slow.ended) == (["b", "b"], [])


def test_one_object_is_never_given_to_two_hands(registry, transactional_db, slow, crew):
    reconcile.reconciler("rehearsals", every=1.0, due=lambda: ["a", "a"], hands=3)(slow)
    for now in range(5):
        reconcile.tick(now=float(now), crew=crew)
    slow.until(lambda: slow.begun == ["a"])
    slow.go.set()
    crew.end(30.0)
    assert (slow.begun, slow.most) == (["a"], 1)
    assert not ReconcilerLease.objects.exists()


def test_no_more_at_once_than_there_are_hands_and_the_rest_follows_by_itself(registry, transactional_db, slow, crew):
    reconcile.reconciler("rehearsals", every=1.0, due=lambda: list("abcdef"), hands=2)(slow)
    reconcile.tick(now=0.0, crew=crew)
    slow.until(lambda: len(slow.begun) == 2)
    assert sorted(slow.begun) == ["a", "b"]
    slow.go.set()
    slow.until(lambda: len(slow.ended) == 6)  # without one more look
    assert (sorted(slow.begun), slow.most) == (list("abcdef"), 2)


def test_what_is_always_due_leaves_nobody_behind_it_waiting(registry, transactional_db, slow, crew):
    """As sends that run: each wants a step at every look, and the look names the oldest first."""
    reconcile.reconciler("launches", every=1.0, due=lambda: list("abcdef"), hands=2)(slow)
    for now in range(5):  # while both hands are full, a look adds nothing: whoever waits would be overtaken
        reconcile.tick(now=float(now), crew=crew)
        slow.until(lambda: len(slow.begun) == 2)
    slow.go.set()
    slow.until(lambda: len(slow.ended) == 6)
    assert sorted(slow.ended) == list("abcdef")


def test_what_another_house_has_moved_meanwhile_is_not_moved_again(registry, transactional_db, slow, crew):
    due = ["a", "b", "c"]
    reconcile.reconciler("rehearsals", every=1.0, due=lambda: due, hands=1)(slow)
    reconcile.tick(now=0.0, crew=crew)
    slow.until(lambda: slow.begun == ["a"])
    due.remove("b")
    due.append("d")
    reconcile.tick(now=1.0, crew=crew)
    slow.go.set()
    slow.until(lambda: slow.ended == ["a", "c"])
    reconcile.tick(now=2.0, crew=crew)
    slow.until(lambda: "d" in slow.ended)


def test_hands_take_no_more_of_a_look_than_its_share(registry, transactional_db, slow, crew):
    reconcile.reconciler("feeds", every=1.0, due=lambda: list("abcdef"), hands=2, most=3)(slow)
    slow.go.set()
    reconcile.tick(now=0.0, crew=crew)
    slow.until(lambda: len(slow.ended) == 3)
    crew.end(30.0)
    assert sorted(slow.ended) == ["a", "b", "c"]


def test_the_lease_of_a_long_step_is_renewed_while_it_lasts(registry, transactional_db, slow, monkeypatch):
    monkeypatch.setattr(reconcile, "_RENEW_SECONDS", 0.01)
    stop = threading.Event()
    reconcile.reconciler("rehearsals", every=1.0, due=lambda: ["a"], hands=1)(slow)
    house = threading.Thread(target=reconcile.run, args=(stop,))
    house.start()
    slow.until(lambda: slow.begun == ["a"])
    nearly_over = timezone.now() + timedelta(seconds=1)
    ReconcilerLease.objects.update(expires_at=nearly_over)
    renewed = threading.Event()
    while not renewed.wait(0.02):
        if ReconcilerLease.objects.get().expires_at > nearly_over + timedelta(seconds=60):
            renewed.set()
    stop.set()
    slow.go.set()
    house.join(30)
    assert not house.is_alive()
    assert slow.ended == ["a"]
    assert not ReconcilerLease.objects.exists()


def test_what_does_not_come_to_its_end_in_time_gives_its_lease_back(
    registry, transactional_db, slow, monkeypatch, caplog
):
    monkeypatch.setattr(reconcile, "_END_SECONDS", 0.05)
    stop = threading.Event()
    reconcile.reconciler("rehearsals", every=1.0, due=lambda: ["a"], hands=1)(slow)
    house = threading.Thread(target=reconcile.run, args=(stop,))
    house.start()
    slow.until(lambda: slow.begun == ["a"])
    stop.set()
    house.join(30)
    assert not house.is_alive()
    assert slow.ended == []
    assert "rehearsals is left at a" in caplog.text
    assert not ReconcilerLease.objects.exists()
    slow.go.set()
    for thread in threading.enumerate():
        if thread.name == "does-rehearsals":
            thread.join(30)


def test_a_hand_that_fails_is_tried_again_later_and_later(registry, transactional_db, crew, caplog):
    tried = threading.Semaphore(0)

    def broken(_key: str) -> None:
        tried.release()
        raise RuntimeError("no")

    assert reconcile.reconciler("rehearsals", every=1.0, due=lambda: ["a"], hands=1)(broken) is broken
    reconcile.tick(now=0.0, crew=crew)
    assert tried.acquire(timeout=30)
    crew.end(30.0)
    one = registry["rehearsals"]
    assert one.resting == {"a": reconcile.Rest(1, pytest.approx(2.0, abs=1.0))}
    assert (one.look(0.9), one.look(4.0), one.pause) == ([], ["a"], 1.0)
    assert "rehearsals failed at a" in caplog.text


def test_no_step_is_begun_once_the_house_ends(registry, transactional_db, slow, crew):
    reconcile.reconciler("rehearsals", every=1.0, due=lambda: list("abc"), hands=1)(slow)
    reconcile.tick(now=0.0, crew=crew)
    slow.until(lambda: slow.begun == ["a"])
    ending = threading.Thread(target=crew.end, args=(30.0,))
    ending.start()
    while crew._hands["rehearsals"]._waiting:  # until what waits has been let go
        ending.join(0.01)
    slow.go.set()
    ending.join(30)
    assert (slow.begun, slow.ended) == (["a"], ["a"])


def test_what_another_house_is_at_is_left_to_it(registry, transactional_db, slow, crew):
    ReconcilerLease.objects.create(
        reconciler="rehearsals", key="a", holder="other", expires_at=timezone.now() + timedelta(seconds=60)
    )
    reconcile.reconciler("rehearsals", every=1.0, due=lambda: ["a"], hands=1)(slow)
    reconcile.tick(now=0.0, crew=crew)
    crew.end(30.0)
    assert slow.begun == []
    assert ReconcilerLease.objects.get().holder == "other"
