"""Signing in by OAuth 2.0: a short-lived token instead of a password, for mailboxes and relays.

The token comes from the provider's own token endpoint, for a refresh token (RFC 6749, section 6) or, where the provider lets a
program sign in for itself, for its client secret (section 4.4). It is shown by SASL XOAUTH2, as Google and Microsoft want it, or
OAUTHBEARER (RFC 7628).
"""

from __future__ import annotations

import json
import re
import ssl
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any
from urllib.parse import urlencode, urlsplit

from twain.errors import ChannelError, ChannelUnavailable, ConfigError, Place

#: What a mailbox or a channel says about it.
KEYS = frozenset({"token_url", "client_id", "client_secret", "refresh_token", "scope"})
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_MOST_READ = 65_536
_LATER = frozenset({429, 500, 502, 503, 504})  # answers after which asking again may help
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]{1,8000}=*")  # RFC 6750, section 2.1; AUTH takes 12 288 octets in all (RFC 4954)


@dataclass(frozen=True, slots=True)
class OAuth:
    """Where a token comes from, and what is shown for it. *refresh_token* "": the client signs in for itself.

    *where* names the table of twain.toml that says so.
    """

    token_url: str
    client_id: str
    client_secret: str = field(default="", repr=False)
    refresh_token: str = field(default="", repr=False)
    scope: str = ""
    where: str = "returns.bounces"


def read_oauth(raw: Mapping[str, Any], where: str = "returns.bounces") -> OAuth | None:
    """The keys of the table *where* that are about OAuth; None when there are none. Raises ConfigError naming the key."""
    if not KEYS & set(raw):
        return None
    found = OAuth(**{key: str(raw.get(key, "")) for key in KEYS}, where=where)
    if not found.client_id:
        raise _wrong(where, "client_id", "is missing")
    if not (found.refresh_token or found.client_secret):
        raise _wrong(where, "refresh_token", "is missing, and so is client_secret")
    parts = urlsplit(found.token_url)
    if not parts.hostname or (parts.scheme != "https" and parts.hostname not in _LOOPBACK):
        raise _wrong(where, "token_url", "is no https address")
    return found


def access_token(oauth: OAuth, *, timeout: float, ca_file: str = "") -> str:
    """Fetch a token. Raises ChannelUnavailable (T937) when the endpoint does not answer, ChannelError (T906) when it says no."""
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
            if error.code in _LATER:
                raise _unavailable(f"{host} gives no token now ({error.code})") from None
            raise _refused(oauth, error.code, error.read(_MOST_READ)) from None
    except (OSError, HTTPException) as error:
        why = getattr(error, "reason", None) or type(error).__name__
        raise _unavailable(f"{host} gives no token: {why}") from error
    token = _fields(told).get("access_token")
    if not isinstance(token, str) or not is_token(token):
        raise _refused(oauth, 200, b"")
    return token


def is_token(text: str) -> bool:
    """Whether this can be a bearer token at all (RFC 6750): nothing in it ends a line, or what SASL puts around it."""
    return _TOKEN.fullmatch(text) is not None


def xoauth2(username: str, token: str) -> bytes:
    """What SASL XOAUTH2 sends: user and bearer token, divided by Control-A."""
    return f"user={username}\x01auth=Bearer {token}\x01\x01".encode()


def oauthbearer(username: str, token: str, host: str, port: int) -> bytes:
    """What SASL OAUTHBEARER sends (RFC 7628, section 3.1): the user as the GS2 header has it, where we are, the token."""
    user = username.replace("=", "=3D").replace(",", "=2C")
    return f"n,a={user},\x01host={host}\x01port={port}\x01auth=Bearer {token}\x01\x01".encode()


class Tokens:
    """A token that is kept until somebody refuses it. Of all who need a new one at once, one fetches it for everybody."""

    def __init__(self, fetch: Callable[[], str]) -> None:
        self._fetch = fetch
        self._kept = ""
        self._lock = threading.Lock()

    def get(self, refused: str = "") -> str:
        """A token, another than *refused* if there is one. Raises what fetching raises."""
        with self._lock:
            if not self._kept or self._kept == refused:
                self._kept = ""
                self._kept = self._fetch()
            return self._kept


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


def _refused(oauth: OAuth, status: int, told: bytes) -> ChannelError:
    """Its error and description (RFC 6749, section 5.2): providers put no secret into these."""
    said = _fields(told)
    words = " ".join(str(said[key]) for key in ("error", "error_description") if said.get(key))
    shown = "".join(c if c.isprintable() else " " for c in words)[:200]
    what = f"{urlsplit(oauth.token_url).hostname} gives no token ({status}): {shown or 'no reason given'}."
    return ChannelError(what, todo=_todo(oauth.where), code="T906")


def _unavailable(what: str) -> ChannelUnavailable:
    return ChannelUnavailable(
        f"{what}.",
        todo="Nothing is lost, and it is asked again. Look whether the token endpoint can be reached from here.",
        code="T937",
    )


def _wrong(where: str, key: str, what: str) -> ConfigError:
    return ConfigError(f"{where}.{key} {what}.", place=Place("twain.toml"), todo=_todo(where))


def _todo(where: str) -> str:
    return f"Check token_url, client_id, client_secret and refresh_token in [{where}]."
