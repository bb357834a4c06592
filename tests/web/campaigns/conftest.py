"""What tests of campaigns share: a sink, content that is written, a campaign planned by one team, people of both."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from tests.house_workspace import ROOT
from twain.flows.publish import make
from twain.flows.send import OPEN, cancel
from twain.records import RunState
from twain.testing.relay import Relay
from twain_web import engine
from twain_web.roles import Role
from twain_web.rooms.campaigns import following, moving, processes, trying
from twain_web.rooms.campaigns.actions.approving import approve, ask_approval
from twain_web.rooms.campaigns.actions.launching import launch
from twain_web.rooms.campaigns.actions.planning import create_campaign, save_plan
from twain_web.rooms.campaigns.models import Campaign, Launch
from twain_web.rooms.campaigns.plans import Plan, PlannedArm
from twain_web.rooms.campaigns.records import Subject, campaign_record, subject
from twain_web.rooms.content.actions import begin_draft, make_content, save_draft, save_version
from twain_web.rooms.content.models import BrandKit, Content
from twain_web.rooms.people.models import Person, Team

BODY = """<mjml><mj-body><mj-section><mj-column><mj-text>Hello {{ first_name | default: "friend" }}, it is spring.</mj-text>
<mj-text><a href="{{ unsubscribe_url }}">Unsubscribe</a></mj-text></mj-column></mj-section></mj-body></mjml>"""


def document(subject_line: str, body: str = BODY) -> dict[str, Any]:
    """A message as its writer saves it."""
    message = {"subject": subject_line, "preheader": "", "body": body, "text": "", "related": {}, "defaults": {}}
    return {"kind": "mjml", "message": message}


@pytest.fixture
def relay(company: None) -> Iterator[Relay]:
    """A relay that says what a test wants it to say; the workspace's channel leads to it as long as the test lasts."""
    toml = ROOT / "twain.toml"
    before = toml.read_text()
    with Relay() as made:
        toml.write_text(re.sub(r"^port = \d+", f"port = {made.port}", before, count=1, flags=re.MULTILINE))
        yield made
    toml.write_text(before)


@pytest.fixture
def marketer(somebody: Callable[..., Person]) -> Person:
    """Lena, of Marketing."""
    return _of_team(somebody(Role.MARKETER, username="lena"), "Campaigns", "marketing")


@pytest.fixture
def stranger(somebody: Callable[..., Person]) -> Person:
    """A marketer of another team."""
    return _of_team(somebody(Role.MARKETER, username="stranger"), "Loyalty", "marketing")


@pytest.fixture
def owner(somebody: Callable[..., Person]) -> Person:
    """Priya, who answers for the data."""
    return _of_team(somebody(Role.DATA_OWNER, username="priya"), "Databases", "it")


def _of_team(person: Person, name: str, side: str) -> Person:
    person.team = Team.objects.get_or_create(name=name, defaults={"side": side})[0]
    person.save()
    return person


@pytest.fixture
def written(marketer: Person, company: None) -> Callable[..., Content]:
    """Write and save a content: ``written("Hello")``; the same content again with *content*."""

    def write(subject_line: str = "Spring is here", body: str = BODY, content: Content | None = None) -> Content:
        brand = BrandKit.objects.get_or_create(
            slug="nordlicht",
            defaults={
                "name": "Nordlicht", "sender_name": "Nordlicht Outdoor", "sender_address": "news@mail.nordlicht.example",
                "postal_address": "Oranienstraße 12, 10999 Berlin",
            },
        )[0]  # fmt: skip
        made = content or make_content(by=marketer, name=f"Words {uuid.uuid4().hex[:8]}", feed="customers", brand=brand)
        draft = begin_draft(by=marketer, content=made)
        save_draft(by=marketer, content=made, document=document(subject_line, body), revision=draft.revision)
        save_version(by=marketer, content=made)
        return made

    return write


@pytest.fixture
def plan(written: Callable[..., Content]) -> Plan:
    """A plan that is complete: gold customers in Berlin get one message, as soon as it is launched."""
    return Plan(audience="gold-in-berlin", arms=(PlannedArm(content=written().slug),), channel="mail", expires_hours=12)


@pytest.fixture
def campaign(marketer: Person, plan: Plan) -> Campaign:
    """Lena's campaign, planned to the end, under a name that no other test has."""
    made = create_campaign(by=marketer, name=f"Spring {uuid.uuid4().hex[:10]}", topic="offers")
    save_plan(by=marketer, campaign=made, plan=plan, based_on=0)
    return made


@dataclass
class Way:
    """The way of a campaign through the house, by its people."""

    campaign: Campaign
    marketer: Person
    owner: Person

    @property
    def subject(self) -> Subject:
        return subject(self.campaign.slug)

    @property
    def bundle(self) -> str:
        """The hash of what would go now."""
        return make(engine.instance(), campaign_record(self.campaign.slug)).hash

    def ask(self, note: str = "") -> Any:
        return ask_approval(by=self.marketer, subject=self.subject, bundle=self.bundle, note=note)

    def approve(self, by: Person | None = None) -> Any:
        return approve(by=by or self.owner, subject=self.subject, bundle=self.bundle)

    def launch(self, token: str = "") -> Launch:
        return launch(by=self.marketer, subject=self.subject, bundle=self.bundle, token=token or uuid.uuid4().hex)

    def edit(self, **changes: Any) -> None:
        self.campaign.refresh_from_db()
        changed = replace(self.campaign.plan, **changes)
        save_plan(by=self.marketer, campaign=self.campaign, plan=changed, based_on=self.campaign.version)


@pytest.fixture
def way(campaign: Campaign, marketer: Person, owner: Person) -> Way:
    return Way(campaign, marketer, owner)


def move(launch: Launch) -> Launch:
    """One step of each reconciler of launches, and the launch as it is then."""
    moving.move(str(launch.pk))
    for key in trying.due():
        if key.split(":")[0] == str(launch.pk):
            trying.rehearse_launch(key)
    launch.refresh_from_db()
    return launch


def finish(launch: Launch) -> Launch:
    """Move a launch until its send is over; waits for its processes, not for the clock."""
    for _ in range(12):
        move(launch)
        child = processes._children.get(launch.run_id)
        if child is not None:
            child.wait(60)
        if not launch.is_open:
            return launch
    raise AssertionError(f"still {launch.state}: {launch.why} {launch.technical}")


def run_of(launch: Launch) -> Any:
    return engine.instance().ledger.run(launch.run_id)


@pytest.fixture(autouse=True)
def _nothing_left(monkeypatch: pytest.MonkeyPatch, db: None) -> Iterator[None]:
    """Holds are looked at again at once; what a test leaves open is ended, so that no other test meets it."""
    for name in ("CHECK_AGAIN", "START_AGAIN"):
        monkeypatch.setattr(following, name, timedelta(0))
    yield
    instance = engine.instance("test")
    for child in list(processes._children.values()):
        child.terminate()
        child.wait(30)
    processes.reap()
    for stop in instance.ledger.stops():
        instance.ledger.lift_stop(stop.scope, "test")
    for run in instance.ledger.runs(states=OPEN - {RunState.RECONCILING}):
        cancel(instance, run.id)
