"""Lanes: IT's limits on a channel and its lanes, kept by all workers together, and how slow a throttled lane still is.

So is the number of a day on which a sender is warmed up: of all lanes, channels and runs together.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from twain.ledger.book import Book
from twain.ledger.driver import Row, Transaction
from twain.ledger.pace import (
    Grant,
    LaneState,
    lane_from,
    lane_values,
    limited,
    reserve,
    slowed,
    slowness,
    throttle,
)
from twain.ledger.warming import (
    EARLY,
    DayCount,
    counted,
    day_of,
    days_from,
    days_text,
    given_back,
    left_on,
    midnight_after,
)
from twain.records import LanePace, Wait
from twain.records.warming import WarmUp

WHOLE = ""  # the lane that stands for a channel as a whole


WARMING = "today's number is used up while the sender is warmed up; the rest goes on tomorrow"


class Paces(NamedTuple):
    """What a claim must keep: the lane's limits and the channel's, the lane's slowness, and the ramps of its sender."""

    lane: LanePace
    channel: LanePace
    slow: float
    warming: Sequence[WarmUp] = ()


@dataclass(frozen=True, slots=True)
class Reserved:
    """A grant; if a ramp counts it, where (``[[row, date]]`` as JSON) and *until* when it must have begun (wall clock)."""

    grant: Grant
    warming: str = ""
    until: float = float("inf")


class Lanes(Book):
    """Reserve pace; remember throttling."""

    def throttled(self, channel: str, lane: str, *, slow: float) -> None:
        """Remember for all workers that a lane is throttled to 0 < *slow* ≤ 1 of its pace from now on."""
        with self._driver.writing() as tx:
            state = throttle(self._lane(tx, channel, lane), slow, tx.moment.tick)
            tx.run("lane_set", channel=channel, lane=lane, **lane_values(state, tx.moment))

    def lane_slowness(self, channel: str, lane: str) -> float:
        """How slow a lane is to be worked now, 0 < s ≤ 1: it doubles every minute after the last throttling."""
        with self._driver.reading() as tx:
            row = tx.one("lane_get", channel=channel, lane=lane)
            return slowness(lane_from(row, tx.moment), tx.moment.tick) if row else 1.0

    def _reserve(self, tx: Transaction, channel: str, lane: str, wanted: int, paces: Paces) -> Reserved | Wait:
        """Reserve on the ramps' rows, the channel's and then the lane's: in this order, so that no two workers embrace."""
        if not paces.warming:
            grant = self._reserve_pace(tx, channel, lane, wanted, paces)
            return grant if isinstance(grant, Wait) else Reserved(grant)
        return self._reserve_warm(tx, channel, lane, wanted, paces)

    def _reserve_warm(self, tx: Transaction, channel: str, lane: str, wanted: int, paces: Paces) -> Reserved | Wait:
        wall = tx.moment.wall
        days = {ramp: self._days(tx, ramp.row) for ramp in sorted(paces.warming, key=lambda ramp: ramp.row)}
        ends, left = float("inf"), wanted
        for ramp, kept in days.items():
            room = left_on(ramp, kept, day_of(ramp.zone, wall))
            if room is not None:
                ends, left = min(ends, midnight_after(ramp.zone, wall)), min(left, room)
        if left < 1 or wall >= ends - EARLY:
            return Wait(max(0.0, ends - wall), WARMING)
        grant = self._reserve_pace(tx, channel, lane, left, paces)
        if isinstance(grant, Wait) or ends == float("inf"):
            return grant if isinstance(grant, Wait) else Reserved(grant)
        return Reserved(grant, self._count_warm(tx, days, grant.count), ends - EARLY)

    def _count_warm(self, tx: Transaction, days: dict[WarmUp, tuple[DayCount, ...]], count: int) -> str:
        """Count a grant on every ramp that is not over; says where."""
        where: list[tuple[str, int]] = []
        for ramp, kept in days.items():
            day = day_of(ramp.zone, tx.moment.wall)
            if left_on(ramp, kept, day) is not None:
                tx.run("lane_days", channel=ramp.row, lane=WHOLE, days=days_text(counted(ramp, kept, day, count)))
                where.append((ramp.row, day))
        return json.dumps(where)

    def _count_back(self, tx: Transaction, warming: str, unsent: int) -> None:
        """So many messages of a window never began: their day has them again."""
        for row, day in json.loads(warming):
            tx.run("lane_days", channel=row, lane=WHOLE, days=days_text(given_back(self._days(tx, row), day, unsent)))

    @staticmethod
    def _day_ends(tx: Transaction, where: str, warming: Sequence[WarmUp]) -> float:
        """When a window must have begun that was counted there before, by the wall clock: at once when its day is over."""
        wall, counted_on = tx.moment.wall, dict(json.loads(where or "[]"))
        ours = [ramp for ramp in warming if ramp.row in counted_on]
        if any(day_of(ramp.zone, wall) != counted_on[ramp.row] for ramp in ours):
            return wall
        return min((midnight_after(ramp.zone, wall) - EARLY for ramp in ours), default=float("inf"))

    def _days(self, tx: Transaction, row: str) -> tuple[DayCount, ...]:
        self._lane(tx, row, WHOLE)
        kept = tx.one("lane_get", channel=row, lane=WHOLE)
        return days_from(kept["days"]) if kept else ()

    def warm_days(self, row: str) -> tuple[DayCount, ...]:
        """What a ramp's row has counted, by date."""
        with self._driver.reading() as tx:
            kept = tx.one("lane_get", channel=row, lane=WHOLE)
            return days_from(kept["days"]) if kept else ()

    def _reserve_pace(self, tx: Transaction, channel: str, lane: str, wanted: int, paces: Paces) -> Grant | Wait:
        asked = [(WHOLE, paces.channel), (lane or "*", slowed(paces.lane, paces.slow))]
        named = [(name, limit) for name, limit in asked if limited(limit)]
        if not named:
            return Grant(wanted, tx.moment.tick, float("inf"))
        lanes = [(self._lane(tx, channel, name), limit) for name, limit in named]
        found = reserve(lanes, wanted, tx.moment.tick)
        if isinstance(found, Wait):
            return replace(found, lane=True)
        grant, states = found
        for (name, _), state in zip(named, states, strict=True):
            tx.run("lane_set", channel=channel, lane=name, **lane_values(state, tx.moment))
        return grant

    @staticmethod
    def _lane(tx: Transaction, channel: str, lane: str) -> LaneState:
        """A lane's state, its row locked and made if need be."""
        row: Row | None = tx.one("lane_lock", channel=channel, lane=lane)
        if row is None:
            moment = tx.moment
            tx.run("lane_add", channel=channel, lane=lane, tick=moment.tick, wall=moment.wall, era=moment.era)
            row = tx.one("lane_lock", channel=channel, lane=lane)
        return lane_from(row, tx.moment) if row else LaneState(0.0, (), 1.0, 0.0)
