"""A send has its place, or would have: its slot is booked, or what IT has declared leaves room for it at that time.

IT grants an exception in one of two ways. Either it books beyond the limits (``twain capacity book --exception``), or it changes
``capacity.toml`` or a calendar. Both are looked for where a send looks: in the ledger, and in the files as they stand.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from twain.errors import TwainError
from twain.flows.capacity import covers, demand_for, spoken, why_not
from twain.flows.instance import Instance
from twain.flows.request_types import RequestType
from twain.records.slots import Slot
from twain_web.rooms.desk.probes import Observation, missing, there, unknown

EVERY = timedelta(seconds=15)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Room for *people* messages by *channel* from *at* (epoch seconds) on. *campaign*: as its slot is called; "" = none yet."""

    campaign: str
    channel: str
    at: float
    people: int


def wanted_room(target: Mapping[str, str], zone: str) -> Wanted:
    """What a request asks for; a moment without a zone is on the workspace's clocks. Raises ValueError where it does not say."""
    people, when = int(target.get("people", "")), datetime.fromisoformat(target.get("at", ""))
    if not 1 <= people <= 1_000_000_000 or not 2000 <= when.year <= 2200:
        raise ValueError("neither a number of people nor a moment can be that")
    moment = when if when.tzinfo else when.replace(tzinfo=ZoneInfo(zone))
    return Wanted(target.get("campaign", ""), target.get("channel", ""), moment.timestamp(), people)


def observe(instance: Instance, target: Mapping[str, str], _kind: RequestType | None) -> Observation:
    """Look for the slot; then whether it would fit. What lies behind us is not judged any more."""
    try:
        wanted = wanted_room(target, instance.settings.time_zone)
    except ValueError as error:
        return missing(_("It has not been said yet for when, and for how many."), str(error), asked=False)
    slot = _booked(instance, wanted)
    if slot is not None:
        return there(_("Booked: %s") % _told(instance, slot), f"slot {slot.id} of {slot.campaign}")
    if wanted.at < instance.clock.now():
        return unknown(_("That time is over."), asked=False)
    return _would_fit(instance, wanted)


def _booked(instance: Instance, wanted: Wanted) -> Slot | None:
    if not wanted.campaign:
        return None
    slots = instance.ledger.slots(since=wanted.at - 86_400, until=wanted.at + 86_400, campaign=wanted.campaign)
    mine = (one for one in slots if one.channel == wanted.channel and one.people >= wanted.people)
    return next((one for one in mine if covers(one, wanted.at)), None)


def _would_fit(instance: Instance, wanted: Wanted) -> Observation:
    try:
        demand = demand_for(instance, wanted.channel, wanted.people, campaign=wanted.campaign)
        why = why_not(instance, demand, wanted.at)
    except TwainError as error:
        return unknown(error.business, f"{error.what} {error.todo}")
    when = spoken(instance, wanted.at)
    if why:
        return missing(_("No place yet at %(when)s: %(why)s.") % {"when": when, "why": why})
    return there(
        _("There is room now for %(people)s messages at %(when)s: book it.") % {"people": wanted.people, "when": when}
    )


def _told(instance: Instance, slot: Slot) -> str:
    words = f"{slot.people} · {slot.channel} · {spoken(instance, slot.begins)}"
    return f"{words} ({slot.exception})" if slot.exception else words
