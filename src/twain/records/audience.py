"""An audience compiled, and the frozen people of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pyarrow as pa

from twain.records.feeds import Statement


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
    """One encrypted Arrow file of the frozen audience. All its rows share a lane, a not-before (epoch seconds) and quiet hours.

    *quiet*: their time zone and the quiet hours in it, as JSON; empty when there are none.
    """

    run_id: str
    number: int
    rows: int
    lane: str
    path: str
    sha256: str
    not_before: float = 0.0
    quiet: str = ""
