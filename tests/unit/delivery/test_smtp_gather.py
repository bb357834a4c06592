"""Answers that come singly and fast are heard together; nobody waits where there is nothing to gather."""

from __future__ import annotations

import pytest

from twain.delivery.channels.smtp_gather import Gather

CONNECTIONS = 10


class Turns:
    """A loop whose turns and time are ours: answers come every *each* seconds, whether we sleep or not."""

    def __init__(self, each: float, together: int = 1) -> None:
        self.each, self.together = each, together
        self.now, self.naps, self.due = 0.0, [], []
        self.per_turn: list[int] = []
        self.gather = Gather(self, clock=lambda: self.now, sleep=self.nap)
        self._answered = 0

    def call_soon(self, what):
        self.due.append(what)

    def nap(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.now += seconds

    def run(self, turns: int) -> None:
        """Each turn hears what has come since the last; with nothing there, it waits for the next answers."""
        for _ in range(turns):
            step = self.each * self.together
            self.now = max(self.now, (self._answered // self.together + 1) * step)
            come = max(self.together, int(self.now / step) * self.together - self._answered)
            self._answered += come
            self.per_turn.append(come)
            for _ in range(come):
                self.gather.heard(CONNECTIONS)
            while self.due:
                self.due.pop()()


def test_fast_single_answers_come_together_and_half_of_the_connections_stay_busy():
    turns = Turns(each=0.00015)
    turns.run(200)
    late = turns.per_turn[100:]
    assert sum(late) / len(late) > 2, late
    assert max(late) <= CONNECTIONS // 2, late


def test_no_wait_is_longer_than_a_millisecond():
    turns = Turns(each=0.00024)
    turns.run(500)
    assert turns.naps
    assert max(turns.naps) <= 0.001


@pytest.mark.parametrize(("each", "together"), [(0.02, 1), (0.0004, 1), (0.0001, 5), (0.00001, 50)])
def test_nobody_waits_for_answers_that_come_seldom_or_many_at_once(each, together):
    turns = Turns(each, together)
    turns.run(300)
    assert turns.naps == []


def test_one_connection_has_nobody_to_wait_for():
    turns = Turns(each=0.00002)
    for _ in range(100):
        turns.now += turns.each
        turns.gather.heard(1)
        turns.due.pop()()
    assert turns.naps == []
