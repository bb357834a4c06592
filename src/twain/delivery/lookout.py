"""The lookout: whether this run may still send, and to whom it may no longer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from twain.ports import Clock, Ledger
from twain.records import CrashPolicy, RunState

_STATE_EVERY = 1.0
_SUPPRESSION_EVERY = 0.05
STALE = 0.15
"""Seconds after which what is known of suppressions is too old to begin a message on."""


@dataclass(frozen=True, slots=True)
class End:
    """Why a worker's part ends, as a stable word and for people."""

    how: str
    why: str = ""


class Lookout:
    """Asks the ledger: state, stops and not-after at most once a second, new suppressions twenty times a second.

    *suppressed* holds 32-byte address hashes and only grows; a removal counts from the next delivery on.
    """

    def __init__(
        self,
        ledger: Ledger,
        run_id: str,
        channel: str,
        clock: Clock,
        should_stop: Callable[[], bool] | None = None,
    ) -> None:
        run = ledger.run(run_id)
        self.run_id = run.id
        self.crash_policy: CrashPolicy = run.crash_policy
        self.suppressed: set[bytes] = set()
        self._ledger = ledger
        self._scopes = {"all", f"channel:{channel}"}
        self._clock = clock
        self._should_stop = should_stop or (lambda: False)
        self._seq = 0
        self._state_at = self._suppression_at = float("-inf")

    def look(self, *, at_once: bool = False) -> End | None:
        """Why sending must end now, or None. *at_once* asks even if it has just been asked."""
        if self.due:
            self.refresh_suppressed()
        boot = self._clock.boottime()
        if not at_once and boot - self._state_at < _STATE_EVERY:
            return None
        self._state_at = boot
        return self._asked() or self._by_state() or self._by_stop()

    def refresh_suppressed(self) -> None:
        """Learn who was suppressed since the last look. What is known then is as old as the question, not as the answer."""
        asked_at = self._clock.boottime()
        fresh, self._seq = self._ledger.suppressed_since(self._seq, self.run_id)
        self.suppressed.update(fresh)
        self._suppression_at = asked_at

    def age(self) -> float:
        """Seconds since it was last known who is suppressed."""
        return self._clock.boottime() - self._suppression_at

    @property
    def due(self) -> bool:
        """Whether it is time to look for new suppressions."""
        return self.age() >= _SUPPRESSION_EVERY

    def _asked(self) -> End | None:
        return End("asked", "This worker was asked to end.") if self._should_stop() else None

    def _by_state(self) -> End | None:
        run = self._ledger.run(self.run_id)
        if run.state is not RunState.SENDING:
            return End(run.state.value, f"The send is {run.state.value}.")
        if run.not_after is not None and self._clock.now() >= run.not_after:
            return End("expired", "It is past the time after which this must not be sent.")
        return None

    def _by_stop(self) -> End | None:
        stop = next((s for s in self._ledger.stops() if s.scope in self._scopes), None)
        return End("stopped", f"Stopped by {stop.person}: {stop.why}") if stop else None
