"""Signing in to a mailbox by OAuth 2.0: a short-lived token instead of a password (SASL XOAUTH2, as Google and Microsoft want).

The token comes from the provider's own token endpoint, for a refresh token (RFC 6749, section 6) or, where the provider lets a
program sign in for itself, for its client secret (section 4.4).
"""

from __future__ import annotations

import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any
from urllib.parse import urlencode, urlsplit

from twain.errors import ChannelError, ChannelUnavailable, ConfigError, Place

#: What ``[returns.bounces]`` says about it.
KEYS = frozenset({"token_url", "client_id", "client_secret", "refresh_token", "scope"})
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_MOST_READ = 65_536
_TODO = "Check token_url, client_id, client_secret and refresh_token in [returns.bounces]."


@dataclass(frozen=True, slots=True)
class OAuth:
    """Where a token comes from, and what is shown for it. *refresh_token* "": the client signs in for itself."""

    token_url: str
    client_id: str
    client_secret: str = field(default="", repr=False)
    refresh_token: str = field(default="", repr=False)
    scope: str = ""


def read_oauth(raw: Mapping[str, Any]) -> OAuth | None:
    """The keys of ``[returns.bounces]`` that are about OAuth; None when there are none. Raises ConfigError naming the key."""
    if not KEYS & set(raw):
        return None
    found = OAuth(**{key: str(raw.get(key, "")) for key in KEYS})
    if not found.client_id:
        raise _wrong("client_id", "is missing")
    if not (found.refresh_token or found.client_secret):
        raise _wrong("refresh_token", "is missing, and so is client_secret")
    parts = urlsplit(found.token_url)
    if not parts.hostname or (parts.scheme != "https" and parts.hostname not in _LOOPBACK):
        raise _wrong("token_url", "is no https address")
    return found


def access_token(oauth: OAuth, *, timeout: float, ca_file: str = "") -> str:
    """Fetch a token. Raises ChannelUnavailable (T850) when the endpoint does not answer, ChannelError (T906) when it says no."""
    asked = urllib.request.Request(oauth.token_url, data=_form(oauth), method="POST")  # noqa: S310 — https, or loopback: read_oauth
    asked.add_header("Content-Type", "application/x-www-form-urlencoded")
    asked.add_header("Accept", "application/json")
    context = ssl.create_default_context(cafile=ca_file or None)
    opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=context), _NoRedirect)
    host = urlsplit(oauth.token_url).hostname
    try:
        with opener.open(asked, timeout=timeout) as answer:
            told = answer.read(_MOST_READ)
    except urllib.error.HTTPError as error:
        with error:
            raise _refused(host, error.code, error.read(_MOST_READ)) from None
    except (OSError, HTTPException) as error:
        raise ChannelUnavailable(
            f"{host} gives no token: {getattr(error, 'reason', None) or type(error).__name__}.",
            todo="Nothing is lost: the mails stay in the mailbox. Try again.",
            code="T850",
        ) from error
    token = _fields(told).get("access_token")
    if not isinstance(token, str) or not token.isascii() or not token.isprintable():
        raise _refused(host, 200, b"")
    return token


def xoauth2(username: str, token: str) -> bytes:
    """What SASL XOAUTH2 sends: user and bearer token, divided by Control-A."""
    return f"user={username}\x01auth=Bearer {token}\x01\x01".encode()


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A token endpoint that leads elsewhere would be handed our secrets."""

    def redirect_request(self, *_arguments: object, **_words: object) -> None:
        return None


def _form(oauth: OAuth) -> bytes:
    grant = {"grant_type": "refresh_token", "refresh_token": oauth.refresh_token} if oauth.refresh_token else {}
    told = {
        **(grant or {"grant_type": "client_credentials"}),
        "client_id": oauth.client_id,
        "client_secret": oauth.client_secret,
        "scope": oauth.scope,
    }
    return urlencode({key: value for key, value in told.items() if value}).encode("ascii")


def _fields(told: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(told)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _refused(host: str | None, status: int, told: bytes) -> ChannelError:
    """Its error and description (RFC 6749, section 5.2): providers put no secret into these."""
    said = _fields(told)
    words = " ".join(str(said[key]) for key in ("error", "error_description") if said.get(key))
    shown = "".join(c if c.isprintable() else " " for c in words)[:200]
    return ChannelError(f"{host} gives no token ({status}): {shown or 'no reason given'}.", todo=_TODO, code="T906")


def _wrong(key: str, what: str) -> ConfigError:
    return ConfigError(f"returns.bounces.{key} {what}.", place=Place("twain.toml"), todo=_TODO)
