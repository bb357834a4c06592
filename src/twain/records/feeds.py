"""What a feed is, what may be asked of it, and what its checks say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Literal

from twain.errors import Place, TwainError

Scalar = str | int | float | bool | date | datetime | None
FieldType = Literal["string", "integer", "number", "boolean", "date", "timestamp"]


class Role(StrEnum):
    """What a field is for when a message is made of it."""

    KEY = "key"
    EMAIL = "email"
    PHONE = "phone"
    CONSENT = "consent"
    CONSENT_AT = "consent_at"
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
    purpose: Literal["send", "count", "full-count", "check", "preview", "connect", "sample", "conversions", "watch"] = (
        "send"
    )


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

    @classmethod
    def of(cls, error: TwainError) -> Problem:
        """An error, as ``twain check`` tells it."""
        return cls("error", error.shown_code, error.what, error.todo, error.place, error.business)
