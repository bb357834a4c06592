"""What is told of the team survey: closed quarters alone, and only what leaves nobody's answer derivable."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from django.utils import timezone

from twain_web.rooms.partnership.anonymity import ENOUGH, Told, tell
from twain_web.rooms.partnership.models import Answered, Ballot, Side
from twain_web.rooms.partnership.quarters import first_day, quarter_of
from twain_web.rooms.partnership.sides import members, side_of

#: The article's survey of marketers about their IT: "above average" or better, and "below average" or "poor".
ARTICLE_GOOD, ARTICLE_BAD = 0.64, 0.36


@dataclass(frozen=True, slots=True)
class Quarter:
    """What one side said of the other in a quarter that is over. *texts* come in another order at every look."""

    quarter: str
    side: Side
    told: Told
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """How the survey of this quarter stands for one person. *small*: their team is under five, and talks instead."""

    quarter: str
    side: Side
    answered: bool
    small: bool


def published(today: date | None = None, *, quarters: int = 8) -> list[Quarter]:
    """Every side's result of the last quarters that are over, the newest first; sides with too few answers are not there."""
    now = quarter_of(today or timezone.localdate())
    rows = Ballot.objects.filter(quarter__lt=now).order_by("-quarter", "side")[: quarters * len(Side)]
    return [quarter for row in rows if (quarter := _quarter(row)) is not None]


def asked(person: Any, today: date | None = None) -> Asked | None:  # noqa: ANN401 — a Person
    """What this person is asked now; None when they belong to neither team."""
    side = side_of(person)
    if side is None:
        return None
    quarter = quarter_of(today or timezone.localdate())
    done = Answered.objects.filter(person=person, quarter=quarter).exists()
    return Asked(quarter, side, done, len(members(side)) < ENOUGH)


def small_sides() -> list[Side]:
    """The teams that talk instead."""
    return [side for side in Side if len(members(side)) < ENOUGH]


def _quarter(row: Ballot) -> Quarter | None:
    told = tell(excellent=row.excellent, above=row.above, below=row.below, poor=row.poor)
    if told is None:
        return None
    texts = list(row.texts)
    secrets.SystemRandom().shuffle(texts)
    return Quarter(row.quarter, Side(row.side), told, tuple(texts))


def began(quarter: str) -> datetime:
    """When a quarter began, on the house's clocks."""
    return timezone.make_aware(datetime.combine(first_day(quarter), time()))
