"""What a request tells of who makes it, and how much of that is kept: the user agent, cut, and the network, never the address."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

Who = tuple[str, str, str]
"""The user agent as it was said, printable or not (whoever shows it must escape it); the network; and ``prefetch`` or nothing."""

#: ``prefetch`` is what a browser itself says when nobody has asked for this yet (Sec-Purpose and its predecessors).
_AHEAD = frozenset({"sec-purpose", "purpose", "x-purpose", "x-moz"})
_FETCHED_AHEAD = frozenset("HTTP_" + name.upper().replace("-", "_") for name in _AHEAD)
_SHORTEST_V4, _SHORTEST_V6 = 24, 48  # bits that are kept


def who_of(environ: WSGIEnvironment, proxies: int) -> Who:
    """What is kept of who makes a request."""
    agent = str(environ.get("HTTP_USER_AGENT", ""))
    return agent, network_of(environ, proxies), "" if _FETCHED_AHEAD.isdisjoint(environ) else "prefetch"


def who_said(client: str, headers: Mapping[str, str], forwarded: str, proxies: int) -> Who:
    """The same, of the names that headers have in HTTP, in small letters. *forwarded*: every X-Forwarded-For, in their order."""
    return (
        headers.get("user-agent", ""),
        network(client, forwarded, proxies),
        "" if _AHEAD.isdisjoint(headers) else "prefetch",
    )


def network_of(environ: WSGIEnvironment, proxies: int) -> str:
    """The network a request comes from: its address without the last part (/24, /48), or nothing when it says none.

    *proxies*: how many proxies of ours stand in front. Each adds the address it saw at the right of X-Forwarded-For; what
    stands further left was written by the client and is not believed.
    """
    return network(str(environ.get("REMOTE_ADDR", "")), str(environ.get("HTTP_X_FORWARDED_FOR", "")), proxies)


def network(address: str, forwarded: str, proxies: int) -> str:
    """As :func:`network_of`, from the address that is connected and what was written into X-Forwarded-For."""
    if proxies:
        seen = forwarded.rsplit(",", proxies)
        address = seen[-proxies].strip() if len(seen) >= proxies else address
    return _network(address[:64])


@lru_cache(maxsize=8192)
def _network(address: str) -> str:
    try:
        one = ip_address(address)
    except ValueError:
        return ""
    if isinstance(one, IPv6Address) and one.ipv4_mapped is not None:
        one = one.ipv4_mapped
    bits, kept = (32, _SHORTEST_V4) if isinstance(one, IPv4Address) else (128, _SHORTEST_V6)
    start = int(one) >> (bits - kept) << (bits - kept)
    return f"{type(one)(start)}/{kept}"
