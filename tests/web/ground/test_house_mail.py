"""The house's own mail signs in to a channel's relay as the channel does: by a token, under the company's authority."""

from __future__ import annotations

import smtplib
from dataclasses import replace

import pytest
from django.conf import settings as django_settings
from django.core.mail import EmailMessage

from tests.integration.test_smtp_tls import Certificate, _make
from tests.integration.test_smtp_tokens import USER, Relay, relaying
from twain.settings import ChannelSettings
from twain.testing.relay import Relay as FullRelay
from twain_web.mail import ChannelBackend


@pytest.fixture
def by(monkeypatch):
    """The house's only channel has these options."""

    def set_(**options: object) -> None:
        channel = ChannelSettings("own", "smtp", {"host": "127.0.0.1", "hostname": "us.example", **options})
        monkeypatch.setattr(django_settings, "TWAIN", replace(django_settings.TWAIN, channels={"own": channel}))

    return set_


@pytest.fixture
def relay():
    with relaying(Relay()) as made:
        yield made


def mail() -> EmailMessage:
    return EmailMessage("A question", "Is it?", "house@example.com", ["priya@example.com"])


@pytest.mark.parametrize(
    ("offers", "method"), [("LOGIN XOAUTH2", "XOAUTH2"), ("PLAIN XOAUTH2 OAUTHBEARER", "OAUTHBEARER")]
)
def test_it_shows_the_channels_token(by, relay, offers, method):
    relay.offers = offers
    by(port=relay.port, username=USER, token="good")
    assert ChannelBackend().send_messages([mail()]) == 1
    assert relay.taken == 1
    assert [how for how, _ in relay.shown] == [method]


def test_a_token_that_ran_out_is_read_again_once(by, relay, tmp_path):
    file = tmp_path / "token"
    file.write_text("old")
    by(port=relay.port, username=USER, token_file=str(file))
    backend = ChannelBackend()
    assert backend._relay.tokens.get() == "old"
    file.write_text("good")
    assert backend.send_messages([mail()]) == 1
    assert len(relay.shown) == 2


def test_without_a_good_token_nothing_goes_and_no_secret_is_told(by, relay):
    by(port=relay.port, username=USER, token="bad-canary-1")
    with pytest.raises(smtplib.SMTPAuthenticationError) as refused:
        ChannelBackend().send_messages([mail()])
    assert relay.taken == 0
    assert "canary" not in f"{refused.value!s}{refused.value!r}"


def test_a_relay_that_takes_no_tokens_gets_no_mail(by, relay):
    relay.offers = "LOGIN PLAIN"
    by(port=relay.port, username=USER, token="good")
    with pytest.raises(smtplib.SMTPNotSupportedError):
        ChannelBackend().send_messages([mail()])
    assert (relay.taken, relay.shown) == (0, [])


@pytest.mark.parametrize("known", [True, False])
def test_the_companys_own_authority_is_believed_and_no_other(by, tmp_path, known):
    made: Certificate = _make(tmp_path, "localhost", "127.0.0.1")
    with FullRelay() as relay:
        relay.script.tls = made.context
        by(**relay.settings(tls="starttls").options | ({"ca_file": str(made.path)} if known else {}))
        if known:
            assert ChannelBackend().send_messages([mail()]) == 1
        else:
            with pytest.raises(OSError, match="CERTIFICATE_VERIFY_FAILED"):
                ChannelBackend().send_messages([mail()])
        assert len(relay.received) == int(known)
