"""What the numbers are counted from: plain records, read once a page. No record names a person."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from twain.calendars.slots import Capacity
from twain.records.slots import Slot
from twain_web.rooms.capacity.public import PlanRecord
from twain_web.rooms.desk.public import RequestRecord
from twain_web.rooms.incidents.public import Incident
from twain_web.rooms.partnership.meetings import Carried, Met


@dataclass(frozen=True, slots=True)
class Sent:
    """One send that is over or under way. *feeds*: all that its queries read; *yeses*: how many approvals its bundle has.

    *ended_well* False: it was stopped for good, or expired; *held*: something held it on its way.
    """

    campaign: str
    began_at: datetime
    feeds: tuple[str, ...]
    yeses: int
    held: bool
    ended_well: bool


@dataclass(frozen=True, slots=True)
class Catalogue:
    """How the catalogue stood on a day: fields that campaigns read, those of them with owner and term, feeds, unused ones."""

    day: date
    fields: int
    owned: int
    feeds: int
    unused: int


@dataclass(frozen=True, slots=True)
class Spf:
    """How many look-ups a sender domain's SPF record needed on a day; 11: more than ten."""

    day: date
    domain: str
    lookups: int


@dataclass(frozen=True, slots=True)
class Told:
    """What one side said of the other in a quarter, as far as it may be told."""

    quarter: str
    side: str
    answered: int
    share: float
    bound: str


@dataclass(frozen=True, slots=True)
class Vendor:
    """A vendor review. *open*: rows on which the two teams differ, as far as they have been revealed."""

    asked_at: datetime
    decided_at: datetime | None
    open: int


@dataclass(frozen=True, slots=True)
class Records:
    """A year of it, read at *now*. *hours*: IT's working hours between two moments; *day*: a moment's day on our clocks."""

    now: datetime
    hours: Callable[[datetime, datetime], float]
    day: Callable[[datetime], date]
    requests: Sequence[RequestRecord] = ()
    plans: Sequence[PlanRecord] = ()
    confirmed: Sequence[tuple[datetime, float]] = ()
    """When IT confirmed a plan, and the working hours that it had needed for that."""
    slots: Sequence[Slot] = ()
    capacity: Capacity = Capacity()  # noqa: RUF009 — frozen, and empty
    sends: Sequence[Sent] = ()
    incidents: Sequence[Incident] = ()
    checks: Sequence[Met] = ()
    items: Sequence[Carried] = ()
    catalogue: Sequence[Catalogue] = ()
    spf: Sequence[Spf] = ()
    survey: Sequence[Told] = ()
    vendors: Sequence[Vendor] = ()
    feed_titles: tuple[tuple[str, str], ...] = ()
