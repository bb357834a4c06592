"""The audit: who did what; and the head of its chain, for keeping elsewhere."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ninja import Query, Router, Schema

from twain_web.api.door import Asked, Needs
from twain_web.api.shapes import Page, Paging, Words
from twain_web.rooms.people.public import audit_page, verify

router = Router(tags=["Audit"])
READ = Needs("people.read_audit")


class AuditOut(Schema):
    """One row: it is never changed."""

    number: int
    at: datetime
    person: str
    verb: str
    thing: str
    detail: dict[str, Any]
    mac: str


class Head(Schema):
    """What a walk along the whole chain found. *broken_at*: the first row that does not say what it said."""

    rows: int
    head: str
    broken_at: int | None
    why: str


class Rows(Paging):
    """Rows of whom, about what (its beginning), of which kind."""

    person: Words = ""
    thing: Words = ""
    verb: Words = ""


@router.get("/audit", response=Page[AuditOut], auth=READ)
def list_audit(request: Asked, wanted: Query[Rows]) -> dict[str, object]:  # noqa: ARG001 — ninja's signature
    """The audit, newest first."""
    rows, total = audit_page(
        person=wanted.person, thing=wanted.thing, verb=wanted.verb, limit=wanted.limit, offset=wanted.offset
    )
    return {"items": rows, "total": total}


@router.get("/audit/head", response=Head, auth=READ)
def get_audit_head(request: Asked) -> object:  # noqa: ARG001
    """Walk the chain and tell its head."""
    return verify()
