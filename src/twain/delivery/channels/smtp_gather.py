"""Answers of many connections, heard a few at a time.

A relay that works messages off one by one answers one by one, and each answer would wake this process on its own, which
costs a tenth of all that a message does. As network cards do with their interrupts, answers that follow each other closely
are let come together. Half of the connections still have their work at the relay meanwhile, so it does not stand idle; where
there is nothing to gather, because answers come seldom or many at once, nobody waits.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

_MOST = 0.001  # seconds of one wait
_CLOSELY = _MOST / 4  # from one answer to the next: fewer than four could be gathered where they come more slowly
_SHARE = 2  # of the connections, one in so many is waited for
_SMOOTH = 0.1


class Gather:
    """Ends a turn of the loop with a short wait when answers come fast, but singly.

    *clock* is not the loop's own, which stands still within a turn and knows no microseconds; *sleep* blocks the loop's thread.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._loop = loop
        self._clock = clock
        self._sleep = sleep
        self._heard = 0
        self._connections = 0
        self._each = _MOST  # seconds from one answer to the next, smoothed
        self._since = clock()

    def heard(self, connections: int) -> None:
        """A message was answered on one of so many connections, and the next one has gone out."""
        self._heard += 1
        self._connections = connections
        if self._heard == 1:
            self._loop.call_soon(self._end_of_turn)

    def _end_of_turn(self) -> None:
        now = self._clock()
        heard, self._heard = self._heard, 0
        self._each += _SMOOTH * (min((now - self._since) / heard, _MOST) - self._each)
        self._since = now
        missing = self._connections // _SHARE - heard
        if missing > 0 and self._each < _CLOSELY:
            self._sleep(min(missing * self._each, _MOST))
