"""Whose time it was: three clocks, computed from the events whenever they are read. Pure; nothing is stored twice.

IT's clock runs while it is IT's turn, Marketing's while a question waits for an answer, the external one while somebody outside
is waited for. What is measured is working time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from twain_web.rooms.desk.states import OPEN, State

#: Working hours between two moments.
Business = Callable[[datetime, datetime], float]


@dataclass(frozen=True, slots=True)
class Passed:
    """One event as clocks see it: when, and the state from then on."""

    at: datetime
    state: State


@dataclass(frozen=True, slots=True)
class Clocks:
    """Working hours on each clock."""

    it: float = 0.0
    marketing: float = 0.0
    external: float = 0.0

    @property
    def lead(self) -> float:
        """What a forecast is about: all but the time in which a question waited for Marketing."""
        return self.it + self.external


_CLOCK = {State.CLARIFYING: "marketing", State.WAITING_EXTERNAL: "external"}


def clocks(events: Iterable[Passed], until: datetime, business: Business) -> Clocks:
    """The clocks of one request at *until*; *events* in their order. A closed request's clocks stand still."""
    told = sorted(events, key=lambda e: e.at)
    hours = {"it": 0.0, "marketing": 0.0, "external": 0.0}
    for one, following in zip(told, [*told[1:], Passed(until, State.DRAFT)], strict=True):
        end = min(following.at, until)
        if one.state in OPEN and end > one.at:
            hours[_CLOCK.get(one.state, "it")] += business(one.at, end)
    return Clocks(**hours)
