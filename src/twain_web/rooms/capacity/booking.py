"""Room for programs: what is free, booked and expected, and booking it, as ``twain capacity`` does.

A campaign comes as the body of what its send would be: whoever makes it has asked whether this person may do that with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils import timezone

from twain.errors import ConfigError
from twain.flows.capacity import book, next_free
from twain.flows.capacity_told import (
    clicks_told,
    forecasts_told,
    hours_told,
    limits_told,
    moment_told,
    slot_told,
    slots_told,
    wanted_by,
)
from twain_web import engine
from twain_web.access import refuse_unless
from twain_web.rooms.capacity.permissions import ANSWER_PLAN, PLAN, READ_CALENDAR
from twain_web.rooms.people.public import record

Told = dict[str, Any]


def shown(*, by: Any, hours: int) -> Told:  # noqa: ANN401 — a Person, here and below
    """Limits, what is booked of them hour by hour, and the slots."""
    refuse_unless(by, READ_CALENDAR)
    here = engine.instance(by)
    return {"limits": limits_told(here), "hours": hours_told(here, hours), "slots": slots_told(here, hours)}


def forecasts(*, by: Any) -> list[Told]:  # noqa: ANN401
    """How wrong the forecast of each send was."""
    refuse_unless(by, READ_CALENDAR)
    return forecasts_told(engine.instance(by))


def earliest(*, by: Any, body: Mapping[str, Any], people: int, after: datetime | None) -> Told:  # noqa: ANN401
    """The earliest slot that fits, and the clicks that are expected; *at* None: nothing within sixty days."""
    refuse_unless(by, READ_CALENDAR)
    here = engine.instance(by)
    wanted = wanted_by(here, body, people)
    found = next_free(here, wanted, _moment(after))
    return {
        "campaign": body["campaign"],
        "people": wanted.people,
        "at": moment_told(found),
        "clicks": clicks_told(wanted),
    }


def book_room(*, by: Any, body: Mapping[str, Any], people: int, at: datetime | None, exception: str = "") -> Told:  # noqa: ANN401
    """Book it in place of the slot that the campaign has ahead; *at* None: the earliest. *exception* is for IT alone.

    Raises Held T914 with the next free slot, ConfigError T915 for an exception by somebody else, T916 when nobody has counted.
    """
    refuse_unless(by, ANSWER_PLAN if exception else PLAN)
    here = engine.instance(by)
    wanted, begins = wanted_by(here, body, people), _moment(at)
    if begins is None:
        begins = next_free(here, wanted) or here.clock.now()
    slot = book(here, str(body["campaign"]), wanted, begins, exception=exception)
    told = {"slot": slot.id, "people": slot.people, "begins": moment_told(slot.begins), "exception": slot.exception}
    record(by, "room booked", f"campaign:{slot.campaign}", told)
    return slot_told(slot)


def release(*, by: Any, campaign: str) -> list[str]:  # noqa: ANN401
    """Give back the slots that a campaign has ahead; returns their ids."""
    refuse_unless(by, PLAN)
    ledger, now = engine.ledger(), engine.instance().clock.now()
    released = [one.id for one in ledger.slots(since=now, campaign=campaign) if ledger.release_slot(one.id)]
    if released:
        record(by, "room released", f"campaign:{campaign}", {"slots": released})
    return released


def _moment(when: datetime | None) -> float | None:
    if when is None:
        return None
    if not 2000 <= when.year <= 2200:
        raise ConfigError("That moment is not of this time.", todo="Write it like 2026-12-04T09:00.", code="T916")
    return (when if when.tzinfo else timezone.make_aware(when)).timestamp()
