"""This room for programs: plans by their numbers, in plain values, under the pages' own rules."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from twain.errors import ConfigError
from twain_web.access import refuse_unless
from twain_web.rooms.capacity import actions, reads
from twain_web.rooms.capacity.models import Plan, SimplerWay, Step
from twain_web.rooms.capacity.permissions import ANSWER_PLAN, PLAN

_STEPS_OF_IT = frozenset({"confirm"})


@dataclass(frozen=True, slots=True)
class PlanRecord:
    """A plan without anybody's name. *steps*: (when, the state that it came into); *ways*: when IT offered simpler ones."""

    pk: int
    campaign: str
    channel: str
    people: int
    begins_at: datetime
    state: str
    slot: str
    steps: tuple[tuple[datetime, str], ...] = ()
    ways: tuple[datetime, ...] = ()
    adopted: int = 0


def plan_records(since: datetime) -> list[PlanRecord]:
    """Every plan whose day is not before a moment, by its day. Three queries, however many."""
    plans = Plan.objects.filter(begins_at__gte=since)
    steps: dict[int, list[tuple[datetime, str]]] = {}
    for pk, at, state in Step.objects.filter(plan__begins_at__gte=since).values_list("plan_id", "at", "state"):
        steps.setdefault(pk, []).append((at, state))
    ways: dict[int, list[tuple[datetime, bool]]] = {}
    offered = SimplerWay.objects.filter(plan__begins_at__gte=since).order_by("at")
    for pk, at, adopted in offered.values_list("plan_id", "at", "adopted_at"):
        ways.setdefault(pk, []).append((at, adopted is not None))
    return [_record(plan, tuple(steps.get(plan.pk, ())), ways.get(plan.pk, [])) for plan in plans]


def make(*, by: Any, title: str, channel: str, people: int, begins_at: datetime, purpose: str = "") -> PlanRecord:  # noqa: ANN401 — a Person
    """Write an idea down."""
    refuse_unless(by, PLAN)
    return _record(
        actions.make_plan(by=by, title=title, purpose=purpose, channel=channel, people=people, begins_at=begins_at)
    )


def step(*, by: Any, pk: int, verb: str, learned: str = "") -> PlanRecord:  # noqa: ANN401
    """Announce, confirm, withdraw or review. Raises WrongState when the plan is elsewhere by now."""
    if verb not in actions.STEPS:
        raise ConfigError(f"{verb[:40]!r} is no step.", todo=f"Steps: {', '.join(actions.STEPS)}.", code="T917")
    refuse_unless(by, ANSWER_PLAN if verb in _STEPS_OF_IT else PLAN)
    plan = _own(pk)
    actions.take_step(by=by, plan=plan, verb=verb, learned=learned)
    return _record(plan)


def book(*, by: Any, pk: int, campaign: str) -> PlanRecord:  # noqa: ANN401
    """Say which campaign it has become and book its room. Raises Held T914 with the next free slot."""
    refuse_unless(by, PLAN)
    plan = _own(pk)
    actions.link_campaign(by=by, plan=plan, campaign=campaign)
    actions.book_plan(by=by, plan=plan)
    return _record(plan)


def move(*, by: Any, pk: int, begins_at: datetime) -> PlanRecord:  # noqa: ANN401
    """Another time. Raises Held T914 where there is no room then; nothing has moved in that case."""
    refuse_unless(by, PLAN)
    plan = _own(pk)
    actions.move_plan(by=by, plan=plan, begins_at=begins_at)
    return _record(plan)


def offer(*, by: Any, pk: int, text: str, begins_at: datetime | None = None, people: int | None = None) -> None:  # noqa: ANN401
    """IT offers a simpler way."""
    refuse_unless(by, ANSWER_PLAN)
    actions.offer_simpler_way(by=by, plan=_own(pk), text=text, begins_at=begins_at, people=people)


def adopt(*, by: Any, pk: int) -> PlanRecord:  # noqa: ANN401
    """Take IT's newest way over as a whole. Raises ConfigError T917 when none was offered."""
    refuse_unless(by, PLAN)
    plan = _own(pk)
    way = plan.ways.filter(adopted_at=None).first()
    if way is None:
        raise ConfigError(f"No simpler way was offered for plan {pk}.", todo="Move the plan yourself.", code="T917")
    actions.adopt_simpler_way(by=by, plan=plan, way=way)
    return _record(plan)


def free_from(*, pk: int, after: datetime) -> datetime | None:
    """The first moment at which a plan fits; None when there is none within sixty days."""
    return reads.free_from(_own(pk), after)


def _own(pk: int) -> Plan:
    found = Plan.objects.filter(pk=pk).first()
    if found is None:
        raise ConfigError(f"There is no plan {pk}.", todo="The year calendar shows them all.", code="T917")
    return found


def _record(
    plan: Plan, steps: tuple[tuple[datetime, str], ...] = (), ways: list[tuple[datetime, bool]] | None = None
) -> PlanRecord:
    offered = ways or []
    return PlanRecord(
        plan.pk, plan.campaign, plan.channel, plan.people, plan.begins_at, plan.state, plan.slot, steps,
        tuple(at for at, _adopted in offered), sum(adopted for _at, adopted in offered),
    )  # fmt: skip
