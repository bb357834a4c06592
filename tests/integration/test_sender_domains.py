"""Sender domains against a real DNS on loopback: each record missing, wrong, on one server only, or behind servers in trouble."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.loopback_dns import World, good_world, loopback_dns
from twain.delivery.dkim import Signer
from twain.delivery.dkim_keys import ED25519, RSA, new_key
from twain.delivery.domains.dns import Dns
from twain.delivery.domains.judge import Finding, Sender, aligned, judge, worst
from twain.records import Level
from twain.settings import DnsSettings, DomainSettings

DOMAIN = "mail.nordlicht.test"
TOLD = DomainSettings(addresses=("192.0.2.10",), includes=("_spf.nordlicht.test",))


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Signer:
    return new_key(DOMAIN, "twain1", RSA, tmp_path_factory.mktemp("keys") / "k.pem")


@pytest.fixture
def world(signer: Signer) -> Iterator[World]:
    with loopback_dns() as made:
        yield good_world(made, (signer,))


@pytest.fixture
def sender(signer: Signer) -> Sender:
    return Sender(DOMAIN, TOLD, (signer,), ("mx.nordlicht.test",))


def settings(world: World, *, authoritative: bool = True) -> DnsSettings:
    patience = 0.3 if world.silent else 3.0  # who answers is waited for, however busy this machine is
    resolver = (("127.0.0.1", world.port),)
    return DnsSettings(servers=resolver, authoritative=authoritative, port=world.port, timeout=patience)


def found(world: World, sender: Sender) -> dict[str, Finding]:
    return {one.record: one for one in judge(sender, Dns(settings(world)))}


def test_everything_right_is_green_and_every_server_was_asked(world: World, sender: Sender) -> None:
    findings = judge(sender, Dns(settings(world)))
    assert [one.record for one in findings] == ["MX", "SPF", "DKIM", "DMARC", "MTA-STS", "TLS-RPT", "PTR"]
    assert {one.level for one in findings} == {Level.PASS}, findings
    assert worst(findings) is Level.PASS
    assert all(not one.todo for one in findings)
    for server in ("127.0.0.2", "127.0.0.3", "127.0.0.4"):
        told = {(name, kind) for where, name, kind, _ in world.asked if where == server}
        assert {
            (DOMAIN, "MX"),
            (DOMAIN, "TXT"),
            (f"twain1._domainkey.{DOMAIN}", "TXT"),
            ("_dmarc.nordlicht.test", "TXT"),
        } <= told
    assert {wished for where, _, _, wished in world.asked if where != "127.0.0.1"} == {False}  # recursion


@pytest.mark.parametrize(
    ("name", "kind", "values", "record", "level", "says"),
    [
        (DOMAIN, "MX", (), "MX", Level.HOLD, "neither MX nor address"),
        (DOMAIN, "MX", ("0 .",), "MX", Level.HOLD, "takes no mail"),
        (DOMAIN, "MX", ("10 nowhere.nordlicht.test.",), "MX", Level.HOLD, "has no address"),
        (DOMAIN, "TXT", (), "SPF", Level.HOLD, "no SPF record"),
        (DOMAIN, "TXT", ("v=spf1 mx ~all", "v=spf1 -all"), "SPF", Level.HOLD, "several SPF records"),
        (DOMAIN, "TXT", ("v=spf1 ip4:192.0.2.10 +all",), "SPF", Level.HOLD, "everybody may send"),
        (DOMAIN, "TXT", ("v=spf1 ip4:192.0.2.11 -all",), "SPF", Level.HOLD, "Mail from 192.0.2.10 gets fail"),
        (DOMAIN, "TXT", ("v=spf1 ip4:192.0.2.10 ~all",), "SPF", Level.HOLD, "does not include _spf.nordlicht.test"),
        (DOMAIN, "TXT", ("v=spf1 ip4:192.0.2.10 include:_spf.nordlicht.test",), "SPF", Level.WARN, "does not end in"),
        (DOMAIN, "TXT", ("v=spf1 ip4:192.0.2.10 include:none.nordlicht.test ~all",), "SPF", Level.HOLD, "no SPF record"),
        (DOMAIN, "TXT", ("v=spf1 ip4:192.0.2.10 ipv4:1.2.3.4 ~all",), "SPF", Level.HOLD, "means nothing"),
        (f"twain1._domainkey.{DOMAIN}", "TXT", (), "DKIM", Level.HOLD, "no such record"),
        (f"twain1._domainkey.{DOMAIN}", "TXT", ("v=DKIM1; k=rsa; p=",), "DKIM", Level.HOLD, "revoked"),
        (f"twain1._domainkey.{DOMAIN}", "TXT", ("v=DKIM1; p=AA", "v=DKIM1; p=BB"), "DKIM", Level.HOLD, "several records"),
        ("_dmarc.nordlicht.test", "TXT", (), "DMARC", Level.HOLD, "no DMARC record here or above"),
        ("_dmarc.nordlicht.test", "TXT", ("v=DMARC1; p=reject", "v=DMARC1; p=none"), "DMARC", Level.HOLD, "several"),
        ("_dmarc.nordlicht.test", "TXT", ("v=DMARC1; p=block",), "DMARC", Level.HOLD, "none of none, quarantine, reject"),
        ("_dmarc.nordlicht.test", "TXT", ("v=DMARC1; p=reject; sp=none; rua=mailto:a@b.c",), "DMARC", Level.WARN, "is none"),
        ("_dmarc.nordlicht.test", "TXT", ("v=DMARC1; p=reject",), "DMARC", Level.WARN, "nobody who gets reports"),
        (f"_mta-sts.{DOMAIN}", "TXT", (), "MTA-STS", Level.WARN, "no MTA-STS record"),
        (f"_mta-sts.{DOMAIN}", "TXT", ("v=STSv1;",), "MTA-STS", Level.WARN, "not well formed"),
        (f"_smtp._tls.{DOMAIN}", "TXT", (), "TLS-RPT", Level.WARN, "no TLS-RPT record"),
        ("10.2.0.192.in-addr.arpa", "PTR", (), "PTR", Level.HOLD, "192.0.2.10 has no name"),
        ("10.2.0.192.in-addr.arpa", "PTR", ("other.nordlicht.test.",), "PTR", Level.HOLD, "which is not at 192.0.2.10"),
    ],
)  # fmt: skip
def test_what_is_wrong_shows_with_what_is_wanted(
    name: str, kind: str, values: tuple[str, ...], record: str, level: Level, says: str, world: World, sender: Sender
) -> None:
    world.put(name, kind, *values)
    findings = found(world, sender)
    assert findings[record].level is level
    assert says in findings[record].what
    assert findings[record].todo
    assert findings[record].wanted
    assert {one.level for other, one in findings.items() if other not in {record, "SPF", "MX"}} == {Level.PASS}


def test_a_key_that_is_not_ours_is_red(world: World, sender: Sender, tmp_path: Path) -> None:
    other = new_key(DOMAIN, "twain1", RSA, tmp_path / "o.pem")
    world.put(other.name, "TXT", other.record)
    finding = found(world, sender)["DKIM"]
    assert (finding.level, "another key" in finding.what) == (Level.HOLD, True)
    assert finding.wanted == sender.signers[0].record
    world.put(other.name, "TXT", f"{sender.signers[0].record}; t=y")
    assert found(world, sender)["DKIM"].level is Level.WARN


def test_one_server_that_was_forgotten_is_red_and_named(world: World, sender: Sender) -> None:
    world.differs["127.0.0.3"] = {(f"twain1._domainkey.{DOMAIN}", "TXT"): ['"v=DKIM1; k=rsa; p="']}
    finding = found(world, sender)["DKIM"]
    assert finding.level is Level.HOLD
    assert "Only on ns3.servers.test" in finding.what
    assert dict(finding.found)["ns2.servers.test"].startswith("v=DKIM1; k=rsa; p=MII")


def test_a_silent_or_refusing_or_lame_server_is_amber_and_not_waited_for_twice(world: World, sender: Sender) -> None:
    world.silent.add("127.0.0.2")
    world.refusing.add("127.0.0.3")
    world.put(DOMAIN, "NS")
    begun = time.monotonic()
    finding = found(world, sender)["SPF"]
    assert time.monotonic() - begun < 3
    assert finding.level is Level.WARN
    assert "ns2.servers.test does not answer." in finding.what
    assert "ns3.servers.test answers REFUSED." in finding.what
    assert sum(where == "127.0.0.2" and kind != "PTR" for where, _, kind, _ in world.asked) <= 2
    world.silent.clear()
    world.lame.add("127.0.0.2")
    assert "ns2.servers.test does not answer for this zone." in found(world, sender)["SPF"].what


def test_where_no_authoritative_server_can_be_asked_the_resolver_speaks_and_it_is_amber(
    world: World, sender: Sender
) -> None:
    world.silent |= {"127.0.0.2", "127.0.0.3", "127.0.0.4"}
    findings = found(world, sender)
    assert {one.level for one in findings.values()} == {Level.WARN}
    assert dict(findings["DMARC"].found)["resolver"].startswith("v=DMARC1")
    world.put("_dmarc.nordlicht.test", "TXT")
    assert found(world, sender)["DMARC"].level is Level.HOLD


def test_it_can_be_told_to_ask_its_resolvers_alone(world: World, sender: Sender) -> None:
    findings = judge(sender, Dns(settings(world, authoritative=False)))
    assert {one.level for one in findings} == {Level.PASS}
    assert {where for where, *_ in world.asked} == {"127.0.0.1"}


def test_without_any_dns_nothing_is_known_nothing_is_red_and_it_does_not_take_long(
    world: World, sender: Sender
) -> None:
    world.silent.add("127.0.0.1")
    begun = time.monotonic()
    findings = judge(sender, Dns(settings(world)))
    assert time.monotonic() - begun < 3
    assert {one.level for one in findings} == {Level.WARN}
    assert all("cannot be asked" in one.what for one in findings)


def test_a_key_may_stand_behind_an_alias_in_another_zone(world: World, sender: Sender) -> None:
    world.zone("provider.test", "127.0.0.4")
    name = sender.signers[0].name
    world.put(name, "TXT")
    world.put(name, "CNAME", "k1.provider.test.")
    world.put("k1.provider.test", "TXT", sender.signers[0].record)
    finding = found(world, sender)["DKIM"]
    assert finding.level is Level.PASS, finding
    assert "ns2.servers.test → ns4.servers.test" in dict(finding.found)
    world.put("k1.provider.test", "CNAME", "k1.provider.test.")
    world.put("k1.provider.test", "TXT")
    finding = found(world, sender)["DKIM"]
    assert (finding.level, "leads to itself" in finding.what) == (Level.WARN, True)
    assert {one.level for one in found(world, sender).values() if one.record != "DKIM"} == {Level.PASS}


def test_an_answer_too_long_for_a_datagram_comes_by_tcp(world: World, sender: Sender) -> None:
    world.cramped |= {"127.0.0.2", "127.0.0.3", "127.0.0.4"}
    assert found(world, sender)["DKIM"].level is Level.PASS


def test_a_policy_of_its_own_comes_before_the_one_above(world: World, sender: Sender) -> None:
    world.put(f"_dmarc.{DOMAIN}", "TXT", "v=DMARC1; p=none; rua=mailto:a@nordlicht.test")
    finding = found(world, sender)["DMARC"]
    assert (finding.name, finding.level) == (f"_dmarc.{DOMAIN}", Level.WARN)


def test_a_signature_of_a_stranger_does_not_count(world: World, sender: Sender, tmp_path: Path) -> None:
    stranger = new_key("relay.test", "s", ED25519, tmp_path / "s.pem")
    finding = found(world, replace(sender, signers=(stranger,)))["DMARC"]
    assert (finding.level, "not aligned" in finding.what) == (Level.HOLD, True)
    assert found(world, replace(sender, signers=(stranger, *sender.signers)))["DMARC"].level is Level.PASS
    world.put("_dmarc.nordlicht.test", "TXT", "v=DMARC1; p=reject; adkim=s; rua=mailto:a@b.c")
    above = new_key("nordlicht.test", "s", ED25519, tmp_path / "a.pem")
    assert found(world, replace(sender, signers=(above,)))["DMARC"].level is Level.HOLD


@pytest.mark.parametrize(
    ("signing", "strict", "counts"),
    [
        (DOMAIN, True, True),
        ("nordlicht.test", False, True),
        ("x.nordlicht.test", False, True),
        ("x.mail.nordlicht.test", False, True),
        ("nordlicht.test", True, False),
        ("nordlicht.test.evil.test", False, False),
        ("icht.test", False, False),
    ],
)
def test_alignment(signing: str, *, strict: bool, counts: bool) -> None:
    assert aligned(signing, DOMAIN, "nordlicht.test", strict=strict) is counts


def test_nobody_signs_is_amber_until_the_relays_selector_is_told(world: World, sender: Sender) -> None:
    nobody = replace(sender, signers=(), unsigned=("mail",))
    finding = found(world, nobody)["DKIM"]
    assert (finding.level, "[channels.mail.dkim]" in finding.todo) == (Level.WARN, True)
    relays = replace(nobody, settings=replace(TOLD, selectors=("relay1",)))
    assert found(world, relays)["DKIM"].level is Level.HOLD
    world.put(f"relay1._domainkey.{DOMAIN}", "TXT", "v=DKIM1; p=MIIB")
    assert found(world, relays)["DKIM"].level is Level.PASS


def test_a_network_is_held_against_spf_at_both_ends(world: World, sender: Sender) -> None:
    wide = replace(sender, settings=replace(TOLD, addresses=("192.0.2.64/28",)))
    assert found(world, wide)["SPF"].level is Level.PASS
    wider = replace(sender, settings=replace(TOLD, addresses=("192.0.2.64/27",)))
    assert found(world, wider)["SPF"].what == "Mail from 192.0.2.95 gets softfail."
