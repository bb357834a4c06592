"""The agenda comes by itself, a day ahead; on a Monday's check that is Friday's agenda, so that it is read in working time."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone

from twain_web.reconcile import reconciler
from twain_web.rooms.partnership.actions.checking import remind_of_check
from twain_web.rooms.partnership.models import StatusCheck

_WEEKEND = (5, 6)


def due() -> list[str]:
    """The check that is near and of which nobody was reminded; one that was planned within the day was just mailed."""
    now = timezone.now()
    waiting = StatusCheck.objects.filter(held_on=None, reminded_at=None, begins_at__gt=now)
    return [str(one.pk) for one in waiting if reminded_from(one.begins_at) <= now]


@reconciler("partnership.agendas", every=60.0, due=due)
def remind(key: str) -> None:
    """Mail the agenda to both."""
    check = StatusCheck.objects.select_related("marketing", "it").filter(pk=int(key)).first()
    if check is not None:
        remind_of_check(check=check)


def reminded_from(begins_at: datetime) -> datetime:
    """A day before, not counting a weekend."""
    moment = timezone.localtime(begins_at) - timedelta(days=1)
    while moment.weekday() in _WEEKEND:
        moment -= timedelta(days=1)
    return moment
