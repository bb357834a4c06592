"""Leases, windows and what became of each row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from types import MappingProxyType
from typing import NamedTuple

from twain.records.audience import Shard


class Fate(IntEnum):
    """How one row of the frozen audience ended; ``DEFERRED`` is not an end: it goes to the retries."""

    SENT = 1
    FAILED = 2
    SUPPRESSED = 3
    UNCERTAIN = 4
    DEFERRED = 5


class Outcome(NamedTuple):
    """What became of one row: a named tuple, because one is made for every message.

    *reason* is a stable word (``refused``, ``bounced``, ``unsubscribed``, ``render`` …). *reply* is the relay's last line,
    cleaned of control characters, at most 200 characters. *at* is epoch seconds.
    """

    row: int
    fate: Fate
    reason: str = ""
    reply: str = ""
    at: float = 0.0


@dataclass(frozen=True, slots=True)
class Worker:
    """One delivering process.

    *journal* is the file its answers are appended to; *boot_id* tells a reboot of the machine from a crash.
    """

    id: str
    journal: str
    boot_id: str
    pid: int


@dataclass(frozen=True, slots=True)
class Window:
    """Rows of one shard, claimed for sending, the claim durable. At most 500 rows, one second, one lane.

    *start_at* is when the lane's reserved pace allows the first (ledger clock, epoch seconds); *rate* is rows per second
    after it (``inf`` = unlimited). *attempts* counts earlier deferrals per row, same order as *rows*. *before*: when quiet hours
    begin (epoch seconds); what has not begun by then goes back.
    """

    id: int
    run_id: str
    shard: int
    rows: tuple[int, ...]
    attempts: tuple[int, ...]
    worker: Worker
    fence: int
    start_at: float = 0.0
    rate: float = float("inf")
    before: float = float("inf")


class Settlement(NamedTuple):
    """What a window came to: every row of it is in *outcomes*, or in *unsent* to be claimed again (no attempt counted).

    DEFERRED outcomes need a *retry_at*: row → epoch seconds.
    """

    window: Window
    outcomes: Sequence[Outcome]
    unsent: Sequence[int] = ()
    retry_at: Mapping[int, float] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to send one shard until *expires_boottime* (seconds of this machine's CLOCK_BOOTTIME).

    *orphans* are windows a former holder left open: settle them from its journal before claiming anything.
    """

    shard: Shard
    worker: Worker
    fence: int
    expires_boottime: float
    orphans: tuple[Window, ...] = ()


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do for this many seconds; why, in words for the progress line.

    *lane*: it is the lane that waits, with everybody in it, and not just the batch that was asked for.
    """

    seconds: float
    why: str = ""
    lane: bool = False
