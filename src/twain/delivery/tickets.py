"""Tickets: the messages that are under way, and what was heard of them since they were last booked.

A channel may answer thousands of times a second, so an answer is only put down when it comes, and booked with all others of
its burst: one look at each lane and one list per window instead of a round of calls per message.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from itertools import groupby, repeat
from operator import itemgetter

from twain.delivery.journal import Key
from twain.delivery.lanes import LaneBook
from twain.delivery.pace import UNSENT, Backoff
from twain.delivery.windows import Made, OpenWindow
from twain.ports import EnvelopeSender
from twain.records import Envelope, Fate, Outcome

_SENT = Fate.SENT
_envelope = partial(tuple.__new__, Envelope)  # a named tuple's own constructor costs twice as much
_outcome = partial(tuple.__new__, Outcome)
_window_of = itemgetter(0)

Picked = list[tuple[OpenWindow, Sequence[Made]]]
"""What is to be handed out, by the window that it was claimed in."""


class Tickets:
    """Numbers what is handed out, and books each answer under its row.

    *unjournalled* are the booked answers that the journal has not been told of, *recalled* the numbers of those under way
    that must not begin any more.
    """

    def __init__(self, sender: EnvelopeSender, lanes: LaneBook, backoff: Backoff) -> None:
        self.unjournalled: dict[Key, list[Outcome]] = {}
        self._sender = sender
        self._lanes = lanes
        self._backoff = backoff
        self._last = 0
        self._flying: dict[int, tuple[OpenWindow, int]] = {}
        self._heard: list[tuple[int, Outcome]] = []
        self.recalled: set[int] = set()
        self._obeyed = 0

    def hand_out(self, picked: Picked) -> list[Envelope]:
        """Envelopes of these messages, each with a ticket of its own."""
        envelopes: list[Envelope] = []
        for window, messages in picked:
            rows, recipients, data = zip(*messages, strict=True)
            numbers = range(self._last + 1, self._last + 1 + len(rows))
            self._last += len(rows)
            self._flying.update(zip(numbers, zip(repeat(window), rows), strict=True))
            envelopes += map(_envelope, zip(numbers, self._senders(window, rows), recipients, data, strict=False))
        return envelopes

    def _senders(self, window: OpenWindow, rows: Sequence[int]) -> Iterable[bytes]:
        sender = self._sender
        return repeat(sender) if isinstance(sender, bytes) else sender(window.window.shard, rows)

    def heard(self, ticket: int, outcome: Outcome) -> None:
        """Put an answer down."""
        self._heard.append((ticket, outcome))

    def forget(self) -> None:
        """Nothing that is under way is waited for any more."""
        self._flying.clear()
        self.recalled.clear()

    def recall(self, suppressed: set[bytes], *, everybody: bool) -> set[int]:
        """Call back what goes to these addresses (which only grow in number), or all; the numbers that must not begin."""
        if everybody:
            self.recalled.update(self._flying)
        elif len(suppressed) != self._obeyed:
            self._obeyed, flying = len(suppressed), self._flying.items()
            self.recalled.update(ticket for ticket, (window, row) in flying if window.hash_of(row) in suppressed)
        return self.recalled

    def book(self, now: float) -> None:
        """Enter what was heard: deferred rows get their next try, and throttling slows the lane."""
        heard, self._heard = self._heard, []
        if self.recalled:
            self.recalled.difference_update(ticket for ticket, _ in heard)
        flying = self._flying.pop
        known = [(*flying(ticket), outcome) for ticket, outcome in heard]
        for window, some in groupby(known, key=_window_of):
            answers = self.unjournalled.setdefault(window.key, [])
            before, outcomes = len(answers), window.outcomes
            for _, row, outcome in some:
                _, fate, reason, reply, _ = outcome
                if fate is _SENT:
                    final = _outcome((row, _SENT, reason, reply, now))
                    outcomes.append(final)
                else:
                    final = self._not_sent(window, row, outcome, now)
                answers.append(final)
            self._lanes.counted(window.held.lane, len(answers) - before)

    def _not_sent(self, window: OpenWindow, row: int, outcome: Outcome, now: float) -> Outcome:
        if outcome.reason == UNSENT:
            window.unsent.append(row)
            return Outcome(row, Fate.DEFERRED, UNSENT, "", now)
        self._lanes.heard(window.held.lane, outcome)
        final = Outcome(row, outcome.fate, outcome.reason, outcome.reply, now)
        retry_at = None
        if outcome.fate is Fate.DEFERRED:
            final, retry_at = self._backoff.next_try(final, window.attempts(row), now)
        window.close(final, retry_at)
        return final
