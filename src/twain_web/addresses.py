"""Which addresses the house may open on somebody's word: else it could be made to ask things inside the company's network.

(Server-side request forgery.) A name is resolved once, every address of it is looked at here, and exactly a checked one is
connected to.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_SPECIAL = (ipaddress.ip_network("192.0.0.0/24"), ipaddress.ip_network("192.88.99.0/24"))  # RFC 6890, RFC 7526
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
