"""What a calendar is made of. Every part says from which day on it holds, so that a change never rewrites what was."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Literal, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

Kind = Literal["hard", "soft"]
#: What a freeze may be for: the change classes of a procedure, and sending itself.
CLASSES = ("standard", "normal", "emergency", "send")


@dataclass(frozen=True, slots=True)
class Span:
    """From *begins* to *ends*, both aware; the end is not part of it."""

    begins: datetime
    ends: datetime

    @property
    def hours(self) -> float:
        """How long it is."""
        return (self.ends - self.begins).total_seconds() / 3600

    def overlaps(self, other: Span) -> bool:
        """Whether they share a moment."""
        return self.begins < other.ends and other.begins < self.ends


@dataclass(frozen=True, slots=True)
class Hours:
    """A team's week on the wall clocks of *zone*. *week*: weekday (0 = Monday), first minute, minute after the last."""

    effective_from: date
    zone: str
    week: tuple[tuple[int, int, int], ...]


@dataclass(frozen=True, slots=True)
class Holidays:
    """Public holidays of a country (ISO 3166-1) and region, days *closed* beside them, and those *worked*."""

    effective_from: date
    country: str = ""
    region: str = ""
    closed: tuple[date, ...] = ()
    worked: tuple[date, ...] = ()


@dataclass(frozen=True, slots=True)
class Freeze:
    """No change of *classes* between two moments. A hard one forbids; a soft one is shown, and asks for care."""

    name: str
    kind: Kind
    classes: tuple[str, ...]
    begins: datetime
    ends: datetime
    effective_from: date
    why: str = ""

    @property
    def span(self) -> Span:
        """When it holds: not before the day from which it was agreed."""
        return _since(self.begins, self.ends, self.effective_from)


@dataclass(frozen=True, slots=True)
class Maintenance:
    """Systems that cannot be counted on for a while. *touches*: ``channel:<name>``, ``source:<name>``, ``website:<name>``."""

    name: str
    touches: tuple[str, ...]
    begins: datetime
    ends: datetime
    effective_from: date
    why: str = ""

    @property
    def span(self) -> Span:
        """When it holds: not before the day from which it was agreed."""
        return _since(self.begins, self.ends, self.effective_from)


@dataclass(frozen=True, slots=True)
class Import:
    """What is kept in another calendar: an ICS *file* beside this one, or one at a *url* that the house reads by itself.

    *what* its events are: freezes (of *kind*, for *classes*), maintenance (of what it *touches*), or whole days of holiday.
    """

    kind: Kind
    classes: tuple[str, ...]
    effective_from: date
    file: str = ""
    url: str = ""
    what: Literal["freeze", "maintenance", "holiday"] = "freeze"
    touches: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What it is called in words: its file, or its host. The rest of an address may be a secret."""
        return self.file or urlsplit(self.url).hostname or "?"

    @property
    def kept_as(self) -> str:
        """The file's name that what was fetched is kept under."""
        return f"{hashlib.sha256(f'{self.what} {self.url}'.encode()).hexdigest()[:24]}.ics"


@dataclass(frozen=True, slots=True)
class Calendar:
    """One versioned file ``calendars/<name>.toml``."""

    name: str
    title: str = ""
    hours: tuple[Hours, ...] = ()
    holidays: tuple[Holidays, ...] = ()
    freezes: tuple[Freeze, ...] = ()
    maintenance: tuple[Maintenance, ...] = ()
    imports: tuple[Import, ...] = field(default=())


Part = TypeVar("Part", Hours, Holidays)


def in_force(parts: Sequence[Part], day: date) -> Part | None:
    """Of parts that follow one another, the one that holds on *day*: the latest that had begun; None before the first."""
    begun = [part for part in parts if part.effective_from <= day]
    return max(begun, key=lambda part: part.effective_from, default=None)


def _since(begins: datetime, ends: datetime, effective: date) -> Span:
    floor = datetime.combine(effective, time(), begins.tzinfo or ZoneInfo("UTC"))
    start = max(begins.astimezone(UTC), floor.astimezone(UTC))
    return Span(start, max(start, ends.astimezone(UTC)))
