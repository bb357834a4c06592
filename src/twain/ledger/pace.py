"""Pace: how many messages may go when, kept by all workers together. Pure arithmetic on a lane's row.

Per second: a virtual schedule (GCRA). Each reservation of n moves the lane's next free moment by n / rate, so over any T
seconds at most rate · (T + 1) messages are due. Per hour: a count per minute; what is reserved, plus the last 61 minutes,
never passes the limit, the 61st being the margin for a message that goes a little after its reservation.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from twain.ledger.driver import Moment, Row
from twain.records import LanePace, Wait

AHEAD = 1.0  # seconds: a window may be reserved at most this long before it may start
_HOUR = 3660.0
_RECOVERY = 60.0  # seconds in which a throttled lane's rate doubles again
_SLOWEST = 0.01
_ALWAYS_OVER = 7.0  # doublings after which the slowest lane is not slow any more


@dataclass(frozen=True, slots=True)
class LaneState:
    """What is reserved on one lane. Times are ticks; *minutes* holds (start of minute, count), oldest first."""

    next_at: float
    minutes: tuple[tuple[float, int], ...]
    slow: float
    slow_at: float


@dataclass(frozen=True, slots=True)
class Grant:
    """*count* messages may go from tick *start*, *rate* of them per second."""

    count: int
    start: float
    rate: float


def lane_from(row: Row, now: Moment) -> LaneState:
    """A lane as of now; if the machine has booted since it was written, its times are carried over by the wall clock."""
    shift = 0.0
    if row["era"] != now.era:
        shift = now.tick - row["tick_at"] - max(0.0, now.wall - row["wall_at"])
    minutes = tuple((at + shift, count) for at, count in json.loads(row["hour"]))
    return LaneState(row["next_at"] + shift, minutes, row["slow"], row["slow_at"] + shift)


def lane_values(state: LaneState, now: Moment) -> dict[str, Any]:
    """A lane as values for its row."""
    return {
        "next_at": state.next_at,
        "hour": json.dumps([list(minute) for minute in state.minutes]),
        "slow": state.slow,
        "slow_at": state.slow_at,
        "tick_at": now.tick,
        "wall_at": now.wall,
        "era": now.era,
    }


def limited(pace: LanePace) -> bool:
    """Whether there is any limit to keep."""
    return pace.per_second is not None or pace.per_hour is not None


def slowed(pace: LanePace, slow: float) -> LanePace:
    """The pace while the relay throttles: per second scaled by 0 < *slow* ≤ 1."""
    if pace.per_second is None or slow >= 1.0:
        return pace
    return replace(pace, per_second=pace.per_second * max(slow, _SLOWEST))


def reserve(
    lanes: Sequence[tuple[LaneState, LanePace]], wanted: int, tick: float
) -> tuple[Grant, list[LaneState]] | Wait:
    """Reserve up to *wanted* on every lane at once, at most one second's worth; or say how long to wait."""
    start = max([tick, *(state.next_at for state, pace in lanes if pace.per_second is not None)])
    if start - tick > AHEAD:
        return Wait(start - tick - AHEAD / 2, "the lane's pace per second is used up")
    rate = min([float("inf"), *(pace.per_second for _, pace in lanes if pace.per_second is not None)])
    left = [_hour_left(state, pace.per_hour, tick) for state, pace in lanes if pace.per_hour is not None]
    count = int(min([wanted, max(rate, 1.0), *left]))
    if count < 1:
        return _wait_for_hour(lanes, tick)
    return Grant(count, start, rate), [_taken(state, pace, count, start, tick) for state, pace in lanes]


def slowness(state: LaneState, tick: float) -> float:
    """How slow a throttled lane still is: it doubles every minute until it is 1."""
    doublings: float = max(0.0, tick - state.slow_at) / _RECOVERY
    if doublings >= _ALWAYS_OVER:  # a machine may be up for months, and no float holds two to that power
        return 1.0
    return float(min(1.0, state.slow * 2.0**doublings))


def throttle(state: LaneState, slow: float, tick: float) -> LaneState:
    """Remember that the lane is throttled to *slow* from now."""
    return replace(state, slow=min(1.0, max(_SLOWEST, slow)), slow_at=tick)


def _hour_left(state: LaneState, limit: int, tick: float) -> int:
    return limit - sum(count for at, count in state.minutes if at > tick - _HOUR)


def _wait_for_hour(lanes: Sequence[tuple[LaneState, LanePace]], tick: float) -> Wait:
    """Until the oldest counted minute of every full lane has left the hour; one minute when nothing is counted at all."""
    until = tick
    for state, pace in lanes:
        if pace.per_hour is not None and _hour_left(state, pace.per_hour, tick) < 1:
            oldest = min((at for at, count in state.minutes if at > tick - _HOUR and count), default=tick - _HOUR + 60)
            until = max(until, oldest + _HOUR)
    return Wait(until - tick, "the lane's limit per hour is used up")


def _taken(state: LaneState, pace: LanePace, count: int, start: float, tick: float) -> LaneState:
    next_at = start + count / pace.per_second if pace.per_second is not None else state.next_at
    return replace(state, next_at=next_at, minutes=_counted(state.minutes, count, tick) if pace.per_hour else ())


def _counted(minutes: Sequence[tuple[float, int]], count: int, tick: float) -> tuple[tuple[float, int], ...]:
    kept = [minute for minute in minutes if minute[0] > tick - _HOUR]
    if kept and kept[-1][0] > tick - 60.0:
        kept[-1] = (kept[-1][0], kept[-1][1] + count)
    else:
        kept.append((tick, count))
    return tuple(kept)
