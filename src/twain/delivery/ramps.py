"""The ramps that a worker keeps while its sender is warmed up: asked for anew every few seconds, for a day is long.

IT may raise, lower or end one while a send waits for midnight. What has changed counts from the next claim on, and what waited is
looked at again, by its own wave and quiet hours; what the ledger has counted stays counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from twain.delivery.windows import HeldShard
from twain.ports import Clock, Ledger
from twain.records.warming import WarmUp

EVERY = 5.0
"""Seconds between two looks."""


class Ramps:
    """Those that hold *now*, from the first look on; at that the run is looked at again: nobody may have sent for a while."""

    def __init__(self, asked: Callable[[], Sequence[WarmUp]], ledger: Ledger, run_id: str, clock: Clock) -> None:
        self.now: tuple[WarmUp, ...] | None = None
        self._asked, self._ledger, self._run_id, self._clock = asked, ledger, run_id, clock
        self._looked_at = float("-inf")

    def look(self, held: Iterable[HeldShard]) -> None:
        """Once in a while: when a ramp has changed, wake the run, and what this worker holds of it."""
        boot = self._clock.boottime()
        if boot - self._looked_at < EVERY:
            return
        found = tuple(self._asked())
        if found != self.now:
            self._ledger.wake(self._run_id)
            for one in held:
                one.claim_after = 0.0
        self.now, self._looked_at = found, boot
