"""Sends and their results: where everyone is, both teams' timeline, who was missed, the figures."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from itertools import islice
from typing import Literal

from ninja import Query, Router, Schema

from twain.flows.account import report
from twain.flows.resolve import missed
from twain.records import Fate, Run, RunState, Undelivered
from twain_web import engine
from twain_web.api.door import Asked, Needs
from twain_web.api.problems import must_exist
from twain_web.api.shapes import Name, Page, Paging, Words, page
from twain_web.rooms.insights.public import figures
from twain_web.rooms.people.public import record

router = Router(tags=["Sends and results"])
READ = Needs("insights.read_results")
EXPORT = Needs("insights.export_results")
_MOST = 1000
_MISSED = {"failed": Fate.FAILED, "suppressed": Fate.SUPPRESSED, "uncertain": Fate.UNCERTAIN}
State = Literal["planned", "checked", "snapshotting", "sending", "paused", "reconciling", "finished", "held",
                "cancelled", "expired"]  # fmt: skip


class SendOut(Schema):
    """One send: of which campaign and which bundle, and how it stands."""

    id: str
    campaign: str
    bundle: str
    state: str
    channel: str
    crash_policy: str
    person: str
    scope: str
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None


class TallyOut(Schema):
    """Where everyone is: audience = sent + failed + suppressed + uncertain + pending, always."""

    audience: int
    sent: int
    failed: int
    suppressed: int
    uncertain: int
    pending: int
    reasons: dict[str, int]


class SendWhole(SendOut):
    """One send with its numbers. *rate*: messages sent per second, of the whole send."""

    matched: int
    excluded: dict[str, int]
    tally: TallyOut
    accounted_for: bool
    seconds: float
    rate: float


class EventOut(Schema):
    """One line of the timeline, in both voices."""

    at: datetime
    kind: str
    business: str
    technical: str
    person: str


class MissedOut(Schema):
    """Somebody who did not get it, or of whom it is not known."""

    key: str
    fate: str
    reason: str
    reply: str


class HourOut(Schema):
    """What happened within one hour, beginning *at*: fate → people."""

    at: datetime
    people: dict[str, int]


class Figures(Schema):
    """A send's figures from the delivery history. They are complete once its state is finished."""

    audience: int
    by_fate: dict[str, int]
    by_variant: dict[str, dict[str, int]]
    by_way: dict[str, dict[str, int]]
    by_hour: list[HourOut]
    failed: dict[str, int]
    suppressed: dict[str, int]


class Sends(Paging):
    """Sends of which campaign, in which state."""

    campaign: Words = ""
    state: State | None = None


class MissedOnes(Paging):
    """Which of those who were missed."""

    fate: Literal["failed", "suppressed", "uncertain"] | None = None


@router.get("/sends", response=Page[SendOut], auth=READ)
def list_sends(request: Asked, wanted: Query[Sends]) -> dict[str, object]:
    """Sends, newest first: the newest thousand."""
    states = [RunState(wanted.state)] if wanted.state else ()
    runs = engine.instance(request.user).ledger.runs(limit=_MOST, campaign=wanted.campaign or None, states=states)
    return page([_send(run) for run in runs], wanted)


@router.get("/sends/{send_id}", response=SendWhole, auth=READ)
def get_send(request: Asked, send_id: Name) -> dict[str, object]:
    """One send by its id, or by the beginning of it that is nobody else's."""
    here = engine.instance(request.user)
    found = report(here, _run(request, send_id))
    return _send(found.run) | {
        "matched": found.funnel.matched,
        "excluded": dict(found.funnel.excluded),
        "tally": asdict(found.tally),
        "accounted_for": found.accounted_for,
        "seconds": found.seconds,
        "rate": found.rate,
    }


@router.get("/sends/{send_id}/timeline", response=Page[EventOut], auth=READ)
def list_timeline(request: Asked, send_id: Name, paging: Query[Paging]) -> dict[str, object]:
    """What happened, in order, in both teams' words."""
    events = engine.instance(request.user).ledger.timeline(_run(request, send_id).id)
    return page([asdict(event) | {"at": _moment(event.at)} for event in events], paging)


@router.get("/sends/{send_id}/missed", response=Page[MissedOut], auth=EXPORT)
def list_missed(request: Asked, send_id: Name, wanted: Query[MissedOnes]) -> dict[str, object]:
    """Everybody who did not get it, by key. Reading this is audited, as the export in the house is."""
    here, run = engine.instance(request.user), _run(request, send_id)
    fates = (_MISSED[wanted.fate],) if wanted.fate else tuple(_MISSED.values())
    tally = here.ledger.tally(run.id)
    record(request.user, "missed exported", f"send:{run.id}", {"offset": wanted.offset, "limit": wanted.limit})
    found = islice(missed(here, run.id, fates), wanted.offset, wanted.offset + wanted.limit)
    return {"items": [_missed(one) for one in found], "total": sum(getattr(tally, f.name.lower()) for f in fates)}


@router.get("/sends/{send_id}/figures", response=Figures, auth=READ)
def get_figures(request: Asked, send_id: Name) -> dict[str, object]:
    """Figures by fate, variant, way out and hour."""
    known = figures(engine.instance(request.user), _run(request, send_id))
    return {
        "audience": known.audience,
        "by_fate": {fate: known.total(fate) for fate in ("sent", "failed", "suppressed", "uncertain")},
        "by_variant": known.by_arm(),
        "by_way": known.by_lane(),
        "by_hour": [{"at": at, "people": people} for at, people in known.by_hour()],
        "failed": dict(known.reasons("failed")),
        "suppressed": dict(known.reasons("suppressed")),
    }


def _run(request: Asked, send_id: str) -> Run:
    with must_exist():
        return engine.instance(request.user).ledger.run(send_id)


def _send(run: Run) -> dict[str, object]:
    words = ("id", "campaign", "bundle", "state", "channel", "crash_policy", "person", "scope")
    times = ("created_at", "started_at", "ended_at")
    return {n: str(getattr(run, n)) for n in words} | {n: _moment(getattr(run, n)) for n in times}


def _missed(one: Undelivered) -> dict[str, str]:
    return {"key": one.key, "fate": one.fate.name.lower(), "reason": one.reason, "reply": one.reply}


def _moment(at: float | None) -> datetime | None:
    return None if at is None else datetime.fromtimestamp(at, UTC)
