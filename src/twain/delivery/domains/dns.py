"""The same question to every authoritative server of a zone: one that was forgotten serves some receivers the old answer."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.nameserver
import dns.query
import dns.rcode
import dns.rdata
import dns.rdatatype
import dns.resolver
from dns.rdtypes.ANY.TXT import TXT

from twain.settings import DnsSettings

_MOST_SERVERS = 16
_MOST_ALIASES = 5
_PAYLOAD = 1232  # octets that pass everywhere in one datagram (DNS flag day 2020)
_AT_ONCE = 8
_NO_DNS = "The DNS cannot be asked from here, so nothing is known of it."
_FAILS = (
    "The resolver fails on it (SERVFAIL): an alias that leads to itself, a broken DNSSEC signature, or dead servers."
)


class Unreachable(Exception):
    """Nothing can be known about the name now; its words say why."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one server says about one name and type.

    *values* as a zone file has them, texts joined; () = it says that there is none. *error*: why it says nothing.
    """

    server: str
    values: tuple[str, ...] = ()
    error: str = ""
    alias: str = ""


@dataclass(frozen=True, slots=True)
class _Server:
    name: str
    addresses: tuple[str, ...]


class Dns:
    """Questions and remembered answers of one check. Nothing is kept beyond it: what was mended a minute ago counts."""

    def __init__(self, settings: DnsSettings | None = None) -> None:
        self._settings = settings or DnsSettings()
        self._resolver = _resolver(self._settings)
        self._resolved: dict[tuple[str, str], tuple[str, ...]] = {}
        self._asked: dict[tuple[str, str], tuple[Answer, ...]] = {}
        self._servers: dict[dns.name.Name, tuple[_Server, ...]] = {}
        self._silent: set[str] = set()
        self._down = self._resolver is None

    def resolve(self, name: str, kind: str) -> tuple[str, ...]:
        """What a resolver says, sorted; () when there is nothing. Raises Unreachable."""
        known = self._resolved.get((name, kind))
        if known is None:
            known = self._resolved[name, kind] = self._resolve(name, kind)
        return known

    def everywhere(self, name: str, kind: str) -> tuple[Answer, ...]:
        """What each authoritative server says. Where none can be asked, what the resolver says, alone. Raises Unreachable."""
        known = self._asked.get((name, kind))
        if known is None:
            known = self._asked[name, kind] = self._follow(name, kind, _MOST_ALIASES)
        return known

    # ---- resolvers

    def _resolve(self, name: str, kind: str) -> tuple[str, ...]:
        if self._down or self._resolver is None:
            raise Unreachable(_NO_DNS)
        try:
            found = self._resolver.resolve(dns.name.from_text(name), kind, raise_on_no_answer=False, search=False)
        except dns.resolver.NXDOMAIN:
            return ()
        except (dns.resolver.NoNameservers, dns.exception.Timeout, OSError) as error:
            raise self._unreachable(error) from error
        except dns.exception.DNSException:
            return ()
        return _texts(list(found)) if found.rrset else ()

    def _unreachable(self, error: Exception) -> Unreachable:
        """A resolver that is silent is not asked again; one that fails on a name may know others."""
        self._down = isinstance(error, dns.exception.Timeout | OSError)
        return Unreachable(_NO_DNS if self._down else _FAILS)

    # ---- authoritative servers

    def _follow(self, name: str, kind: str, aliases: int) -> tuple[Answer, ...]:
        """Ask the zone's servers; where they name an alias, ask those of the other zone."""
        answers: list[Answer] = []
        for answer in self._ask_all(name, kind):
            if not answer.alias or not aliases:
                answers.append(answer)
                continue
            answers += [
                replace(other, server=f"{answer.server} → {other.server}")
                for other in self._follow(answer.alias, kind, aliases - 1)
            ]
        return tuple(answers)

    def _ask_all(self, name: str, kind: str) -> Sequence[Answer]:
        servers = self._servers_of(name) if self._settings.authoritative else ()
        with ThreadPoolExecutor(_AT_ONCE) as together:
            answers = list(together.map(lambda server: self._ask(server, name, kind), servers))
        if all(answer.error for answer in answers):
            answers.append(Answer("resolver", self.resolve(name, kind)))
        return answers

    def _servers_of(self, name: str) -> tuple[_Server, ...]:
        if self._down or self._resolver is None:
            raise Unreachable(_NO_DNS)
        try:
            zone = dns.resolver.zone_for_name(dns.name.from_text(name), resolver=self._resolver)
        except (dns.exception.DNSException, OSError) as error:
            raise self._unreachable(error) from error
        if zone not in self._servers:
            hosts = self.resolve(zone.to_text(), "NS")[:_MOST_SERVERS]
            self._servers[zone] = tuple(_Server(host.rstrip("."), self._addresses(host)) for host in hosts)
        return self._servers[zone]

    def _addresses(self, host: str) -> tuple[str, ...]:
        """IPv4 first: not every machine that sends has IPv6."""
        try:
            return self.resolve(host, "A") + self.resolve(host, "AAAA")
        except Unreachable:
            return ()

    def _ask(self, server: _Server, name: str, kind: str) -> Answer:
        """The first address of a server that answers speaks for it. One that was silent is not waited for again."""
        error = "has no address" if not server.addresses else "does not answer"
        for address in server.addresses:
            if address in self._silent:
                continue
            try:
                reply = self._query(address, name, kind)
            except (dns.exception.DNSException, OSError, ValueError):
                self._silent.add(address)
            else:
                return _read(server.name, reply, name, kind)
        return Answer(server.name, error=error)

    def _query(self, address: str, name: str, kind: str) -> dns.message.Message:
        query = dns.message.make_query(dns.name.from_text(name), kind, use_edns=0, payload=_PAYLOAD)
        query.flags &= ~dns.flags.RD
        seconds, port = self._settings.timeout, self._settings.port
        return dns.query.udp_with_fallback(query, address, seconds, port)[0]


def _resolver(settings: DnsSettings) -> dns.resolver.Resolver | None:
    """The system's, or the one that IT names; None when there is none at all."""
    try:
        made = dns.resolver.Resolver(configure=not settings.servers)
    except (dns.exception.DNSException, OSError):
        return None
    if settings.servers:
        made.nameservers = [dns.nameserver.Do53Nameserver(address, port) for address, port in settings.servers]
    made.timeout, made.lifetime = settings.timeout, 2 * settings.timeout
    return made


def _read(server: str, reply: dns.message.Message, name: str, kind: str) -> Answer:
    code = reply.rcode()
    if code not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        return Answer(server, error=f"answers {dns.rcode.to_text(code)}")
    if not reply.flags & dns.flags.AA:
        return Answer(server, error="does not answer for this zone")
    owner, wanted = dns.name.from_text(name), dns.rdatatype.from_text(kind)
    for _ in range(_MOST_ALIASES):
        found = reply.get_rrset(reply.answer, owner, dns.rdataclass.IN, wanted)
        if found is not None:
            return Answer(server, _texts(list(found)))
        alias = reply.get_rrset(reply.answer, owner, dns.rdataclass.IN, dns.rdatatype.CNAME)
        if alias is None:
            break
        owner = alias[0].target
    at_home = owner == dns.name.from_text(name)
    return Answer(server, alias="" if at_home else owner.to_text())


def _texts(found: Sequence[dns.rdata.Rdata]) -> tuple[str, ...]:
    return tuple(sorted(_text(one) for one in found))


def _text(one: dns.rdata.Rdata) -> str:
    if isinstance(one, TXT):
        return b"".join(one.strings).decode("utf-8", "replace")
    return one.to_text()
