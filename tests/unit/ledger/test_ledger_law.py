"""The law: whatever crashes, everyone ends in exactly one fate, and nobody is ever in two open windows.

A model in plain Python goes beside the ledger through random leases, claims, settlements, crashes, takeovers, pauses and
resolutions, on each store.
"""

from __future__ import annotations

import itertools
import tempfile
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from tests.conftest import fresh_database
from twain.errors import LeaseLost, WrongState
from twain.ledger.stores import open_ledger
from twain.records import Fate, Lease, Outcome, RunState, Window
from twain.testing.ledger_steps import FREE, HandClock, a_worker, an_event, sending

FATES = (Fate.SENT, Fate.SENT, Fate.FAILED, Fate.SUPPRESSED, Fate.UNCERTAIN, Fate.DEFERRED, None)
SIZES = (7, 12)
numbers = itertools.count()


@dataclass
class Hand:
    """What one worker believes it holds."""

    lease: Lease
    windows: list[Window] = field(default_factory=list)


class LedgerLaw(RuleBasedStateMachine):
    """One run of two shards, two workers, and a model of every row."""

    ledger = None
    clock = None

    def __init__(self):
        super().__init__()
        self.run_id = f"r{next(numbers)}"
        sending(self.ledger, SIZES, self.run_id)
        self.hands: dict[str, Hand] = {}
        self.fence = dict.fromkeys(range(len(SIZES)), 0)
        self.fates: dict[tuple[int, int], Fate] = {}
        self.open: dict[tuple[int, int], int] = {}
        self.attempts: dict[tuple[int, int], int] = {}

    workers = st.sampled_from(["w1", "w2"])

    def lease(self, name):
        if name in self.hands:
            return
        got = self.ledger.lease(self.run_id, a_worker(name), seconds=30.0)
        if isinstance(got, Lease):
            shard = got.shard.number
            assert got.fence > self.fence[shard]
            self.fence[shard] = got.fence
            assert {w.id for w in got.orphans} == {w for (s, _), w in self.open.items() if s == shard}
            assert not any(self.live(hand) for hand in self.hands.values() if hand.lease.shard.number == shard)
            self.hands[name] = Hand(got, list(got.orphans))

    def live(self, hand):
        return hand.lease.fence == self.fence[hand.lease.shard.number] and self.clock.boot < hand.lease.expires_boottime

    @rule(name=workers, limit=st.integers(1, 6))
    def claim(self, name, limit):
        if name not in self.hands:
            self.lease(name)
        hand = self.hands.get(name)
        if hand is None:
            return
        try:
            window = self.ledger.claim(hand.lease, limit=limit, pace=FREE, channel_pace=FREE)
        except LeaseLost:
            assert not self.live(hand)
            del self.hands[name]
            return
        if isinstance(window, Window):
            assert hand.lease.fence == self.fence[window.shard]
            assert self.ledger.run(self.run_id).state is RunState.SENDING
            for row, attempts in zip(window.rows, window.attempts, strict=True):
                place = (window.shard, row)
                assert place not in self.open, "claimed while in an open window"
                assert place not in self.fates, "claimed though it has its fate"
                assert attempts == self.attempts.get(place, 0)
                self.open[place] = window.id
            hand.windows.append(window)

    @precondition(lambda self: any(hand.windows for hand in self.hands.values()))
    @rule(data=st.data())
    def settle(self, data):
        self.settle_one(data.draw(st.sampled_from(sorted(n for n, hand in self.hands.items() if hand.windows))), data)

    def settle_one(self, name, data):
        hand = self.hands[name]
        if not hand.windows:
            return
        window = hand.windows.pop(0)
        fates = [data.draw(st.sampled_from(FATES)) for _ in window.rows]
        drawn = dict(zip(window.rows, fates, strict=True))
        outcomes = [Outcome(row, fate, "why" if fate > 1 else "") for row, fate in drawn.items() if fate is not None]
        unsent = [row for row, fate in drawn.items() if fate is None]
        later = {row: self.clock.now() + 20 for row, fate in drawn.items() if fate is Fate.DEFERRED}
        try:
            for _ in range(data.draw(st.integers(1, 2))):
                self.ledger.settle(hand.lease, window, outcomes, unsent=unsent, retry_at=later)
        except LeaseLost:
            assert hand.lease.fence != self.fence[window.shard]
            del self.hands[name]
            return
        assert hand.lease.fence == self.fence[window.shard], "settled in spite of the fence"
        for row, fate in drawn.items():
            place = (window.shard, row)
            del self.open[place]
            if fate is Fate.DEFERRED:
                self.attempts[place] = self.attempts.get(place, 0) + 1
            elif fate is not None:
                self.fates[place] = fate

    @rule(name=workers)
    def crash(self, name):
        self.hands.pop(name, None)

    @precondition(lambda self: any(hand.windows for hand in self.hands.values()))
    @rule(data=st.data(), settles=st.booleans())
    def freeze(self, data, settles):
        """One worker is frozen past its lease, the other takes over what it can get, and the frozen one settles."""
        self.clock.pass_by(36.0)
        for name in ("w3", "w4"):
            self.hands.pop(name, None)
            self.lease(name)
            if settles and name in self.hands:
                self.settle_one(name, data)
        frozen = sorted(n for n, hand in self.hands.items() if hand.windows and n not in {"w3", "w4"})
        if frozen:
            self.settle_one(frozen[0], data)

    @rule(name=workers)
    def let_go(self, name):
        hand = self.hands.pop(name, None)
        if hand:
            self.ledger.release(hand.lease)

    @rule(name=workers)
    def renew(self, name):
        hand = self.hands.get(name)
        if hand is None:
            return
        try:
            hand.lease = self.ledger.renew(hand.lease)
        except LeaseLost:
            assert hand.lease.fence != self.fence[hand.lease.shard.number]
            del self.hands[name]

    @rule(seconds=st.sampled_from([1.0, 21.0, 36.0]))
    def pass_by(self, seconds):
        self.clock.pass_by(seconds)

    @rule(pause=st.booleans())
    def pause_or_resume(self, pause):
        one, other = (RunState.SENDING, RunState.PAUSED) if pause else (RunState.PAUSED, RunState.SENDING)
        try:
            self.ledger.advance(self.run_id, {one}, other, an_event(self.run_id))
        except WrongState:
            assert self.ledger.run(self.run_id).state is other

    @precondition(lambda self: Fate.UNCERTAIN in self.fates.values())
    @rule(data=st.data(), fate=st.sampled_from([Fate.SENT, Fate.DEFERRED]))
    def resolve(self, data, fate):
        unknown = sorted(place for place, was in self.fates.items() if was is Fate.UNCERTAIN)
        chosen = data.draw(st.lists(st.sampled_from(unknown), min_size=1, unique=True))
        others = [place for place, was in self.fates.items() if was is not Fate.UNCERTAIN][:2]
        assert self.ledger.resolve(self.run_id, [*chosen, *others], fate, an_event(self.run_id)) == len(chosen)
        for place in chosen:
            if fate is Fate.SENT:
                self.fates[place] = Fate.SENT
            else:
                del self.fates[place]
                self.attempts.pop(place, None)

    @invariant()
    def everyone_is_somewhere(self):
        tally = self.ledger.tally(self.run_id)
        found = [list(self.fates.values()).count(f) for f in (Fate.SENT, Fate.FAILED, Fate.SUPPRESSED, Fate.UNCERTAIN)]
        assert [tally.sent, tally.failed, tally.suppressed, tally.uncertain] == found
        assert tally.audience == sum(SIZES) == sum(found) + tally.pending

    def teardown(self):
        """Everybody crashes; one worker cleans up: all of it comes to an end, and each row to one fate."""
        if self.ledger.run(self.run_id).state is RunState.PAUSED:
            self.ledger.advance(self.run_id, {RunState.PAUSED}, RunState.SENDING, an_event(self.run_id))
        self.clock.pass_by(3600)
        while isinstance(lease := self.ledger.lease(self.run_id, a_worker("last")), Lease):
            windows = list(lease.orphans)
            while isinstance(w := self.ledger.claim(lease, limit=5, pace=FREE, channel_pace=FREE), Window):
                assert not {(w.shard, row) for row in w.rows} & (self.fates.keys() | self.open.keys())
                windows.append(w)
            for window in windows:
                self.ledger.settle(lease, window, [Outcome(row, Fate.SENT) for row in window.rows])
                for row in window.rows:
                    assert (window.shard, row) not in self.fates
                    self.fates[window.shard, row] = Fate.SENT
                    self.open.pop((window.shard, row), None)
            self.ledger.release(lease)
        assert self.ledger.tally(self.run_id).accounted_for
        for shard, size in enumerate(SIZES):
            outcomes = self.ledger.outcomes(self.run_id, shard)
            assert list(outcomes.fates) == [self.fates[shard, row] for row in range(size)]


def obey(url, examples):
    clock = HandClock()
    with closing(open_ledger(url, clock=clock)) as ledger:
        law = type("Law", (LedgerLaw,), {"ledger": ledger, "clock": clock})
        run_state_machine_as_test(
            law,
            settings=settings(
                max_examples=examples,
                stateful_step_count=40,
                deadline=None,
                suppress_health_check=list(HealthCheck),
                database=None,
            ),
        )


def test_the_law_holds_in_memory():
    obey("memory://", 50)


def test_the_law_holds_on_sqlite():
    with tempfile.TemporaryDirectory() as folder:
        obey(f"sqlite:///{Path(folder) / 'ledger.db'}", 20)


@pytest.mark.usefixtures("postgres_url")
def test_the_law_holds_on_postgres(postgres_url):
    with fresh_database(postgres_url) as url:
        obey(url, 10)
