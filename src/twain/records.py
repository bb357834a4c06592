"""The typed hand-offs between rooms: frozen dataclasses and Arrow schemas, and nothing that acts.

The order follows the way of a message: feed → audience → snapshot → content → delivery → ledger.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import IntEnum, StrEnum
from typing import Any, Literal

import pyarrow as pa

from twain.errors import Place

Scalar = str | int | float | bool | date | datetime | None
FieldType = Literal["string", "integer", "number", "boolean", "date", "timestamp"]


# ---------------------------------------------------------------- feeds


class Role(StrEnum):
    """What a field is for when a message is made of it."""

    KEY = "key"
    EMAIL = "email"
    PHONE = "phone"
    CONSENT = "consent"
    TIMEZONE = "timezone"
    LANGUAGE = "language"
    UPDATED_AT = "updated_at"


class Right(StrEnum):
    """What Marketing may do with a field."""

    FILTER = "filter"
    PERSONALISE = "personalise"
    PREVIEW = "preview"
    EXPORT = "export"


class Privacy(StrEnum):
    """The privacy class of a field (ODCS ``classification``)."""

    PUBLIC = "public"
    INTERNAL = "internal"
    PERSONAL = "personal"
    SENSITIVE = "sensitive"


@dataclass(frozen=True, slots=True)
class Owner:
    """The person who answers for a feed, with full name and title."""

    name: str
    title: str
    email: str = ""

    def __str__(self) -> str:
        return f"{self.name}, {self.title}" if self.title else self.name


@dataclass(frozen=True, slots=True)
class Quality:
    """One quality rule of the contract (ODCS ``quality``), already checked against the schema.

    *metric* is an ODCS 3.2 library metric: nullValues, missingValues, invalidValues, duplicateValues, rowCount; or ``sql``
    with a *query* that IT wrote, returning one number. *operator* is mustBe, mustNotBe, mustBeLessThan,
    mustBeLessOrEqualTo, mustBeGreaterThan, mustBeGreaterOrEqualTo, mustBeBetween (two-number *limit*).
    *severity* ``error`` holds a send, ``warning`` only warns.
    """

    metric: str
    operator: str
    limit: float | tuple[float, float]
    unit: Literal["rows", "percent"] = "rows"
    arguments: Mapping[str, Any] = field(default_factory=dict)
    query: str = ""
    severity: Literal["error", "warning"] = "error"
    business: str = ""
    name: str = ""
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Field:
    """One reviewed column of a feed. A field nobody reviewed is not here at all: it does not exist for Marketing."""

    name: str
    column: str
    type: FieldType
    business_name: str
    rights: frozenset[Right]
    role: Role | None = None
    description: str = ""
    synonyms: tuple[str, ...] = ()
    privacy: Privacy = Privacy.PERSONAL
    required: bool = False
    unique: bool = False
    quality: tuple[Quality, ...] = ()
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Relation:
    """How rows of another feed belong to a row of this one: ``other.other_field = this.field``."""

    name: str
    feed: str
    field: str
    other_field: str


@dataclass(frozen=True, slots=True)
class Freshness:
    """How old the newest row may be (ODCS ``slaProperties`` latency), by which field, and when rows are read.

    *mode* ``snapshot`` reads once; ``at_send`` reads a window's rows again by key just before they go.
    """

    field: str | None = None
    max_age_seconds: float | None = None
    mode: Literal["snapshot", "at_send"] = "snapshot"


@dataclass(frozen=True, slots=True)
class Feed:
    """A contract, compiled: what one feed is, where it lies, and what may be done with it.

    Exactly one of *table* (possibly ``schema.table``) and *query* is set. *key* names the field that identifies a row.
    *relations* are those by which other feeds' rows belong to this one's (one-to-many, from this row's view).
    """

    name: str
    title: str
    source: str
    key: str
    fields: Mapping[str, Field]
    owner: Owner
    version: str
    contract_hash: str
    table: str = ""
    query: str = ""
    description: str = ""
    synonyms: tuple[str, ...] = ()
    relations: Mapping[str, Relation] = field(default_factory=dict)
    freshness: Freshness = Freshness()
    quality: tuple[Quality, ...] = ()
    max_row_drift: float | None = None
    place: Place | None = None

    def with_role(self, role: Role) -> Field | None:
        """The field with this messaging role, or None."""
        return next((f for f in self.fields.values() if f.role is role), None)


@dataclass(frozen=True, slots=True)
class Tag:
    """Who reads, and for what: shown to IT in every query (SQL comment, ``application_name``)."""

    campaign: str
    person: str
    purpose: Literal["send", "count", "check", "preview", "connect", "sample"] = "send"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one reading may cost the source. None means the source's own default."""

    timeout_seconds: float = 600.0
    memory_mb: int = 1024
    max_rows: int | None = None
    max_cost: float | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """One output column of a statement: its name, type, and the items' columns when it holds related rows (JSON).

    *nullable* False only where the contract promises a value in every row; a template then needs no default.
    """

    name: str
    type: FieldType | Literal["rows"]
    items: tuple[Column, ...] = ()
    feed: str = ""
    field: str = ""
    nullable: bool = True


@dataclass(frozen=True, slots=True)
class Statement:
    """One read-only SQL statement with bound parameters, ready for one source.

    *lineage* names every (feed, field) it reads. The guard checks it once more where it runs.
    """

    sql: str
    params: Mapping[str, Scalar]
    dialect: str
    columns: tuple[Column, ...]
    lineage: frozenset[tuple[str, str]] = frozenset()


class Level(StrEnum):
    """A check's verdict."""

    PASS = "pass"  # noqa: S105 — a verdict, not a password
    WARN = "warn"
    HOLD = "hold"


@dataclass(frozen=True, slots=True)
class Verdict:
    """One pre-send check's result, in both languages, with its numbers."""

    check: str
    level: Level
    feed: str
    field: str
    business: str
    technical: str
    observed: float | None = None
    expected: str = ""
    sql: str = ""
    owner: Owner | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding of ``twain check``: exact file and line, what is wrong, what to do."""

    severity: Literal["error", "warning"]
    code: str
    what: str
    todo: str = ""
    place: Place | None = None
    business: str = ""


# ---------------------------------------------------------------- audience


@dataclass(frozen=True, slots=True)
class HistoryTest:
    """A leaf on our own history: a set operation on the key stream, at the root's and/not only."""

    kind: Literal["mailed", "failed", "clicked"]
    negated: bool
    within_days: float | None = None
    campaign: str | None = None


@dataclass(frozen=True, slots=True)
class RelatedColumn:
    """Related data a template wants: the first *limit* rows by *order*, or one *aggregate* over them.

    *order* is a field name, ``-`` before it for descending. *where* is a rule tree over the related feed.
    """

    name: str
    relation: str
    fields: tuple[str, ...] = ()
    order: str = ""
    limit: int = 0
    aggregate: Literal["", "count", "sum", "min", "max", "avg", "latest", "most_frequent"] = ""
    field: str = ""
    where: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Audience:
    """An audience compiled: the statement that runs in the company's database, and the tests that run on its keys."""

    feed: str
    statement: Statement
    history: tuple[HistoryTest, ...] = ()
    rule_hash: str = ""


@dataclass(frozen=True, slots=True)
class Arm:
    """One variant: its name and its share of the people who get a message, 0 < share ≤ 1."""

    name: str
    share: float = 1.0


# ---------------------------------------------------------------- snapshot


@dataclass(frozen=True, slots=True)
class Funnel:
    """From matched to audience. ``matched == sum(excluded.values()) + audience`` always.

    Reasons: duplicate, no_address, invalid, consent, holdout, cap, history.
    """

    matched: int
    excluded: Mapping[str, int]
    audience: int


#: Columns every shard has, in front of the template's own. ``address`` is ready for RCPT TO; ``address_hash`` is the
#: 32-byte HMAC-SHA256 under the suppression key; ``arm`` indexes the bundle's arms.
SHARD_FIELDS: tuple[pa.Field, ...] = (
    pa.field("key", pa.string(), nullable=False),
    pa.field("address", pa.string(), nullable=False),
    pa.field("address_hash", pa.binary(32), nullable=False),
    pa.field("arm", pa.int8(), nullable=False),
)


@dataclass(frozen=True, slots=True)
class Shard:
    """One encrypted Arrow file of the frozen audience. All its rows share a lane and a not-before (epoch seconds)."""

    run_id: str
    number: int
    rows: int
    lane: str
    path: str
    sha256: str
    not_before: float = 0.0


# ---------------------------------------------------------------- content and bundle


@dataclass(frozen=True, slots=True)
class Content:
    """One arm's words, as written: Liquid inside MJML or HTML, and optionally a hand-written text part."""

    subject: str
    body: str
    markup: Literal["mjml", "html"]
    text: str = ""
    preheader: str = ""
    places: Mapping[str, Place] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sender:
    """Who the message is from: RFC 5322 From and Reply-To, and the postal address its footer must show."""

    address: str
    name: str = ""
    reply_to: str = ""
    postal_address: str = ""


@dataclass(frozen=True, slots=True)
class Bundle:
    """A campaign's executable meaning, content-addressed. What runs is a bundle; an approval is on its hash.

    *body* is plain JSON: campaign, feed, audience (nested ones and fragments included), contracts (name → YAML text),
    related, defaults, content per arm, sender, channel, holdout, crash policy, ceiling, tracking, policy.
    """

    hash: str
    campaign: str
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Approval:
    """One person's yes to exactly one bundle."""

    bundle: str
    person: str
    role: str
    at: float
    note: str = ""


@dataclass(frozen=True, slots=True)
class Stamp:
    """What is new in each message besides its person's data. All ASCII, ready for the wire.

    *token* is the per-message token used in every tracked link and in the unsubscribe address.
    """

    message_id: bytes
    token: bytes
    date: bytes


@dataclass(frozen=True, slots=True)
class Envelope:
    """One message on its way. *ticket* is the dispatcher's own number for it.

    *data* is complete, its lines end in CRLF, and no line starts with a dot: it goes out by DATA or BDAT as it is.
    """

    ticket: int
    sender: bytes
    recipient: bytes
    data: bytes


# ---------------------------------------------------------------- delivery


class Fate(IntEnum):
    """How one row of the frozen audience ended; ``DEFERRED`` is not an end: it goes to the retries."""

    SENT = 1
    FAILED = 2
    SUPPRESSED = 3
    UNCERTAIN = 4
    DEFERRED = 5


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one row. *reason* is a stable word (``refused``, ``bounced``, ``unsubscribed``, ``render`` …).

    *reply* is the relay's last line, cleaned of control characters, at most 200 characters. *at* is epoch seconds.
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
    after it (``inf`` = unlimited). *attempts* counts earlier deferrals per row, same order as *rows*.
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
    """Nothing to do for this many seconds; why, in words for the progress line."""

    seconds: float
    why: str = ""


# ---------------------------------------------------------------- ledger


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
    """One address that must not be mailed: only its HMAC is kept. *seq* grows with every change."""

    address_hash: bytes
    reason: str
    origin: str
    at: float
    seq: int = 0


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
