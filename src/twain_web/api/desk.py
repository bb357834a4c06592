"""Requests between the teams: read, ask, answer. Nothing here closes one: it closes when it is seen to be there."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from ninja import Query, Router, Schema, Status
from pydantic import Field

from twain.errors import ConfigError
from twain_web.api.door import Asked, Needs
from twain_web.api.problems import must_exist
from twain_web.api.shapes import Name, Page, Paging, Words, page
from twain_web.rooms.desk.public import RequestCard, Whole, Wish, programs

router = Router(tags=["Requests"])
READ = Needs("desk.read_requests")
ASK = Needs("desk.ask", writes=True)
ANSWER = Needs("desk.answer", writes=True)
FOLLOW = Needs("desk.follow_up", writes=True)
Long = Annotated[str, Field(max_length=2000)]


class RequestOut(Schema):
    """One request. *turn*: who has it now, by name and title; *promised*: the newest date that IT gave."""

    slug: str
    url: str
    outcome: str
    kind: str
    state: str
    state_shown: str
    asker: str
    turn: str
    since: datetime
    wanted_by: date | None
    promised: date | None


class GivenOut(Schema):
    """A date that somebody of IT gave. It is never changed."""

    day: date
    who: str
    at: datetime


class HappenedOut(Schema):
    """One thing that was said or done."""

    at: datetime
    verb: str
    who: str
    state: str
    words: str


class MirrorOut(Schema):
    """A request's issue in a tracker, read only: its status there moves nothing here. *key* is empty until it is made."""

    where: str
    key: str
    url: str
    status: str
    over: bool
    gone: bool
    read_at: datetime | None
    why: str
    technical: str


class RequestWhole(Schema):
    """One request with everything said about it; working hours on the clocks of IT, Marketing and somebody outside."""

    card: RequestOut
    purpose: str
    why: str
    campaign: str
    probe: str
    target: dict[str, str]
    seen: str
    looked_at: datetime | None
    promises: list[GivenOut]
    events: list[HappenedOut]
    hours_of_it: float
    hours_of_marketing: float
    hours_outside: float
    mirrors: list[MirrorOut]


class ListedRequests(Paging):
    """Those under way, or those that are over."""

    closed: bool = False


class NewRequest(Schema):
    """What is asked for. *target*: what the type's automatic check looks at, such as ``{"feed": "customers"}``."""

    type: Name
    outcome: Annotated[Words, Field(min_length=1)]
    purpose: Annotated[str, Field(min_length=1, max_length=2000)]
    wanted_by: date | None = None
    why: Words = ""
    campaign: Annotated[Words, Field(max_length=64)] = ""
    for_days: Annotated[int, Field(ge=1, le=366)] | None = None
    target: dict[Name, Words] = Field(default_factory=dict, max_length=8)


class AnswerIn(Schema):
    """An answer: what is said with it, and a day where one is given."""

    answer: Name
    words: Long = ""
    day: date | None = None


@router.get("/requests", response=Page[RequestOut], auth=READ)
def list_requests(request: Asked, wanted: Query[ListedRequests]) -> dict[str, object]:
    """What is under way, longest waiting first; or what is over, newest first."""
    return page(programs.listed(by=request.user, closed=wanted.closed), wanted)


@router.get("/requests/{slug}", response=RequestWhole, auth=READ)
def get_request(request: Asked, slug: Name) -> Whole:
    """One request, with every answer and every date that was given."""
    with must_exist():
        return programs.whole(by=request.user, slug=slug)


@router.post("/requests", response={201: RequestOut}, auth=ASK)
def ask_it(request: Asked, new: NewRequest) -> Status[RequestCard]:
    """Ask IT, as the page does."""
    wish = Wish(
        new.type, new.outcome, new.purpose, new.wanted_by, new.why, new.campaign, new.for_days, dict(new.target)
    )  # fmt: skip
    return Status(201, programs.ask(by=request.user, wish=wish))


@router.post("/requests/{slug}/answer", response=RequestOut, auth=ANSWER)
def answer_request(request: Asked, slug: Name, said: AnswerIn) -> RequestCard:
    """IT answers: promise, accept, question, start, wait, arrive, show, decline."""
    return _answered(request, slug, said, programs.BY_IT)


@router.post("/requests/{slug}/follow", response=RequestOut, auth=FOLLOW)
def follow_request(request: Asked, slug: Name, said: AnswerIn) -> RequestCard:
    """Whoever asked answers: reply, adopt, ask-again, withdraw, confirm, dispute."""
    return _answered(request, slug, said, programs.BY_ASKER)


def _answered(request: Asked, slug: str, said: AnswerIn, known: frozenset[str]) -> RequestCard:
    with must_exist():
        programs.whole(by=request.user, slug=slug)
    if said.answer not in known:
        raise ConfigError("That is no answer here.", todo=f"Answers: {', '.join(sorted(known))}.", code="T922")
    return programs.answer(by=request.user, slug=slug, verb=said.answer, words=said.words, day=said.day)
