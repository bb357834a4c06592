"""A sender that is warmed up: no date ever gets more than its number, whoever sends, dies, comes back or sets the clock."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from twain.ledger.stores import open_ledger
from twain.ledger.warming import ahead, day_of, midnight_after
from twain.records import Fate, Lease, Outcome, Window
from twain.records.warming import WarmUp
from twain.testing.ledger_steps import FREE, HandClock, a_worker, sending

ZONE = "Europe/Berlin"
RAMP = WarmUp("news.example", "@news.example", (5, 9, 14, 30), zone=ZONE)
CHANNEL = WarmUp("mail", "mail", (8, 8, 8, 8, 8, 8), zone=ZONE)

steps = st.lists(
    st.one_of(
        st.tuples(st.just("claim"), st.sampled_from(["w1", "w2", "w3"]), st.integers(1, 9)),
        st.tuples(st.just("dies"), st.sampled_from(["w1", "w2", "w3"]), st.just(0)),
        st.tuples(st.just("pass"), st.just(""), st.sampled_from([60, 3600, 40_000, 86_400])),
        st.tuples(st.just("jump"), st.just(""), st.sampled_from([-86_400, -3600, 3600, 86_400, 5 * 86_400])),
    ),
    min_size=8,
    max_size=40,
)


class Relay:
    """Workers on two runs of one sender; counts by date what was begun."""

    def __init__(self, ledger, clock):
        self.ledger, self.clock = ledger, clock
        self.leases: dict[str, Lease] = {}
        self.begun: Counter[int] = Counter()

    def claim(self, name, limit):
        run = "r1" if name == "w1" else "r2"
        got = self.leases.get(name) or self.ledger.lease(run, a_worker(name), seconds=9e6)
        if not isinstance(got, Lease):
            return
        self.leases[name] = got
        for orphan in got.orphans:
            self.ledger.settle(got, orphan, [Outcome(row, Fate.UNCERTAIN, "crash") for row in orphan.rows])
        self.leases[name] = Lease(got.shard, got.worker, got.fence, got.expires_boottime)
        window = self.ledger.claim(got, limit=limit, pace=FREE, channel_pace=FREE, warming=[RAMP, CHANNEL])
        if isinstance(window, Window):
            sent, unsent = window.rows[: limit // 2 + 1], window.rows[limit // 2 + 1 :]
            self.begun[day_of(ZONE, self.clock.now())] += len(sent)
            self.ledger.settle(got, window, [Outcome(row, Fate.SENT) for row in sent], unsent=unsent)

    def dies(self, name, _):
        """It claimed, sent, and never said so."""
        lease = self.leases.pop(name, None)
        if lease is not None:
            window = self.ledger.claim(lease, limit=3, pace=FREE, channel_pace=FREE, warming=[RAMP, CHANNEL])
            if isinstance(window, Window):
                self.begun[day_of(ZONE, self.clock.now())] += len(window.rows)
            self.ledger.expel(name)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=steps)
def test_no_date_gets_more_than_its_number(steps):
    clock = HandClock()
    with closing(open_ledger("memory://", clock=clock)) as ledger:
        sending(ledger, (60, 60), "r1")
        sending(ledger, (60, 60), "r2")
        relay = Relay(ledger, clock)
        for what, name, amount in steps:
            if what in ("pass", "jump"):
                (clock.pass_by if what == "pass" else clock.jump)(amount)
            else:
                getattr(relay, what)(name, amount)
        for ramp in (RAMP, CHANNEL):
            kept = {one.day: one for one in ledger.warm_days(ramp.row)}
            for day, count in relay.begun.items():
                if day in kept:  # else the ramp was over
                    assert count <= kept[day].messages <= ramp.allowed(kept[day].number)
                else:
                    assert max(one.number for one in kept.values()) >= len(ramp.numbers)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/Havana", "Africa/Cairo", "Asia/Beirut", "UTC"])
@pytest.mark.parametrize("month", [3, 4, 9, 10, 11])
def test_midnight_is_always_ahead_and_begins_another_date(zone, month):
    start = datetime(2026, month, 1, tzinfo=UTC).timestamp()
    for moment in range(int(start), int(start) + 31 * 86_400, 1_801):
        ends = midnight_after(zone, moment)
        assert 0 < ends - moment <= 25 * 3600
        assert day_of(zone, ends) == day_of(zone, moment) + 1
        assert day_of(zone, ends - 1) == day_of(zone, moment)


def test_the_days_ahead_are_told_when_each_is_used():
    today = date(2026, 12, 1).toordinal()
    found = [(date.fromordinal(day).day, left) for day, left in ahead(RAMP, (), today)]
    assert found == [(1, 5), (2, 9), (3, 14), (4, 30), (5, None)]
    assert datetime.fromtimestamp(midnight_after(ZONE, 0.0), ZoneInfo(ZONE)).hour == 0
