"""The contract of a control store: quiet hours, kept with the shard and looked at with every claim."""

# ruff: noqa: S101, D102 — a test asserts, and its name says what

from __future__ import annotations

import json
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from twain.ledger.stored import StoredLedger
from twain.records import Wait
from twain.testing.ledger_steps import FREE, HandClock, claimed, leased, sending


class QuietContract:
    """Quiet hours. At START it is 00:13 in Sydney and 16:13 in Berlin."""

    def test_nothing_is_claimed_in_them_and_others_do_not_wait(self, ledger: StoredLedger, clock: HandClock) -> None:
        sending(ledger, (10, 10), quiet={0: _quiet("Australia/Sydney"), 1: _quiet("Europe/Berlin")})
        lease = leased(ledger)
        wait = ledger.claim(lease, limit=5, pace=FREE, channel_pace=FREE)
        assert isinstance(wait, Wait)
        assert (
            datetime.fromtimestamp(clock.now() + wait.seconds, ZoneInfo("Australia/Sydney")).strftime("%H:%M")
            == "08:00"
        )
        ledger.release(lease)
        assert leased(ledger).shard.number == 1
        clock.pass_by(wait.seconds)
        assert claimed(ledger, leased(ledger, "w2"), 5).rows == (0, 1, 2, 3, 4)

    def test_rows_that_were_deferred_or_came_back_wait_as_well(self, ledger: StoredLedger, clock: HandClock) -> None:
        sending(ledger, (4,), quiet={0: _quiet("Europe/Berlin")})
        lease = leased(ledger, seconds=200_000)
        window = claimed(ledger, lease, 4)
        clock.pass_by(8 * 3600)  # 00:13 in Berlin
        ledger.settle(lease, window, [], unsent=window.rows)
        wait = ledger.claim(lease, limit=4, pace=FREE, channel_pace=FREE)
        assert isinstance(wait, Wait)
        clock.pass_by(wait.seconds)
        assert claimed(ledger, lease, 4).rows == window.rows

    def test_a_window_says_when_they_begin(self, ledger: StoredLedger) -> None:
        sending(ledger, (4, 4), quiet={0: _quiet("Europe/Berlin")})
        before = claimed(ledger, leased(ledger), 4).before
        assert datetime.fromtimestamp(before + 3, ZoneInfo("Europe/Berlin")).strftime("%H:%M") == "21:00"
        assert claimed(ledger, leased(ledger, "w2"), 4).before == float("inf")

    @pytest.mark.parametrize("days", [-1, 1])
    def test_a_clock_set_by_a_day_breaks_none(self, ledger: StoredLedger, clock: HandClock, days: int) -> None:
        sending(ledger, (4,), quiet={0: _quiet("Australia/Sydney")})
        clock.jump(days * 86_400)
        assert isinstance(ledger.claim(leased(ledger), limit=4, pace=FREE, channel_pace=FREE), Wait)


def _quiet(zone: str) -> str:
    rule = {"from": 21 * 60, "to": 8 * 60, "weekdays": list(range(7)), "holidays": []}
    return json.dumps({"zone": zone, "rules": [rule]})
