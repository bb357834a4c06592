"""A channel with keys signs every message it sends, in each way of talking; dkimpy verifies what arrived."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import dkim
import pytest

from twain.delivery.channels import open_channel
from twain.delivery.channels.memory import MemoryChannel
from twain.delivery.channels.smtp import SmtpChannel
from twain.delivery.dkim import Signer
from twain.delivery.dkim_keys import ED25519, RSA, fits, new_key, open_sealer, signers, zone_line
from twain.errors import ConfigError
from twain.records import Envelope, Fate
from twain.settings import ChannelSettings, DkimKey, load_settings
from twain.testing.channel_suite import ListFeeder
from twain.testing.relay import Relay

WAYS = {"streamed": (), "grouped": (b"CHUNKING",), "lockstep": (b"CHUNKING", b"PIPELINING")}


def message(number: int) -> bytes:
    return (
        b"Date: Sun, 22 Nov 2026 10:00:00 GMT\r\nFrom: Nordlicht <news@mail.example.com>\r\nTo: p%d@example.org\r\n"
        b"Subject: Number %d\r\nMessage-ID: <%d@mail.example.com>\r\nList-Unsubscribe: <https://mail.example.com/u/%d>\r\n"
        b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: multipart/alternative;\r\n boundary="=_x"\r\n\r\n--=_x\r\n\r\nHello %d =\r\nagain\r\n--=_x--\r\n'
    ) % (number, number, number, number, number)


def envelopes(number: int) -> list[Envelope]:
    return [Envelope(n, b"news@mail.example.com", b"p%d@example.org" % n, message(n)) for n in range(1, number + 1)]


@pytest.fixture(params=[(RSA,), (ED25519,), (RSA, ED25519)], ids="+".join)
def keys(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[DkimKey, ...]:
    made = []
    for algorithm in request.param:
        file = tmp_path / f"{algorithm}.pem"
        new_key("mail.example.com", algorithm[:3], algorithm, file)
        made.append(DkimKey("mail.example.com", algorithm[:3], file))
    return tuple(made)


def records(made: tuple[Signer, ...]) -> dict[bytes, bytes]:
    return {f"{signer.name}.".encode(): signer.record.encode() for signer in made}


def verifies(data: bytes, made: tuple[Signer, ...]) -> bool:
    """Every one of its signatures does."""
    judge, known = dkim.DKIM(data), records(made)
    try:
        return all(judge.verify(idx=n, dnsfunc=lambda name, timeout=5: known[name]) for n in range(len(made)))
    except dkim.ValidationError:
        return False


@pytest.mark.parametrize("way", WAYS)
def test_what_arrives_is_signed_and_verifies(way: str, keys: tuple[DkimKey, ...]) -> None:
    with Relay() as relay:
        relay.script.extensions = tuple(e for e in relay.script.extensions if e not in WAYS[way])
        settings = dataclasses.replace(relay.settings(connections=2), dkim=keys)
        feeder = ListFeeder(envelopes(20))
        SmtpChannel(settings).deliver(feeder)
    assert {outcome.fate for outcome in feeder.answers.values()} == {Fate.SENT}
    made = signers(settings)
    assert len(relay.acknowledged) == 20
    for received in relay.acknowledged:
        assert received.data.count(b"DKIM-Signature:") == len(keys)
        assert verifies(received.data, made)
        assert max(map(len, received.data.split(b"\r\n"))) <= 998
        assert not verifies(received.data.replace(b"Hello", b"Hallo"), made)


def test_the_memory_channel_signs_as_well(keys: tuple[DkimKey, ...]) -> None:
    settings = ChannelSettings("memory", "memory", {}, dkim=keys)
    channel = MemoryChannel(settings)
    channel.deliver(ListFeeder(envelopes(2)))
    assert all(verifies(one.data, signers(settings)) for one in channel.sent)


def test_without_keys_a_message_goes_as_it_was_made() -> None:
    with Relay() as relay:
        SmtpChannel(relay.settings()).deliver(ListFeeder(envelopes(1)))
    assert relay.acknowledged[0].data == message(1)


def test_a_test_message_comes_from_the_signing_domain(keys: tuple[DkimKey, ...]) -> None:
    with Relay() as relay:
        settings = dataclasses.replace(relay.settings(), dkim=keys)
        assert open_channel(settings).test("you@example.org") == []
    assert b"From: Twain <postmaster@mail.example.com>" in relay.acknowledged[0].data
    assert verifies(relay.acknowledged[0].data, signers(settings))


# ---- twain.toml


def workspace(folder: Path, dkim_table: str) -> Path:
    (folder / "twain.toml").write_text(
        f'[workspace]\nname = "t"\n[channels.mail]\nkind = "smtp"\nhost = "127.0.0.1"\n{dkim_table}'
    )
    return folder


def test_twain_toml_names_one_key_or_two_and_turns_them_off(tmp_path: Path) -> None:
    made = new_key("mail.example.com", "r1", RSA, tmp_path / "keys/r1.pem")
    table = (
        '[channels.mail.dkim]\ndomain = "Mail.Example.com"\nselector = "r1"\nkey_file = "keys/r1.pem"\nalgorithm = "rsa-sha256"\n'
        'second = { selector = "e1", key_env = "DKIM_E1" }\n'
    )
    new_key("mail.example.com", "e1", ED25519, tmp_path / "keys/e1.pem")
    pem = (tmp_path / "keys/e1.pem").read_text()
    settings = load_settings(workspace(tmp_path, table), {"DKIM_E1": pem})
    first, second = signers(settings.channels["mail"])
    assert (first.record, first.name) == (made.record, "r1._domainkey.mail.example.com")
    assert (second.algorithm, second.domain) == (ED25519, "mail.example.com")
    assert pem.splitlines()[1] not in repr(settings)
    off = load_settings(workspace(tmp_path, table + "enabled = false\n"), {})
    assert off.channels["mail"].dkim == ()


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ('domain = "mail.example.com"\nselector = "s"\n', "names no key"),
        ('domain = "mail.example.com"\nselector = "s"\nkey_file = "k"\nkey_env = "K"\n', "names no key, or two"),
        ('domain = "mail.example.com"\nselector = "s"\nkey = "-----BEGIN PRIVATE KEY-----"\n', "unknown key"),
        ('domain = "mail.example.com"\nselector = "s"\nkey_env = "NOT_SET_ANYWHERE"\n', "NOT_SET_ANYWHERE is not set"),
        ('selector = "s"\nkey_file = "k"\n', "has no 'domain'"),
        ('domain = "mail.example.com"\nselector = "s"\nkey_file = "missing.pem"\n', "missing.pem cannot be read"),
        ('domain = "mail.example.com"\nselector = "s"\nkey_file = "open.pem"\n', "can be read by other users"),
        ('domain = "mail.example.com"\nselector = "s"\nkey_file = "bad.pem"\n', "cannot be read"),
        (
            'domain = "mail.example.com"\nselector = "s"\nkey_file = "good.pem"\nalgorithm = "rsa-sha256"\n',
            "makes ed25519",
        ),
    ],
)
def test_what_is_wrong_with_a_key_is_said_without_telling_it(table: str, says: str, tmp_path: Path) -> None:
    new_key("mail.example.com", "s", ED25519, tmp_path / "good.pem")
    secret = (tmp_path / "good.pem").read_text().splitlines()[1]
    (tmp_path / "open.pem").write_text((tmp_path / "good.pem").read_text())
    (tmp_path / "open.pem").chmod(0o644)
    (tmp_path / "bad.pem").write_text(f"-----BEGIN PRIVATE KEY-----\n{secret[:20]}\n-----END PRIVATE KEY-----\n")
    (tmp_path / "bad.pem").chmod(0o600)
    with pytest.raises(ConfigError) as refused:
        open_sealer(load_settings(workspace(tmp_path, f"[channels.mail.dkim]\n{table}"), {}).channels["mail"])
    assert says in str(refused.value)
    assert refused.value.todo
    assert secret[:20] not in str(refused.value) + repr(refused.value.__cause__)


# ---- keys and their records


def test_a_new_key_is_private_and_never_written_over(tmp_path: Path) -> None:
    file = tmp_path / "keys" / "k.pem"
    new_key("mail.example.com", "s", RSA, file)
    assert file.stat().st_mode & 0o777 == 0o600
    before = file.read_bytes()
    with pytest.raises(ConfigError, match="already"):
        new_key("mail.example.com", "s", RSA, file)
    assert file.read_bytes() == before
    with pytest.raises(ConfigError, match="no algorithm"):
        new_key("mail.example.com", "s", "rsa-sha1", tmp_path / "other.pem")
    assert not (tmp_path / "other.pem").exists()


def test_a_zone_line_holds_the_record_in_strings_that_fit(tmp_path: Path) -> None:
    signer = new_key("mail.example.com", "s", RSA, tmp_path / "k.pem")
    line = zone_line(signer.name, signer.record)
    strings = line.split('"')[1::2]
    assert "".join(strings) == signer.record
    assert max(map(len, strings)) <= 255
    assert line.startswith("s._domainkey.mail.example.com. IN TXT (")


@pytest.mark.parametrize("algorithm", [RSA, ED25519])
def test_a_record_fits_the_key_or_says_why_not(algorithm: str, tmp_path: Path) -> None:
    signer = new_key("mail.example.com", "s", algorithm, tmp_path / "k.pem")
    other = new_key("mail.example.com", "t", algorithm, tmp_path / "o.pem")
    kind = "rsa" if algorithm == RSA else "ed25519"
    public = signer.record.partition("p=")[2]
    assert fits(signer, signer.record) == ""
    assert fits(signer, f"k={kind}; p={public[:20]} {public[20:]}; t=s") == ""
    assert "another key" in fits(signer, other.record)
    assert "another key" in fits(signer, f"v=DKIM1; k={kind}; p=AAAA")
    assert "another key" in fits(signer, f"v=DKIM1; k={kind}; p=%%%")
    assert "revoked" in fits(signer, f"v=DKIM1; k={kind}; p=")
    assert "version" in fits(signer, f"v=DKIM2; k={kind}; p={public}")
    assert "k=" in fits(signer, f"v=DKIM1; k={'ed25519' if kind == 'rsa' else 'rsa'}; p={public}")
    assert "h=" in fits(signer, f"v=DKIM1; k={kind}; h=sha1; p={public}")
    assert "s=" in fits(signer, f"v=DKIM1; k={kind}; s=web; p={public}")
