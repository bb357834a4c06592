"""A webhook that takes leads and consents, signed by the Standard Webhooks specification 1.0.0 (standardwebhooks.com).

::

    [intakes.crm]
    kind = "webhook"
    url_env = "TWAIN_CRM_HOOK"           # https; where it leads is IT's own word, so it may be inside the company
    secret_env = "TWAIN_CRM_SECRET"      # whsec_… of 24 to 64 bytes
    status_url = "https://crm.example.com/leads/{id}"   # optional: answers 200 and names the id once it is there

``webhook-id`` is the same at every try: who has seen one answers 2xx and does nothing. Redirects are not followed.
"""

from __future__ import annotations

import ipaddress
import json
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

import urllib3

from twain.delivery.intakes.standard_webhooks import headers, key_in
from twain.errors import ChannelError, ChannelUnavailable, ConfigError, Place
from twain.settings import Settings

_KEYS = {"kind", "owner", "url", "secret", "status_url"}
_MOST_READ = 65_536  # octets of an answer that says how a lead is
_CONNECT, _READ = 5.0, 10.0  # seconds
#: Answers after which another try may help; other 4xx say that this one will never be taken as it is.
_TRY_AGAIN = frozenset({401, 403, 404, 408, 410, 425, 429})


@dataclass(frozen=True, slots=True)
class Webhook:
    """``Intake``."""

    name: str
    url: str = field(repr=False)
    key: bytes = field(repr=False)
    ca_file: str = ""
    status_url: str = field(default="", repr=False)
    now: Callable[[], float] = time.time

    def write(self, identifier: str, payload: Mapping[str, Any]) -> None:
        """POST it; any 2xx says that it is there."""
        body = json.dumps(
            {"type": f"twain.{payload.get('kind', 'test')}", "data": payload}, ensure_ascii=False
        ).encode()
        status = self._post(body, headers([self.key], identifier, int(self.now()), body))
        if 200 <= status < 300:
            return
        said = f"it answered {status}"
        if 400 <= status < 500 and status not in _TRY_AGAIN:
            raise ChannelError(
                f"The intake {self.name} refused: {said}.",
                todo="Its own log says why. When it is mended: twain leads retry",
                business="New entries wait safely with us: the system that takes them refuses them, and IT must look.",
                code="T872",
            )
        raise self._unavailable(said)

    def test(self) -> None:
        """Send what is nobody's: kind ``test``, to be answered 2xx and forgotten."""
        self.write(f"test-{int(self.now())}", {"kind": "test"})

    def arrived(self, identifier: str, other: Mapping[str, Any]) -> bool | None:  # noqa: ARG002 — a table needs it
        """Ask the status address: 200 and the id in the answer. None without one. The answer is only searched, never shown."""
        if not self.status_url:
            return None
        url = self.status_url.replace("{id}", quote(identifier, safe=""))
        status, said = self._ask("GET", url, b"", headers([self.key], identifier, int(self.now()), b""))
        if status >= 500 or status in _TRY_AGAIN - {404}:
            raise self._unavailable(f"its status address answered {status}")
        return status == 200 and identifier.encode() in said

    def _post(self, body: bytes, headers: Mapping[str, str]) -> int:
        return self._ask("POST", self.url, body, {**headers, "content-type": "application/json"})[0]

    def _ask(self, method: str, url: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
        """One request to IT's own address: the status, and the beginning of what it says. Redirects are not followed."""
        context = ssl.create_default_context(cafile=self.ca_file or None)
        timeout = urllib3.Timeout(connect=_CONNECT, read=_READ)
        told = {**headers, "user-agent": "Twain"}
        try:
            with urllib3.PoolManager(timeout=timeout, retries=False, ssl_context=context) as pool:
                reply = pool.request(method, url, body=body, headers=told, redirect=False, preload_content=False)
                said = reply.read(_MOST_READ, decode_content=False) if method == "GET" else b""
                reply.close()
                return int(reply.status), said
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            raise self._unavailable(type(error).__name__) from error

    def _unavailable(self, said: str) -> ChannelUnavailable:
        return ChannelUnavailable(
            f"The intake {self.name} cannot be written now: {said}.",
            todo="It is tried again by itself. Check the other system if this stays.",
            business="New entries wait safely with us: the system that takes them does not answer just now.",
            code="T871",
        )


def open_intake(name: str, options: Mapping[str, Any], settings: Settings) -> Webhook:
    """Read the options. Raises ConfigError T873 with what to write, never the secret."""
    unknown = sorted(options.keys() - _KEYS)
    if unknown:
        raise _wrong(
            name, f"unknown key {unknown[0]!r}", "Known: kind, owner, url_env, url_file, secret_env, secret_file."
        )
    url, status = str(options.get("url", "")), str(options.get("status_url", ""))
    if not _is_address(url):
        raise _wrong(name, "its url is no https address", 'Write url_env = "…"; http is for this machine only.')
    if status and not (_is_address(status) and "{id}" in status):
        todo = 'Write status_url = "https://crm.example.com/leads/{id}".'
        raise _wrong(name, "its status_url is no https address with {id} in it", todo)
    key = key_in(str(options.get("secret", "")))
    if key is None:
        todo = "Let secret_env or secret_file hold whsec_ and then 24 to 64 bytes in Base64: openssl rand -base64 32"
        raise _wrong(name, "its secret is none of a webhook", todo)
    return Webhook(name, url, key, settings.webhooks.ca_file, status)


def _is_address(text: str) -> bool:
    url = urlsplit(text)
    return bool(url.hostname) and (url.scheme == "https" or (url.scheme == "http" and _is_here(str(url.hostname))))


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _wrong(name: str, what: str, todo: str) -> ConfigError:
    return ConfigError(f"intakes.{name}: {what}.", place=Place("twain.toml"), todo=todo, code="T873")
