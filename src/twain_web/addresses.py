"""Which addresses the house may open on somebody's word: else it could be made to ask things inside the company's network.

(Server-side request forgery.) A name is resolved once, every address of it is looked at here, and exactly a checked one is
connected to. Redirects are not followed; time and size are bounded, however slowly the other side speaks.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from django.utils.translation import gettext as _

from twain.errors import ConfigError

_SECONDS, _ALTOGETHER = 5.0, 20.0
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

#: RFC 6890, RFC 7526; RFC 3879 (the private networks of old), RFC 9637 (documents): the library takes them for public.
_SPECIAL = tuple(map(ipaddress.ip_network, ("192.0.0.0/24", "192.88.99.0/24", "fec0::/10", "3fff::/20")))
_EMBEDDED = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("::/96"))  # NAT64, IPv4-compatible


def resolve(host: str, port: int) -> Sequence[str]:
    """Every address of a name, without an interface's. Raises OSError or UnicodeError when it has none."""
    return [str(found[4][0]).partition("%")[0] for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def may_be_asked(address: Address, *, production: bool) -> bool:
    """Whether it is of the public internet; while production is off, whether it is this machine."""
    real = _inner(address)
    if any(real in network for network in _SPECIAL):
        return False
    if not production:
        return real.is_loopback  # the footer of every page promises that nothing leaves this machine
    return real.is_global and not (real.is_multicast or real.is_reserved)


def _inner(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for: it is there that the packets arrive."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
    if inner is None and any(address in network for network in _EMBEDDED) and address != ipaddress.IPv6Address("::1"):
        inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return inner or address


@dataclass(frozen=True, slots=True)
class Got:
    """What a GET brought: the status, and the first octets of the body."""

    status: int
    body: bytes
    charset: str = "utf-8"

    @property
    def text(self) -> str:
        """The body as text; whatever cannot be read so is marked."""
        try:
            return self.body.decode(self.charset, "replace")
        except LookupError:  # no such character set, or none of text
            return self.body.decode("utf-8", "replace")


def checked(
    url: str, hosts: Sequence[str], *, production: bool, todo: str, https: bool = False
) -> tuple[SplitResult, str]:
    """The address taken apart, and the one IP address to connect to. *hosts*: ``name`` or ``name:port`` that may be inside.

    Raises ConfigError T929, which never repeats the address, when it may not be asked. *https*: nothing else in production.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError as error:
        raise _refused(_("That is no web address."), todo) from error
    schemes = ("https",) if https and production else ("http", "https")
    whole = parts.scheme in schemes and parts.hostname and url.isprintable() and " " not in url
    if not whole or parts.username is not None or parts.password is not None:
        raise _refused(_("That is no web address."), todo)
    host = str(parts.hostname).lower()
    listed = host in hosts or f"{host}:{port}" in hosts
    try:
        found = set(resolve(host, port))
    except (OSError, UnicodeError) as error:
        raise _refused(_("There is no host of this name."), todo) from error
    if not found or not (
        listed or all(may_be_asked(ipaddress.ip_address(one), production=production) for one in found)
    ):
        raise _refused(_("This address is not one that Twain may open."), todo)
    return parts, sorted(found)[0]


def get(parts: SplitResult, address: str, *, accept: str, most: int, ca_file: str = "") -> Got:
    """One GET of exactly the checked address; the host's name goes into TLS and ``Host``. At most *most* octets are read.

    Raises OSError, ValueError or HTTPException for what the network and the other side do.
    """
    host = str(parts.hostname)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    sock = socket.create_connection((address, port), timeout=_SECONDS)
    with _cut_off(sock), sock if parts.scheme == "http" else _private(sock, host, ca_file) as way:
        connection = http.client.HTTPConnection(host, port, timeout=_SECONDS)
        connection.sock = way
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        told: Mapping[str, str] = {"User-Agent": "Twain", "Accept": accept, "Connection": "close"}
        connection.request("GET", path, headers=told)
        answer = connection.getresponse()
        return Got(answer.status, answer.read(most), answer.headers.get_content_charset("utf-8"))


def _private(sock: socket.socket, host: str, ca_file: str) -> ssl.SSLSocket:
    return ssl.create_default_context(cafile=ca_file or None).wrap_socket(sock, server_hostname=host)


@contextmanager
def _cut_off(sock: socket.socket) -> Iterator[None]:
    """End it after twenty seconds altogether: each octet of a slow answer would else begin a wait of its own."""
    twin = sock.dup()  # TLS takes the first one over
    timer = threading.Timer(_ALTOGETHER, _shut, (twin,))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        twin.close()


def _shut(sock: socket.socket) -> None:
    with suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)


def _refused(what: str, todo: str) -> ConfigError:
    return ConfigError(what, todo=todo, code="T929")
