"""What an SPF record says of an address that mail comes from (RFC 7208, ``check_host``), and what is wrong with the record.

Macros need a real message to be worked out: a mechanism with one counts as a look-up and matches nothing here. ``ptr`` must
not be used (§5.5) and matches nothing either.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator
from typing import Literal

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Lookup = Callable[[str, str], tuple[str, ...]]
"""From a name and a type to values, () when there are none."""

Result = Literal["pass", "fail", "softfail", "neutral"]
MOST_LOOKUPS = 10  # §4.6.4
NOBODY = ipaddress.ip_address("192.0.2.255")
"""Matches nothing (RFC 5737): walks the whole record, so that a fault anywhere in it shows."""
_TERM = re.compile(r"^(?P<sign>[-+~?]?)(?P<what>[A-Za-z][A-Za-z0-9._-]*)(?P<rest>[:/].*)?$")
_MODIFIER = re.compile(r"^(?P<name>[A-Za-z][A-Za-z0-9._-]*)=(?P<value>.*)$")
_LENGTHS = re.compile(r"(?:/(\d{1,3}))?(?://(\d{1,3}))?$")
_RESULTS: dict[str, Result] = {"": "pass", "+": "pass", "-": "fail", "~": "softfail", "?": "neutral"}
_LOOKS = frozenset({"include", "a", "mx", "ptr", "exists"})


class Broken(Exception):
    """The record is a permanent error: receivers act as if there were none, or refuse (§2.6.7)."""


def records(texts: tuple[str, ...]) -> tuple[str, ...]:
    """Those of a name's TXT records that are SPF (§4.5)."""
    return tuple(one for one in texts if one.lower() == "v=spf1" or one.lower().startswith("v=spf1 "))


def needed(domain: str, lookup: Lookup) -> int | None:
    """How many look-ups a domain's record needs; one more than :data:`MOST_LOOKUPS` stands for any number above it.

    None where there is not one sound record. Raises what *lookup* raises.
    """
    found = records(lookup(domain, "TXT"))
    if len(found) != 1:
        return None
    walk = Evaluation(NOBODY, lookup)
    try:
        walk.check(found[0], domain)
    except Broken:
        return walk.lookups if walk.lookups > MOST_LOOKUPS else None
    return walk.lookups


def ending(record: str) -> str:
    """The sign of the record's own ``all``: ``-``, ``~``, ``?`` or ``+``; ``=`` for a redirect, "" when it has neither."""
    for term in record.split()[1:]:
        match = re.fullmatch(r"([-+~?]?)all", term, re.IGNORECASE)
        if match:
            return match[1] or "+"
    return "=" if "redirect=" in record.lower() else ""


class Evaluation:
    """One address held against one domain's record."""

    def __init__(self, address: Address, lookup: Lookup) -> None:
        self.lookups = 0
        self._address = address
        self._lookup = lookup

    def check(self, record: str, domain: str) -> Result:
        """The result for the domain of the envelope's sender. Raises Broken, and what *lookup* raises."""
        redirect = ""
        terms = list(_terms(record))
        for sign, what, rest in terms:
            if what == "redirect=":
                redirect = rest
            elif self._matches(what, rest, domain):
                return _RESULTS[sign]
        return self._other(redirect, required=True) if redirect else "neutral"

    def _matches(self, what: str, rest: str, domain: str) -> bool:
        if what in _LOOKS:
            self._count()
        target, four, six = _target(rest, domain)
        if what == "all":
            return True
        if what in ("ip4", "ip6"):
            return self._in(rest[1:], what)
        if "%" in target or what in ("ptr", "exists"):
            return False
        if what == "include":
            return self._other(target, required=True, counted=True) == "pass"
        hosts = (target,) if what == "a" else tuple(one.split()[-1] for one in self._lookup(target, "MX"))
        return any(self._at(host, four, six) for host in hosts[:MOST_LOOKUPS])

    def _count(self) -> None:
        self.lookups += 1
        if self.lookups > MOST_LOOKUPS:
            raise Broken(f"it needs more than {MOST_LOOKUPS} look-ups")

    def _in(self, text: str, what: str) -> bool:
        version = 4 if what == "ip4" else 6
        try:
            network = ipaddress.ip_network(text, strict=False)
        except ValueError:
            raise Broken(f"{what}:{text} is no address") from None
        if network.version != version:
            raise Broken(f"{what}:{text} is no {what} address")
        return self._address in network

    def _at(self, host: str, four: int, six: int) -> bool:
        kind, length = ("A", four) if self._address.version == 4 else ("AAAA", six)
        found = self._lookup(host, kind)
        return any(self._address in ipaddress.ip_network(f"{one}/{length}", strict=False) for one in found)

    def _other(self, domain: str, *, required: bool, counted: bool = False) -> Result:
        if not counted:
            self._count()
        found = records(self._lookup(domain, "TXT"))
        if len(found) != 1 and required:
            raise Broken(f"{domain}, which it refers to, has {len(found) or 'no'} SPF record{'s' * (len(found) > 1)}")
        return self.check(found[0], domain)


def _terms(record: str) -> Iterator[tuple[str, str, str]]:
    """Sign, mechanism and rest; ``redirect=`` with its domain. Other modifiers are of no weight here (§6)."""
    for term in record.split()[1:]:
        modifier = _MODIFIER.match(term)
        if modifier:
            if modifier["name"].lower() == "redirect":
                yield "", "redirect=", modifier["value"]
            continue
        match = _TERM.match(term)
        what = match["what"].lower() if match else ""
        if match is None or what not in _LOOKS | {"all", "ip4", "ip6"}:
            raise Broken(f"{term!r} means nothing")
        if what in ("include", "exists", "ip4", "ip6") and not (match["rest"] or "").startswith(":"):
            raise Broken(f"{term!r} lacks what it refers to")
        yield match["sign"], what, match["rest"] or ""


def _target(rest: str, domain: str) -> tuple[str, int, int]:
    """The domain a mechanism names (its own by default), and the prefix lengths for IPv4 and IPv6."""
    lengths = _LENGTHS.search(rest)
    four, six = (lengths[1], lengths[2]) if lengths else (None, None)
    name = _LENGTHS.sub("", rest).lstrip(":") or domain
    return name, min(int(four or 32), 32), min(int(six or 128), 128)
