"""Sender domains from the command line: keys, records, what a send in production makes of them."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator

import dkim
import pytest

from tests.acceptance.conftest import Demo
from tests.loopback_dns import World, good_world, loopback_dns
from twain.records import RunState
from twain.testing.relay import Relay

DOMAIN = "mail.nordlicht.test"


@pytest.fixture
def world() -> Iterator[World]:
    with loopback_dns() as made:
        yield good_world(made)


@pytest.fixture
def signing(demo: Demo, world: World) -> Demo:
    """The demo, sending as mail.nordlicht.test with a key of its own, asking the DNS on loopback."""
    for campaign in (demo.root / "campaigns").iterdir():
        file = campaign / "campaign.toml"
        file.write_text(file.read_text().replace("@mail.nordlicht.example", f"@{DOMAIN}"))
    made = demo.twain("dkim", "new-key", DOMAIN, "t1", "--json").json
    world.put(made["name"], "TXT", made["record"])
    with (demo.root / "twain.toml").open("a") as toml:
        toml.write(f'[channels.mail.dkim]\ndomain = "{DOMAIN}"\nselector = "t1"\nkey_file = "{made["file"]}"\n')
        toml.write(f'[dns]\nservers = ["127.0.0.1:{world.port}"]\nport = {world.port}\ntimeout = "1s"\n')
        toml.write(f'[domains."{DOMAIN}"]\naddresses = ["192.0.2.10"]\nincludes = ["_spf.nordlicht.test"]\n')
    return demo


def to_production(demo: Demo) -> None:
    demo.edit("twain.toml", "enabled = false", "enabled = true")
    assert demo.twain("suppress", "waive", "--because", "There was no provider before.").code == 0
    demo.edit("twain.toml", 'base_url = "http://127.0.0.1:8024"', f'base_url = "https://{DOMAIN}"')
    demo.edit("twain.toml", 'host = "127.0.0.1"', 'host = "relay.invalid"\ngive_up_after = "300ms"')


def test_a_new_key_is_printed_as_a_zone_line_and_as_toml(demo: Demo) -> None:
    answer = demo.twain("dkim", "new-key", DOMAIN, "e1", "--algorithm", "ed25519")
    assert answer.code == 0
    assert f'e1._domainkey.{DOMAIN}. IN TXT "v=DKIM1; k=ed25519; p=' in answer.out
    table = tomllib.loads(answer.out[answer.out.index("[channels") :].replace("<name>", "mail"))["channels"]["mail"][
        "dkim"
    ]
    assert table["selector"] == "e1"
    assert "PRIVATE" not in answer.out + answer.err
    assert demo.twain("dkim", "new-key", DOMAIN, "e1", "--algorithm", "ed25519").code == 2
    assert demo.twain("dkim", "new-key", DOMAIN, "x", "--algorithm", "dsa").code == 2
    assert demo.twain("dkim", "new-key", "not a domain", "x").code == 2


def test_all_green_says_so(signing: Demo) -> None:
    answer = signing.twain("domains", "--json")
    assert (answer.code, answer.json["ok"], answer.json["level"]) == (0, True, "pass"), answer.out
    assert {one["domain"] for one in answer.json["records"]} == {DOMAIN}
    assert len(answer.json["records"][2]["found"]) == 3
    words = signing.twain("domains", DOMAIN)
    assert (words.code, "No record is red." in words.out) == (0, True)
    assert signing.twain("domains", "nobody.test").code == 2


def test_red_shows_the_record_as_it_should_be(signing: Demo, world: World) -> None:
    world.put(f"t1._domainkey.{DOMAIN}", "TXT")
    answer = signing.twain("domains")
    assert answer.code == 3
    assert f"t1._domainkey.{DOMAIN}. IN TXT" in answer.out
    assert "There is no such record." in answer.out


def test_what_the_dns_says_cannot_steer_a_terminal(signing: Demo, world: World) -> None:
    world.put(DOMAIN, "TXT", "v=spf1 \x1b[31m\x9b2J\u202e ~all")
    for answer in (signing.twain("domains"), signing.twain("domains", "--json")):
        assert not any(sign in answer.out for sign in ("\x1b[31m", "\x9b", "\u202e"))


def test_channel_test_says_whether_its_signatures_verify(signing: Demo, world: World) -> None:
    with Relay() as relay:
        signing.edit("twain.toml", f"port = {signing.sink.port}", f"port = {relay.port}")
        answer = signing.twain("channel", "test", "mail", "--to", "you@example.org", "--json")
        assert (answer.code, answer.json["signatures"][0]["verifies"]) == (0, True), answer.out
        signing.edit("twain.toml", f"port = {relay.port}", f"port = {signing.sink.port}")
    record = answer.json["signatures"][0]["record"].encode()
    (arrived,) = relay.acknowledged
    assert dkim.verify(arrived.data, dnsfunc=lambda name, timeout=5: record)
    world.put(f"t1._domainkey.{DOMAIN}", "TXT", "v=DKIM1; k=rsa; p=")
    broken = signing.twain("channel", "test", "mail", "--json").json["signatures"][0]
    assert (broken["verifies"], "revoked" in broken["why_not"]) == (False, True)
    assert "does not verify" in signing.twain("channel", "test", "mail").out


def test_no_command_shows_a_private_key(signing: Demo, world: World) -> None:
    file = signing.root / ".twain" / "dkim" / f"{DOMAIN}.t1.pem"
    secret = file.read_text().splitlines()[3]
    world.put(f"t1._domainkey.{DOMAIN}", "TXT", "v=DKIM1; p=")
    for words in (
        ["domains"],
        ["channel", "test", "mail"],
        ["send", "summer-thanks", "--limit", "2"],
        ["check", "--offline"],
    ):
        answers = [signing.twain(*words), signing.twain(*words, "--json")]
        assert not any(secret in answer.out + answer.err for answer in answers)
    file.write_text(file.read_text().replace("MII", "xII", 1))
    broken = signing.twain("channel", "test", "mail")
    assert (broken.code, "private key cannot be read" in broken.err) == (2, True)
    assert secret not in broken.out + broken.err
    kept = [one for one in (signing.root / ".twain").rglob("*") if one.is_file() and one != file]
    assert not any(secret.encode() in one.read_bytes() for one in kept)


def test_red_holds_a_send_in_production_and_green_lets_it_go(signing: Demo, world: World) -> None:
    to_production(signing)
    world.put("_dmarc.nordlicht.test", "TXT")
    rehearsed = signing.twain("send", "summer-thanks", "--dry-run", "--json")
    assert (rehearsed.json["ready"], "DMARC" in rehearsed.json["why"]) == (False, True)
    held = signing.twain("send", "summer-thanks", "--json")
    assert held.code == 3
    assert held.json["error"]["code"] == "T650"
    assert "no DMARC record" in held.json["error"]["what"]
    assert f"Mail from {DOMAIN} would not arrive" in held.json["error"]["business"]
    (run,) = signing.twain("runs", "--json").json["runs"]
    assert run["state"] == RunState.HELD
    world.put("_dmarc.nordlicht.test", "TXT", "v=DMARC1; p=none; rua=mailto:dmarc@nordlicht.test")
    went = signing.twain("resume", run["run"], "--json")
    assert went.code == 7, went.out  # the relay does not exist: it came that far
    timeline = str(signing.twain("run", run["run"], "--json").json)
    assert "Its policy is none" in timeline


def test_red_stops_nothing_that_stays_on_this_machine(signing: Demo, world: World) -> None:
    world.put("_dmarc.nordlicht.test", "TXT")
    assert signing.twain("send", "summer-thanks", "--limit", "3").code == 0


def test_a_dns_out_of_reach_holds_nothing(signing: Demo, world: World) -> None:
    world.silent.add("127.0.0.1")
    to_production(signing)
    assert signing.twain("domains").code == 0
    answer = signing.twain("send", "summer-thanks", "--limit", "3", "--json")
    assert answer.code == 7, answer.out
