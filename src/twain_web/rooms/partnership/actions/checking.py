"""Status checks: planned, moved, held with short notes, and what is carried along."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from twain.errors import ConfigError, WrongState
from twain_web.rooms.partnership.actions.posting import post
from twain_web.rooms.partnership.models import Item, Letter, Side, StatusCheck
from twain_web.rooms.partnership.sides import side_of
from twain_web.rooms.people.public import record

MOST_ITEMS = 12


@dataclass(frozen=True, slots=True)
class Minutes:
    """What is written down of a status check: short notes, which open items are *settled*, which new ones are carried along."""

    held_on: date
    notes: str = ""
    settled: Collection[int] = ()
    items: Sequence[str] = ()
    talked_on: date | None = None


def plan_check(
    *,
    by: Any,  # noqa: ANN401 — a Person
    begins_at: datetime,
    marketing: Any,  # noqa: ANN401
    it: Any,  # noqa: ANN401
    at: datetime | None = None,
    mailed: bool = True,
) -> StatusCheck:
    """Plan the next one and mail it to both, with an entry for their calendars.

    Raises WrongState T952 while another is ahead, ConfigError T952 for a moment that is over or people of one side.
    """
    now = at or timezone.now()
    if side_of(marketing) is not Side.MARKETING or side_of(it) is not Side.IT:
        raise ConfigError("A status check has one person of each team.", todo="Choose one of each.", code="T952")
    _refuse_past(begins_at, now)
    with transaction.atomic():
        if StatusCheck.objects.select_for_update().filter(held_on=None).exists():
            raise WrongState(
                "A status check is planned already.", todo=_("Move that one, or hold it first."), code="T952"
            )
        day = timezone.localdate(begins_at)
        made = StatusCheck.objects.create(planned_for=day, begins_at=begins_at, marketing=marketing, it=it, made_at=now)
        record(by, "status check planned", f"check:{made.pk}", {"begins": begins_at.isoformat()})
        if mailed:
            post(Letter.Kind.PLANNED, [marketing, it], check_of=made)
    return made


def move_check(*, by: Any, check: StatusCheck, begins_at: datetime) -> None:  # noqa: ANN401
    """Another time. The day it was first planned for stays written down. Raises as :func:`plan_check` does."""
    now = timezone.now()
    _refuse_past(begins_at, now)
    with transaction.atomic():
        moved = StatusCheck.objects.filter(pk=check.pk, held_on=None)
        if not moved.update(begins_at=begins_at, reminded_at=None):
            raise _held_already()
        record(by, "status check moved", f"check:{check.pk}", {"begins": begins_at.isoformat()})
        check.refresh_from_db()
        post(Letter.Kind.PLANNED, [check.marketing, check.it], check_of=check)


def remind_of_check(*, check: StatusCheck) -> None:
    """The agenda as it stands goes to both, a day ahead, once for each time that it was planned for."""
    now = timezone.now()
    with transaction.atomic():
        if StatusCheck.objects.filter(pk=check.pk, reminded_at=None, held_on=None).update(reminded_at=now):
            post(Letter.Kind.AGENDA, [check.marketing, check.it], check_of=check)


def hold_check(*, by: Any, check: StatusCheck, minutes: Minutes, agenda: Sequence[object], mailed: bool = True) -> None:  # noqa: ANN401
    """Write down that it was held, and keep the *agenda* (plain JSON) as it was.

    Raises WrongState T952 when it was held already, ConfigError T952 for a day ahead or too many items.
    """
    lines = _items(minutes)
    with transaction.atomic():
        kept = {"held_on": minutes.held_on, "notes": minutes.notes.strip()[:4000], "talked_on": minutes.talked_on}
        if not StatusCheck.objects.filter(pk=check.pk, held_on=None).update(agenda=list(agenda), **kept):
            raise _held_already()
        check.refresh_from_db()
        done = Item.objects.filter(pk__in=minutes.settled, settled_in=None).update(settled_in=check)
        Item.objects.bulk_create(Item(raised_in=check, text=line) for line in lines)
        record(by, "status check held", f"check:{check.pk}", {"day": minutes.held_on, "done": done, "new": len(lines)})
        if mailed:
            post(Letter.Kind.MINUTES, [check.marketing, check.it], check_of=check)


def _items(minutes: Minutes) -> list[str]:
    """The new items, a line each; refused when the days are ahead or there is more than fits."""
    today = timezone.localdate()
    if minutes.held_on > today or (minutes.talked_on is not None and minutes.talked_on > today):
        raise ConfigError("That day is still ahead.", todo="Write down what has been.", code="T952")
    lines = [line for line in (" ".join(item.split())[:300] for item in minutes.items) if line]
    if len(lines) > MOST_ITEMS:
        raise ConfigError(
            f"{MOST_ITEMS} items at most fit into 25 minutes.", todo="Keep those that matter.", code="T952"
        )
    return lines


def _refuse_past(begins_at: datetime, now: datetime) -> None:
    if begins_at < now:
        raise ConfigError("That moment is over.", todo="Choose one ahead.", code="T952")


def _held_already() -> WrongState:
    return WrongState("This status check has been held.", todo=_("Plan the next one."), code="T952")
