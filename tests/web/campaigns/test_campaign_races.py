"""Two hands at once, for real: a pause in the middle of a send, two approvers, two launches, a pause against the end."""

from __future__ import annotations

import contextlib
import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections
from django.urls import reverse

from tests.web.campaigns.conftest import Way, finish, move, run_of
from twain.errors import WrongState
from twain.flows.account import report
from twain.records import RunState
from twain.testing.relay import Relay
from twain_web import engine
from twain_web.outbox import deliver
from twain_web.roles import Role
from twain_web.rooms.campaigns import processes
from twain_web.rooms.campaigns.actions.approving import approve
from twain_web.rooms.campaigns.actions.launching import launch as launch_now
from twain_web.rooms.campaigns.actions.steering import pause_send, resume_send
from twain_web.rooms.campaigns.models import ApprovalRequest, Approved, Launch
from twain_web.rooms.campaigns.rehearsing import rehearse
from twain_web.rooms.people.models import AuditRow
from twain_web.rooms.people.public import verify

pytestmark = pytest.mark.timeout(240)  # whole sends in processes of their own


class Gate:
    """Lets so many messages arrive, says so, and holds the relay until it is opened: the slow relay of these tests."""

    def __init__(self, relay: Relay, after: int) -> None:
        self.reached, self.open = threading.Event(), threading.Event()
        self._relay, self._after = relay, after
        relay.on_arrival = self._arrived

    def _arrived(self, _message: object) -> None:
        if len(self._relay.recipients()) >= self._after:
            self.reached.set()
            assert self.open.wait(60)


@pytest.fixture
def gate(relay: Relay) -> Iterator[Callable[[int], Gate]]:
    made: list[Gate] = []

    def at(after: int) -> Gate:
        made.append(Gate(relay, after))
        return made[-1]

    yield at
    for one in made:
        one.open.set()


def at_once(*doings: Callable[[], Any]) -> list[Any]:
    """Do these in threads that all begin at the same moment; what each returned or raised."""
    barrier = threading.Barrier(len(doings))

    def run(doing: Callable[[], Any]) -> Any:
        try:
            barrier.wait(30)
            return doing()
        finally:
            engine.close()
            connections.close_all()

    with ThreadPoolExecutor(len(doings)) as threads:
        done: list[Future[Any]] = [threads.submit(run, doing) for doing in doings]
    return [one.exception() or one.result() for one in done]


def _ended(launch: Launch) -> None:
    """Wait until the send's process has ended."""
    child = processes._children.get(launch.run_id)
    if child is not None:
        child.wait(90)


def _everyone_once(launch: Launch, relay: Relay) -> None:
    books = report(engine.instance(), run_of(launch))
    assert books.accounted_for
    assert (
        books.tally.sent + books.tally.suppressed == books.funnel.audience
    )  # some have unsubscribed in this house before
    assert books.tally.sent == len(relay.recipients()) > books.tally.suppressed
    assert set(relay.recipients().values()) == {1}


def test_a_pause_pressed_in_the_middle_of_a_send(way: Way, relay: Relay, gate, signed_in):
    way.edit(audience="active-customers")
    way.approve()
    slow, lena = gate(5), signed_in(username="lena")
    form = {"bundle": way.bundle, "token": uuid.uuid4().hex}
    lena.post(reverse("campaigns:launch", args=[way.campaign.slug]), form)
    launch = Launch.objects.get(campaign=way.campaign.slug)
    assert slow.reached.wait(90)
    assert lena.post(reverse("campaigns:pause", args=[launch.run_id])).status_code == 302
    assert run_of(launch).state is RunState.PAUSED
    slow.open.set()
    _ended(launch)
    books = report(engine.instance(), run_of(launch))
    assert 5 <= books.tally.sent == len(relay.recipients()) < books.funnel.audience  # what was in flight was answered
    assert books.tally.uncertain == 0
    for _ in range(3):
        move(launch)
    assert run_of(launch).state is RunState.PAUSED  # nobody goes on by himself
    page = lena.get(reverse("campaigns:send", args=[launch.run_id])).content.decode()
    assert 'id="resume"' in page
    assert lena.post(reverse("campaigns:resume", args=[launch.run_id])).status_code == 302
    assert finish(launch).state == Launch.State.FINISHED
    _everyone_once(launch, relay)


def test_two_approvers_at_once(transactional_db, way: Way, somebody):
    second = somebody(Role.DATA_OWNER, username="second")
    way.ask()
    one, bundle = way.subject, way.bundle
    found = at_once(*(lambda by=by: approve(by=by, subject=one, bundle=bundle) for by in (way.owner, second)))
    assert [made.hash for made in found] == [bundle, bundle]
    assert {yes.person for yes in engine.instance().ledger.approvals(bundle)} == {"priya", "second"}
    assert Approved.objects.filter(bundle=bundle).count() == 2
    assert ApprovalRequest.objects.get(campaign=way.campaign.slug).state == "granted"
    assert AuditRow.objects.filter(verb="approved").count() == 2
    assert verify().broken_at is None
    deliver()


def test_the_same_yes_twice_at_once_is_one(transactional_db, way: Way):
    one, bundle = way.subject, way.bundle
    at_once(*[lambda: approve(by=way.owner, subject=one, bundle=bundle)] * 3)
    assert [yes.person for yes in engine.instance().ledger.approvals(bundle)] == ["priya"]
    assert Approved.objects.filter(bundle=bundle).count() == 1
    assert verify().broken_at is None


def test_two_launches_at_once_are_one_send(transactional_db, way: Way, relay: Relay):
    way.approve()
    one, bundle = way.subject, way.bundle

    def wish() -> Launch:
        return launch_now(by=way.marketer, subject=one, bundle=bundle, token=uuid.uuid4().hex)

    found = at_once(*[wish] * 4)
    assert all(isinstance(answer, Launch | WrongState) for answer in found), found
    launch = Launch.objects.get(campaign=way.campaign.slug)
    assert {answer.pk for answer in found if isinstance(answer, Launch)} == {launch.pk}
    at_once(*[lambda: move(Launch.objects.get(pk=launch.pk))] * 3)
    launch.refresh_from_db()
    assert finish(launch).state == Launch.State.FINISHED
    assert len(engine.instance().ledger.runs(campaign=way.campaign.slug)) == 1
    _everyone_once(launch, relay)


@pytest.mark.parametrize("missing", [1, 2, 4])
def test_a_pause_against_the_end(transactional_db, way: Way, relay: Relay, gate, missing: int):
    """Pressed while the last messages are answered: it is paused or it is over, never both, and nobody is lost either way."""
    instance = engine.instance(way.marketer)
    bundle = way.approve()
    people = rehearse(instance, bundle, "review").audience
    last = gate(people - missing)
    launch = move(way.launch())
    assert last.reached.wait(90)
    at_once(last.open.set, lambda: _pressed(way, launch), lambda: _pressed(way, launch))
    _ended(launch)
    state = run_of(launch).state
    move(launch)
    if state is RunState.PAUSED:
        assert run_of(launch).state is RunState.PAUSED
        resume_send(by=way.marketer, run_id=launch.run_id)
    assert finish(launch).state == Launch.State.FINISHED
    _everyone_once(launch, relay)


def _pressed(way: Way, launch: Launch) -> None:
    with contextlib.suppress(WrongState):  # it was over already, or somebody else had just paused it
        pause_send(by=way.marketer, run_id=launch.run_id)
