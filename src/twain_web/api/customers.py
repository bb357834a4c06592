"""One customer: found by key or address, every feed's rows live and masked by right, every message, why in an audience or not."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ninja import Query, Router, Schema
from pydantic import Field

from twain.errors import ConfigError
from twain.flows.counting import find_rule, mailable_feeds
from twain.flows.customer import Value, find_key, look_up, why
from twain.records import Feed
from twain_web import engine
from twain_web.api.door import Asked, Needs
from twain_web.api.problems import must_exist
from twain_web.api.shapes import Key, Name, Page, Paging, Words, page

router = Router(tags=["Customers"])
READ = Needs("insights.read_customer")


class Wanted(Schema):
    """A key or an address. It travels in the body, so that no access log keeps it."""

    wanted: Words = Field(min_length=1)
    feed: Name | None = None


class Found(Schema):
    """Whom it is."""

    feed: str
    key: str


class ValueOut(Schema):
    """One field. *masked*: the right to see it is missing, and *shown* tells nothing."""

    field: str
    business_name: str
    shown: Any
    masked: bool


class RowsOut(Schema):
    """The rows of one feed that belong to the customer, newest first."""

    feed: str
    rows: list[list[ValueOut]]


class Question(Schema):
    """Whether mail may go to this customer: one question, its answer, and why."""

    question: str
    yes: bool
    why: str


class CustomerOut(Schema):
    """One customer as the company's databases know them now."""

    feed: str
    key: str
    own: list[ValueOut]
    related: list[RowsOut]
    may_be_mailed: list[Question]


class MessageOut(Schema):
    """One message from our own history."""

    run: str
    campaign: str
    at: datetime
    fate: str
    reason: str
    reply: str


class WhichAudience(Schema):
    """An audience or a campaign by its name."""

    audience: Name


class Clause(Schema):
    """One condition, and whether this customer meets it."""

    words: str
    holds: bool


class Membership(Schema):
    """Why somebody is in an audience or not: all conditions must hold."""

    audience: str
    inside: bool
    clauses: list[Clause]


@router.post("/customers/find", response=Found, auth=READ)
def find_customer(request: Asked, wanted: Wanted) -> dict[str, str]:
    """Find somebody by key or address, in one feed or in all that have people with an address."""
    here = engine.instance(request.user)
    feeds = [_feed(request, wanted.feed)] if wanted.feed else mailable_feeds(here.workspace)
    for feed in feeds:
        key = find_key(here, feed, wanted.wanted)
        if key is not None:
            return {"feed": feed.name, "key": key}
    with must_exist():
        raise ConfigError("Nobody has this key or address.", todo="Check how it is written.")


@router.get("/customers/{feed}/{key}", response=CustomerOut, auth=READ)
def get_customer(request: Asked, feed: Name, key: Key) -> dict[str, object]:
    """Everything the feeds say of one customer now; what the right to preview does not cover is masked."""
    found_feed = _feed(request, feed)
    with must_exist():
        found = look_up(engine.instance(request.user), found_feed, key)
    return {
        "feed": feed,
        "key": found.key,
        "own": [_value(value) for value in found.own],
        "related": [{"feed": r.feed.name, "rows": [[_value(v) for v in row] for row in r.rows]} for r in found.related],
        "may_be_mailed": [{"question": q, "yes": yes, "why": because} for q, yes, because in found.may_be_mailed],
    }


@router.get("/customers/{feed}/{key}/messages", response=Page[MessageOut], auth=READ)
def list_messages(request: Asked, feed: Name, key: Key, paging: Query[Paging]) -> dict[str, object]:
    """Every message to one customer, newest first."""
    name = _feed(request, feed).name
    sent = [row for row in engine.instance(request.user).history.of_key(key) if row.get("feed", name) in ("", name)]
    return page([{**row, "run": row["run_id"]} for row in sent], paging)


@router.post("/customers/{feed}/{key}/why", response=Membership, auth=READ)
def explain_membership(request: Asked, feed: Name, key: Key, asked: WhichAudience) -> dict[str, object]:
    """Why this customer is in an audience or not, condition by condition."""
    here = engine.instance(request.user)
    found = why(here, find_rule(here, asked.audience, _feed(request, feed).name), key)
    clauses = [{"words": clause.words, "holds": clause.holds} for clause in found.clauses]
    return {"audience": found.name, "inside": found.inside, "clauses": clauses}


def _feed(request: Asked, name: str) -> Feed:
    with must_exist():
        return engine.instance(request.user).workspace.feed(name)


def _value(value: Value) -> dict[str, object]:
    return {
        "field": value.field,
        "business_name": value.business_name,
        "shown": value.shown,
        "masked": value.masked,
    }
