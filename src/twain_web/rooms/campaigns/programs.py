"""This room for programs: things by name, answers in plain values.

Each function looks at the object's own rule, then does what the page does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from twain.errors import ConfigError, WrongState
from twain.flows.publish import make, publish
from twain_web import engine
from twain_web.access import refuse_unless
from twain_web.rooms.campaigns import forms
from twain_web.rooms.campaigns.actions import approving, launching, planning, steering, switching
from twain_web.rooms.campaigns.differences import Difference
from twain_web.rooms.campaigns.models import Launch, Rehearsal
from twain_web.rooms.campaigns.permissions import (
    APPROVE_CAMPAIGN,
    ASK_APPROVAL,
    CHECK_CAMPAIGN,
    CONTROL_SEND,
    CREATE_CAMPAIGN,
    EDIT_CAMPAIGN,
    LAUNCH_CAMPAIGN,
    READ_CAMPAIGN,
    RED_SWITCH,
    RESOLVE_SEND,
)
from twain_web.rooms.campaigns.plans import Plan
from twain_web.rooms.campaigns.reads.review import Rule
from twain_web.rooms.campaigns.reads.review import review as read_review
from twain_web.rooms.campaigns.records import Subject, campaign_record, one_send, record_of, subject
from twain_web.rooms.campaigns.rehearsing import rehearse


@dataclass(frozen=True, slots=True)
class Planned:
    """A campaign with its plan; one that is kept in files has version 0 and its plan there. *missing*: what is undecided."""

    slug: str
    name: str
    topic: str
    owner: str
    from_files: bool
    version: int
    plan: Mapping[str, Any]
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tried:
    """What the pre-send checks said of a bundle. *audience* is None when nobody could be counted."""

    bundle: str
    at: datetime
    ready: bool
    why: str
    technical: str
    verdicts: tuple[Mapping[str, Any], ...]
    funnel: Mapping[str, Any]
    cost: float | None
    seconds: float


@dataclass(frozen=True, slots=True)
class Launched:
    """A launch: *run_id* is empty until it has begun."""

    bundle: str
    state: str
    due_at: datetime
    expires_at: datetime
    run_id: str
    why: str


@dataclass(frozen=True, slots=True)
class Reviewed:
    """The launch review. *bundle* is None while the campaign cannot be sent; *problem* or *missing* then say why."""

    slug: str
    bundle: str | None
    problem: str
    missing: tuple[str, ...]
    rules: tuple[Rule, ...]
    approved: bool
    refusal: str
    request: str
    changes: tuple[Difference, ...]
    facts: Mapping[str, str]
    rule_words: str
    tried: Tried | None
    launch: Launched | None


def plan_of(*, by: Any, slug: str) -> Planned:  # noqa: ANN401 — a Person, here and below
    """A campaign with its plan."""
    one = _allowed(by, READ_CAMPAIGN, slug)
    if one.house is None:
        return Planned(one.slug, one.name, "", "", True, 0, {}, ())  # noqa: FBT003 — from files
    house = one.house
    missing = tuple(house.plan.missing())
    owner = house.owner.username
    return Planned(one.slug, one.name, house.topic, owner, False, house.version, house.plan.as_json(), missing)  # noqa: FBT003


def make_campaign(*, by: Any, name: str, topic: str = "", plan: Mapping[str, Any] | None = None) -> Planned:  # noqa: ANN401
    """A new campaign of *by*'s own, with whatever of its plan is known already."""
    refuse_unless(by, CREATE_CAMPAIGN)
    wanted = _judged(Plan(), plan, 0) if plan else None
    made = planning.create_campaign(by=by, name=name, topic=topic, plan=wanted)
    return plan_of(by=by, slug=made.slug)


def change_plan(*, by: Any, slug: str, changes: Mapping[str, Any], based_on: int) -> Planned:  # noqa: ANN401
    """Change some of the plan, judged as the page's form judges it. Raises WrongState when it was edited since *based_on*."""
    one = _allowed(by, EDIT_CAMPAIGN, slug)
    if one.house is None:
        raise WrongState(f"{slug} is kept in files.", todo="Change its files in the workspace.")
    plan = _judged(one.house.plan, changes, based_on)
    planning.save_plan(by=by, campaign=one.house, plan=plan, based_on=based_on)
    return plan_of(by=by, slug=slug)


def review_of(*, by: Any, slug: str) -> Reviewed:  # noqa: ANN401
    """Everything an approver and a launcher look at, for exactly one bundle."""
    found = read_review(_allowed(by, READ_CAMPAIGN, slug), by)
    problem = found.problem.business if found.problem else ""
    return Reviewed(
        slug=slug,
        bundle=found.bundle.hash if found.bundle else None,
        problem=problem,
        missing=found.missing,
        rules=found.rules,
        approved=found.approved,
        refusal=found.refusal,
        request=found.request.state if found.request else "",
        changes=found.changes,
        facts=dict(found.facts),
        rule_words=found.rule_words,
        tried=_tried(found.tried) if found.tried else None,
        launch=_launched(found.launch) if found.launch else None,
    )


def try_campaign(*, by: Any, slug: str) -> Tried:  # noqa: ANN401
    """Ask the company's database now: the checks, the count, the time it took."""
    _allowed(by, CHECK_CAMPAIGN, slug)
    here = engine.instance(by)
    return _tried(rehearse(here, publish(here, campaign_record(slug)), "review"))


def ask_for_approval(*, by: Any, slug: str, bundle: str, note: str = "") -> str:  # noqa: ANN401
    """Ask those whom policy names for a yes to exactly this bundle; returns the request's state."""
    return str(approving.ask_approval(by=by, subject=_allowed(by, ASK_APPROVAL, slug), bundle=bundle, note=note).state)


def approve_campaign(*, by: Any, slug: str, bundle: str, note: str = "") -> None:  # noqa: ANN401
    """Say yes to exactly this bundle."""
    approving.approve(by=by, subject=_allowed(by, APPROVE_CAMPAIGN, slug), bundle=bundle, note=note)


def launch_campaign(*, by: Any, slug: str, bundle: str, token: str) -> Launched:  # noqa: ANN401
    """Wish that exactly this bundle goes when its plan says; the reconciler begins it. The same *token* is the same launch."""
    one = _allowed(by, LAUNCH_CAMPAIGN, slug)
    return _launched(launching.launch(by=by, subject=one, bundle=bundle, token=token))


def take_launch_back(*, by: Any, slug: str) -> Launched:  # noqa: ANN401
    """Take an open launch back while nothing has begun."""
    _allowed(by, LAUNCH_CAMPAIGN, slug)
    wished = Launch.objects.filter(campaign=slug, state__in=Launch.OPEN).first()
    if wished is None:
        raise WrongState(f"{slug} has no open launch.", todo="Nothing to do.")
    launching.withdraw_launch(by=by, launch=wished)
    wished.refresh_from_db()
    return _launched(wished)


def steer_send(*, by: Any, run_id: str, how: str) -> None:  # noqa: ANN401
    """``pause``, ``resume`` or ``cancel`` one send, by its whole id."""
    refuse_unless(by, CONTROL_SEND, one_send(run_id))
    steps = {"pause": steering.pause_send, "resume": steering.resume_send, "cancel": steering.cancel_send}
    steps[how](by=by, run_id=run_id)


def resolve_send(*, by: Any, run_id: str, resend: bool) -> int:  # noqa: ANN401
    """Settle every delivery that is unknown: send again, or count as sent. Returns how many there were."""
    refuse_unless(by, RESOLVE_SEND, one_send(run_id))
    return steering.resolve_send(by=by, run_id=run_id, resend=resend)


def throw_switch(*, by: Any, scope: str, why: str) -> None:  # noqa: ANN401
    """Stop all sends, one channel, or all reads from a source."""
    refuse_unless(by, RED_SWITCH)
    switching.throw_switch(by=by, scope=scope, why=why)


def lift_switch(*, by: Any, scope: str) -> bool:  # noqa: ANN401
    """Lift a stop; False when there was none."""
    refuse_unless(by, RED_SWITCH)
    return switching.lift_switch(by=by, scope=scope)


def body_of(*, by: Any, slug: str, to_launch: bool = False) -> Mapping[str, Any]:  # noqa: ANN401
    """What its send would be, for whoever may read it; *to_launch*: for whoever may launch it. Nothing is kept.

    Raises ConfigError for a campaign that is not there, or not planned to the end.
    """
    one = _allowed(by, LAUNCH_CAMPAIGN if to_launch else READ_CAMPAIGN, slug)
    return make(engine.instance(by), record_of(one)).body


def _allowed(by: Any, wanted: Any, slug: str) -> Subject:  # noqa: ANN401
    one = subject(slug)
    refuse_unless(by, wanted, one)
    return one


def _judged(plan: Plan, changes: Mapping[str, Any], based_on: int) -> Plan:
    """The plan with its changes, as the page's own forms let it pass. Raises ConfigError with what they say."""
    merged = Plan.from_json({**plan.as_json(), **changes})
    filled = forms.initial_of(merged, based_on)
    data = {key: value for key, value in filled.items() if value is not None and value is not False}
    rows = forms.initial_arms(merged)
    data |= {"arm-TOTAL_FORMS": len(rows), "arm-INITIAL_FORMS": 0}
    data |= {f"arm-{n}-{key}": value for n, row in enumerate(rows) for key, value in row.items() if value is not None}
    form, arms = forms.PlanForm(data), forms.ArmFormSet(data, prefix="arm")
    if not (form.is_valid() and arms.is_valid()):
        raise ConfigError(f"The plan cannot be so: {_said(form, arms)}", todo="Correct that, and send it again.")
    judged = forms.plan_from(form, arms)
    return judged if merged.arms else replace(judged, arms=())


def _said(form: Any, arms: Any) -> str:  # noqa: ANN401 — Django's forms
    wrong = [(name, words) for name, words in form.errors.items()]
    wrong += [(f"{name} of variant {n}", words) for n, one in enumerate(arms.errors, 1) for name, words in one.items()]
    told = [f"{name}: {' '.join(words)}" for name, words in wrong]
    return "; ".join([*told, *map(str, arms.non_form_errors())])


def _tried(one: Rehearsal) -> Tried:
    return Tried(
        one.bundle, one.at, one.ready, one.why, one.technical, tuple(one.verdicts), one.funnel, one.cost, one.seconds
    )


def _launched(one: Launch) -> Launched:
    return Launched(one.bundle, str(one.state), one.due_at, one.expires_at, one.run_id, one.why)
