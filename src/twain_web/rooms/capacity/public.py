"""What other rooms may use of this one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from twain.flows.capacity import book, demand_of, is_limited, next_free, why_not
from twain_web import engine
from twain_web.rooms.capacity import booking, programs
from twain_web.rooms.capacity.ahead import Noticed, Week, noticed, weeks
from twain_web.rooms.capacity.demo import enter_demo_plans
from twain_web.rooms.capacity.exceptions import ask_url
from twain_web.rooms.capacity.known import CAMPAIGNS
from twain_web.rooms.capacity.models import Plan
from twain_web.rooms.capacity.programs import PlanRecord, plan_records

__all__ = [
    "A_PLAN",
    "CAMPAIGNS",
    "Noticed",
    "PlanCard",
    "PlanRecord",
    "Room",
    "Week",
    "booking",
    "enter_demo_plans",
    "give_back",
    "noticed",
    "plan_records",
    "plans_ahead",
    "programs",
    "reserve",
    "room_for",
    "weeks",
]

#: How the slot of a plan is called that is no campaign yet: ``plan-7``.
A_PLAN = "plan-"


@dataclass(frozen=True, slots=True)
class PlanCard:
    """A plan of the calendar. *name*: as its slot is called, the campaign's short name where there is one."""

    name: str
    title: str
    state: str
    begins_at: datetime
    url: str


@dataclass(frozen=True, slots=True)
class Room:
    """Whether a send fits at its time, why not, and when it would. *limited*: False where IT has declared no limit.

    *ask_url*: where an exception is asked for, filled in; "" when it fits or IT takes no such request.
    """

    limited: bool
    fits: bool
    why: str = ""
    next_at: datetime | None = None
    estimate: bool = True
    ask_url: str = ""


def room_for(body: Mapping[str, Any], people: int, begins: datetime) -> Room:
    """The room for a bundle's body at a moment, and the next free slot."""
    instance = engine.instance()
    demand = demand_of(instance, body, max(1, people))
    if people < 1 or not is_limited(instance, demand, begins.timestamp()):
        return Room(limited=False, fits=True)
    own = _own(str(body["campaign"]))
    why = why_not(instance, demand, begins.timestamp(), but=own)
    found = next_free(instance, demand, begins.timestamp(), but=own)
    at = None if found is None else datetime.fromtimestamp(found, UTC)
    name = str(body["campaign"])
    ask = ask_url(name=name, title=name, channel=demand.channel, people=people, at=begins, why=why) if why else ""
    return Room(limited=True, fits=not why, why=why, next_at=at, estimate=demand.clicks.sends == 0, ask_url=ask)


def reserve(*, by: Any, body: Mapping[str, Any], people: int, begins: datetime) -> None:  # noqa: ANN401 — a Person
    """Book a launch's room where anything that it needs is limited. Raises Held T914, naming the next free slot."""
    instance = engine.instance(by)
    demand = demand_of(instance, body, max(1, people))
    if is_limited(instance, demand, begins.timestamp()):
        book(instance, str(body["campaign"]), demand, begins.timestamp())


def plans_ahead() -> list[PlanCard]:
    """What is planned and not over, the next one first."""
    found = Plan.objects.filter(state__in=Plan.AHEAD, begins_at__gte=datetime.now(UTC))
    return [PlanCard(one.name_in_ledger, one.title, one.state, one.begins_at, one.url) for one in found[:200]]


def give_back(campaign: str) -> None:
    """Release what a campaign has booked ahead: it does not go."""
    ledger, now = engine.ledger(), datetime.now(UTC).timestamp()
    for slot in ledger.slots(since=now, campaign=campaign):
        ledger.release_slot(slot.id)


def _own(campaign: str) -> str:
    slots = engine.ledger().slots(since=datetime.now(UTC).timestamp(), campaign=campaign)
    return next((slot.id for slot in slots if slot.state == "booked"), "")
