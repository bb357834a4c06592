"""An audience's rule: what each kind of node means, as frozen dataclasses.

A rule is two-valued. A test on a value that is not there (null) is false, and ``not`` is plain negation: *not Berlin*
includes those whose city nobody knows, *is_not Berlin* (``ne``) does not.

``parse.py`` makes these from JSON or TOML, ``conditions.py`` turns them into SQL, ``words.py`` into English.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from twain.audiences.dates import LeapDay
from twain.records import Feed, Field, HistoryTest, Relation, Scalar

Op = Literal[
    "eq",
    "ne",
    "lt",
    "le",
    "gt",
    "ge",
    "in",
    "not_in",
    "between",
    "contains",
    "starts_with",
    "ends_with",
    "is_null",
    "not_null",
    "is_true",
    "is_false",
    "within_last_days",
    "older_than_days",
]


@dataclass(frozen=True, slots=True)
class All:
    """Every one of *rules* holds; with none of them, everybody."""

    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one of *rules* holds."""

    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """*rule* does not hold."""

    rule: Rule


@dataclass(frozen=True, slots=True)
class Test:
    """One field compared with *values* (as many as *op* takes).

    Text is compared exactly, by code point. A date compared with a timestamp means the whole day,
    by the clocks of the source.
    ``within_last_days`` n: from n days before today until today; ``older_than_days`` n: more than n days before today.
    """

    __test__ = False  # to pytest this is no test

    field: Field
    op: Op
    values: tuple[Scalar, ...] = ()


@dataclass(frozen=True, slots=True)
class Related:
    """The number of rows of another feed that belong to this one, and fulfil *where*, lies in *at_least* … *at_most*."""

    relation: Relation
    feed: Feed
    at_least: int = 1
    at_most: int | None = None
    where: Rule | None = None


@dataclass(frozen=True, slots=True)
class Anniversary:
    """Today is *days* days after (negative: before) an anniversary of *field*.

    ``every`` year or month, or ``once``: *years* and *months* after the date. The date itself is no anniversary.
    *leap_day* says when those of February 29 celebrate in other years; a month's missing days fall on its last.
    """

    field: Field
    every: Literal["year", "month", "once"] = "year"
    years: int = 0
    months: int = 0
    days: int = 0
    leap_day: LeapDay = "feb28"


@dataclass(frozen=True, slots=True)
class Nested:
    """Another audience of the same feed."""

    name: str
    rule: Rule


@dataclass(frozen=True, slots=True)
class Fragment:
    """The row's key is among those that IT's own SELECT returns."""

    name: str
    sql: str


@dataclass(frozen=True, slots=True)
class History:
    """A test on our own sends; stands at the root's and/not only, because it runs on the keys, not in the database."""

    test: HistoryTest


Rule = All | AnyOf | Not | Test | Related | Anniversary | Nested | Fragment | History
