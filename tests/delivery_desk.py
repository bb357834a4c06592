"""A small run on a real ledger, for tests of delivery: frozen people, plain messages, a clock that can be moved."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from twain.delivery.dispatch import DeliveryReport, Terms, deliver
from twain.ledger.bundles import make_bundle
from twain.ledger.clock import SystemClock, read_boot_id
from twain.ledger.stores import open_ledger
from twain.ports import Channel, Clock, Ledger
from twain.records import (
    CrashPolicy,
    Fate,
    Funnel,
    Outcome,
    Run,
    RunEvent,
    RunState,
    Shard,
    Suppression,
    Worker,
)

RUN = "run-1"


class MovableClock:
    """Real time, plus what the test adds; boottime can be moved alone (a frozen process) or the wall clock alone."""

    def __init__(self) -> None:
        self.wall = 0.0
        self.boot = 0.0
        self._real = SystemClock()

    def now(self) -> float:
        return self._real.now() + self.wall

    def boottime(self) -> float:
        return self._real.boottime() + self.boot

    def pass_time(self, seconds: float) -> None:
        self.wall += seconds
        self.boot += seconds


def address(shard: int, row: int) -> bytes:
    return b"p%d.%d@example.org" % (shard, row)


def hashed(shard: int, row: int) -> bytes:
    return hashlib.sha256(address(shard, row)).digest()


@dataclass
class PlainOpened:
    """ports.Opened without a spool."""

    shard: Shard
    unbuildable: set[int]
    rendered: list[int]

    def address_hashes(self, rows: Sequence[int]) -> Sequence[bytes]:
        return [hashed(self.shard.number, row) for row in rows]

    def render(self, rows: Sequence[int]) -> Iterator[tuple[int, bytes, bytes] | Outcome]:
        for row in rows:
            self.rendered.append(row)
            if row in self.unbuildable:
                yield Outcome(row, Fate.FAILED, "render", "no such field", 0.0)
            else:
                yield row, address(self.shard.number, row), message(self.shard.number, row)


def message(shard: int, row: int) -> bytes:
    return b"Message-ID: <%d.%d@desk.test>\r\nSubject: Hello %d\r\n\r\nHello number %d.\r\n" % (shard, row, row, row)


@dataclass
class PlainMessages:
    """ports.Messages without templates."""

    sender: bytes = b"bounces@example.com"
    unbuildable: set[int] = field(default_factory=set)
    rendered: list[int] = field(default_factory=list)

    def open(self, shard: Shard) -> PlainOpened:
        return PlainOpened(shard, self.unbuildable, self.rendered)


@dataclass
class Desk:
    """One run, its ledger, and a worker's way to deliver it."""

    ledger: Ledger
    clock: Clock
    folder: Path
    messages: PlainMessages = field(default_factory=PlainMessages)

    def begin(
        self,
        rows: Sequence[int],
        *,
        lanes: Sequence[str] = (),
        policy: CrashPolicy = "never_twice",
        not_after: float | None = None,
        channel: str = "memory",
    ) -> None:
        """Freeze shards of so many rows and let the run send."""
        bundle = make_bundle("summer", {})
        self.ledger.publish(bundle)
        run = Run(
            RUN,
            bundle.hash,
            "summer",
            RunState.PLANNED,
            channel,
            policy,
            "tester",
            self.clock.now(),
            not_after=not_after,
        )
        self.ledger.create_run(run)
        self._advance(RunState.PLANNED, RunState.CHECKED)
        self._advance(RunState.CHECKED, RunState.SNAPSHOTTING)
        names = list(lanes) or ["*"] * len(rows)
        shards = [Shard(RUN, n, count, names[n], f"s{n}", "0" * 64) for n, count in enumerate(rows)]
        event = RunEvent(RUN, self.clock.now(), "frozen", "Frozen.")
        self.ledger.commit_manifest(RUN, shards, Funnel(sum(rows), {}, sum(rows)), b"key", event)

    def _advance(self, expect: RunState, to: RunState) -> None:
        self.ledger.advance(RUN, [expect], to, RunEvent(RUN, self.clock.now(), to.value, to.value))

    def pause(self) -> None:
        self._advance(RunState.SENDING, RunState.PAUSED)

    def resume(self) -> None:
        self._advance(RunState.PAUSED, RunState.SENDING)

    def worker(self, name: str = "w1", boot_id: str = "") -> Worker:
        # A process id that cannot be: the ledger must not find the "former worker" alive.
        return Worker(name, str(self.folder / f"{name}.journal"), boot_id or read_boot_id(), 2**22 + 1)

    def send(
        self,
        channel: Channel,
        worker: Worker | None = None,
        *,
        terms: Terms | None = None,
        ledger: Ledger | None = None,
    ) -> DeliveryReport:
        """One worker's part."""
        return deliver(
            ledger or self.ledger, RUN, channel, self.messages, worker or self.worker(), self.clock, terms=terms
        )

    def suppress(self, shard: int, row: int) -> None:
        self.ledger.suppress([Suppression(hashed(shard, row), "unsubscribed", "test", self.clock.now())])


def open_desk(folder: Path, url: str = "memory://", clock: Clock | None = None, grace: float = 0.0) -> Desk:
    """A desk on a fresh ledger."""
    clock = clock or MovableClock()
    return Desk(open_ledger(url, clock=clock, grace=grace), clock, folder)
