"""TLS to the relay: encrypted or not at all, and only to who can prove its name."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from twain.delivery.channels.smtp import SmtpChannel
from twain.errors import ChannelError, ConfigError
from twain.records import Fate
from twain.settings import ChannelSettings
from twain.testing.channel_suite import ListFeeder, envelopes
from twain.testing.relay import Relay


@dataclass(frozen=True)
class Certificate:
    """A self-signed one for localhost: its own authority."""

    path: Path
    context: ssl.SSLContext


def _make(folder: Path, name: str, ip: str) -> Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    names = x509.SubjectAlternativeName([x509.DNSName(name), x509.IPAddress(ipaddress.ip_address(ip))])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{name}.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return Certificate(path, context)


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return _make(tmp_path_factory.mktemp("tls"), "localhost", "127.0.0.1")


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return _make(tmp_path_factory.mktemp("other"), "elsewhere.test", "192.0.2.1")


@pytest.mark.parametrize("without", [(), (b"CHUNKING",), (b"CHUNKING", b"PIPELINING")])
def test_messages_arrive_through_starttls(ours: Certificate, without: tuple[bytes, ...]) -> None:
    with Relay() as relay:
        relay.script.tls = ours.context
        relay.script.accounts = {b"u": b"secret"}
        relay.script.extensions = tuple(e for e in relay.script.extensions if e not in without)
        settings = relay.settings(
            connections=2, tls="starttls", ca_file=str(ours.path), username="u", password="secret"
        )
        feeder = ListFeeder(envelopes(120))
        SmtpChannel(settings).deliver(feeder)
        assert feeder.fates() == {Fate.SENT: 120}
        assert len(relay.recipients()) == 120
        assert b"person1@" not in b"".join(relay.raw[:1])


def test_without_starttls_nothing_is_sent_and_no_password_shown() -> None:
    with Relay() as relay:
        feeder = ListFeeder(envelopes(1))
        with pytest.raises(ChannelError) as caught:
            SmtpChannel(relay.settings(tls="starttls", username="u", password="secret")).deliver(feeder)
        assert caught.value.shown_code == "T821"
        assert b"AUTH" not in b"".join(relay.raw)
        assert b"MAIL" not in b"".join(relay.raw)


def test_an_unknown_authority_is_refused(ours: Certificate) -> None:
    with Relay() as relay:
        relay.script.tls = ours.context
        with pytest.raises(ChannelError) as caught:
            SmtpChannel(relay.settings(tls="starttls")).deliver(ListFeeder(envelopes(1)))
        assert caught.value.shown_code == "T824"
        assert not relay.received


def test_another_hosts_certificate_is_refused(theirs: Certificate) -> None:
    with Relay() as relay:
        relay.script.tls = theirs.context
        settings = relay.settings(tls="starttls", ca_file=str(theirs.path))
        with pytest.raises(ChannelError) as caught:
            SmtpChannel(settings).deliver(ListFeeder(envelopes(1)))
        assert caught.value.shown_code == "T824"


def test_replies_injected_before_tls_are_refused(ours: Certificate) -> None:
    """The STARTTLS injection of CVE-2011-0411's family, from the other side."""
    with Relay() as relay:
        relay.script.tls = ours.context
        relay.script.injected_after_starttls = b"250-evil\r\n250 AUTH PLAIN\r\n"
        settings = relay.settings(tls="starttls", ca_file=str(ours.path))
        with pytest.raises(ChannelError) as caught:
            SmtpChannel(settings).deliver(ListFeeder(envelopes(1)))
        assert caught.value.shown_code == "T823"


def test_a_password_never_travels_in_the_clear_beyond_this_machine() -> None:
    options = {"host": "192.0.2.1", "tls": "none", "username": "u", "password": "secret"}
    with pytest.raises(ConfigError, match="in the clear"):
        SmtpChannel(ChannelSettings("x", "smtp", options))


def test_a_password_is_in_no_repr() -> None:
    settings = ChannelSettings("x", "smtp", {"username": "u", "password": "canary-5f3"})
    channel = SmtpChannel(settings)
    assert "canary-5f3" not in repr(settings) + repr(channel.options) + repr(channel)


@pytest.mark.parametrize(
    "options",
    [
        {"tls": "maybe"},
        {"port": 0},
        {"port": "25"},
        {"nonsense": 1},
        {"ca_file": "/does/not/exist.pem"},
        {"username": "u"},
        {"hostname": "a\r\nb"},
        {"in_flight": 0},
        {"reply_timeout": "soon"},
    ],
)
def test_wrong_options_are_refused_by_name(options: dict[str, object]) -> None:
    with pytest.raises(ConfigError) as caught:
        SmtpChannel(ChannelSettings("post", "smtp", options))
    assert "channels.post" in str(caught.value)
    assert next(iter(options)) in str(caught.value)
