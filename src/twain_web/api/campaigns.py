"""Campaigns: the plan, the launch review, asking and saying yes, launching; the sends they become, steered; the red switch."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from ninja import Query, Router, Schema
from pydantic import Field, StringConstraints

from twain_web import engine
from twain_web.api.door import Asked, Needs
from twain_web.api.shapes import Name, Page, Paging, Searched, Words, page
from twain_web.rooms.campaigns.public import CampaignCard, Launched, Planned, Reviewed, Tried, campaigns, programs

router = Router(tags=["Campaigns"])
READ = Needs("campaigns.read_campaign")
EDIT = Needs("campaigns.edit_campaign", writes=True)
ASK = Needs("campaigns.ask_approval", writes=True)
LAUNCH = Needs("campaigns.launch_campaign", writes=True)
CONTROL = Needs("campaigns.control_send", writes=True)
RESOLVE = Needs("campaigns.resolve_send", writes=True)
SWITCH = Needs("campaigns.red_switch", writes=True)
Bundle = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Scope = Annotated[str, StringConstraints(pattern=r"^(all|(channel|source):[A-Za-z0-9._-]{1,80})$")]
Share = Annotated[float, Field(ge=0.01, le=1)]


class CampaignOut(Schema):
    """One campaign, and where it stands."""

    slug: str
    name: str
    topic: str
    state: str
    next_at: datetime | None
    owner: str
    from_files: bool
    send_id: str


class Arm(Schema):
    """One variant: which content, as it stands or pinned to a version, for which share of the people."""

    name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_ -]{0,29}$")] = "main"
    content: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]*$", max_length=80)] = ""
    version: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    share: Share = 1.0
    subject: Words = ""


class PlanChanges(Schema):
    """What shall be otherwise in a plan; what is not named stays. Times are the workspace's wall time."""

    audience: Name | None = None
    arms: Annotated[list[Arm], Field(max_length=8)] | None = None
    channel: Name | None = None
    sender_address: Words | None = None
    sender_name: Words | None = None
    reply_to: Words | None = None
    holdout: Annotated[float, Field(ge=0, le=0.5)] | None = None
    ceiling: Annotated[int, Field(ge=1, le=1_000_000_000)] | None = None
    crash_policy: Literal["never_twice", "never_miss"] | None = None
    track_links: bool | None = None
    when: Literal["now", "at", "local"] | None = None
    at: Annotated[str, StringConstraints(pattern=r"^([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2})?$")] | None = None
    local_time: Annotated[str, StringConstraints(pattern=r"^([0-9]{2}:[0-9]{2})?$")] | None = None
    local_date: Annotated[str, StringConstraints(pattern=r"^([0-9]{4}-[0-9]{2}-[0-9]{2})?$")] | None = None
    expires_hours: Annotated[int, Field(ge=1, le=336)] | None = None
    success: Annotated[str, StringConstraints(pattern=r"^([A-Za-z0-9._-]{1,80}:[A-Za-z0-9._-]{1,80})?$")] | None = None
    success_days: Annotated[int, Field(ge=1, le=365)] | None = None
    success_of: Literal["sent", "clicked"] | None = None
    success_value: (
        Annotated[str, StringConstraints(pattern=r"^([A-Za-z0-9._-]{1,80}:[A-Za-z0-9._-]{1,80})?$")] | None
    ) = None


class NewCampaign(Schema):
    """A campaign begins with a name; who and what may come later."""

    name: Annotated[Words, Field(min_length=1, max_length=120)]
    topic: Annotated[Words, Field(max_length=80)] = ""
    plan: PlanChanges = PlanChanges()


class ChangedPlan(Schema):
    """Changes, and the version that they were made upon."""

    based_on: int = Field(ge=0, le=1_000_000)
    changes: PlanChanges


class PlannedOut(Schema):
    """A campaign with its plan. *missing*: what must still be decided."""

    slug: str
    name: str
    topic: str
    owner: str
    from_files: bool
    version: int
    plan: dict[str, Any]
    missing: list[str]


class TriedOut(Schema):
    """What the pre-send checks said of a bundle, and how many people it would reach."""

    bundle: str
    at: datetime
    ready: bool
    why: str
    technical: str
    verdicts: list[dict[str, Any]]
    funnel: dict[str, Any]
    cost: float | None
    seconds: float


class LaunchOut(Schema):
    """A launch; *run_id* names its send once it has begun."""

    bundle: str
    state: str
    due_at: datetime
    expires_at: datetime
    run_id: str
    why: str


class VoiceOut(Schema):
    """Somebody whose yes counts, or has counted at a moment."""

    shown: str
    at: datetime | None
    note: str


class RuleOut(Schema):
    """One approval rule: how many, how many are missing, who may say yes and who has."""

    needs: int
    missing: int
    people: list[VoiceOut]
    given: list[VoiceOut]


class DifferenceOut(Schema):
    """One thing that changed since the last approval."""

    title: str
    before: str
    after: str


class ReviewOut(Schema):
    """The launch review of exactly one bundle, whose hash approval and launch name."""

    slug: str
    bundle: str | None
    problem: str
    missing: list[str]
    rules: list[RuleOut]
    approved: bool
    refusal: str
    request: str
    changes: list[DifferenceOut]
    facts: dict[str, str]
    rule_words: str
    tried: TriedOut | None
    launch: LaunchOut | None


class Seen(Schema):
    """The bundle that was looked at, and a word with it."""

    bundle: Bundle
    note: Words = ""


class ToLaunch(Schema):
    """The bundle that was looked at. The same *token* again is the same launch, so that a request may be repeated."""

    bundle: Bundle
    token: Annotated[str, StringConstraints(pattern=r"^[0-9a-zA-Z-]{16,64}$")]


class State(Schema):
    """How it stands now."""

    state: str


class Settled(Schema):
    """How many unknown deliveries were settled."""

    people: int


class How(Schema):
    """Send again to those of whom it is unknown, or count them as sent (from the relay's log)."""

    how: Literal["resend", "sent"]


class StopOut(Schema):
    """A red switch that is thrown."""

    scope: str
    person: str
    why: str
    at: datetime


class ToStop(Schema):
    """What to stop (``all``, ``channel:<name>``, ``source:<name>``), and why, for everybody to read."""

    scope: Scope
    why: Annotated[Words, Field(min_length=1)]


@router.get("/campaigns", response=Page[CampaignOut], auth=READ)
def list_campaigns(request: Asked, wanted: Query[Searched]) -> dict[str, object]:  # noqa: ARG001 — ninja's signature
    """Every campaign, the newest first; those of the workspace's files last."""
    words = wanted.search.casefold().split()
    found = [c for c in campaigns() if all(w in f"{c.name} {c.slug} {c.owner} {c.topic}".casefold() for w in words)]
    return page([_card(card) for card in found], wanted)


@router.post("/campaigns", response={201: PlannedOut}, auth=Needs("campaigns.create_campaign", writes=True))
def create_campaign(request: Asked, wanted: NewCampaign) -> Planned:
    """A new campaign of one's own."""
    plan = wanted.plan.dict(exclude_none=True)
    return programs.make_campaign(by=request.user, name=wanted.name, topic=wanted.topic, plan=plan)


@router.get("/campaigns/{slug}", response=PlannedOut, auth=READ)
def get_campaign(request: Asked, slug: Name) -> Planned:
    """One campaign with its plan."""
    return programs.plan_of(by=request.user, slug=slug)


@router.patch("/campaigns/{slug}/plan", response=PlannedOut, auth=EDIT)
def change_plan(request: Asked, slug: Name, wanted: ChangedPlan) -> Planned:
    """Change the plan. What was asked, approved or scheduled for the old one counts no more."""
    changes = wanted.changes.dict(exclude_unset=True)
    kept = {name: value for name, value in changes.items() if value is not None or name == "ceiling"}
    return programs.change_plan(by=request.user, slug=slug, changes=kept, based_on=wanted.based_on)


@router.get("/campaigns/{slug}/review", response=ReviewOut, auth=READ)
def review_campaign(request: Asked, slug: Name) -> dict[str, object]:
    """Everything before a send, for exactly one bundle."""
    found: Reviewed = programs.review_of(by=request.user, slug=slug)
    names = [name for name in ReviewOut.model_fields if name != "rules"]
    return {name: getattr(found, name) for name in names} | {"rules": [_rule(rule) for rule in found.rules]}


@router.post("/campaigns/{slug}/check", response=TriedOut, auth=Needs("campaigns.check_campaign", writes=True))
def check_campaign(request: Asked, slug: Name) -> Tried:
    """Ask the company's database now: the checks and the count."""
    return programs.try_campaign(by=request.user, slug=slug)


@router.post("/campaigns/{slug}/approval-request", response=State, auth=ASK)
def ask_approval(request: Asked, slug: Name, seen: Seen) -> dict[str, str]:
    """Ask those whom policy names for a yes to exactly this bundle."""
    return {"state": programs.ask_for_approval(by=request.user, slug=slug, bundle=seen.bundle, note=seen.note)}


@router.post("/campaigns/{slug}/approval", response=ReviewOut, auth=Needs("campaigns.approve_campaign", writes=True))
def approve_campaign(request: Asked, slug: Name, seen: Seen) -> dict[str, object]:
    """Say yes to exactly this bundle; any edit asks again."""
    programs.approve_campaign(by=request.user, slug=slug, bundle=seen.bundle, note=seen.note)
    return review_campaign(request, slug)


@router.post("/campaigns/{slug}/launch", response={201: LaunchOut}, auth=LAUNCH)
def launch_campaign(request: Asked, slug: Name, wanted: ToLaunch) -> Launched:
    """Launch exactly this bundle, when its plan says."""
    return programs.launch_campaign(by=request.user, slug=slug, bundle=wanted.bundle, token=wanted.token)


@router.delete("/campaigns/{slug}/launch", response=LaunchOut, auth=LAUNCH)
def withdraw_launch(request: Asked, slug: Name) -> Launched:
    """Take a launch back while nothing has begun."""
    return programs.take_launch_back(by=request.user, slug=slug)


# ---------------------------------------------------------------- sends, steered


@router.post("/sends/{send_id}/pause", response=State, auth=CONTROL)
def pause_send(request: Asked, send_id: Name) -> dict[str, str]:
    """Nothing more is taken up; what is in flight is answered."""
    return _steer(request, send_id, "pause")


@router.post("/sends/{send_id}/resume", response=State, auth=CONTROL)
def resume_send(request: Asked, send_id: Name) -> dict[str, str]:
    """Go on; the house begins within seconds."""
    return _steer(request, send_id, "resume")


@router.post("/sends/{send_id}/cancel", response=State, auth=CONTROL)
def cancel_send(request: Asked, send_id: Name) -> dict[str, str]:
    """Stop it for good; everybody who was not reached is accounted for."""
    return _steer(request, send_id, "cancel")


@router.post("/sends/{send_id}/resolution", response=Settled, auth=RESOLVE)
def resolve_send(request: Asked, send_id: Name, wanted: How) -> dict[str, int]:
    """Settle every delivery that is unknown."""
    return {"people": programs.resolve_send(by=request.user, run_id=send_id, resend=wanted.how == "resend")}


# ---------------------------------------------------------------- the red switch


@router.get("/stops", response=Page[StopOut], auth=READ)
def list_stops(request: Asked, paging: Query[Paging]) -> dict[str, object]:
    """What is stopped now, by whom and why."""
    stops = engine.instance(request.user).ledger.stops()
    return page([{"scope": s.scope, "person": s.person, "why": s.why, "at": _moment(s.at)} for s in stops], paging)


@router.post("/stops", response={201: ToStop}, auth=SWITCH)
def stop(request: Asked, wanted: ToStop) -> ToStop:
    """Stop all sends, a channel, or all reads from a source, at once."""
    programs.throw_switch(by=request.user, scope=wanted.scope, why=wanted.why)
    return wanted


@router.delete("/stops/{scope}", response={204: None}, auth=SWITCH)
def lift_stop(request: Asked, scope: Scope) -> None:
    """Let it go on. What waited goes on by itself."""
    programs.lift_switch(by=request.user, scope=scope)


def _steer(request: Asked, send_id: str, how: str) -> dict[str, str]:
    programs.steer_send(by=request.user, run_id=send_id, how=how)
    return {"state": str(engine.instance(request.user).ledger.run(send_id).state)}


def _rule(rule: Any) -> dict[str, object]:  # noqa: ANN401 — the room's rule
    return {
        "needs": rule.needs,
        "missing": rule.missing,
        "people": [_voice(one) for one in rule.people],
        "given": [_voice(one) for one in rule.given],
    }


def _voice(one: Any) -> dict[str, object]:  # noqa: ANN401
    return {"shown": one.shown, "at": _moment(one.at) if one.at is not None else None, "note": one.note}


def _card(card: CampaignCard) -> dict[str, object]:
    names = ("slug", "name", "topic", "state", "next_at", "owner", "from_files")
    return {name: getattr(card, name) for name in names} | {"send_id": card.run_id}


def _moment(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)
