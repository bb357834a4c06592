"""What a request tells of who makes it, and how much of that is kept: the user agent, cut, and the network, never the address."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

_FETCHED_AHEAD = frozenset({"HTTP_SEC_PURPOSE", "HTTP_PURPOSE", "HTTP_X_PURPOSE", "HTTP_X_MOZ"})
_SHORTEST_V4, _SHORTEST_V6 = 24, 48  # bits that are kept


def agent_of(environ: WSGIEnvironment) -> str:
    """The user agent as it was said, printable or not: whoever shows it must escape it."""
    return str(environ.get("HTTP_USER_AGENT", ""))


def signs_of(environ: WSGIEnvironment) -> str:
    """``prefetch`` when the browser itself says that nobody has asked for this yet (Sec-Purpose and its predecessors)."""
    return "prefetch" if not _FETCHED_AHEAD.isdisjoint(environ) else ""


def network_of(environ: WSGIEnvironment, proxies: int) -> str:
    """The network a request comes from: its address without the last part (/24, /48), or nothing when it says none.

    *proxies*: how many proxies of ours stand in front. Each adds the address it saw at the right of X-Forwarded-For; what
    stands further left was written by the client and is not believed.
    """
    address = str(environ.get("REMOTE_ADDR", ""))
    if proxies:
        seen = str(environ.get("HTTP_X_FORWARDED_FOR", "")).rsplit(",", proxies)
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
