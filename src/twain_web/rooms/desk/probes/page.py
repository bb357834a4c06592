"""A page is there: it answers 200 over the network, and shows the words that were asked for.

Whoever asks could name an address inside the company. So a name is resolved once, every address of it must be public (or IT lists
the host in the type's ``hosts``), exactly the checked address is connected to, redirects are not followed, and time and size are
bounded. While production is off nothing leaves this machine: then only loopback and listed hosts are asked.
"""

from __future__ import annotations

import html
import http.client
import re
import socket
import ssl
from collections.abc import Mapping
from datetime import timedelta
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from django.utils.translation import gettext as _

from twain.errors import ConfigError
from twain.flows.instance import Instance
from twain.flows.request_types import RequestType
from twain_web.addresses import may_be_asked, resolve
from twain_web.rooms.desk.probes import Observation, missing, there, unknown

EVERY = timedelta(minutes=10)
_SECONDS, _MOST_READ = 5.0, 1 << 20
_TAGS = re.compile(r"<(script|style)\b.*?</\1\s*>|<[^<>]*>", re.DOTALL | re.IGNORECASE)
_TODO = "Name a public web address, or have IT list its host in the type's hosts."


def observe(instance: Instance, target: Mapping[str, str], kind: RequestType | None) -> Observation:
    """Open the page, and look for the words among what people read there."""
    url, wanted = target.get("url", ""), target.get("text", "")
    try:
        parts, address = checked(url, kind.hosts if kind else (), production=instance.settings.production)
    except ConfigError as error:
        return missing(error.business, error.what, asked=False)
    try:
        status, text = _get(parts, address)
    except (OSError, http.client.HTTPException, ValueError) as error:
        return unknown(_("The page does not answer."), f"{type(error).__name__}: {error}"[:300])
    if status != http.client.OK:
        return missing(_("The page is not there yet."), f"HTTP {status}")
    if _plain(wanted) not in _plain(_TAGS.sub(" ", text)):
        return missing(_("The page answers, but does not show “%s” yet.") % wanted, "HTTP 200")
    return there(_("The page answers and shows “%s”.") % wanted, "HTTP 200")


def checked(url: str, hosts: tuple[str, ...], *, production: bool) -> tuple[SplitResult, str]:
    """The address taken apart, and the one IP address to connect to. Raises ConfigError T929 when it may not be asked."""
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError as error:
        raise _refused(_("That is no web address.")) from error
    whole = parts.scheme in ("http", "https") and parts.hostname and url.isprintable() and " " not in url
    if not whole or parts.username is not None or parts.password is not None:
        raise _refused(_("That is no web address."))
    host = str(parts.hostname).lower()
    listed = host in hosts or f"{host}:{port}" in hosts
    try:
        found = set(resolve(host, port))
    except (OSError, UnicodeError) as error:
        raise _refused(_("There is no host of this name.")) from error
    if not found or not (listed or all(may_be_asked(ip_address(one), production=production) for one in found)):
        raise _refused(_("This address is not one that Twain may open."))
    return parts, sorted(found)[0]


def _get(parts: SplitResult, address: str) -> tuple[int, str]:
    """One GET of exactly the checked address; the host's name goes into TLS and ``Host``."""
    host = str(parts.hostname)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    sock = socket.create_connection((address, port), timeout=_SECONDS)
    with (
        sock if parts.scheme == "http" else ssl.create_default_context().wrap_socket(sock, server_hostname=host) as way
    ):
        connection = http.client.HTTPConnection(host, port, timeout=_SECONDS)
        connection.sock = way
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("GET", path, headers={"User-Agent": "Twain", "Accept": "text/html", "Connection": "close"})
        answer = connection.getresponse()
        said = answer.read(_MOST_READ)
    return answer.status, said.decode(answer.headers.get_content_charset("utf-8"), "replace")


def _plain(text: str) -> str:
    return " ".join(html.unescape(text).casefold().split())


def _refused(what: str) -> ConfigError:
    return ConfigError(what, todo=_TODO, code="T929")
