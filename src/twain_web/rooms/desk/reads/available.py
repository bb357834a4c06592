"""Already available: asks that the catalogue answered, and how many of the answers were really used in time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from twain_web.rooms.desk import business
from twain_web.rooms.desk.models import Request
from twain_web.rooms.desk.states import State

#: Working days within which the answer must be used to count.
USED_WITHIN = 10.0
_LATELY = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Available:
    """Answers that were taken since a moment: *used* within ten working days, *open* while these are not over, *unused* after."""

    taken: int
    used: int
    open: int
    unused: int


def already_available(since: datetime | None = None, until: datetime | None = None) -> Available:
    """Since a moment, by default in the last ninety days. An answer that nobody used has saved nobody a request."""
    now = until or timezone.now()
    found = Request.objects.filter(
        state=State.DEFLECTED.value, since__gte=since or now - _LATELY, since__lte=now
    ).values_list("since", "used_at")
    most = USED_WITHIN * business.HOURS_A_DAY
    used = sum(bool(at) and business.hours(begun, at) <= most for begun, at in found)
    waiting = sum(at is None and business.hours(begun, now) <= most for begun, at in found)
    return Available(len(found), used, waiting, len(found) - used - waiting)
