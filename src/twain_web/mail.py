"""The house's own mail (a password reset, a question to a colleague) goes out by a channel of the workspace."""

from __future__ import annotations

import base64
import os
import smtplib
import ssl
from functools import cached_property

from django.conf import settings
from django.core.mail.backends.smtp import EmailBackend

from twain.delivery.channels.smtp_options import SmtpOptions, read_options
from twain.delivery.channels.smtp_tokens import METHODS, initial
from twain.errors import ConfigError
from twain.oauth import Tokens


class ChannelBackend(EmailBackend):
    """SMTP by the channel that ``TWAIN_WEB_CHANNEL`` names, or the first one there is: its relay, authority and sign-in."""

    def __init__(self, **options: object) -> None:
        self._relay = relay = _relay()
        super().__init__(
            host=relay.host,
            port=relay.port,
            username=relay.username or None,
            password=relay.password or None,
            use_tls=relay.tls == "starttls",
            use_ssl=relay.tls == "tls",
            timeout=20,
            fail_silently=bool(options.get("fail_silently")),
        )

    @cached_property
    def ssl_context(self) -> ssl.SSLContext:
        """The channel's own: with the company's authority where it names one."""
        return self._relay.ssl_context()

    def open(self) -> bool | None:
        """Connect, and show a token where the channel has one instead of a password."""
        opened: bool | None = super().open()
        if opened and self._relay.tokens is not None:
            try:
                _show_token(self.connection, self._relay, self._relay.tokens)
            except Exception:
                self.close()
                raise
        return opened


def _show_token(connection: smtplib.SMTP, relay: SmtpOptions, tokens: Tokens) -> None:
    """Sign in by OAUTHBEARER (RFC 7628) or XOAUTH2; a token that has just run out is fetched anew, once."""
    connection.ehlo_or_helo_if_needed()
    offered = connection.esmtp_features.get("auth", "").upper().split()
    wanted = METHODS if relay.auth == "auto" else (relay.auth,)
    method = next((one for one in wanted if one.upper() in offered), None)
    if method is None:
        raise smtplib.SMTPNotSupportedError(f"{relay.host} offers no sign-in by token.")
    shown = tokens.get()
    code, words = _asked(connection, relay, method, shown)
    if code >= 500 and (another := tokens.get(shown)) != shown:
        code, words = _asked(connection, relay, method, another)
    if code != 235:
        raise smtplib.SMTPAuthenticationError(code, words)


def _asked(connection: smtplib.SMTP, relay: SmtpOptions, method: str, token: str) -> tuple[int, bytes]:
    first = base64.b64encode(initial(method, relay.username, token, relay.host, relay.port)).decode()
    code, words = connection.docmd("AUTH", f"{method.upper()} {first}")
    # Why a token is refused comes as a challenge, which wants an answer before it says no (RFC 7628, section 3.2.3).
    return connection.docmd("" if method == "xoauth2" else "AQ==") if code == 334 else (code, words)


def _relay() -> SmtpOptions:
    name = os.environ.get("TWAIN_WEB_CHANNEL", "")
    for channel in settings.TWAIN.channels.values():
        if channel.kind == "smtp" and name in ("", channel.name):
            return read_options(channel)
    raise ConfigError("There is no SMTP channel for the house's own mail.", todo="Add one to twain.toml.")
