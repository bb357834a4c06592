"""Shards held and windows open: the books that a dispatcher keeps between a claim and its settlement."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import cast

from twain.delivery.journal import Key, Told, key_of
from twain.delivery.pace import UNSENT
from twain.ports import Opened
from twain.records import Fate, Lease, Outcome, Settlement, Window

Made = tuple[int, bytes, bytes]
"""A row, its recipient and its message."""

_LATEST_START = 2.0  # seconds: a claim reserves pace at most a second ahead; more than that is a clock that differs


@dataclass(slots=True)
class HeldShard:
    """A shard under our lease, in memory. *dry*: the ledger had nothing more to claim; *claim_after* in boottime."""

    lease: Lease
    opened: Opened
    windows: list[OpenWindow] = field(default_factory=list)
    dry: bool = False
    lost: bool = False
    claim_after: float = 0.0

    @property
    def lane(self) -> str:
        """The lane that all its rows go by."""
        return self.lease.shard.lane

    @property
    def left(self) -> bool:
        """Some claimed row has not been handed out yet: until then nothing more is claimed."""
        return any(window.left for window in self.windows)

    def complete(self) -> list[OpenWindow]:
        """The windows that can be settled."""
        return [window for window in self.windows if window.complete]


class OpenWindow:
    """One claimed window: rows not yet handed out, rows under way, and what came back."""

    def __init__(self, held: HeldShard, window: Window, *, now: float, boot: float) -> None:
        self.held = held
        self.window = window
        self.key: Key = key_of(window)
        self.outcomes: list[Outcome] = []
        self.unsent: list[int] = []
        self.retry_at: dict[int, float] = {}
        self.opens_at = boot + min(max(window.start_at - now, 0.0), _LATEST_START)
        self._attempts = dict(zip(window.rows, window.attempts, strict=True)) if any(window.attempts) else {}
        self._hashes = dict(zip(window.rows, held.opened.address_hashes(window.rows), strict=True))
        self._waiting = list(reversed(window.rows))
        self._rendering: Iterator[Made | Outcome] | None = None
        self._suppressed = 0
        self._given = 0

    @property
    def left(self) -> int:
        """Rows not yet handed out."""
        return len(self._waiting)

    @property
    def complete(self) -> bool:
        """Every row has its outcome or goes back."""
        return len(self.outcomes) + len(self.unsent) == len(self.window.rows)

    def attempts(self, row: int) -> int:
        """How often this row was deferred before."""
        return self._attempts.get(row, 0)

    def hash_of(self, row: int) -> bytes:
        """The HMAC of this row's address."""
        return self._hashes[row]

    def due(self, boot: float) -> int:
        """How many rows the reserved pace lets go by now."""
        if boot < self.opens_at:
            return 0
        if self.window.rate == float("inf"):
            return len(self._waiting)
        return min(len(self._waiting), int((boot - self.opens_at) * self.window.rate) + 1 - self._given)

    def next_due_in(self, boot: float) -> float:
        """Seconds until the pace lets the next row go."""
        return max(0.0, self.opens_at + self._given / self.window.rate - boot)

    def refuse(self, refused: dict[int, str], now: float) -> None:
        """Rows that may no longer go (row → reason), before any of them was handed out."""
        for row, reason in refused.items():
            if row in self._hashes:
                self._waiting.remove(row)
                self.outcomes.append(Outcome(row, Fate.SUPPRESSED, reason, "", now))

    def pick(self, limit: int, suppressed: set[bytes], now: float) -> list[Made]:
        """Render up to *limit* messages; suppressed and unbuildable rows get their outcome on the way."""
        if self._rendering is None:
            self._drop_suppressed(suppressed, now)
            self._rendering = self.held.opened.render(tuple(reversed(self._waiting)))
        picked: list[Made] = []
        while (wanted := min(limit - len(picked), len(self._waiting))) > 0:
            made = list(islice(self._rendering, wanted))
            if len(made) < wanted:
                raise RuntimeError(f"{self.held.opened!r} rendered {len(made)} of {wanted} rows")
            del self._waiting[-wanted:]
            picked += self._sendable(made, suppressed, now)
        self._given += len(picked)
        return picked

    def _sendable(self, made: list[Made | Outcome], suppressed: set[bytes], now: float) -> list[Made]:
        """Those that may go. The set only grows: while it has not, nobody new can be in it."""
        if len(suppressed) == self._suppressed and Outcome not in set(map(type, made)):
            return cast("list[Made]", made)
        sendable: list[Made] = []
        for one in made:
            if isinstance(one, Outcome):
                self.outcomes.append(one)
            elif self._hashes[one[0]] in suppressed:
                self.outcomes.append(Outcome(one[0], Fate.SUPPRESSED, "suppressed", "", now))
            else:
                sendable.append(one)
        return sendable

    def _drop_suppressed(self, suppressed: set[bytes], now: float) -> None:
        self._suppressed, hashes = len(suppressed), self._hashes
        stopped = [row for row in self._waiting if hashes[row] in suppressed]
        if stopped:
            gone = set(stopped)
            self._waiting = [row for row in self._waiting if row not in gone]
            self.outcomes += (Outcome(row, Fate.SUPPRESSED, "suppressed", "", now) for row in stopped)

    def close(self, outcome: Outcome, retry_at: float | None = None) -> None:
        """A row that was handed out has its outcome."""
        self.outcomes.append(outcome)
        if retry_at is not None:
            self.retry_at[outcome.row] = retry_at

    def give_back(self) -> None:
        """Nothing more of it shall go now: what was not handed out goes back unsent."""
        self.unsent += self._waiting
        self._waiting = []

    def settlement(self) -> Settlement:
        """What the ledger is to be told of it, once it is complete."""
        return Settlement(self.window, self.outcomes, self.unsent, self.retry_at)

    def told(self) -> Told:
        """What its journal would tell: for a journal that is written anew."""
        answers = {one.row: one for one in self.outcomes}
        answers.update({row: Outcome(row, Fate.DEFERRED, UNSENT) for row in self.unsent})
        waiting = set(self._waiting)
        return Told({row for row in self.window.rows if row not in waiting}, answers)
