"""The partnership, to read: agenda and status checks, what is told of the survey, vendor reviews, one's own thanks."""

from __future__ import annotations

from datetime import date, datetime

from ninja import Query, Router, Schema

from twain_web.api.door import Asked, Needs
from twain_web.api.shapes import Name, Page, Paging, page
from twain_web.rooms.partnership.public import Agenda, NumbersPage, numbers, programs

router = Router(tags=["Partnership"])
READ = Needs("partnership.read_partnership")


class AgendaLine(Schema):
    """One line, and where to look."""

    text: str
    url: str


class AgendaPart(Schema):
    """A part of the agenda with its minutes. *quiet* is said where there is no line."""

    key: str
    title: str
    minutes: int
    lines: list[AgendaLine]
    quiet: str


class AgendaOut(Schema):
    """The next status check; without *begins_at* none is planned."""

    begins_at: datetime | None
    marketing: str
    it: str
    minutes: int
    parts: list[AgendaPart]


class StatusCheckOut(Schema):
    """One status check, what it settled and what it carried into the next one."""

    planned_for: date
    held_on: date | None
    marketing: str
    it: str
    notes: str
    settled: list[str]
    carried: list[str]


class SurveyOut(Schema):
    """What one team said of the other in a quarter that is over, where five or more answered.

    *share*: above average or better; *bound*: ``at least`` or ``at most`` where it is only told so far, else empty.
    """

    quarter: str
    side: str
    answered: int
    share: float
    bound: str


class VendorOut(Schema):
    """One vendor review: open disagreements, and days from the question to the decision (or until now)."""

    name: str
    url: str
    state: str
    asked_at: datetime
    decided_at: datetime | None
    taken: bool | None
    lead_days: float
    disagreements: int


class ThanksOut(Schema):
    """A thank-you that the token's person said or was told."""

    at: datetime
    by: str
    to: str
    facts: list[str]
    words: str


class PointOut(Schema):
    """One value, null where nothing was counted, and on how many it rests. *bound*: ``at least``, ``at most``, or empty."""

    value: float | None
    n: int
    bound: str


class LineOut(Schema):
    """One series: over everything that is shown, and period by period."""

    name: str
    all: PointOut
    points: list[PointOut]


class NumberOut(Schema):
    """One number in one plain sentence. *missing*: why there is nothing yet and what to do; *unit*: %, h, d, or empty (a count).

    *periods*: the keys of its points, oldest first; *beside*: what is shown next to it for comparison.
    """

    id: str
    flow: int
    title: str
    unit: str
    explained: str
    periods: list[str]
    lines: list[LineOut]
    since: date
    missing: str
    beside: float | None


class NumbersPart(Schema):
    """A part of the page."""

    title: str
    numbers: list[NumberOut]


class NumbersOut(Schema):
    """The numbers of the partnership, none about a single person."""

    by: str
    periods: list[str]
    parts: list[NumbersPart]


class NumbersBy(Schema):
    """By ``month`` or by ``quarter``."""

    by: Name = "month"


@router.get("/partnership/numbers", response=NumbersOut, auth=READ)
def get_numbers(request: Asked, wanted: Query[NumbersBy]) -> NumbersPage:
    """How the two teams do together, over the last twelve months."""
    return numbers(by=request.user, period=wanted.by)


@router.get("/partnership/agenda", response=AgendaOut, auth=READ)
def get_agenda(request: Asked) -> Agenda:
    """The agenda of the next status check as it stands."""
    return programs.agenda(by=request.user)


@router.get("/partnership/checks", response=Page[StatusCheckOut], auth=READ)
def list_checks(request: Asked, wanted: Query[Paging]) -> dict[str, object]:
    """Status checks, the newest first."""
    return page(programs.status_checks(by=request.user), wanted)


@router.get("/partnership/survey", response=Page[SurveyOut], auth=READ)
def list_survey(request: Asked, wanted: Query[Paging]) -> dict[str, object]:
    """What may be told of the team survey."""
    return page(programs.survey(by=request.user), wanted)


@router.get("/partnership/vendors", response=Page[VendorOut], auth=READ)
def list_vendors(request: Asked, wanted: Query[Paging]) -> dict[str, object]:
    """Vendor reviews, the newest first; nothing of a blind round."""
    return page(programs.vendor_reviews(by=request.user), wanted)


@router.get("/partnership/thanks", response=Page[ThanksOut], auth=READ)
def list_thanks(request: Asked, wanted: Query[Paging]) -> dict[str, object]:
    """One's own thanks: said, and told."""
    return page(programs.own_thanks(by=request.user), wanted)
