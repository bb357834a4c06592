"""A webhook that takes leads and consents, signed by the Standard Webhooks specification 1.0.0 (standardwebhooks.com).

::

    [intakes.crm]
    kind = "webhook"
    url_env = "TWAIN_CRM_HOOK"           # https; where it leads is IT's own word, so it may be inside the company
    secret_env = "TWAIN_CRM_SECRET"      # whsec_… of 24 to 64 bytes

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
from urllib.parse import urlsplit

import urllib3

from twain.delivery.intakes.standard_webhooks import headers, key_in
from twain.errors import ChannelError, ChannelUnavailable, ConfigError, Place
from twain.settings import WebhookSettings

_KEYS = {"kind", "url", "secret"}
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

    def _post(self, body: bytes, headers: Mapping[str, str]) -> int:
        context = ssl.create_default_context(cafile=self.ca_file or None)
        timeout = urllib3.Timeout(connect=_CONNECT, read=_READ)
        more = {**headers, "content-type": "application/json", "user-agent": "Twain"}
        try:
            with urllib3.PoolManager(timeout=timeout, retries=False, ssl_context=context) as pool:
                reply = pool.request("POST", self.url, body=body, headers=more, redirect=False, preload_content=False)
                reply.close()
                return int(reply.status)
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            raise self._unavailable(type(error).__name__) from error

    def _unavailable(self, said: str) -> ChannelUnavailable:
        return ChannelUnavailable(
            f"The intake {self.name} cannot be written now: {said}.",
            todo="It is tried again by itself. Check the other system if this stays.",
            business="New entries wait safely with us: the system that takes them does not answer just now.",
            code="T871",
        )


def open_webhook(name: str, options: Mapping[str, Any], settings: WebhookSettings) -> Webhook:
    """Read the options. Raises ConfigError T873 with what to write, never the secret."""
    unknown = sorted(options.keys() - _KEYS)
    if unknown:
        raise _wrong(name, f"unknown key {unknown[0]!r}", "Known: kind, url_env, url_file, secret_env, secret_file.")
    url = urlsplit(str(options.get("url", "")))
    if not url.hostname or not (url.scheme == "https" or (url.scheme == "http" and _is_here(url.hostname))):
        raise _wrong(name, "its url is no https address", 'Write url_env = "…"; http is for this machine only.')
    key = key_in(str(options.get("secret", "")))
    if key is None:
        todo = "Let secret_env or secret_file hold whsec_ and then 24 to 64 bytes in Base64: openssl rand -base64 32"
        raise _wrong(name, "its secret is none of a webhook", todo)
    return Webhook(name, url.geturl(), key, settings.ca_file)


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _wrong(name: str, what: str, todo: str) -> ConfigError:
    return ConfigError(f"intakes.{name}: {what}.", place=Place("twain.toml"), todo=todo, code="T873")
