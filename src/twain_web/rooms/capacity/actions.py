"""All that is written in this room."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from twain.errors import WrongState
from twain.flows.capacity import book, demand_for
from twain_web import engine
from twain_web.rooms.capacity.models import CalendarFeed, Plan, SimplerWay, Step
from twain_web.rooms.people.public import record

_S = Plan.State
#: Verb → (states from which it may be done, state that follows).
STEPS = {
    "announce": ((_S.IDEA,), _S.ANNOUNCED),
    "confirm": ((_S.ANNOUNCED,), _S.FEASIBLE),
    "withdraw": (tuple(Plan.AHEAD), _S.WITHDRAWN),
    "review": ((_S.LIVE,), _S.REVIEWED),
}


def make_plan(*, by: Any, title: str, purpose: str, channel: str, people: int, begins_at: datetime) -> Plan:  # noqa: ANN401 — a Person
    """Write an idea down. Nobody is asked for anything yet."""
    with transaction.atomic():
        plan = Plan.objects.create(
            title=title, purpose=purpose, channel=channel, people=people, begins_at=begins_at, owner=by
        )
        _step(by, plan, _S.IDEA)
    return plan


def take_step(*, by: Any, plan: Plan, verb: str, learned: str = "") -> None:  # noqa: ANN401
    """Announce, confirm, withdraw or look back. Raises WrongState when the plan is elsewhere by now."""
    froms, to = STEPS[verb]
    with transaction.atomic():
        if not Plan.objects.filter(pk=plan.pk, state__in=froms).update(state=to, learned=learned or plan.learned):
            raise _elsewhere(plan)
        plan.refresh_from_db()
        _step(by, plan, to)
        if to == _S.WITHDRAWN:
            _give_back(plan)


def book_plan(*, by: Any, plan: Plan) -> None:  # noqa: ANN401
    """Book its share of capacity for the time it has. Raises Held with the next free slot, WrongState before IT has confirmed."""
    instance = engine.instance(by)
    with transaction.atomic():
        if not Plan.objects.filter(pk=plan.pk, state=_S.FEASIBLE).update(state=_S.BOOKED):
            raise _elsewhere(plan)
        demand = demand_for(instance, plan.channel, plan.people, campaign=plan.campaign)
        slot = book(instance, plan.name_in_ledger, demand, plan.begins_at.timestamp())
        Plan.objects.filter(pk=plan.pk).update(slot=slot.id)
        plan.refresh_from_db()
        _step(by, plan, _S.BOOKED)


def move_plan(*, by: Any, plan: Plan, begins_at: datetime) -> None:  # noqa: ANN401
    """Another time. What was booked moves with it or, where there is no room, nothing moves: Held names the next free slot."""
    instance = engine.instance(by)
    with transaction.atomic():
        moved = Plan.objects.filter(pk=plan.pk, state__in=Plan.AHEAD, updated_at=plan.updated_at)
        if not moved.update(begins_at=begins_at, updated_at=timezone.now()):
            raise _elsewhere(plan)
        if plan.state == _S.BOOKED:
            demand = demand_for(instance, plan.channel, plan.people, campaign=plan.campaign)
            book(instance, plan.name_in_ledger, demand, begins_at.timestamp(), slot_id=plan.slot)
        record(by, "plan moved", f"plan:{plan.pk}", {"from": plan.begins_at.isoformat(), "to": begins_at.isoformat()})
        plan.refresh_from_db()


def offer_simpler_way(
    *,
    by: Any,  # noqa: ANN401
    plan: Plan,
    text: str,
    begins_at: datetime | None,
    people: int | None,
) -> SimplerWay:
    """IT says what would be easier; the plan stays as it is until Marketing adopts it."""
    with transaction.atomic():
        way = SimplerWay.objects.create(plan=plan, by=by, text=text, begins_at=begins_at, people=people)
        record(by, "simpler way offered", f"plan:{plan.pk}", {"text": text})
    return way


def adopt_simpler_way(*, by: Any, plan: Plan, way: SimplerWay) -> None:  # noqa: ANN401
    """Take IT's proposal over as a whole."""
    with transaction.atomic():
        if not SimplerWay.objects.filter(pk=way.pk, adopted_at=None).update(adopted_at=timezone.now(), adopted_by=by):
            raise _elsewhere(plan)
        if way.people is not None and plan.is_ahead:
            Plan.objects.filter(pk=plan.pk).update(people=way.people)
            plan.refresh_from_db()
        if way.begins_at is not None or way.people is not None:
            move_plan(by=by, plan=plan, begins_at=way.begins_at or plan.begins_at)
        record(by, "simpler way adopted", f"plan:{plan.pk}", {"text": way.text})


def link_campaign(*, by: Any, plan: Plan, campaign: str) -> None:  # noqa: ANN401
    """This plan is that campaign: the room that it has booked is the campaign's from now on."""
    ledger = engine.ledger()
    with transaction.atomic():
        Plan.objects.filter(pk=plan.pk).update(campaign=campaign)
        plan.refresh_from_db()
        for slot in ledger.slots() if plan.slot else ():
            if slot.id == plan.slot and slot.state == "booked":
                ledger.book_slot(replace(slot, campaign=plan.name_in_ledger), {})
        record(by, "plan linked", f"plan:{plan.pk}", {"campaign": campaign})


def make_feed(*, by: Any, team: str) -> str:  # noqa: ANN401
    """A new secret for a team's calendar, in place of the one it had. Returns it: it is shown this once."""
    secret = secrets.token_urlsafe(32)
    with transaction.atomic():
        CalendarFeed.objects.filter(team=team, revoked_at=None).update(revoked_at=timezone.now())
        CalendarFeed.objects.create(team=team, digest=digest_of(secret), made_by=by)
        record(by, "calendar feed made", f"calendar:{team}", {})
    return secret


def revoke_feed(*, by: Any, feed: CalendarFeed) -> None:  # noqa: ANN401
    """The address answers nobody any more."""
    with transaction.atomic():
        CalendarFeed.objects.filter(pk=feed.pk, revoked_at=None).update(revoked_at=timezone.now())
        record(by, "calendar feed revoked", f"calendar:{feed.team}", {})


def digest_of(secret: str) -> bytes:
    """What is kept of a secret of 256 random bits: guessing it is hopeless, so no slow hash is needed."""
    return hashlib.sha256(secret.encode()).digest()


def _step(by: Any, plan: Plan, state: str) -> None:  # noqa: ANN401
    Step.objects.create(plan=plan, state=state, by=by)
    record(by, f"plan {state}", f"plan:{plan.pk}", {"title": plan.title})


def _give_back(plan: Plan) -> None:
    if plan.slot:
        engine.ledger().release_slot(plan.slot)


def _elsewhere(plan: Plan) -> WrongState:
    return WrongState(
        f"Plan {plan.pk} is not where it was when the page was opened.",
        todo=_("Reload the page and look at it again."),
        business=_("Somebody has moved or answered this plan meanwhile."),
    )
