"""The contract of a control store: a sender that is warmed up gets no more than the day's number, from everybody together."""

# ruff: noqa: S101, D102 — a test asserts, and its name says what

from __future__ import annotations

from collections import Counter
from datetime import datetime
from zoneinfo import ZoneInfo

from twain.ledger.stored import StoredLedger
from twain.ledger.warming import day_of
from twain.records import Fate, Lease, Wait, Window
from twain.records.warming import WarmUp
from twain.testing.ledger_steps import FREE, START, HandClock, a_worker, all_of, leased, sending

ZONE = "Europe/Berlin"
RAMP = WarmUp("news.example", "@news.example", (10, 20, 40), zone=ZONE)


class WarmingContract:
    """Warming up. At START it is 16:13 in Berlin."""

    def test_a_day_gets_its_number_and_the_rest_goes_on_at_midnight(
        self, ledger: StoredLedger, clock: HandClock
    ) -> None:
        sending(ledger, (100, 100))
        lease = leased(ledger, seconds=9e6)
        gone = _send(ledger, lease)
        wait = _claim(ledger, lease, 500)
        assert (gone, isinstance(wait, Wait)) == (10, True)
        assert isinstance(wait, Wait)
        assert _local(clock.now() + wait.seconds) == "00:00"
        other = ledger.lease("r1", a_worker("w2"))  # another batch of the same run waits as well: nobody asks for each
        assert isinstance(other, Wait)
        clock.pass_by(wait.seconds)
        assert _send(ledger, lease) == 20
        assert [tuple(day)[1:] for day in ledger.warm_days("@news.example")] == [(1, 10), (2, 20)]

    def test_all_runs_and_workers_share_it_and_others_do_not_wait(self, ledger: StoredLedger) -> None:
        sending(ledger, (100,), "r1")
        sending(ledger, (100,), "r2")
        sending(ledger, (100,), "r3")
        first = _claim(ledger, leased(ledger, "w1", "r1"), 7)
        second = _claim(ledger, leased(ledger, "w2", "r2"), 7)
        assert isinstance(first, Window)
        assert isinstance(second, Window)
        assert len(first.rows + second.rows) == 10
        free = leased(ledger, "w3", "r3")
        assert isinstance(ledger.claim(free, limit=50, pace=FREE, channel_pace=FREE), Window)

    def test_what_never_began_counts_no_more_and_what_a_dead_worker_had_does(self, ledger: StoredLedger) -> None:
        sending(ledger, (100,))
        lease = leased(ledger)
        window = _claim(ledger, lease, 8)
        assert isinstance(window, Window)
        ledger.settle(lease, window, all_of(window, Fate.SENT)[:3], unsent=window.rows[3:])
        assert ledger.warm_days(RAMP.row)[0][2] == 3
        again = _claim(ledger, lease, 500)
        assert isinstance(again, Window)
        ledger.release(lease)
        heir = leased(ledger, "w2")
        ledger.settle(heir, heir.orphans[0], [], unsent=again.rows)
        assert ledger.warm_days(RAMP.row)[0][2] == 3 + len(again.rows)

    def test_a_day_hardly_used_is_taken_again_and_after_the_last_there_is_no_limit(
        self, ledger: StoredLedger, clock: HandClock
    ) -> None:
        sending(ledger, (900,))
        lease = leased(ledger, seconds=9e6)
        taken = []
        for most in (4, 99, 99, 99, 99):
            taken.append(_send(ledger, lease, most))
            clock.pass_by(86_400)
        assert taken == [4, 10, 20, 40, 99]

    def test_a_window_must_begin_before_midnight_and_the_last_seconds_begin_nothing(
        self, ledger: StoredLedger, clock: HandClock
    ) -> None:
        sending(ledger, (100,))
        lease = leased(ledger, seconds=9e6)
        window = _claim(ledger, lease, 5)
        assert isinstance(window, Window)
        assert _local(window.before + 3) == "00:00"
        clock.pass_by(window.before - clock.now() + 0.5)
        assert isinstance(_claim(ledger, lease, 5), Wait)

    def test_no_date_gets_more_than_its_number_whatever_the_clock_does(
        self, ledger: StoredLedger, clock: HandClock
    ) -> None:
        sending(ledger, (3000,))
        lease = leased(ledger, seconds=9e9)
        sent: Counter[int] = Counter()
        for jump in (0, 86_400, -86_400, 3 * 86_400, -7_200, -2 * 86_400, 86_400, 40 * 86_400, -40 * 86_400):
            clock.jump(jump)
            sent[day_of(ZONE, clock.now())] += _send(ledger, lease)
        numbers = {day[0]: RAMP.allowed(day[1]) for day in ledger.warm_days(RAMP.row)}
        limits = {day: numbers[day] for day in sent if day in numbers and numbers[day] is not None}
        assert limits
        assert all(sent[day] <= (most or 0) for day, most in limits.items())

    def test_a_ramp_that_is_raised_is_used_before_midnight_and_no_wave_goes_early(
        self, ledger: StoredLedger, clock: HandClock
    ) -> None:
        sending(ledger, (100, 100, 50), not_before={2: START + 7_200})
        lease = leased(ledger, seconds=9e6)
        assert _send(ledger, lease) == 10
        raised = WarmUp(RAMP.name, RAMP.row, (150, 200), zone=ZONE)
        assert isinstance(_claim(ledger, lease, 500), Wait)
        assert isinstance(_claim(ledger, lease, 500, raised), Wait), (
            "the run waits: nobody asks for one batch after the other"
        )
        assert ledger.wake("r1") == 3
        assert (_send(ledger, lease, ramp=raised), ledger.wake("r1")) == (90, 0)
        second = leased(ledger, "w2", seconds=9e6)
        assert (second.shard.number, _send(ledger, second, ramp=raised)) == (1, 50)
        assert isinstance(_claim(ledger, second, 500, raised), Wait), "what was counted before stays counted"
        ledger.wake("r1")
        third = ledger.lease("r1", a_worker("w3"))
        assert isinstance(third, Wait)
        assert third.seconds <= 7_200
        clock.pass_by(7_200)
        assert leased(ledger, "w3", seconds=9e6).shard.number == 2

    def test_a_declared_first_day_begins_anew(self, ledger: StoredLedger, clock: HandClock) -> None:
        sending(ledger, (900,))
        lease = leased(ledger, seconds=9e6)
        _send(ledger, lease)
        clock.pass_by(86_400)
        anew = WarmUp("news.example", RAMP.row, RAMP.numbers, day_of(ZONE, START) + 1, ZONE)
        assert _send(ledger, lease, ramp=anew) == 10


def _claim(ledger: StoredLedger, lease: Lease, limit: int, ramp: WarmUp = RAMP) -> Window | Wait | None:
    return ledger.claim(lease, limit=limit, pace=FREE, channel_pace=FREE, warming=[ramp])


def _send(ledger: StoredLedger, lease: Lease, most: int = 500, ramp: WarmUp = RAMP) -> int:
    """Send what goes now, at most so many."""
    gone = 0
    while gone < most and isinstance(window := _claim(ledger, lease, min(7, most - gone), ramp), Window):
        ledger.settle(lease, window, all_of(window, Fate.SENT))
        gone += len(window.rows)
    return gone


def _local(moment: float) -> str:
    return datetime.fromtimestamp(moment, ZoneInfo(ZONE)).strftime("%H:%M")
