"""Runs and their books."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from twain.records.audience import Funnel, Shard
from twain.records.delivery import Fate


class RunState(StrEnum):
    """The states of a run (a *Send* on screen)."""

    PLANNED = "planned"
    CHECKED = "checked"
    SNAPSHOTTING = "snapshotting"
    SENDING = "sending"
    PAUSED = "paused"
    RECONCILING = "reconciling"
    FINISHED = "finished"
    HELD = "held"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


CrashPolicy = Literal["never_twice", "never_miss"]


@dataclass(frozen=True, slots=True)
class Run:
    """One send of one bundle."""

    id: str
    bundle: str
    campaign: str
    state: RunState
    channel: str
    crash_policy: CrashPolicy
    person: str
    created_at: float
    not_after: float | None = None
    sealed_key: bytes = b""
    funnel: Funnel | None = None
    started_at: float | None = None
    ended_at: float | None = None
    scope: str = ""  # "", "to:<key>" or "limit:<n>": a send to part of the audience says so


@dataclass(frozen=True, slots=True)
class RunEvent:
    """One line of a run's timeline, in both languages."""

    run_id: str
    at: float
    kind: str
    business: str
    technical: str = ""
    person: str = ""


@dataclass(frozen=True, slots=True)
class Tally:
    """Where everyone of the frozen audience is. ``audience == sent+failed+suppressed+uncertain+pending`` always.

    *reasons*: ``fate:reason`` (``failed:refused``) → people.
    """

    audience: int
    sent: int
    failed: int
    suppressed: int
    uncertain: int
    pending: int
    reasons: Mapping[str, int] = field(default_factory=dict)

    @property
    def accounted_for(self) -> bool:
        """Everyone ended somewhere."""
        return self.pending == 0


@dataclass(frozen=True, slots=True)
class Undelivered:
    """One person who was missed or whose delivery is unknown."""

    run_id: str
    shard: int
    row: int
    key: str
    fate: Fate
    reason: str
    reply: str = ""


@dataclass(frozen=True, slots=True)
class Suppression:
    """One address that must not be mailed: only its HMAC is kept. *seq* grows with every change.

    *scope* is ``all``, ``channel:<name>`` or ``topic:<name>``; *until* (epoch seconds) is the end of a pause, None = for good.
    *own*: the person's own wish, theirs to take back; what is not their own only we can lift. Of several, the strictest wins.
    """

    address_hash: bytes
    reason: str
    origin: str
    at: float
    seq: int = 0
    scope: str = "all"
    until: float | None = None
    own: bool = False


@dataclass(frozen=True, slots=True)
class Stop:
    """The red switch: *scope* is ``all``, ``channel:<name>`` or ``source:<name>``."""

    scope: str
    person: str
    why: str
    at: float


@dataclass(frozen=True, slots=True)
class LanePace:
    """IT's limits on one lane of a channel; all workers together keep them. None = unlimited."""

    per_second: float | None = None
    per_hour: int | None = None


@dataclass(frozen=True, slots=True)
class ShardOutcomes:
    """Everything that is known about one settled shard, columnar, in row order; to become Parquet."""

    run: Run
    shard: Shard
    fates: Sequence[int]
    reasons: Sequence[str]
    replies: Sequence[str]
    times: Sequence[float]
    feed: str = ""
