"""A small DNS on loopback for tests: one resolver, and authoritative servers that differ, are silent, lame or cramped."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

RESOLVER = "127.0.0.1"
ADDRESSES = ("127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4")


@dataclass
class World:
    """What the DNS holds. *differs*: server address → (name, type) → what it says in place of the others."""

    port: int = 0
    zones: dict[str, list[str]] = field(default_factory=dict)
    records: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    differs: dict[str, dict[tuple[str, str], list[str]]] = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)
    refusing: set[str] = field(default_factory=set)
    lame: set[str] = field(default_factory=set)
    cramped: set[str] = field(default_factory=set)
    asked: list[tuple[str, str, str, bool]] = field(default_factory=list)

    def zone(self, apex: str, *servers: str) -> None:
        """A zone on these addresses; its servers are called ns2, ns3 … by the last number of their address."""
        self.zones[apex] = list(servers)
        self.put(apex, "SOA", f"ns.{apex}. hostmaster.{apex}. 1 3600 600 86400 60")
        self.put(apex, "NS", *(f"ns{server[-1]}.servers.test." for server in servers))
        for server in servers:
            self.put(f"ns{server[-1]}.servers.test", "A", server)

    def put(self, name: str, kind: str, *values: str) -> None:
        """These values; none = the name and type no longer exist."""
        self.records.pop((name, kind), None)
        if values:
            self.records[name, kind] = [_quoted(one) if kind == "TXT" else one for one in values]

    def apex(self, name: str) -> str:
        """The zone that a name lies in."""
        above = [zone for zone in self.zones if name == zone or name.endswith(f".{zone}")]
        return max(above, key=len, default="")

    def reply(self, query: dns.message.Message, server: str) -> dns.message.Message | None:
        """What this address answers; None = nothing."""
        question = query.question[0]
        name, kind = question.name.to_text(omit_final_dot=True).lower(), dns.rdatatype.to_text(question.rdtype)
        self.asked.append((server, name, kind, bool(query.flags & dns.flags.RD)))
        if server in self.silent:
            return None
        reply = dns.message.make_response(query, recursion_available=server == RESOLVER)
        apex = self.apex(name)
        if server in self.refusing or (server != RESOLVER and server not in self.zones.get(apex, ())):
            reply.set_rcode(dns.rcode.REFUSED)
        else:
            self._fill(reply, name, kind, server)
            if server != RESOLVER and server not in self.lame:
                reply.flags |= dns.flags.AA
        return reply

    def _fill(self, reply: dns.message.Message, name: str, kind: str, server: str, aliases: int = 0) -> None:
        if aliases > 8:
            reply.answer.clear()
            reply.set_rcode(dns.rcode.SERVFAIL)
            return
        own = self.differs.get(server, {})
        values = own.get((name, kind), self.records.get((name, kind), []))
        alias = self.records.get((name, "CNAME"))
        if values:
            reply.answer.append(dns.rrset.from_text(f"{name}.", 60, "IN", kind, *values))
        elif alias and kind != "CNAME":
            reply.answer.append(dns.rrset.from_text(f"{name}.", 60, "IN", "CNAME", *alias))
            target = alias[0].rstrip(".")
            if server == RESOLVER or server in self.zones.get(self.apex(target), ()):
                self._fill(reply, target, kind, server, aliases + 1)
        else:
            known = any(one == name or one.endswith(f".{name}") for one, _ in self.records)
            reply.set_rcode(dns.rcode.NOERROR if known else dns.rcode.NXDOMAIN)
            apex = self.apex(name)
            if apex:
                soa = self.records[apex, "SOA"]
                reply.authority.append(dns.rrset.from_text(f"{apex}.", 60, "IN", "SOA", *soa))


def _quoted(text: str) -> str:
    raw = text.encode()
    strings = [raw[n : n + 255] for n in range(0, len(raw), 255)] or [b""]
    return " ".join('"' + "".join(rf"\{byte:03d}" if byte in b'"\\' or not 32 <= byte < 127 else chr(byte) for byte in one) + '"'
                    for one in strings)  # fmt: skip


class _Server(threading.Thread):
    """One address: datagrams and streams."""

    def __init__(self, world: World, address: str, datagrams: socket.socket, streams: socket.socket) -> None:
        super().__init__(daemon=True)
        self._world, self._address = world, address
        self._datagrams, self._streams = datagrams, streams
        self._second = threading.Thread(target=self._serve_streams, daemon=True)

    def run(self) -> None:
        self._second.start()
        while True:
            try:
                data, peer = self._datagrams.recvfrom(4096)
            except OSError:
                return
            if not data:
                return
            answer = self._world.reply(dns.message.from_wire(data), self._address)
            if answer is not None:
                if self._address in self._world.cramped:
                    answer.answer.clear()
                    answer.flags |= dns.flags.TC
                self._datagrams.sendto(answer.to_wire(), peer)

    def _serve_streams(self) -> None:
        while True:
            try:
                connection, _ = self._streams.accept()
            except OSError:
                return
            with connection, connection.makefile("rb") as lines:
                length = lines.read(2)
                if len(length) == 2:
                    query = dns.message.from_wire(lines.read(struct.unpack("!H", length)[0]))
                    answer = self._world.reply(query, self._address)
                    if answer is not None:
                        wire = answer.to_wire()
                        connection.sendall(struct.pack("!H", len(wire)) + wire)

    def end(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", (self._address, self._world.port))
        self._streams.shutdown(socket.SHUT_RDWR)
        self._streams.close()
        self.join(10)
        self._second.join(10)
        self._datagrams.close()


@contextlib.contextmanager
def loopback_dns() -> Iterator[World]:
    """An empty world, served until the block ends."""
    world = World()
    with contextlib.ExitStack() as held:
        sockets = _bound(world)
        servers = [_Server(world, address, *pair) for address, pair in zip(ADDRESSES, sockets, strict=True)]
        for server in servers:
            server.start()
            held.callback(server.end)
        yield world


def _bound(world: World) -> list[tuple[socket.socket, socket.socket]]:
    """UDP and TCP on one port of every address; another port when somebody has it."""
    while True:
        made: list[tuple[socket.socket, socket.socket]] = []
        port = 0
        try:
            for address in ADDRESSES:
                pair = (
                    socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
                    socket.socket(socket.AF_INET, socket.SOCK_STREAM),
                )
                made.append(pair)
                pair[0].bind((address, port))
                port = pair[0].getsockname()[1]
                pair[1].setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                pair[1].bind((address, port))
                pair[1].listen(16)
        except OSError:
            for pair in made:
                for one in pair:
                    one.close()
        else:
            world.port = port
            return made


def good_world(world: World, signers: tuple[Any, ...] = ()) -> World:
    """mail.nordlicht.test, with everything a sender domain needs, on three servers."""
    world.zone("nordlicht.test", "127.0.0.2", "127.0.0.3", "127.0.0.4")
    world.zone("2.0.192.in-addr.arpa", "127.0.0.2")
    domain = "mail.nordlicht.test"
    world.put(domain, "MX", "10 mx.nordlicht.test.")
    world.put("mx.nordlicht.test", "A", "192.0.2.10")
    world.put(domain, "TXT", "v=spf1 ip4:192.0.2.10 include:_spf.nordlicht.test ~all", "something else")
    world.put("_spf.nordlicht.test", "TXT", "v=spf1 ip4:192.0.2.64/28 ~all")
    world.put("_dmarc.nordlicht.test", "TXT", "v=DMARC1; p=reject; rua=mailto:dmarc@nordlicht.test")
    world.put(f"_mta-sts.{domain}", "TXT", "v=STSv1; id=20261122")
    world.put(f"_smtp._tls.{domain}", "TXT", "v=TLSRPTv1; rua=mailto:tls@nordlicht.test")
    world.put("10.2.0.192.in-addr.arpa", "PTR", "mx.nordlicht.test.")
    for signer in signers:
        world.put(signer.name, "TXT", signer.record)
    return world
