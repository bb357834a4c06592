"""How slow a lane still is: right after a second, and after a machine has been up for months."""

import pytest

from twain.ledger.pace import LaneState, slowness, throttle

NEW = LaneState(0.0, (), 1.0, 0.0)


@pytest.mark.parametrize(("after", "expected"), [(0, 0.01), (60, 0.02), (300, 0.32), (419, 1.0), (3_600, 1.0)])
def test_it_doubles_every_minute(after, expected):
    assert slowness(throttle(NEW, 0.01, 5.0), 5.0 + after) == pytest.approx(expected)


@pytest.mark.parametrize("uptime", [62_000.0, 86_400.0 * 365, 1e12])
def test_a_machine_may_be_up_for_long(uptime):
    assert slowness(NEW, uptime) == 1.0
    assert slowness(throttle(NEW, 0.5, uptime), uptime) == 0.5
