"""Lanes: IT's limits on a channel and its lanes, kept by all workers together, and how slow a throttled lane still is."""

from __future__ import annotations

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
from twain.records import LanePace, Wait

WHOLE = ""  # the lane that stands for a channel as a whole


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

    def _reserve(
        self, tx: Transaction, channel: str, lane: str, wanted: int, paces: tuple[LanePace, LanePace, float]
    ) -> Grant | Wait:
        """Reserve pace on the channel's row and then the lane's: always in this order, so that no two workers embrace."""
        pace, channel_pace, slow = paces
        asked = [(WHOLE, channel_pace), (lane or "*", slowed(pace, slow))]
        named = [(name, limit) for name, limit in asked if limited(limit)]
        if not named:
            return Grant(wanted, tx.moment.tick, float("inf"))
        lanes = [(self._lane(tx, channel, name), limit) for name, limit in named]
        found = reserve(lanes, wanted, tx.moment.tick)
        if isinstance(found, Wait):
            return found
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
