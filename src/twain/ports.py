"""The Protocols by which rooms reach each other. Each has real siblings: an adapter that does it and a memory double.

Concurrency stays inside an adapter; everything here is synchronous and works on batches.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, TypeAlias, TypeVar

import pyarrow as pa

from twain.records import (
    Approval,
    Bundle,
    CameBack,
    Envelope,
    Fate,
    FieldType,
    Funnel,
    HistoryTest,
    IntakeTries,
    LanePace,
    Lease,
    Limits,
    OldList,
    OnItsWay,
    Outcome,
    Outgoing,
    OutgoingState,
    Problem,
    Run,
    RunEvent,
    RunState,
    Settlement,
    Shard,
    ShardOutcomes,
    SignedUp,
    Signup,
    SoftRule,
    Stamp,
    Statement,
    Stop,
    Suppression,
    Tag,
    Tally,
    Undelivered,
    Wait,
    Waiting,
    Window,
    Worker,
)
from twain.records.slots import Loads, Slot
from twain.records.warming import WarmUp

Values: TypeAlias = Sequence[Any] | pa.Array | pa.ChunkedArray
"""One column: a list, or Arrow's own."""
T = TypeVar("T")
R = TypeVar("R")


class Clock(Protocol):
    """Time, so that tests can move it."""

    def now(self) -> float:
        """Wall clock, epoch seconds UTC."""

    def boottime(self) -> float:
        """Seconds since boot, suspended time included (CLOCK_BOOTTIME); never jumps."""


# ---------------------------------------------------------------- sources


@dataclass(frozen=True, slots=True)
class LiveColumn:
    """A column as the database has it now.

    *seen*: what its first values look like, where the database has no type for them (SQLite: dates in text, 0 and 1).
    """

    name: str
    physical_type: str
    type: FieldType
    nullable: bool
    primary_key: bool = False
    unique: bool = False
    seen: FieldType | None = None


@dataclass(frozen=True, slots=True)
class LiveTable:
    """A table or view as the database has it now. *foreign_keys*: (column, other table, other column).

    *view*: a view or a query, which can declare nothing of its own: a column that is never empty looks nullable there.
    """

    name: str
    columns: tuple[LiveColumn, ...]
    foreign_keys: tuple[tuple[str, str, str], ...] = ()
    estimated_rows: int | None = None
    view: bool = False


class Session(Protocol):
    """One read transaction in the company's database, in a child process."""

    dialect: str
    """The SQLGlot dialect that statements are written in here."""

    def table(self, statement: Statement) -> pa.Table:
        """Run a small statement (a check, a count) and return its whole answer."""

    def stream(self, statement: Statement) -> Iterator[pa.RecordBatch]:
        """Run the audience's statement and yield batches as they come; the row count is verified at the end.

        Raises SourceLimit, SourceUnavailable. Nothing may be asked of the session while a stream is open.
        """

    def cost(self, statement: Statement) -> float | None:
        """The engine's own cost estimate, or None where it has none worth trusting."""

    def describe(self, relation: str) -> LiveTable:
        """As ``Source.describe``, on this session's own connection."""

    def interrupt(self) -> None:
        """From another thread: end what runs here, in the server too; asked a second time, end the reading process.

        Whoever waits for an answer hears SourceError or SourceUnavailable.
        """


class Source(Protocol):
    """One company database: read only."""

    name: str
    dialect: str

    def session(self, tag: Tag, limits: Limits) -> AbstractContextManager[Session]:
        """Open one read transaction; everything read in it is one consistent state."""

    def tables(self) -> list[LiveTable]:
        """Describe what the role may read (for ``connect`` and the schema check)."""

    def describe(self, relation: str) -> LiveTable:
        """Describe one table, view, or ``(query)``; raises SourceError when it is not there."""


# ---------------------------------------------------------------- content


class Program(Protocol):
    """A template compiled for one bundle's arm: rows in, ready MIME bytes out."""

    columns: tuple[str, ...]
    """The shard columns it reads."""
    links: tuple[str, ...]
    """Targets of tracked links, by link number; dynamic ones contain ``{{``."""

    def render(self, rows: Mapping[str, Sequence[Any]], stamps: Sequence[Stamp]) -> Iterator[bytes]:
        """Yield one complete message per row, lazily. *rows* maps column name → values, all as long as *stamps*.

        Always has ``address`` (the To address). Raises ContentError naming the row's problem; the caller fails that row
        and calls again with the rest.
        """


# ---------------------------------------------------------------- delivery


class Feeder(Protocol):
    """What a channel pulls messages from and hands outcomes back to. One thread; must never be re-entered."""

    def take(self, limit: int) -> Sequence[Envelope] | Wait | None:
        """Up to *limit* envelopes that may go now; a Wait; or None when this delivery is over.

        Everything it returns is durably claimed and journalled as begun before it returns.
        """

    def answer(self, ticket: int, outcome: Outcome) -> None:
        """What the relay said of one envelope (its row is filled in by the feeder from the ticket)."""

    def recalled(self) -> Collection[int]:
        """Tickets taken whose message must not begin any more: somebody unsubscribed since, or nobody can be asked.

        A channel asks just before it writes, and answers each of them DEFERRED "unsent" in place of sending it. Costs next to
        nothing: the feeder itself decides how often it looks.
        """

    def tick(self) -> None:
        """Called by the channel after each burst of answers and at least once a second: journal, settle, renew, obey stops.

        Raises LeaseLost: the channel must then send nothing more, not even what it has taken.
        """


class Channel(Protocol):
    """A way out."""

    name: str
    kind: str
    leaves_loopback: bool
    """True when a message can reach somebody outside this machine."""

    def deliver(self, feeder: Feeder) -> None:
        """Pull and send until the feeder says it is over and every envelope taken has its answer."""

    def lane(self, address: str) -> str:
        """The lane an address belongs to (its provider), ``*`` for everybody else."""

    def paces(self) -> Mapping[str, LanePace]:
        """IT's limits by lane; ``*`` for the rest, ``""`` for the channel as a whole."""

    def promise(self) -> Mapping[str, int]:
        """The bound on duplicates after a crash: ``messages`` and ``bytes`` in flight per worker, ``connections``."""

    def test(self, recipient: str | None = None) -> list[Problem]:
        """Connect, greet, authenticate (and send one test message when *recipient* is given); say what is wrong."""


class Opened(Protocol):
    """A shard in memory, ready to be made into messages."""

    def address_hashes(self, rows: Sequence[int]) -> Sequence[bytes]:
        """32-byte HMACs of these rows' addresses."""

    def render(self, rows: Sequence[int]) -> Iterator[tuple[int, bytes, bytes] | Outcome]:
        """Per row, lazily: (row, recipient, message), or the Outcome when it cannot be built (failed: render)."""


EnvelopeSender = bytes | Callable[[int, Sequence[int]], Iterable[bytes]]
"""One envelope sender for all messages, or what gives each row of a shard its own: (shard, rows) → senders in that order."""


class Messages(Protocol):
    """What a run's shards become on the wire: spool, tokens and programs joined by the flow."""

    sender: EnvelopeSender
    """For MAIL FROM."""

    def open(self, shard: Shard) -> Opened:
        """Decrypt and load one shard; raises LedgerError when its file is missing or damaged."""


# ---------------------------------------------------------------- ledger


class Ledger(Protocol):
    """Control state of the flow: bundles, approvals, runs, shards, windows, retries, suppression, stops.

    SQLite and Postgres keep the same promises and pass the same suite; ``memory`` is for tests and says so.
    Every method is one transaction, durable when it returns. Raises LedgerUnavailable when the store is out of reach.
    """

    def publish(self, bundle: Bundle) -> None: ...
    def bundle(self, digest: str) -> Bundle: ...
    def approve(self, approval: Approval) -> None: ...
    def approvals(self, digest: str) -> list[Approval]: ...

    def create_run(self, run: Run) -> None: ...
    def run(self, run_id: str) -> Run:
        """By id or unambiguous prefix; raises LedgerError naming the nearest ids."""

    def runs(self, *, limit: int = 50, campaign: str | None = None, states: Iterable[RunState] = ()) -> list[Run]: ...
    def advance(self, run_id: str, expect: Iterable[RunState], to: RunState, event: RunEvent) -> Run:
        """Compare and set the state, with its line in the timeline; raises WrongState."""

    def note(self, event: RunEvent) -> None: ...
    def timeline(self, run_id: str) -> list[RunEvent]: ...

    def commit_manifest(
        self, run_id: str, shards: Sequence[Shard], funnel: Funnel, sealed_key: bytes, event: RunEvent
    ) -> Run:
        """The one moment at which a snapshot becomes real: shards, funnel and state ``sending`` in one transaction."""

    def shards(self, run_id: str) -> list[Shard]: ...

    def lease(
        self, run_id: str, worker: Worker, *, held_lanes: Sequence[str] = (), seconds: float = 30.0
    ) -> Lease | Wait | None:
        """A shard that has something to send and no live holder; preferring lanes not yet held. None: nothing is left.

        Takeover only after the former lease + grace has passed. Raises fence and returns the former's open windows as orphans.
        """

    def renew(self, lease: Lease, *, seconds: float = 30.0) -> Lease: ...
    def release(self, lease: Lease) -> None: ...

    def holders(self, run_id: str) -> list[Worker]:
        """The workers that hold a shard of a run now, live or not."""

    def expel(self, worker_id: str) -> None:
        """End every lease of a worker whose process is certainly gone: nobody need wait for them to run out."""

    def claim(
        self,
        lease: Lease,
        *,
        limit: int,
        pace: LanePace,
        channel_pace: LanePace,
        slow: float = 1.0,
        settling: Sequence[Settlement] = (),
        warming: Sequence[WarmUp] = (),
    ) -> Window | Wait | None:
        """Claim the shard's next rows, or rows whose retry is due; reserve their pace in the same transaction.

        *slow* (0 < slow ≤ 1) scales the lane's rate down while the relay throttles. None: this shard has nothing left but open
        windows. Durable before it returns. *settling*: windows of the lease to settle in the same transaction. *warming*:
        ramps of the sender, each day's number kept by everybody together. Raises LeaseLost.
        """

    def wake(self, run_id: str) -> int:
        """Let a run's batches be claimed by their own wave again, whatever put them off; returns how many were."""

    def warm_days(self, row: str) -> Sequence[tuple[int, int, int]]:
        """What was counted on a ramp's row: (date's ordinal, place in the ramp, messages), by date."""

    def settle(
        self,
        lease: Lease,
        window: Window,
        outcomes: Sequence[Outcome],
        *,
        unsent: Sequence[int] = (),
        retry_at: Mapping[int, float] | None = None,
    ) -> None:
        """Close a window. Every row of it is in *outcomes* or *unsent* (goes back to be claimed again, no attempt counted).

        DEFERRED outcomes need a *retry_at* (epoch seconds). Raises LeaseLost when the fence has moved.
        """

    def settled_shards(self, run_id: str) -> list[Shard]:
        """Shards in which every row has its fate, not yet in the delivery history."""

    def archived(self, run_id: str) -> dict[int, tuple[str, str]]:
        """Shards that are in the delivery history: number → (path, sha256)."""

    def outcomes(self, run_id: str, shard: int) -> ShardOutcomes: ...
    def sent_times(self, run_id: str, shard: int) -> Mapping[int, float]:
        """Row → when the relay took it (epoch seconds), for those of a shard that are sent so far; empty once pruned."""

    def mark_archived(self, run_id: str, shard: int, path: str, sha256: str) -> None:
        """The shard's Parquet file is written and true; its per-row data in the ledger may go (``prune``)."""

    def prune(self, before: float) -> int:
        """Forget the per-row data of archived runs that ended before *before*, unless somebody is uncertain. How many runs."""

    def tally(self, run_id: str) -> Tally: ...
    def undelivered(self, run_id: str, fates: Iterable[Fate]) -> Iterator[Undelivered]:
        """People whose fate is one of *fates*, without their keys; raises LedgerError T750 once they were pruned."""

    def abandon(self, run_id: str, fate: Fate, reason: str, event: RunEvent) -> int:
        """In a cancelled or expired run, give everyone not yet claimed one fate (FAILED or SUPPRESSED). Returns how many."""

    def forget_key(self, run_id: str) -> None:
        """Destroy the sealed key of a run's spool: nothing can be sent again from it."""

    def resolve(self, run_id: str, rows: Iterable[tuple[int, int]], fate: Fate, event: RunEvent) -> int:
        """Turn uncertain rows (shard, row) into SENT, or DEFERRED (= back to be sent). Returns how many."""

    def throttled(self, channel: str, lane: str, *, slow: float) -> None:
        """Remember for all workers that a lane is being throttled."""

    def lane_slowness(self, channel: str, lane: str) -> float: ...

    def suppress(self, entries: Iterable[Suppression]) -> int: ...
    def unsuppress(self, address_hash: bytes, person: str) -> bool: ...
    def take_back(self, address_hash: bytes, scopes: Iterable[str]) -> int:
        """Somebody takes their own wish back, for these scopes. What is not their own stays. Returns how many wishes."""

    def drop_wishes(self, hashes: Iterable[bytes]) -> int:
        """Of the erased: forget what they wanted in particular; what suppresses them wholly stays. Returns how many rows."""

    def suppressed_since(self, seq: int, run_id: str = "") -> tuple[list[bytes], int]:
        """Hashes added after *seq* that must not get this run, and the newest seq: a worker keeps its own set with it.

        The run's channel and topic decide whose scoped wishes count; without a run all do. Removals need a fresh read from 0.
        """

    def suppression(self, address_hash: bytes) -> Suppression | None:
        """The strictest entry of one address that is in force, or None when nothing at all is."""

    def suppressions_of(self, address_hash: bytes) -> list[Suppression]:
        """Every entry of one address that is in force, the widest first."""

    def suppressions(self, after: int = -1) -> Iterator[Suppression]: ...

    def book_returned(self, mails: Sequence[CameBack], rule: SoftRule) -> list[CameBack]:
        """Book mails that came back, and what follows from them, in one transaction; those known already are left out."""

    def returned(self, *, limit: int = 50, run_id: str = "", unproved: bool = False) -> list[CameBack]: ...
    def returned_for(self, run_id: str, shard: int, row: int) -> list[CameBack]: ...
    def returned_counts(self, run_id: str) -> Mapping[str, int]: ...
    def returned_batches(self) -> list[int]:
        """Batches of returned mail that wait to be written to the delivery history; what has no batch yet gets one."""

    def returned_batch(self, batch: int) -> list[CameBack]: ...
    def returned_filed(self, batch: int) -> None: ...
    def returned_old(self, before: float) -> int:
        """Take names out of returned mail that is in the delivery history and older than this; returns how many rows."""

    def remember_erased(self, subjects: Iterable[bytes], person: str) -> int:
        """Add HMACs of erased addresses and keys; returns how many are new."""

    def erased(self) -> frozenset[bytes]: ...
    def unname(self, keys: Iterable[tuple[str, str]], hashes: Iterable[bytes]) -> int:
        """Take somebody, by (feed, key) and HMAC, out of what the ledger itself notes of them; returns how many rows."""

    def sign_up(
        self, signup: Signup, outgoing: Sequence[Outgoing] = (), *, most: int = 60
    ) -> Literal["kept", "limited"]: ...
    def signup(self, identifier: bytes) -> Signup | None: ...
    def signups_of(self, address_hash: bytes) -> list[Signup]: ...
    def confirm_signup(
        self, identifier: bytes, network: str, outgoing: Sequence[Outgoing], scopes: Sequence[str] = ()
    ) -> bool: ...
    def expire_signups(self) -> int: ...
    def tally_signups(self) -> list[SignedUp]: ...
    def signups_to_mail(self, limit: int = 50) -> list[bytes]: ...
    def take_mail(self, identifier: bytes) -> Signup | None:
        """Claim the mail that asks for confirmation: at most one an hour to an address."""

    def note_mail(
        self, identifier: bytes, *, mailed_at: float = 0.0, again: float = 0.0, problem: str = ""
    ) -> None: ...
    def forget_signups(self, hashes: Iterable[bytes]) -> int: ...
    def hand_over(self, items: Sequence[Outgoing]) -> int: ...
    def write_back_from(self, items: Sequence[Outgoing], cursor: str, position: int) -> int: ...
    def position(self, cursor: str) -> int: ...
    def outgoing_due(self, limit: int = 100) -> dict[str, list[str]]:
        """Intake → ids of those to be tried now."""

    def take_outgoing(self, identifier: str) -> Outgoing | None:
        """Claim one for a try; None when somebody else has it."""

    def settle_outgoing(self, item: Outgoing, state: OutgoingState, *, due: float = 0.0, problem: str = "") -> None: ...
    def retry_outgoing(self, identifier: str, give_up_at: float) -> bool: ...
    def outgoing(
        self, *, state: OutgoingState | Literal[""] = "", kind: str = "", limit: int = 50
    ) -> list[Outgoing]: ...
    def one_outgoing(self, identifier: str) -> Outgoing | None: ...
    def unwritten(self) -> list[Waiting]: ...
    def tally_outgoing(self) -> list[OnItsWay]: ...
    def intake_tries(self) -> list[IntakeTries]:
        """How the last tries at each intake went, by name; of those alone at which one was made."""

    def old_list(self) -> OldList | None: ...
    def settle_old_list(self, settled: OldList) -> None:
        """Note, by name, that the former provider's suppressions are here, or why there is nothing to wait for."""

    def set_stop(self, stop: Stop) -> None: ...
    def lift_stop(self, scope: str, person: str) -> bool: ...
    def stops(self) -> list[Stop]: ...

    def book_slot(self, slot: Slot, bounds: Loads) -> list[tuple[str, int]]:
        """Keep a slot, whole, unless something in *bounds* would be exceeded: then the full (resource, hour) pairs."""

    def slots(self, *, since: float = 0.0, until: float = 1e12, campaign: str = "") -> list[Slot]: ...
    def release_slot(self, slot_id: str) -> bool: ...

    def remember_links(self, bundle: str, links: Mapping[int, str]) -> None: ...
    def links(self, bundle: str) -> Mapping[int, str]: ...
    def remember_check(self, feed: str, figures: Mapping[str, float]) -> None: ...
    def last_check(self, feed: str) -> Mapping[str, float]: ...
    def last_checks(self, prefix: str) -> dict[str, Mapping[str, float]]:
        """Of all whose name begins so."""

    def backup(self, target: Path) -> None: ...
    def restore(self, source: Path) -> None:
        """Fill this empty ledger from a backup; it then needs reconciling, and unfinished sends are held."""

    def needs_reconciling(self) -> bool:
        """True after a restore, until suppression has been reconciled: no claim succeeds meanwhile."""

    def mark_restored(self, restored: bool, person: str) -> None: ...  # noqa: FBT001 — the new state itself
    def close(self) -> None: ...


class History(Protocol):
    """The delivery history (the lake) as the flow needs it."""

    def write(self, outcomes: ShardOutcomes, keys: Values, hashes: Values, arms: Values) -> tuple[str, str]:
        """Write one settled shard to its fixed path (tmp + rename). Returns (path, sha256)."""

    def keys(self, test: HistoryTest, feed: str, now: float) -> Iterator[pa.Array]:
        """Keys for which the test's kind holds, streamed."""


class Engine(Protocol):
    """How work is mapped onto processes or machines."""

    def map(self, work: Callable[[T], R], items: Sequence[T]) -> Iterator[R]: ...
