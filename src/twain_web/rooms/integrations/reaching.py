"""One request to another system, and nowhere else: the address is checked, and exactly the checked address is connected to.

Whoever enters an address could else make the house ask things inside the company's network (server-side request forgery). So:
https in production; a name is resolved once and refused if any of its addresses is not of the public internet, unless IT
allows it in ``[webhooks]``; redirects are not followed; time and size of the answer are bounded.
"""

from __future__ import annotations

import contextlib
import ipaddress
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

import urllib3
from django.utils.translation import gettext as _

from twain.errors import ConfigError
from twain.settings import WebhookSettings
from twain_web.addresses import Address, may_be_asked
from twain_web.addresses import resolve as look_up

Resolve = Callable[[str, int], Sequence[str]]

_CONNECT, _READ, _ALTOGETHER = 5.0, 10.0, 20.0  # seconds
_MOST_READ = 16_384  # octets of an answer
_MOST_SHOWN = 200
_LONGEST_WAIT = 86_400.0  # seconds
_SECRET_FROM = 8  # letters: shorter parts of an address are words like "services"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a request. *status* 0: no answer. *why* is for everybody, *technical* for IT; both "" when it went well.

    *sent* is False when no connection came about: then the other side has seen nothing of it.
    """

    status: int
    why: str = ""
    technical: str = ""
    retry_after: float = 0.0
    sent: bool = True

    @property
    def ok(self) -> bool:
        """Whether the other side took it: any 2xx."""
        return 200 <= self.status < 300

    @property
    def is_theirs(self) -> bool:
        """Whether it is this one message they don't want (4xx), and the endpoint works."""
        return 400 <= self.status < 500 and self.status not in (401, 403, 404, 408, 410, 429)

    def hiding(self, secret: str) -> Answer:
        """The same without a secret in it, whole or in long parts: some systems repeat the address that they were asked at."""
        said = self.technical
        for part in sorted({secret, *re.split(r"[/?&=:\s]", secret)}, key=len, reverse=True):
            if len(part) >= _SECRET_FROM:
                said = said.replace(part, "…")
        return replace(self, technical=said)


@dataclass(frozen=True, slots=True)
class Target:
    """An address that was checked: the host's name for TLS and ``Host``, and the addresses that may be connected to."""

    scheme: str
    host: str
    port: int
    path: str
    addresses: tuple[str, ...]


def check(
    url: str, settings: WebhookSettings, *, production: bool, resolve: Resolve = look_up, shown: str = ""
) -> Target:
    """Where this leads. Raises ConfigError (T900) when it may not be posted to; *shown* stands in it for a secret address."""
    try:
        return _checked(url, settings, production=production, resolve=resolve)
    except ConfigError as error:
        if not shown:
            raise
        why = error.what.partition(" cannot be an endpoint: ")[2]
        raise ConfigError(f"{shown!r} cannot be an endpoint: {why}", todo=error.todo, code="T900") from None


def _checked(url: str, settings: WebhookSettings, *, production: bool, resolve: Resolve) -> Target:
    scheme, host, port, path = _taken_apart(url)
    if scheme != "https" and production:
        raise _refused(url, _("it is not https, so anybody on the way could read it"))
    try:
        found = tuple(dict.fromkeys(resolve(host, port)))
    except (OSError, UnicodeError) as error:
        raise _refused(
            url, _("its name cannot be resolved (%s)") % (getattr(error, "strerror", None) or error)
        ) from error
    for text in found:
        if not _may(host, ipaddress.ip_address(text), settings, production=production):
            raise _refused(url, _not_public(host, text, production=production))
    if not found:
        raise _refused(url, _("its name has no address"))
    return Target(scheme, host, port, path, found)


def post(target: Target, body: bytes, headers: Mapping[str, str], settings: WebhookSettings) -> Answer:
    """POST to the first address that takes a connection. Never raises for what the other side or the network does."""
    return ask("POST", target, body, headers, settings)[0]


def get(target: Target, settings: WebhookSettings) -> tuple[Answer, bytes]:
    """GET from the first address that takes a connection: what came of it, and the answer's first 16 KB."""
    return ask("GET", target, None, {}, settings)


def ask(
    method: str, target: Target, body: bytes | None, headers: Mapping[str, str], settings: WebhookSettings, *,
    most: int = _MOST_READ, once: bool = False,
) -> tuple[Answer, bytes]:  # fmt: skip
    """One request to the first address that answers: what came of it, and the answer's first *most* octets.

    *once*: what was sent to one address is not sent to the next, because it may have been taken there.
    """
    found: tuple[Answer, bytes] = (Answer(0, _("It could not be reached."), sent=False), b"")
    for address in target.addresses[:3]:
        found = _ask(method, target, address, body, headers, settings, most)
        if found[0].status or (once and found[0].sent):
            break
    return found


# ---------------------------------------------------------------- where it leads


def _taken_apart(url: str) -> tuple[str, str, int, str]:
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError as error:
        raise _refused(url, _("it is no web address")) from error
    if parts.scheme not in ("http", "https") or not parts.hostname or any(c.isspace() or c < " " for c in url):
        raise _refused(url, _("it is no web address"))
    if parts.username is not None or parts.password is not None:
        raise _refused(url, _("it holds a name or a password; the signature proves who we are"))
    return parts.scheme, parts.hostname, port, (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _may(host: str, address: Address, settings: WebhookSettings, *, production: bool) -> bool:
    return _allowed(host, address, settings.allow) or may_be_asked(address, production=production)


def _allowed(host: str, address: Address, allow: Sequence[str]) -> bool:
    return any(host.lower() == one or _within(address, one) for one in allow)


def _within(address: Address, network: str) -> bool:
    try:
        return address in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False  # a host's name


def _refused(url: str, why: str) -> ConfigError:
    return ConfigError(
        f"{url[:200]!r} cannot be an endpoint: {why}.",
        todo=_("Enter a public https address, or have IT allow the host under [webhooks] in twain.toml."),
        code="T900",
    )


def _not_public(host: str, text: str, *, production: bool) -> str:
    if not production:
        return _("%(host)s is at %(address)s, and while production is off nothing leaves this machine") % {
            "host": host, "address": text,
        }  # fmt: skip
    return _("%(host)s is at %(address)s, which is no address of the public internet") % {"host": host, "address": text}


# ---------------------------------------------------------------- the request


def _ask(
    method: str, target: Target, address: str, body: bytes | None, headers: Mapping[str, str], settings: WebhookSettings,
    most: int,
) -> tuple[Answer, bytes]:  # fmt: skip
    pool = _pool(target, address, settings)
    over = threading.Timer(_ALTOGETHER, pool.cut)
    over.start()
    try:
        with pool:
            reply = pool.urlopen(
                method, target.path, body=body, headers={"Host": _host(target), **headers}, redirect=False, retries=False,
                preload_content=False, assert_same_host=False,
            )  # fmt: skip
            said = reply.read(most, decode_content=False)
            if pool.was_cut:  # what had come by then is no answer
                return _silent(TimeoutError(), pool.was_cut), b""
            return _judged(reply.status, said, reply.headers), said
    except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
        return _silent(error, pool.was_cut), b""
    finally:
        over.cancel()


class _Cuttable:
    """A pool of one connection that can be ended from outside: an answer that drips in byte by byte ends no read."""

    was_cut = False
    pool: object

    def cut(self) -> None:
        self.was_cut = True
        connection = self._last
        sock = getattr(connection, "sock", None)
        if sock is not None:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    _last: object = None

    def _new_conn(self) -> urllib3.connection.HTTPConnection:
        self._last = made = super()._new_conn()  # type: ignore[misc]
        return made  # type: ignore[no-any-return]


class _Plain(_Cuttable, urllib3.HTTPConnectionPool):
    pass


class _Tls(_Cuttable, urllib3.HTTPSConnectionPool):
    pass


def _pool(target: Target, address: str, settings: WebhookSettings) -> _Plain | _Tls:
    timeout = urllib3.Timeout(connect=_CONNECT, read=_READ)
    if target.scheme == "http":
        return _Plain(address, target.port, timeout=timeout, maxsize=1, retries=False)
    context = ssl.create_default_context()
    if settings.ca_file:
        context.load_verify_locations(cafile=settings.ca_file)
    name = None if _is_address(target.host) else target.host
    return _Tls(
        address, target.port, timeout=timeout, maxsize=1, retries=False, ssl_context=context,
        server_hostname=name or address, assert_hostname=name or address,
    )  # fmt: skip


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _host(target: Target) -> str:
    host = f"[{target.host}]" if ":" in target.host else target.host
    return host if target.port == (443 if target.scheme == "https" else 80) else f"{host}:{target.port}"


def _judged(status: int, said: bytes, headers: Mapping[str, str]) -> Answer:
    if 200 <= status < 300:
        return Answer(status)
    words = "".join(c if c.isprintable() else " " for c in said.decode("utf-8", "replace"))[:_MOST_SHOWN].strip()
    technical = f"HTTP {status}" + (f": {words}" if words else "")
    if 300 <= status < 400:
        return Answer(status, _("It leads elsewhere, and redirects are not followed."), technical)
    return Answer(status, _why(status), technical, min(_wait(headers), _LONGEST_WAIT))


def _wait(headers: Mapping[str, str]) -> float:
    """Seconds that the other side asks for: ``Retry-After``, or until the limit that is used up begins anew (GitHub, GitLab)."""
    after = str(headers.get("Retry-After", ""))
    if after.isascii() and after.isdigit():
        return float(after)
    for left, until in (("X-RateLimit-Remaining", "X-RateLimit-Reset"), ("RateLimit-Remaining", "RateLimit-Reset")):
        reset = str(headers.get(until, ""))
        if str(headers.get(left, "")) == "0" and reset.isascii() and reset.isdigit():
            return max(0.0, float(reset) - time.time())
    return 0.0


def _why(status: int) -> str:
    if status == 410:
        return _("The other system says that this address is gone for good.")
    if status == 429:
        return _("The other system asks for more time.")
    return _("The other system is out of order.") if status >= 500 else _("The other system refused it.")


def _silent(error: Exception, was_cut: bool) -> Answer:  # noqa: FBT001 — what happened, not a switch
    refused = isinstance(error, urllib3.exceptions.NewConnectionError)  # which urllib3 counts as a timeout, too
    if was_cut or (isinstance(error, urllib3.exceptions.TimeoutError) and not refused):
        said = f"{type(error).__name__} after {_ALTOGETHER:g} s at most"
        sent = was_cut or not isinstance(error, urllib3.exceptions.ConnectTimeoutError)
        return Answer(0, _("The other system did not answer in time."), said, sent=sent)
    if isinstance(error, urllib3.exceptions.SSLError):
        return Answer(0, _("The other system's certificate does not hold."), str(error)[:300], sent=False)
    return Answer(0, _("The other system could not be reached."), str(error)[:300], sent=not refused)
