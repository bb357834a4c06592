"""How often a caller may ask: a bucket each, refilled steadily, kept in this process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Meter:
    """*per_minute* requests a minute for each key, as many of them at once; it knows about *most* keys."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic, most: int = 10_000) -> None:
        self.per_minute = per_minute
        self._clock = clock
        self._most = most
        self._left: dict[str, tuple[float, float]] = {}
        self._one_at_a_time = threading.Lock()

    def take(self, key: str) -> float:
        """Take one. 0 when it was there; else the seconds until the next one is."""
        now = self._clock()
        with self._one_at_a_time:
            left = self._now(key, now)
            allowed = left >= 1
            self._left[key] = (left - 1 if allowed else left, now)
            if len(self._left) > self._most:
                self._forget_the_idle(now)
        return 0.0 if allowed else (1 - left) * 60 / self.per_minute

    def _now(self, key: str, now: float) -> float:
        left, at = self._left.get(key, (float(self.per_minute), now))
        return min(self.per_minute, left + (now - at) * self.per_minute / 60)

    def _forget_the_idle(self, now: float) -> None:
        """A bucket that is full again says nothing; were none full, the oldest half goes."""
        kept = {key: one for key, one in self._left.items() if self._now(key, now) < self.per_minute}
        if len(kept) > self._most:
            kept = dict(sorted(kept.items(), key=lambda item: item[1][1])[self._most // 2 :])
        self._left = kept
