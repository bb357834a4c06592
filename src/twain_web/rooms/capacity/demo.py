"""What the demo company plans: three campaigns ahead, one of them feasible, so that the calendar is a real one at first sight."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from django.contrib.auth import get_user_model
from django.utils import timezone

from twain_web.rooms.capacity import actions
from twain_web.rooms.capacity.models import Plan

_AHEAD = (
    (
        "Winter sale",
        "What is left of the autumn goes, before the Christmas business",
        31,
        41_000,
        ("announce", "confirm"),
    ),
    (
        "Letters to hikers",
        "The ten best tours for spring, by where people bought their boots",
        66,
        18_500,
        ("announce",),
    ),
    ("Ten years of the club", "Thanks to those who have been members from the start", 120, 6_000, ()),
)


def enter_demo_plans(*, marketing: str, its: str, channel: str = "mail") -> int:
    """Make them unless there is a plan already; each begins on a Tuesday at 10:00. Returns how many."""
    people = {one.username: one for one in get_user_model().objects.filter(username__in=(marketing, its))}
    if Plan.objects.exists() or len(people) < 2:
        return 0
    for title, purpose, days, many, steps in _AHEAD:
        plan = actions.make_plan(
            by=people[marketing], title=title, purpose=purpose, channel=channel, people=many, begins_at=_tuesday(days)
        )
        for verb in steps:
            actions.take_step(by=people[its if verb == "confirm" else marketing], plan=plan, verb=verb)
    return len(_AHEAD)


def _tuesday(days: int) -> datetime:
    day = timezone.localdate() + timedelta(days=days)
    return timezone.make_aware(datetime.combine(day + timedelta(days=(1 - day.weekday()) % 7), time(10)))
