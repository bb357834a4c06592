"""The lanes of one worker: IT's limits, how slow each lane must go while its relay throttles, and the rate that was reached."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from twain.delivery.pace import THROTTLED, Slowness, pace_of
from twain.ports import Channel, Clock, Ledger
from twain.records import Fate, LanePace, Outcome

_SHARE_EVERY = 1.0
_ASK_AGAIN = 5.0  # seconds
_LEAST_RATE = 20.0  # messages per second that a throttled lane without a limit starts from, at least


@dataclass(slots=True)
class _Lane:
    slowness: Slowness = field(default_factory=Slowness)
    throttled: bool = False
    shared_at: float = float("-inf")
    answers: int = 0
    counted_since: float = float("-inf")
    rate: float = 0.0
    base: float | None = None  # what an unlimited lane did when it was first throttled


class LaneBook:
    """What one worker knows of each lane it sends on; slowness is shared with other workers through the ledger."""

    def __init__(self, ledger: Ledger, channel: Channel, clock: Clock) -> None:
        self._ledger = ledger
        self._channel = channel.name
        self._paces = channel.paces()
        self._clock = clock
        self._lanes: dict[str, _Lane] = {}
        self._full: dict[str, float] = {}

    def pace(self, name: str) -> tuple[tuple[LanePace, LanePace], float]:
        """The lane's pace, the channel's, and the factor by which the lane's must be slowed down just now."""
        lane = self._lanes.setdefault(name, _Lane())
        self._share(name, lane)
        pace = pace_of(self._paces, name)
        if pace.per_second is None and lane.slowness.factor < 1.0:
            pace = replace(pace, per_second=lane.base or _LEAST_RATE)
        return (pace, self._paces.get("", LanePace())), lane.slowness.factor

    def passed_by(self, name: str, seconds: float) -> float:
        """A lane has no room for so long. Returns until when nothing need be leased (boottime; 0: others may have room)."""
        known, boot = name in self.full(), self._clock.boottime()
        self._full[name] = boot + seconds
        return boot + min(seconds, _ASK_AGAIN) if known else 0.0

    def full(self) -> list[str]:
        """Lanes that had no room a while ago and have none yet: others are looked at first."""
        boot = self._clock.boottime()
        self._full = {name: until for name, until in self._full.items() if until > boot}
        return list(self._full)

    def counted(self, name: str, answers: int) -> None:
        """So many answers came, of whatever kind: what the lane's rate is reckoned from."""
        self._lanes.setdefault(name, _Lane()).answers += answers

    def heard(self, name: str, outcome: Outcome) -> None:
        """An answer that is not just "sent": a throttling one slows its lane from the next claim on."""
        if outcome.fate is Fate.DEFERRED and outcome.reason == THROTTLED:
            self._lanes.setdefault(name, _Lane()).throttled = True

    def rate(self) -> float:
        """Answers per second over all lanes, lately."""
        boot = self._clock.boottime()
        for lane in self._lanes.values():
            _count(lane, boot)
        return sum(lane.rate for lane in self._lanes.values())

    def _share(self, name: str, lane: _Lane) -> None:
        """Slow down or heal by what was heard, and exchange it with the other workers, at most once a second."""
        boot = self._clock.boottime()
        _count(lane, boot)
        if lane.throttled and lane.base is None:
            lane.base = max(lane.rate, _LEAST_RATE)
        changed = lane.slowness.throttled(boot) if lane.throttled else lane.slowness.heal(boot)
        lane.throttled = False
        if lane.slowness.factor >= 1.0:
            lane.base = None
        if changed and lane.slowness.factor < 1.0:
            self._ledger.throttled(self._channel, name, slow=lane.slowness.factor)
        elif boot - lane.shared_at >= _SHARE_EVERY:
            lane.shared_at = boot
            lane.slowness.adopt(self._ledger.lane_slowness(self._channel, name), boot)


def _count(lane: _Lane, boot: float) -> None:
    since = boot - lane.counted_since
    if since >= 1.0:
        lane.rate = lane.answers / since if since != float("inf") else 0.0
        lane.answers, lane.counted_since = 0, boot
