"""The data catalogue: feeds with their reviewed fields, owners and freshness, and the glossary."""

from __future__ import annotations

from typing import Literal

from ninja import Query, Router, Schema

from twain.records import Feed, Field
from twain_web import engine
from twain_web.api.door import Asked, Needs
from twain_web.api.problems import must_exist
from twain_web.api.shapes import Name, Page, Paging, Search, Searched, page

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


class FeedOut(Schema):
    """One feed, without its fields."""

    name: str
    title: str
    description: str
    source: str
    version: str
    contract: str
    owner: OwnerOut
    synonyms: list[str]
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
    feeds = [feed for feed in engine.workspace().feeds.values() if _speaks_of(feed, wanted.search)]
    key = wanted.sort.removeprefix("-")
    feeds.sort(key=lambda feed: str(getattr(feed, key)).casefold(), reverse=wanted.sort.startswith("-"))
    return page([_feed(feed) for feed in feeds], wanted)


@router.get("/feeds/{name}", response=FeedWhole, auth=READ)
def get_feed(request: Asked, name: Name) -> dict[str, object]:  # noqa: ARG001
    """One feed with its reviewed fields. A field that nobody reviewed does not exist here."""
    with must_exist():
        feed = engine.workspace().feed(name)
    return _feed(feed) | {
        "fields": [_field(field) for field in feed.fields.values()],
        "relations": {relation.name: relation.feed for relation in feed.relations.values()},
        "freshness_mode": feed.freshness.mode,
        "freshness_field": feed.freshness.field,
        "freshness_max_age_seconds": feed.freshness.max_age_seconds,
    }


@router.get("/glossary", response=Page[TermOut], auth=READ)
def list_glossary(request: Asked, wanted: Query[Searched]) -> dict[str, object]:  # noqa: ARG001
    """Business words and the fields they mean, by word."""
    terms = [
        {"business": f.business_name, "feed": feed.name, "field": f.name, "synonyms": list(f.synonyms)}
        for feed in engine.workspace().feeds.values()
        for f in feed.fields.values()
        if _holds(wanted.search, f.business_name, f.name, *f.synonyms)
    ]
    return page(sorted(terms, key=lambda term: (str(term["business"]).casefold(), term["feed"])), wanted)


def _feed(feed: Feed) -> dict[str, object]:
    return {
        "name": feed.name,
        "title": feed.title,
        "description": feed.description,
        "source": feed.source,
        "version": feed.version,
        "contract": feed.contract_hash,
        "owner": {"name": feed.owner.name, "title": feed.owner.title, "email": feed.owner.email},
        "synonyms": list(feed.synonyms),
        "fields": len(feed.fields),
    }


def _field(field: Field) -> dict[str, object]:
    return {
        "name": field.name,
        "business_name": field.business_name,
        "type": field.type,
        "description": field.description,
        "synonyms": list(field.synonyms),
        "privacy": field.privacy.value,
        "role": field.role.value if field.role else None,
        "rights": sorted(right.value for right in field.rights),
        "required": field.required,
    }


def _speaks_of(feed: Feed, search: str) -> bool:
    words = [feed.name, feed.title, feed.description, *feed.synonyms]
    words += [w for f in feed.fields.values() for w in (f.name, f.business_name, *f.synonyms)]
    return _holds(search, *words)


def _holds(search: str, *texts: str) -> bool:
    """Every word of the search somewhere in the texts."""
    everything = "\n".join(texts).casefold()
    return all(word in everything for word in search.casefold().split())
