"""Suppression: addresses that must not be mailed. Only their hashes are kept, so they can be asked for and not listed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from ninja import Router, Schema
from pydantic import Field, StringConstraints

from twain.errors import ConfigError
from twain.flows.suppressing import hasher
from twain_web import engine
from twain_web.api.door import Asked, Needs
from twain_web.api.shapes import Words
from twain_web.rooms.insights.public import suppress

router = Router(tags=["Suppression"])
Address = Annotated[str, StringConstraints(min_length=3, max_length=254)]


class ToSuppress(Schema):
    """Addresses, and why nothing shall go to them any more."""

    addresses: list[Address] = Field(min_length=1, max_length=1000)
    reason: Words = Field("asked", min_length=1)


class Done(Schema):
    """How many were new, how many known already; *refused* are the places (from 0) of those that are no addresses."""

    added: int
    known: int
    refused: list[int]


class OneAddress(Schema):
    """One address."""

    address: Address


class Suppressed(Schema):
    """Whether anything may go to an address; if not, since when and why."""

    suppressed: bool
    reason: str
    origin: str
    at: datetime | None


@router.post("/suppressions", response={201: Done}, auth=Needs("insights.suppress_address", writes=True))
def add_suppressions(request: Asked, wanted: ToSuppress) -> dict[str, object]:
    """Let nothing go to these addresses any more, from the next message on."""
    done = suppress(by=request.user, addresses=wanted.addresses, reason=wanted.reason)
    return {"added": done.added, "known": done.known, "refused": list(done.refused)}


@router.post("/suppressions/check", response=Suppressed, auth=Needs("insights.read_customer"))
def check_suppression(request: Asked, wanted: OneAddress) -> dict[str, object]:
    """Ask for one address; in the body, so that no access log keeps it."""
    here = engine.instance(request.user)
    digest = hasher(here)(wanted.address)
    if digest is None:
        raise ConfigError("This is no address that mail can go to.", todo="Check how it is written.")
    found = here.ledger.suppression(digest)
    if found is None:
        return {"suppressed": False, "reason": "", "origin": "", "at": None}
    at = datetime.fromtimestamp(found.at, UTC)
    return {"suppressed": True, "reason": found.reason, "origin": found.origin, "at": at}
