"""Somebody unsubscribes while their message is about to go: after the answer, none begins later than a quarter of a second."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.race import COURSES, Course, race

HURRY, PACED = COURSES[0], COURSES[3]


@pytest.mark.parametrize(
    "course",
    [replace(HURRY, trials=150), replace(PACED, trials=40, rate=60.0, limits=PACED.limits.replace("25", "60"))],
)
def test_no_message_begins_later_than_250_ms_after_the_answer(tmp_path: Path, course: Course) -> None:
    """The send, the gateway, the relay and the recipients are processes of their own, on one clock."""
    found = race(tmp_path / "w", course, course.trials)
    assert found.answered >= course.trials // 3
    assert found.never > 0
    assert found.broken == 0, sorted(found.late)[-5:]
