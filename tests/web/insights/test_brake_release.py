"""A send that a brake holds: in the house it rests until somebody resumes it, and the audit has their name."""

from dataclasses import replace

import pytest

from twain.flows.brakes import holds
from twain.records import RunEvent, RunState
from twain_web import engine
from twain_web.roles import Role
from twain_web.rooms.campaigns import trying
from twain_web.rooms.campaigns.actions import steering
from twain_web.rooms.campaigns.actions.steering import cancel_send, resume_send
from twain_web.rooms.campaigns.models import Launch, Rehearsal
from twain_web.rooms.people.models import AuditRow

RUN = "r0braked9999"


@pytest.fixture
def braked(sent, somebody):
    """A run that is held, as a brake leaves it; ended afterwards."""
    lena, ledger = somebody(Role.MARKETER), engine.ledger()
    ledger.create_run(replace(sent, id=RUN, state=RunState.SENDING, ended_at=None))
    words = RunEvent(
        RUN, ledger.run(RUN).created_at, "held", "Held by a brake: 9 people complained.", "brake: complaints 9/1000"
    )
    ledger.advance(RUN, {RunState.SENDING}, RunState.HELD, words)
    yield lena
    cancel_send(by=lena, run_id=RUN)


def test_it_rests_and_goes_on_only_by_name(braked, monkeypatch):
    launch = resume_launch(braked)
    monkeypatch.setattr(trying, "rehearse", lambda *_: Rehearsal(launch=launch, kind="hold", ready=True))
    monkeypatch.setattr(trying, "go_on", lambda *_: pytest.fail("by itself"))
    here = engine.instance(braked)
    trying._begin_hold(here, launch, here.ledger.run(RUN))
    launch.refresh_from_db()
    assert (launch.wanted, launch.why) == ("wait", "Held by a brake: 9 people complained.")
    assert holds(here, here.ledger.run(RUN))
    resume_send(by=braked, run_id=RUN)
    assert not holds(here, here.ledger.run(RUN))
    assert here.ledger.timeline(RUN)[-1].kind == "released"
    assert AuditRow.objects.filter(verb="brake released", thing=f"send:{RUN}").count() == 1


def resume_launch(person):
    """The launch of the run, as the house looks after one that it has begun itself."""
    run = engine.ledger().run(RUN)
    return Launch.objects.create(run_id=RUN, **{**steering._adopted(person, run), "wanted": "go"})
