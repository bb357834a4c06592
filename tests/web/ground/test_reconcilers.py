import threading
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from twain_web import outbox, reconcile
from twain_web.models import OutboxRow, ReconcilerLease


@pytest.fixture
def registry(monkeypatch):
    monkeypatch.setattr(reconcile, "REGISTRY", {})
    return reconcile.REGISTRY


def registered(name, due, step, every=10.0):
    return reconcile.reconciler(name, every=every, due=due)(step)


def test_what_is_due_is_moved_and_its_lease_given_back(registry, db):
    moved = []
    registered("campaigns", lambda: ["a", "b"], moved.append)
    assert reconcile.tick(everything=True) == 2
    assert moved == ["a", "b"]
    assert not ReconcilerLease.objects.exists()


def test_it_is_looked_at_no_more_often_than_said(registry, db):
    looks = []
    registered("campaigns", lambda: looks.append(1) or [], print)
    for now in (100.0, 105.0, 109.9, 110.0):
        reconcile.tick(now=now)
    assert len(looks) == 2


def test_what_another_house_holds_is_left_to_it_until_its_lease_is_over(registry, db):
    moved = []
    registered("campaigns", lambda: ["a"], moved.append)
    lease = ReconcilerLease.objects.create(
        reconciler="campaigns", key="a", holder="other", expires_at=timezone.now() + timedelta(seconds=60)
    )
    assert reconcile.tick(everything=True) == 0
    ReconcilerLease.objects.filter(pk=lease.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert reconcile.tick(everything=True) == 1
    assert moved == ["a"]


def test_a_step_that_fails_stops_nobody_else_and_is_tried_again_later(registry, db, caplog):
    moved = []

    def step(key):
        if key == "bad":
            raise RuntimeError("no")
        moved.append(key)

    registered("campaigns", lambda: ["bad", "good"], step)
    tried = [(now, reconcile.tick(now=now), caplog.text.count("campaigns failed at bad")) for now in range(0, 90, 10)]
    assert [made for _, made, _ in tried] == [1] * 9, "the good one is moved at every look"
    assert moved == ["good"] * 9
    first = {failures: now for now, _, failures in reversed(tried)}
    assert first == {1: 0, 2: 30, 3: 80}, "the bad one is tried after 0 seconds, after more than 20, after more than 40"


def test_what_failed_and_went_well_again_begins_anew(registry, db, caplog):
    broken = [True]

    def step(_key):
        if broken[0]:
            raise RuntimeError("no")

    registered("campaigns", lambda: ["a"], step, every=1.0)
    for now in (0.0, 10.0, 20.0):
        reconcile.tick(now=now)
    assert registry["campaigns"].resting["a"] == reconcile.Rest(3, pytest.approx(28.0, abs=2.0))
    broken[0] = False
    assert reconcile.tick(now=25.0) == 0
    assert reconcile.tick(now=31.0) == 1
    assert registry["campaigns"].resting == {}


def test_a_look_takes_no_more_than_its_share_and_what_rests_takes_nobody_s_place(registry, db, caplog):
    moved = []

    def step(key):
        moved.append(key)
        if key.startswith("bad"):
            raise RuntimeError("no")

    due = ["bad-1", "bad-2", "a", "b", "c"]
    reconcile.reconciler("feeds", every=1.0, due=lambda: due, most=2)(step)
    assert reconcile.tick(now=0.0) == 0
    assert reconcile.tick(now=1.0) == 2
    assert moved == ["bad-1", "bad-2", "a", "b"]


def test_what_can_do_nothing_yet_rests_without_a_word(registry, db, caplog):
    def step(_key):
        raise reconcile.NotNow

    registered("feeds", lambda: ["a"], step, every=1.0)
    assert reconcile.tick(now=0.0) == 0
    assert registry["feeds"].resting["a"].failures == 1
    assert not caplog.text
    assert not ReconcilerLease.objects.exists()


def test_what_is_due_no_more_is_forgotten(registry, db, caplog):
    due = ["a"]

    def step(_key):
        raise RuntimeError("no")

    registered("campaigns", lambda: due, step, every=1.0)
    reconcile.tick(now=0.0)
    due.clear()
    reconcile.tick(now=1.0)
    assert registry["campaigns"].resting == {}


def test_one_that_cannot_see_waits_longer_and_longer_but_not_for_ever(registry, db, caplog):
    def due():
        raise RuntimeError("no table")

    registered("campaigns", due, print, every=1.0)
    for n in range(20):
        reconcile.tick(now=n * 1_000.0)
    assert registry["campaigns"].pause == 60.0


def test_the_loop_ends_when_it_is_told(registry, transactional_db):
    stop = threading.Event()
    registered("campaigns", lambda: ["a"], lambda _: stop.set())
    reconcile.run(stop)
    assert stop.is_set()


# ---------------------------------------------------------------- facts that travel upward


@pytest.fixture
def hearers(monkeypatch):
    heard = {}
    monkeypatch.setattr(outbox, "_hearers", outbox.defaultdict(list, heard))
    return outbox._hearers


def test_a_fact_reaches_everybody_who_hears_it_once(hearers, db):
    first, second = [], []
    outbox.on("audience changed")(first.append)
    outbox.on("audience changed")(second.append)
    outbox.tell("audience changed", slug="gold")
    outbox.deliver()
    outbox.deliver()
    assert first == second == [{"slug": "gold"}]


def test_a_hearer_that_fails_is_tried_again_and_holds_up_nobody(hearers, db, caplog):
    heard, broken = [], [True]

    def stumbling(body):
        if broken[0]:
            raise RuntimeError("not now")
        heard.append(body)

    outbox.on("one")(stumbling)
    outbox.on("two")(heard.append)
    outbox.tell("one", n=1)
    outbox.tell("two", n=2)
    outbox.deliver()
    assert heard == [{"n": 2}]
    row = OutboxRow.objects.get(topic="one")
    assert (row.last_error, row.attempts, row.delivered_at) == ("RuntimeError", 1, None)
    outbox.deliver()
    assert OutboxRow.objects.get(topic="one").attempts == 1, "not told again at once"
    broken[0] = False
    OutboxRow.objects.update(next_at=timezone.now())
    outbox.deliver()
    assert heard == [{"n": 2}, {"n": 1}]
    assert OutboxRow.objects.get(topic="one").delivered_at


def test_one_that_fails_takes_nothing_from_the_others_and_they_hear_once(hearers, db, caplog):
    first, last, tries = [], [], []

    def stumbling(body):
        OutboxRow.objects.create(topic="half done")
        tries.append(body)
        if len(tries) < 4:
            raise RuntimeError("not now")

    for hearer in (first.append, stumbling, last.append):
        outbox.on("one")(hearer)
    outbox.tell("one", n=1)
    for _ in range(6):
        outbox.deliver()
        OutboxRow.objects.update(next_at=timezone.now())
    assert (first, last, len(tries)) == ([{"n": 1}], [{"n": 1}], 4)
    assert OutboxRow.objects.filter(topic="half done").count() == 1, "what failed is undone"


def test_a_fact_that_is_not_heard_is_told_later_and_later_for_two_days(hearers, db, caplog):
    def broken(_body):
        raise RuntimeError("no")

    outbox.on("one")(broken)
    outbox.tell("one", n=1)
    waited = []
    while outbox._undelivered() or not waited:
        outbox.deliver()
        row = OutboxRow.objects.get()
        waited.append((row.next_at - timezone.now()).total_seconds())
        OutboxRow.objects.update(next_at=timezone.now())
    assert [round(seconds) for seconds in waited[:14]] == [
        1,
        2,
        4,
        8,
        16,
        32,
        64,
        128,
        256,
        512,
        1024,
        2048,
        3600,
        3600,
    ]
    assert 48 <= sum(waited) / 3600 <= 50
    assert "is given up" in caplog.text
    assert OutboxRow.objects.get().delivered_at is None


def test_a_fact_that_was_never_true_is_never_heard(hearers, transactional_db):
    heard = []
    outbox.on("audience changed")(heard.append)

    def told_and_undone():
        with transaction.atomic():
            outbox.tell("audience changed", slug="gold")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        told_and_undone()
    outbox.deliver()
    assert heard == []
