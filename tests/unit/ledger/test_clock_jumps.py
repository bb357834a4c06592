"""F5: somebody sets the machine's clock by a day. Nobody is sent to early or twice; nothing stands still for a day."""

from __future__ import annotations

from contextlib import closing

import pytest

from twain.ledger.stores import open_ledger
from twain.records import Fate, LanePace, Wait, Window
from twain.testing.ledger_steps import FREE, START, HandClock, a_worker, all_of, claimed, leased, sending

DAY = 86_400.0


@pytest.fixture
def clock():
    return HandClock()


@pytest.fixture
def ledger(clock, tmp_path):
    with closing(open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}", clock=clock, boot_id="boot-1")) as ledger:
        yield ledger


@pytest.mark.parametrize("jump", [DAY, -DAY])
def test_leases_and_retries_do_not_notice(ledger, clock, jump):
    sending(ledger, rows=(4,))
    lease = leased(ledger, seconds=100.0)
    window = claimed(ledger, lease)
    ledger.settle(lease, window, all_of(window, Fate.DEFERRED), retry_at={row: clock.now() + 50 for row in window.rows})
    clock.jump(jump)
    assert isinstance(ledger.lease("r1", a_worker("w2")), Wait)
    wait = ledger.claim(lease, limit=5, pace=FREE, channel_pace=FREE)
    assert isinstance(wait, Wait)
    assert wait.seconds == pytest.approx(50.0)
    clock.pass_by(50)
    assert claimed(ledger, lease).rows == (0, 1, 2, 3)


@pytest.mark.parametrize("jump", [DAY, -DAY])
def test_pace_goes_on_as_before(ledger, clock, jump):
    sending(ledger, rows=(100,))
    lease = leased(ledger, seconds=999.0)
    pace = LanePace(per_second=5, per_hour=10)
    first = ledger.claim(lease, limit=500, pace=pace, channel_pace=FREE)
    assert isinstance(first, Window)
    clock.jump(jump)
    second = ledger.claim(lease, limit=500, pace=pace, channel_pace=FREE)
    assert isinstance(second, Window)
    assert second.start_at - clock.now() == pytest.approx(1.0)
    clock.pass_by(5)
    wait = ledger.claim(lease, limit=500, pace=pace, channel_pace=FREE)
    assert isinstance(wait, Wait)
    assert 3000 < wait.seconds <= 3660


def test_a_wave_that_is_not_due_waits_for_the_wall_clock_people_live_by(ledger, clock):
    sending(ledger, rows=(4,), not_before={0: START + 3600})
    clock.jump(-DAY)
    wait = ledger.lease("r1", a_worker("w1"))
    assert isinstance(wait, Wait)
    assert wait.seconds == pytest.approx(DAY + 3600)


def test_after_a_reboot_the_dead_holders_shard_is_free_and_pace_is_kept(clock, tmp_path):
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    pace = LanePace(per_hour=10)
    with closing(open_ledger(url, clock=clock, boot_id="boot-1")) as before:
        sending(before, rows=(100,))
        old = leased(before, seconds=3600.0)
        assert isinstance(before.claim(old, limit=6, pace=pace, channel_pace=FREE), Window)
    clock.boot, clock.wall = 20.0, clock.wall + 120.0
    with closing(open_ledger(url, clock=clock, boot_id="boot-2")) as after:
        new = leased(after, "w2", seconds=3600.0)
        assert [len(o.rows) for o in new.orphans] == [6]
        got = after.claim(new, limit=500, pace=pace, channel_pace=FREE)
        assert isinstance(got, Window)
        assert len(got.rows) == 4
        assert isinstance(after.claim(new, limit=500, pace=pace, channel_pace=FREE), Wait)
