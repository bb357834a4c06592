"""Room for sends: limits, load by hour with expected clicks, the earliest slot, bookings, and how wrong forecasts were."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from ninja import Query, Router, Schema, Status
from pydantic import Field

from twain_web.api.door import Asked, Needs
from twain_web.api.problems import must_exist
from twain_web.api.shapes import Name, Page, Paging, Words, page
from twain_web.rooms.campaigns.public import programs as campaigns
from twain_web.rooms.capacity.public import booking

router = Router(tags=["Capacity"])
READ = Needs("capacity.read_calendar")
BOOK = Needs("capacity.plan_campaign", writes=True)
EXCEED = Needs("capacity.answer_plan", writes=True)
People = Annotated[int, Field(ge=0, le=1_000_000_000)]


class LimitOut(Schema):
    """So much of a resource (``channel:mail``, ``source:shop``, ``website:shop``) may be asked in one hour, from a day on."""

    of: str
    per_hour: float
    effective_from: date


class LoadOut(Schema):
    """What is booked of a limit in one hour: messages, readers, or clicks that are expected on a website."""

    at: datetime
    of: str
    booked: float
    limit: float


class MeasuredOut(Schema):
    """What came of a forecast. *error*: the share of the clicks that came in another hour than was said; null when none came."""

    people: int | None = None
    sent: int | None = None
    clicks_expected: float | None = None
    clicks: float | None = None
    error: float | None = None


class SlotOut(Schema):
    """Room for one send. *state*: booked or taken; *exception*: why it may go beyond the limits; *run*: the send that took it."""

    id: str
    campaign: str
    channel: str
    people: int
    state: str
    begins: datetime
    ends: datetime
    person: str
    exception: str
    run: str
    measured: MeasuredOut


class CapacityOut(Schema):
    """Limits, what is booked of them hour by hour, and the slots."""

    limits: list[LimitOut]
    hours: list[LoadOut]
    slots: list[SlotOut]


class ClicksOut(Schema):
    """Clicks per message that are expected, measured on so many past sends; an estimate while there are none."""

    rate: float
    sends: int
    estimate: bool


class EarliestOut(Schema):
    """The earliest slot that fits; *at* is null when there is none within sixty days."""

    campaign: str
    people: int
    at: datetime | None
    clicks: ClicksOut


class ForecastOut(MeasuredOut):
    """The forecast of one send that is over, beside what came."""

    campaign: str
    run: str
    begins: datetime


class Ahead(Schema):
    """How far to look ahead, in hours."""

    hours: int = Field(24, ge=1, le=24 * 60)


class WantedSlot(Schema):
    """For how many (0: as counted last), and not before when; a moment without a zone is on the workspace's clocks."""

    campaign: Name
    people: People = 0
    after: datetime | None = None


class BookingIn(Schema):
    """Book for a campaign, in place of what it has ahead: at a moment, else at the earliest that fits."""

    campaign: Name
    people: People = 0
    at: datetime | None = None


class ExceptionIn(BookingIn):
    """A booking beyond the limits, and why it may be one."""

    why: Annotated[Words, Field(min_length=1)]


class ReleasedOut(Schema):
    """The slots that were given back."""

    released: list[str]


@router.get("/capacity", response=CapacityOut, auth=READ)
def get_capacity(request: Asked, ahead: Query[Ahead]) -> dict[str, object]:
    """What may be asked of each resource in an hour, what is booked, and by which sends."""
    return booking.shown(by=request.user, hours=ahead.hours)


@router.get("/capacity/slot", response=EarliestOut, auth=READ)
def get_earliest_slot(request: Asked, wanted: Query[WantedSlot]) -> dict[str, object]:
    """The earliest slot that fits a campaign, and the clicks that are expected of it."""
    with must_exist():
        body = campaigns.body_of(by=request.user, slug=wanted.campaign)
    return booking.earliest(by=request.user, body=body, people=wanted.people, after=wanted.after)


@router.get("/capacity/forecasts", response=Page[ForecastOut], auth=READ)
def list_forecasts(request: Asked, paging: Query[Paging]) -> dict[str, object]:
    """How wrong the forecast of each send was, the newest first; kept two days after it."""
    return page(booking.forecasts(by=request.user), paging)


@router.post("/capacity/bookings", response={201: SlotOut}, auth=BOOK)
def book_room(request: Asked, new: BookingIn) -> Status[dict[str, object]]:
    """Book room for a campaign that one may launch. 409 names the next free slot."""
    with must_exist():
        body = campaigns.body_of(by=request.user, slug=new.campaign, to_launch=True)
    return Status(201, booking.book_room(by=request.user, body=body, people=new.people, at=new.at))


@router.post("/capacity/exceptions", response={201: SlotOut}, auth=EXCEED)
def book_exception(request: Asked, new: ExceptionIn) -> Status[dict[str, object]]:
    """IT books beyond the limits, with a reason that stays with the slot."""
    with must_exist():
        body = campaigns.body_of(by=request.user, slug=new.campaign)
    told = booking.book_room(by=request.user, body=body, people=new.people, at=new.at, exception=new.why)
    return Status(201, told)


@router.delete("/capacity/bookings/{slug}", response=ReleasedOut, auth=BOOK)
def release_room(request: Asked, slug: Name) -> dict[str, object]:
    """Give back what a campaign has booked ahead."""
    with must_exist():
        campaigns.body_of(by=request.user, slug=slug, to_launch=True)
    return {"released": booking.release(by=request.user, campaign=slug)}
