"""The house's own mail (a password reset, a question to a colleague) goes out by a channel of the workspace."""

from __future__ import annotations

import os

from django.conf import settings
from django.core.mail.backends.smtp import EmailBackend

from twain.delivery.channels.smtp_options import SmtpOptions, read_options
from twain.errors import ConfigError


class ChannelBackend(EmailBackend):
    """SMTP by the channel that ``TWAIN_WEB_CHANNEL`` names, or the first one there is."""

    def __init__(self, **options: object) -> None:
        relay = _relay()
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


def _relay() -> SmtpOptions:
    name = os.environ.get("TWAIN_WEB_CHANNEL", "")
    for channel in settings.TWAIN.channels.values():
        if channel.kind == "smtp" and name in ("", channel.name):
            return read_options(channel)
    raise ConfigError("There is no SMTP channel for the house's own mail.", todo="Add one to twain.toml.")
