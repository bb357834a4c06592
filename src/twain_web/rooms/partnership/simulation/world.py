"""What a simulated year stands on: its clock, its agenda, its dice, its people, and what is there in the world to be observed."""

from __future__ import annotations

import heapq
import itertools
import math
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings

from twain.calendars.business import add_hours
from twain.calendars.parts import Calendar
from twain.flows.capacity_files import read_capacity
from twain.flows.request_types import PROBES
from twain_web.reconcile import REGISTRY
from twain_web.rooms.partnership.simulation.clock import SimulatedClock

#: A Monday.
BEGINS = datetime(2025, 1, 6, 6, tzinfo=UTC)
ENDS = BEGINS + timedelta(days=364)
#: How far what people do is spread: the sigma of a log-normal, in which most days are usual and some are very long.
SPREAD = 0.55

Deed = Callable[[], None]
Key = tuple[str, frozenset[tuple[str, str]]]


@dataclass(slots=True)
class World:
    """One simulated year. *there*: what automatic checks would see, by probe and target."""

    seed: int
    clock: SimulatedClock
    people: Mapping[str, Any]
    dice: random.Random = field(init=False)
    it: Calendar = field(init=False)
    marketing: Calendar = field(init=False)
    there: set[Key] = field(default_factory=set)
    used: dict[str, list[tuple[str, str, str]]] = field(default_factory=dict)
    """Feed → (field, who reads it now, under which name)."""
    _agenda: list[tuple[datetime, int, Deed]] = field(default_factory=list)
    _numbers: itertools.count[int] = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        """The dice and both calendars."""
        self.dice = random.Random(self.seed)  # noqa: S311 — a simulation must be repeatable, not secret
        known = {one.name: one for one in read_capacity(settings.TWAIN.root, settings.TIME_ZONE).calendars}
        self.it, self.marketing = known["it"], known["marketing"]

    @property
    def now(self) -> datetime:
        """What time it is in the year."""
        return self.clock.moment

    def at(self, moment: datetime, deed: Deed) -> None:
        """Have something done at a moment."""
        heapq.heappush(self._agenda, (max(moment.astimezone(UTC), self.now), next(self._numbers), deed))

    def next_deed(self, until: datetime) -> Deed | None:
        """What is to be done next, its moment having come; None when nothing is until then."""
        if not self._agenda or self._agenda[0][0] >= until:
            return None
        self.clock.moment, _number, deed = heapq.heappop(self._agenda)
        return deed

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to be done."""
        return not self._agenda

    def its_time(self, hours: float, since: datetime | None = None, change: str = "") -> datetime:
        """The moment at which IT will have worked so many hours."""
        return add_hours(self.it, since or self.now, hours, change)

    def their_time(self, hours: float, since: datetime | None = None) -> datetime:
        """The moment at which Marketing will have worked so many hours."""
        return add_hours(self.marketing, since or self.now, hours)

    def about(self, median: float, spread: float = SPREAD) -> float:
        """Somewhere around a median, log-normally."""
        return median * math.exp(self.dice.gauss(0.0, spread))

    def chance(self, share: float) -> bool:
        """Whether it happens this time."""
        return self.dice.random() < share

    def sees(self, probe: str, target: Mapping[str, str]) -> bool:
        """What an automatic check would see."""
        return key_of(probe, target) in self.there

    def step(self, reconciler: str, key: str) -> None:
        """One step of what happens by itself in the house."""
        REGISTRY[reconciler].step(key)

    def look(self, reconciler: str) -> None:
        """Every step of one kind that is due."""
        for key in list(REGISTRY[reconciler].due()):
            REGISTRY[reconciler].step(key)


def key_of(probe: str, target: Mapping[str, str]) -> Key:
    """What *there* knows a thing by: what the probe must know, not what the desk writes beside it."""
    return probe, frozenset((key, target.get(key, "")) for key in PROBES[probe])
