"""Incidents: one for each check that fails. Read, seen, looked at again; nothing here closes one: it is seen to pass."""

from __future__ import annotations

from datetime import date, datetime

from ninja import Query, Router, Schema

from twain_web.api.door import Asked, Needs
from twain_web.api.problems import must_exist
from twain_web.api.shapes import Name, Page, Paging, Search, page
from twain_web.rooms.incidents.public import Card, Month, Whole, programs

router = Router(tags=["Incidents"])
READ = Needs("incidents.read_incidents")
ANSWER = Needs("incidents.answer_incident", writes=True)
LOOK = Needs("incidents.look_again", writes=True)


class IncidentOut(Schema):
    """One incident. *told*: who knows, and since when; *impact*: what waits for it, or waited."""

    slug: str
    url: str
    title: str
    kind: str
    feed: str
    check: str
    open: bool
    owner: str
    told: str
    impact: str
    opened_at: datetime
    acknowledged_at: datetime | None
    restored_at: datetime | None


class IncidentLine(Schema):
    """One line of an incident's timeline, in both languages."""

    at: datetime
    verb: str
    who: str
    business: str
    technical: str


class HeldSendOut(Schema):
    """A send that waits for it, or waited."""

    campaign: str
    name: str
    run_id: str
    audience: int | None
    expires_at: datetime
    waits: bool


class IncidentWhole(Schema):
    """One incident with everything that happened. *unknown*: why the last look could not say how it stands."""

    card: IncidentOut
    business: str
    technical: str
    sql: str
    observed: float | None
    expected: str
    looked_at: datetime | None
    unknown: str
    held: list[HeldSendOut]
    timeline: list[IncidentLine]


class ProposedLimit(Schema):
    """The changed limit as a diff for ``git apply``. Until it is in the workspace, the check holds."""

    incident: str
    patch: str


class MonthOut(Schema):
    """One feed's failures that began in one month; hours are medians of the clock on the wall. No person is in it."""

    feed: str
    month: date
    failed: int
    acknowledged: int
    restored: int
    hours_to_acknowledge: float | None
    hours_to_restore: float | None
    out_of_hours: int


class ListedIncidents(Paging):
    """Those that are open, or those that are closed; of one feed, if it is named."""

    closed: bool = False
    feed: Search = ""


class Since(Paging):
    """From when on."""

    since: datetime


@router.get("/incidents", response=Page[IncidentOut], auth=READ)
def list_incidents(request: Asked, wanted: Query[ListedIncidents]) -> dict[str, object]:
    """What is open, oldest first; or what is closed, newest first."""
    return page(programs.listed(by=request.user, closed=wanted.closed, feed=wanted.feed), wanted)


@router.get("/incident-months", response=Page[MonthOut], auth=READ)
def incident_months(request: Asked, wanted: Query[Since]) -> dict[str, object]:
    """How long it took to acknowledge and to restore, by feed and month."""
    found: list[Month] = programs.months(by=request.user, since=wanted.since)
    return page(found, wanted)


@router.get("/incidents/{slug}", response=IncidentWhole, auth=READ)
def get_incident(request: Asked, slug: Name) -> Whole:
    """One incident, with what waits for it and its timeline."""
    with must_exist():
        return programs.whole(by=request.user, slug=slug)


@router.post("/incidents/{slug}/acknowledge", response=IncidentOut, auth=ANSWER)
def acknowledge_incident(request: Asked, slug: Name) -> Card:
    """I have seen it."""
    _must_be_there(request, slug)
    return programs.acknowledge(by=request.user, slug=slug)


@router.post("/incidents/{slug}/look", response=IncidentOut, auth=LOOK)
def look_again(request: Asked, slug: Name) -> Card:
    """Have the check made again now; a moment later the timeline says what it found."""
    _must_be_there(request, slug)
    return programs.look(by=request.user, slug=slug)


@router.post("/incidents/{slug}/propose", response=ProposedLimit, auth=ANSWER)
def propose_limit(request: Asked, slug: Name) -> dict[str, str]:
    """This is as it should be: the changed limit, drafted as a patch and put in force by nobody here."""
    _must_be_there(request, slug)
    return {"incident": slug, "patch": programs.propose(by=request.user, slug=slug)}


def _must_be_there(request: Asked, slug: str) -> None:
    with must_exist():
        programs.whole(by=request.user, slug=slug)
