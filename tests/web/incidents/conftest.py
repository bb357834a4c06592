"""What tests of incidents share: the demo's owner and marketer, data that grows stale and is mended, launches that are tried."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache

import duckdb
import pytest
from django.core import mail
from django.utils import timezone

from tests.house_workspace import ROOT
from twain.flows.catalogue import look_at_all
from twain.flows.publish import publish
from twain.records import Level
from twain_web import engine
from twain_web.roles import Role
from twain_web.rooms.campaigns.models import Launch, Rehearsal
from twain_web.rooms.campaigns.rehearsing import _verdict
from twain_web.rooms.incidents import letters, noticing
from twain_web.rooms.incidents.models import Incident
from twain_web.rooms.people.models import Person, Team


@pytest.fixture
def lena(somebody) -> Person:
    """She launches."""
    return _named(somebody(Role.MARKETER, username="lhoffmann"), "Lena Hoffmann", "Campaign Manager", "marketing")


@pytest.fixture
def priya(somebody) -> Person:
    """The demo's contracts name her as the owner of customers: by her address she is known."""
    return _named(somebody(Role.DATA_OWNER, username="pnair"), "Priya Nair", "Senior DBA", "it")


def _named(one: Person, name: str, title: str, side: str) -> Person:
    one.full_name, one.title, one.email = name, title, f"{name.lower().replace(' ', '.')}@nordlicht.example"
    one.team = Team.objects.get_or_create(name=f"Team of {side}", defaults={"side": side})[0]
    one.save()
    return one


@dataclass
class Data:
    """The company's customers: ten days older than they were, or as they were."""

    stale: bool = False

    def spoil(self) -> None:
        if not self.stale:
            self._age("-")

    def mend(self) -> None:
        if self.stale:
            self._age("+")

    def _age(self, sign: str) -> None:
        with duckdb.connect(str(ROOT / "data" / "shop.duckdb")) as shop:
            shop.execute(f"UPDATE customers SET updated_at = updated_at {sign} INTERVAL 10 DAY")
        self.stale = sign == "-"


@pytest.fixture
def data(company: None) -> Iterator[Data]:
    found = Data()
    yield found
    found.mend()


AUDIENCE = 20_500


@cache
def _published(campaign: str) -> str:
    here = engine.instance("lhoffmann")
    return publish(here, here.workspace.campaign(campaign)).hash


@dataclass
class House:
    """Launches of campaigns that are kept in files, tried against the company's real database."""

    lena: Person
    launches: dict[str, Launch] = field(default_factory=dict)

    def launch(self, campaign: str = "summer-thanks") -> Launch:
        """One that is held, whose checks have just been tried."""
        now = timezone.now()
        made = Launch.objects.create(
            campaign=campaign, bundle=_published(campaign), token=uuid.uuid4().hex, asked_by=self.lena, due_at=now,
            expires_at=now + timedelta(hours=12), state=Launch.State.RUNNING, held_at=now, told_at=now,
        )  # fmt: skip
        self.launches[campaign] = made
        self.try_it(campaign)
        return made

    def try_it(self, campaign: str = "summer-thanks") -> None:
        """The hold's own rehearsal: the checks are really made; the people are not counted, which takes longest."""
        here = engine.instance(self.lena)
        verdicts = look_at_all(here, here.workspace.feeds["customers"]).verdicts
        ready = all(v.level is not Level.HOLD for v in verdicts)
        Rehearsal.objects.create(
            campaign=campaign, bundle=_published(campaign), launch=self.launches[campaign], kind="hold", ready=ready,
            verdicts=[_verdict(v) for v in verdicts], funnel={"audience": AUDIENCE},
        )  # fmt: skip

    def notice(self) -> list[Incident]:
        """One round of the reconciler, if there is anything new; the open incidents."""
        for what in noticing.due():
            noticing.notice(what)
        return list(Incident.objects.filter(restored_at=None).order_by("pk"))


@pytest.fixture
def house(lena: Person, priya: Person) -> House:
    return House(lena)


@pytest.fixture
def posted(settings) -> Callable[[], list]:
    """Letters go out, into Django's own box."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    settings.WEB_URL = ""

    def post() -> list:
        for key in letters.due():
            letters.send(key)
        sent, mail.outbox = mail.outbox, []
        return sent

    mail.outbox = []
    return post
