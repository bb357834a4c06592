"""Webhooks to other systems, and sender domains. Endpoints are made in the house: their secret is shown to a person, once."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from django.http import Http404
from ninja import Query, Router, Schema, Status
from pydantic import Field, StringConstraints

from twain_web.api.door import Asked, Needs
from twain_web.api.shapes import Page, Paging, page
from twain_web.rooms.integrations.public import (
    DomainCard,
    domain_card,
    domain_cards,
    programs,
    tracker_cards,
    want_a_look,
)

router = Router(tags=["Webhooks and domains"])
READ_WEBHOOKS = Needs("integrations.read_endpoints")
READ_DOMAINS = Needs("integrations.read_domains")
Domain = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$", max_length=253)]
Number = Annotated[int, Field(ge=1, le=2**31 - 1)]


class EndpointOut(Schema):
    """One endpoint, and how it does. *form*: standard or a chat's; a chat's *url* is its host. *state*: on, failing or off."""

    number: int
    name: str
    form: str
    url: str
    types: list[str]
    state: str
    waiting: int
    not_delivered: int
    last_delivered_at: datetime | None
    owner: str


class NotDeliveredOut(Schema):
    """One message that was given up, with the reason in both voices."""

    id: str
    type: str
    endpoint: int
    at: datetime
    tries: int
    why: str
    technical: str


class Again(Schema):
    """How many messages are on their way again."""

    again: int


class TrackerOut(Schema):
    """One issue tracker. *level*: green, red or secondary; *token*: where IT keeps it; *test*: what the last one found."""

    name: str
    title: str
    project: str
    address: str
    requests: list[str]
    every: float
    token: str
    level: str
    said: str
    why: str
    technical: str
    issues: int
    waiting: int
    last_ok_at: datetime | None
    tested_at: datetime | None
    test: str


class RecordOut(Schema):
    """One record: as it should be, and what each authoritative server says. *level*: green, yellow or red."""

    record: str
    level: str
    name: str
    type: str
    wanted: str
    what: str
    todo: str
    found: dict[str, str]


class DomainOut(Schema):
    """One sender domain. *level* is empty while it was never looked at; *held* names the campaigns that wait for it."""

    domain: str
    level: str
    cause: str
    looked_at: datetime | None
    campaigns: list[str]
    held: list[str]


class DomainWhole(DomainOut):
    """One sender domain with its records."""

    records: list[RecordOut]


@router.get("/webhooks", response=Page[EndpointOut], auth=READ_WEBHOOKS)
def list_endpoints(request: Asked, paging: Query[Paging]) -> dict[str, object]:  # noqa: ARG001 — ninja's signature
    """Endpoints by name, never with their secrets."""
    return page(programs.endpoints(), paging)


@router.get("/webhooks/not-delivered", response=Page[NotDeliveredOut], auth=READ_WEBHOOKS)
def list_not_delivered(request: Asked, paging: Query[Paging]) -> dict[str, object]:  # noqa: ARG001
    """What was given up, newest first."""
    found, total = programs.not_delivered(limit=paging.limit, offset=paging.offset)
    return {"items": found, "total": total}


@router.post("/webhooks/{number}/again", response=Again, auth=Needs("integrations.manage_endpoints", writes=True))
def send_webhooks_again(request: Asked, number: Number) -> dict[str, int]:
    """Send again everything that an endpoint did not get, each under its own id."""
    return {"again": programs.send_again(by=request.user, number=number)}


@router.get("/trackers", response=Page[TrackerOut], auth=READ_WEBHOOKS)
def list_trackers(request: Asked, paging: Query[Paging]) -> dict[str, object]:  # noqa: ARG001
    """The issue trackers that requests go on in, by name, never with their tokens."""
    return page(tracker_cards(), paging)


@router.get("/domains", response=Page[DomainOut], auth=READ_DOMAINS)
def list_domains(request: Asked, paging: Query[Paging]) -> dict[str, object]:  # noqa: ARG001
    """Sender domains, the worst first."""
    return page([_domain(one) for one in domain_cards()], paging)


@router.get("/domains/{domain}", response=DomainWhole, auth=READ_DOMAINS)
def get_domain(request: Asked, domain: Domain) -> dict[str, object]:  # noqa: ARG001
    """One sender domain: each record as it should be, and what each server says."""
    card = _known(domain)
    records = [{**{n: getattr(one, n) for n in _SAME}, "found": dict(one.found)} for one in card.records]
    return _domain(card) | {"records": records}


@router.post("/domains/{domain}/look", response={202: DomainOut}, auth=Needs("integrations.probe_domains", writes=True))
def look_at_domain(request: Asked, domain: Domain) -> Status[dict[str, object]]:  # noqa: ARG001
    """Have it looked at now; what came of it stands there within seconds."""
    card = _known(domain)
    want_a_look(card.domain)
    return Status(202, _domain(card))


_SAME = ("record", "level", "name", "type", "wanted", "what", "todo")


def _known(domain: str) -> DomainCard:
    card = domain_card(domain.lower())
    if card is None:
        raise Http404
    return card


def _domain(card: DomainCard) -> dict[str, object]:
    return {
        "domain": card.domain,
        "level": card.level,
        "cause": card.cause,
        "looked_at": card.probed_at,
        "campaigns": [one.slug for one in card.campaigns],
        "held": [one.slug for one in card.held],
    }
