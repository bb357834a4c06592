"""The data catalogue: feeds with their reviewed fields, owners and freshness, and the glossary."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from ninja import Query, Router, Schema

from twain_web import engine
from twain_web.api.door import Asked, Needs
from twain_web.api.problems import must_exist
from twain_web.api.shapes import Name, Page, Paging, Search, Searched, page
from twain_web.rooms.feeds.public import FeedCard, FieldCard, feed, feeds, glossary

router = Router(tags=["Data catalogue"])
READ = Needs("feeds.read_catalogue")


class OwnerOut(Schema):
    """Who answers for a feed."""

    name: str
    title: str
    email: str


class FieldOut(Schema):
    """One reviewed field: what the business calls it, and what may be done with it."""

    name: str
    business_name: str
    type: str
    description: str
    synonyms: list[str]
    privacy: str
    role: str | None
    rights: list[str]
    required: bool


class FreshnessOut(Schema):
    """How old the newest row is now, in words; *level*: green, amber, red, or grey. *seen*: when somebody last looked."""

    level: str
    words: str
    seen: datetime | None
    age_seconds: float | None


class FeedOut(Schema):
    """One feed, without its fields. *rows* and *checked_at* are of the last full check."""

    name: str
    title: str
    description: str
    source: str
    version: str
    contract: str
    owner: OwnerOut
    synonyms: list[str]
    freshness: FreshnessOut
    rows: int | None
    checked_at: datetime | None
    fields: int


class FeedWhole(FeedOut):
    """One feed with its fields and relations."""

    fields: list[FieldOut]  # type: ignore[assignment]
    relations: dict[str, str]
    freshness_mode: str
    freshness_field: str | None
    freshness_max_age_seconds: float | None


class TermOut(Schema):
    """A business word, and the field that it means."""

    business: str
    feed: str
    field: str
    synonyms: list[str]


class Sorted(Paging):
    """A list of feeds: which, in which order."""

    search: Search = ""
    sort: Literal["name", "title", "-name", "-title"] = "name"


@router.get("/feeds", response=Page[FeedOut], auth=READ)
def list_feeds(request: Asked, wanted: Query[Sorted]) -> dict[str, object]:  # noqa: ARG001 — ninja's signature
    """Every feed whose name, words or fields hold what is searched."""
    found = [card for card in feeds() if _speaks_of(card, wanted.search)]
    key = wanted.sort.removeprefix("-")
    found.sort(key=lambda card: str(getattr(card, key)).casefold(), reverse=wanted.sort.startswith("-"))
    return page([_feed(card) for card in found], wanted)


@router.get("/feeds/{name}", response=FeedWhole, auth=READ)
def get_feed(request: Asked, name: Name) -> dict[str, object]:  # noqa: ARG001
    """One feed with its reviewed fields. A field that nobody reviewed does not exist here."""
    with must_exist():
        card, contract = feed(name), engine.workspace().feed(name)
    return _feed(card) | {
        "fields": [_field(field) for field in card.fields],
        "relations": {relation.name: relation.feed for relation in contract.relations.values()},
        "freshness_mode": contract.freshness.mode,
        "freshness_field": contract.freshness.field,
        "freshness_max_age_seconds": contract.freshness.max_age_seconds,
    }


@router.get("/glossary", response=Page[TermOut], auth=READ)
def list_glossary(request: Asked, wanted: Query[Searched]) -> dict[str, object]:  # noqa: ARG001
    """Business words and the fields they mean, by word."""
    terms = [
        {"business": term.business, "feed": term.feed, "field": term.field, "synonyms": list(term.synonyms)}
        for term in glossary()
        if _holds(wanted.search, term.business, term.field, *term.synonyms)
    ]
    return page(terms, wanted)


def _feed(card: FeedCard) -> dict[str, object]:
    names = ("name", "title", "description", "source", "version", "owner", "freshness", "rows", "checked_at")
    made = {name: getattr(card, name) for name in names}
    return {**made, "contract": card.contract_hash, "synonyms": list(card.synonyms), "fields": len(card.fields)}


def _field(field: FieldCard) -> dict[str, object]:
    return {
        "name": field.name,
        "business_name": field.business,
        "type": field.type,
        "description": field.description,
        "synonyms": list(field.synonyms),
        "privacy": field.privacy.value,
        "role": field.role.value if field.role else None,
        "rights": sorted(right.value for right in field.rights),
        "required": field.required,
    }


def _speaks_of(card: FeedCard, search: str) -> bool:
    words = [card.name, card.title, card.description, *card.synonyms]
    words += [w for f in card.fields for w in (f.name, f.business, *f.synonyms)]
    return _holds(search, *words)


def _holds(search: str, *texts: str) -> bool:
    """Every word of the search somewhere in the texts."""
    everything = "\n".join(texts).casefold()
    return all(word in everything for word in search.casefold().split())
