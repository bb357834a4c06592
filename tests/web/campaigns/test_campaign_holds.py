"""The hold and the close: checks fail, its people are told once, it goes on by itself when that is mended, or expires."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import duckdb
import pytest
from django.core import mail
from django.utils import timezone

from tests.house_workspace import ROOT
from tests.web.campaigns.conftest import Way, finish, move, run_of
from twain.errors import SourceUnavailable, WrongState
from twain.flows.policy import Incidents
from twain.flows.send import SendOptions, plan
from twain.records import RunEvent, RunState
from twain_web import engine
from twain_web.rooms.campaigns import following, processes, trying
from twain_web.rooms.campaigns.actions.steering import pause_send, resume_send
from twain_web.rooms.campaigns.actions.switching import lift_switch, throw_switch
from twain_web.rooms.campaigns.models import Launch
from twain_web.rooms.campaigns.public import open_sends, waiting_for
from twain_web.rooms.campaigns.reads.live import send


@pytest.fixture
def stale(company: None) -> Iterator[Callable[[], None]]:
    """The customers' newest row is ten days older than it was; call it to mend that."""
    _age("-")
    mended: list[bool] = []

    def mend() -> None:
        if not mended:
            mended.append(True)
            _age("+")

    yield mend
    mend()


def _age(sign: str) -> None:
    with duckdb.connect(str(ROOT / "data" / "shop.duckdb")) as shop:
        shop.execute(f"UPDATE customers SET updated_at = updated_at {sign} INTERVAL 10 DAY")


def _until(launch: Launch, state: RunState) -> Launch:
    """Step by step until the run is in this state; waits for its process each time."""
    for _ in range(6):
        move(launch)
        child = processes._children.get(launch.run_id)
        if child is not None:
            child.wait(60)
        if launch.run_id and run_of(launch).state is state:
            return move(launch)
    raise AssertionError(run_of(launch).state)


def test_held_told_once_mended_and_gone(way: Way, sink, stale):
    way.approve()
    launch = _until(way.launch(), RunState.HELD)
    told = [m for m in mail.outbox if "Held" in m.subject]
    assert {to for m in told for to in m.to} == {"priya.nair@nordlicht.example", way.marketer.email}
    assert "days old" in told[0].body or "old" in told[0].body
    assert "For IT:" in told[0].body
    assert [one.run_id for one in open_sends().held] == [launch.run_id]
    assert any(one.kind == "held" for one in waiting_for(way.marketer))
    move(move(launch))
    assert len([m for m in mail.outbox if "Held" in m.subject]) == len(told)  # told once, however often it is looked at
    stale()
    assert finish(launch).state == Launch.State.FINISHED
    kinds = [event.kind for event in send(launch.run_id).events]
    assert [k for k in kinds if k in ("held", "told", "finished")] == ["held", "told", "finished"]
    assert any("checks pass again" in event.business for event in send(launch.run_id).events)
    assert not open_sends().held


def test_both_teams_read_why(way: Way, signed_in, sink, stale):
    way.approve()
    launch = _until(way.launch(), RunState.HELD)
    page = signed_in(username="lena").get(f"/campaigns/sends/{launch.run_id}/").content.decode()
    assert "Priya Nair, Senior DBA" in page
    assert "Expires" in page
    assert launch.why in page.replace("&quot;", '"').replace("&#x27;", "'")
    assert launch.technical != launch.why
    assert "For IT" in page


def test_a_hold_that_nobody_mends_expires(way: Way, sink, stale, monkeypatch):
    way.approve()
    launch = _until(way.launch(), RunState.HELD)

    class ThirteenHoursLater:
        localtime = staticmethod(timezone.localtime)
        now = staticmethod(lambda: timezone.now() + timedelta(hours=13))

    monkeypatch.setattr(following, "timezone", ThirteenHoursLater)
    assert move(launch).state == Launch.State.EXPIRED
    assert run_of(launch).state is RunState.EXPIRED
    assert any("Its time is over" in event.business for event in send(launch.run_id).events)


def test_a_scheduled_launch_expires_when_it_cannot_begin(way: Way, sink, owner):
    way.edit(when="at", at=f"{timezone.localtime() + timedelta(hours=3):%Y-%m-%dT%H:%M}")
    way.approve()
    launch = way.launch()
    throw_switch(by=owner, scope="all", why="The shop is down.")
    Launch.objects.filter(pk=launch.pk).update(due_at=timezone.now())
    launch = move(launch)
    assert (launch.state, launch.run_id) == (Launch.State.HELD, "")
    assert "The shop is down." in launch.why
    assert len(mail.outbox) == 1
    move(launch)
    assert len(mail.outbox) == 1
    Launch.objects.filter(pk=launch.pk).update(expires_at=timezone.now())
    launch = move(launch)
    assert launch.state == Launch.State.EXPIRED
    assert not engine.instance().ledger.runs(campaign=way.campaign.slug)


def test_a_lifted_stop_lets_it_go(way: Way, sink, owner):
    way.edit(when="at", at=f"{timezone.localtime() + timedelta(hours=3):%Y-%m-%dT%H:%M}")
    way.approve()
    launch = way.launch()
    throw_switch(by=owner, scope="channel:mail", why="The relay moves.")
    Launch.objects.filter(pk=launch.pk).update(due_at=timezone.now())
    assert move(launch).state == Launch.State.HELD
    assert lift_switch(by=owner, scope="channel:mail")
    assert finish(launch).state == Launch.State.FINISHED


def test_while_a_source_is_stopped_nobody_asks_it(way: Way, owner, signed_in):
    throw_switch(by=owner, scope="source:shop", why="Index rebuild.")
    answer = signed_in(username="priya").post(
        f"/campaigns/of/{way.campaign.slug}/review/check/", headers={"HX-Request": "true"}
    )
    assert "Index rebuild." in answer.content.decode()
    page = signed_in(username="priya").get("/campaigns/").content.decode()
    assert "Reads from the database shop are stopped." in page
    assert f"({owner}, " in page
    with pytest.raises(SourceUnavailable, match="Index rebuild"):
        engine.instance().source("shop")
    assert way.bundle  # what is planned can still be looked at


def test_a_pause_by_hand_lasts_until_a_hand_ends_it(way: Way, sink, stale):
    way.approve()
    launch = _until(way.launch(), RunState.HELD)
    Launch.objects.filter(pk=launch.pk).update(wanted="wait")
    stale()
    move(launch)
    assert run_of(launch).state is RunState.HELD
    resume_send(by=way.marketer, run_id=launch.run_id)
    assert finish(launch).state == Launch.State.FINISHED


def test_pausing_what_is_not_being_sent_is_said(way: Way, sink):
    way.approve()
    launch = finish(way.launch())
    with pytest.raises(WrongState, match="cannot become paused"):
        pause_send(by=way.marketer, run_id=launch.run_id)


@pytest.fixture
def held(way: Way, monkeypatch, company) -> tuple[Launch, list[str]]:
    """A send that was held while nothing is wrong any more, and the processes that were started for it."""
    way.approve()
    here, launch = engine.instance(way.marketer), way.launch()
    run = plan(
        here,
        here.ledger.bundle(launch.bundle),
        SendOptions(run_id="held" + uuid.uuid4().hex[:8], not_after=time.time() + 3600),
    )
    event = RunEvent(run.id, here.clock.now(), "held", "Old.", "old")
    here.ledger.advance(run.id, {RunState.PLANNED}, RunState.HELD, event)
    now = timezone.now()
    Launch.objects.filter(pk=launch.pk).update(
        state=Launch.State.RUNNING, run_id=run.id, held_at=now, told_at=now, looked_at=None
    )
    started: list[str] = []
    monkeypatch.setattr(processes, "start", lambda run_id, _person: started.append(run_id))
    launch.refresh_from_db()
    mail.outbox.clear()
    return launch, started


def _try(launch: Launch) -> Launch:
    for key in trying.due():
        trying.rehearse_launch(key)
    launch.refresh_from_db()
    return launch


def test_where_both_teams_want_to_be_asked_it_waits_for_a_word(held, monkeypatch):
    launch, started = held
    here = engine.instance(launch.asked_by)
    policy = replace(here.workspace.policy, incidents=Incidents("ask"))
    agreed = replace(here, workspace=replace(here.workspace, policy=policy))
    monkeypatch.setattr(trying.engine, "instance", lambda _person=None: agreed)
    assert _try(_try(launch)).wanted == "wait"
    assert started == []
    assert [m.subject for m in mail.outbox] == [f"May it go on? {launch.campaign}"]
    Launch.objects.filter(pk=launch.pk).update(wanted="now", looked_at=None)  # somebody presses the button
    _try(launch)
    assert started == [launch.run_id]


def test_what_is_mended_too_late_never_goes(held, monkeypatch):
    launch, started = held
    later = timezone.now() + timedelta(hours=2)
    monkeypatch.setattr(following, "timezone", type("Later", (), {"now": staticmethod(lambda: later)}))
    _try(launch)  # the checks would pass
    assert started == []
    assert move(launch).state == Launch.State.EXPIRED
    assert run_of(launch).state is RunState.EXPIRED
