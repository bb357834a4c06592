"""Sender domains in the house: probed by themselves, changes kept and told, held sends released, the page for both teams."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from tests.loopback_dns import good_world, loopback_dns
from twain.delivery.domains.dns import Dns
from twain.delivery.domains.judge import Sender, judge
from twain.settings import DnsSettings, DomainSettings
from twain_web import engine
from twain_web.models import OutboxRow
from twain_web.roles import Role
from twain_web.rooms.campaigns.models import Launch
from twain_web.rooms.integrations import probing
from twain_web.rooms.integrations.models import DomainChange, DomainState

DOMAIN = "mail.nordlicht.test"
IN_USE = "mail.nordlicht.example"
SENDER = Sender(
    DOMAIN, DomainSettings(addresses=("192.0.2.10",), includes=("_spf.nordlicht.test",)), (), ("mx.nordlicht.test",)
)


@pytest.fixture
def world():
    with loopback_dns() as made:
        yield good_world(made)


@pytest.fixture
def look(company, db, world):
    """Probe the domain as the reconciler does, against the world as it is; *domain*: under which name it is kept."""

    def now(domain=IN_USE):
        asked = Dns(DnsSettings(servers=(("127.0.0.1", world.port),), port=world.port, timeout=0.5))
        found = [replace(one, domain=domain) for one in judge(SENDER, asked)]
        return probing.keep(domain, found)

    return now


def broken(world):
    world.differs["127.0.0.3"] = {(DOMAIN, "TXT"): ['"v=spf1 -all"']}


def test_what_changes_is_kept_with_its_reason_and_told(look, world):
    before = look().level
    broken(world)
    assert look().level == "hold"
    last = DomainChange.objects.filter(domain=IN_USE, record="SPF").first()
    assert (last.before, last.after) == ("pass", "hold")
    assert "ns3.servers.test" in last.what
    fact = OutboxRow.objects.get(topic="domain.changed")
    assert (fact.body["before"], fact.body["after"]) == (before, "hold")
    assert "SPF" in fact.body["records"]
    changes = DomainChange.objects.count()
    look()
    assert DomainChange.objects.count() == changes
    assert OutboxRow.objects.filter(topic="domain.changed").count() == 1


@pytest.fixture
def held(operator):
    """A send of the demo's campaign, held."""
    now = timezone.now()
    return Launch.objects.create(
        campaign="summer-thanks", bundle="b" * 64, asked_by=operator, due_at=now, expires_at=now + timedelta(days=1),
        state=Launch.State.HELD, looked_at=now, held_at=now, why="The domain is red.",
    )  # fmt: skip


def test_a_domain_that_turns_green_has_its_held_sends_tried_at_once(look, world, held):
    broken(world)
    look()
    look()
    held.refresh_from_db()
    assert held.looked_at is not None
    world.differs.clear()
    look()
    held.refresh_from_db()
    assert held.looked_at is None


def test_the_page_says_it_to_both_teams(look, world, held, signed_in):
    broken(world)
    look()
    client = signed_in(Role.MARKETER)
    page = client.get(f"/domains/{IN_USE}/").content.decode()
    assert "Mail in this name would be refused or lost" in page
    assert "Held now:" in page
    assert "v=spf1 ip4:192.0.2.10 include:_spf.nordlicht.test ~all" in page
    assert "ns3.servers.test" in page
    assert "v=spf1 -all" in page
    assert "Would not arrive" in client.get("/domains/").content.decode()


def test_only_known_domains_have_a_page(company, signed_in, db):
    client = signed_in(Role.MARKETER)
    assert client.get("/domains/evil.example/").status_code == 404
    assert client.post("/domains/evil.example/probe/").status_code == 404
    assert not DomainState.objects.exists()


def test_a_button_has_it_looked_at(company, signed_in, db):
    assert probing._due() == []
    signed_in(Role.MARKETER).post(f"/domains/{IN_USE}/probe/")
    assert probing._due() == [IN_USE]
    page = signed_in(Role.MARKETER).get(f"/domains/{IN_USE}/").content.decode()
    assert "Being looked at" in page


def test_the_reconciler_asks_the_dns_itself(company, db, world, monkeypatch):
    here = engine.workspace()
    settings = replace(here.settings, dns=DnsSettings((("127.0.0.1", world.port),), authoritative=False, timeout=0.5))
    monkeypatch.setattr(engine, "workspace", lambda: replace(here, settings=settings))
    probing.want_a_look(IN_USE)
    probing.probe(IN_USE)
    state = DomainState.objects.get(domain=IN_USE)
    assert state.level in ("warn", "hold")
    assert {one["record"] for one in state.findings} >= {"MX", "SPF", "DMARC"}
    assert any(name.endswith(IN_USE) for _server, name, _kind, _rd in world.asked)


@pytest.fixture
def production(company, db, monkeypatch):
    here = engine.workspace()
    monkeypatch.setattr(engine, "workspace", lambda: replace(here, settings=replace(here.settings, production=True)))


def test_in_production_it_is_looked_at_by_itself_sooner_while_something_is_wrong(production):
    assert IN_USE in probing._due()
    ago = timezone.now() - timedelta(minutes=3)
    state = DomainState.objects.create(domain=IN_USE, level="pass", probed_at=ago)
    assert probing._due() == []
    state.level = "hold"
    state.save()
    assert probing._due() == [IN_USE]


def test_a_send_that_starts_or_goes_on_has_it_looked_at(production):
    DomainState.objects.create(domain=IN_USE, level="pass", probed_at=timezone.now())
    assert probing._due() == []
    probing.look_before_it_goes_on({"campaign": "summer-thanks", "run": "r1"})
    assert probing._due() == [IN_USE]


def test_a_domain_that_nobody_sends_as_any_more_is_forgotten(company, db):
    DomainState.objects.create(domain="old.example", level="hold", probed_at=timezone.now())
    probing.probe("old.example")
    assert not DomainState.objects.filter(domain="old.example").exists()
