"""Audiences: read, count, explain, sample; and rules that are not saved anywhere yet."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from ninja import Query, Router, Schema
from pydantic import Field

from twain.flows import counting
from twain.flows.counting import Rule
from twain.records import Funnel
from twain_web import engine
from twain_web.api.door import Asked, Needs
from twain_web.api.problems import must_exist
from twain_web.api.shapes import Name, Page, Paging, Search, Words, page
from twain_web.rooms.audiences.public import AudienceCard, audience, audiences, programs

router = Router(tags=["Audiences"])
READ = Needs("audiences.read_audience")
COUNT = Needs("audiences.count_audience")
EDIT = Needs("audiences.edit_audience", writes=True)


class AudienceOut(Schema):
    """One audience without its rule. *version* is 0 for one in the workspace's files."""

    slug: str
    name: str
    description: str
    feed: str
    version: int
    owner: str
    folder: str
    updated_at: datetime | None
    from_files: bool


class AudienceWhole(AudienceOut):
    """One audience with its rule tree."""

    rule: dict[str, Any]


class Counted(Schema):
    """From matched to audience: matched = audience + everybody excluded, always."""

    matched: int
    excluded: dict[str, int]
    audience: int


class Explained(Schema):
    """A rule in plain words, and the statement that would run, for IT."""

    words: str
    sql: str


class Sample(Schema):
    """A few people: their key, and the fields with the right to preview. Other fields are not there."""

    columns: list[str]
    rows: list[dict[str, Any]]


class RuleIn(Schema):
    """A rule over a feed."""

    feed: Name
    rule: dict[str, Any]


class NewAudience(RuleIn):
    """A new audience: its name, the feed it stands on, its rule."""

    name: Annotated[Words, Field(min_length=1, max_length=120)]
    folder: Annotated[Words, Field(max_length=80)] = ""
    description: Words = ""


class NextVersion(Schema):
    """A rule, and the newest version that its author has seen."""

    rule: dict[str, Any]
    base: int = Field(ge=0, le=1_000_000)
    note: Words = ""


class VersionOut(Schema):
    """A saved version: it is never changed."""

    number: int
    rule: dict[str, Any]
    note: str
    author: str
    at: datetime


class Listed(Paging):
    """Which audiences."""

    search: Search = ""
    folder: Words = ""


class HowMany(Schema):
    """How many people."""

    limit: int = Field(10, ge=1, le=50)


@router.get("/audiences", response=Page[AudienceOut], auth=READ)
def list_audiences(request: Asked, wanted: Query[Listed]) -> dict[str, object]:  # noqa: ARG001 — ninja's signature
    """Every audience that can be used, by folder and name."""
    words = wanted.search.casefold().split()
    found = [
        card
        for card in audiences()
        if all(word in f"{card.name} {card.slug} {card.description}".casefold() for word in words)
        and wanted.folder in ("", card.folder)
    ]
    return page([_card(card) for card in found], wanted)


@router.get("/audiences/{slug}", response=AudienceWhole, auth=READ)
def get_audience(request: Asked, slug: Name) -> dict[str, object]:  # noqa: ARG001
    """One audience with its rule."""
    card = _audience(slug)
    return _card(card) | {"rule": card.rule}


@router.post("/audiences", response={201: AudienceWhole}, auth=EDIT)
def create_audience(request: Asked, wanted: NewAudience) -> dict[str, object]:
    """A new audience with its first version."""
    said = {name: getattr(wanted, name) for name in ("name", "feed", "rule", "folder", "description")}
    card = programs.make_audience(by=request.user, **said)
    return _card(card) | {"rule": card.rule}


@router.get("/audiences/{slug}/versions", response=Page[VersionOut], auth=READ)
def list_versions(request: Asked, slug: Name, paging: Query[Paging]) -> dict[str, object]:
    """Every version, newest first. One in the workspace's files has its versions in git."""
    return page(programs.versions_of(by=request.user, slug=slug), paging)


@router.post("/audiences/{slug}/versions", response={201: AudienceWhole}, auth=EDIT)
def save_version(request: Asked, slug: Name, wanted: NextVersion) -> dict[str, object]:
    """Save a rule as the next version, which everything that uses the audience reads from then on."""
    card = programs.save_rule(by=request.user, slug=slug, rule=wanted.rule, base=wanted.base, note=wanted.note)
    return _card(card) | {"rule": card.rule}


@router.post("/audiences/{slug}/count", response=Counted, auth=COUNT)
def count_audience(request: Asked, slug: Name) -> object:
    """Count it now, the very way a send goes; the source's interactive limits hold."""
    return _counted(counting.count(engine.instance(request.user), _rule(request, _audience(slug))))


@router.get("/audiences/{slug}/explanation", response=Explained, auth=READ)
def explain_audience(request: Asked, slug: Name) -> dict[str, str]:
    """Its rule in plain words, and as SQL."""
    return _explained(request, _rule(request, _audience(slug)))


@router.get("/audiences/{slug}/sample", response=Sample, auth=Needs("audiences.sample_audience"))
def sample_audience(request: Asked, slug: Name, wanted: Query[HowMany]) -> dict[str, object]:
    """A few people of it, as far as they may be shown."""
    table = counting.sample(engine.instance(request.user), _rule(request, _audience(slug)), wanted.limit)
    return {"columns": table.column_names, "rows": table.to_pylist()}


@router.post("/rules/count", response=Counted, auth=COUNT)
def count_rule(request: Asked, wanted: RuleIn) -> object:
    """Count a rule that is not saved."""
    return _counted(counting.count(engine.instance(request.user), _given(request, wanted.feed, wanted.rule)))


@router.post("/rules/explanation", response=Explained, auth=COUNT)
def explain_rule(request: Asked, wanted: RuleIn) -> dict[str, str]:
    """A rule that is not saved in plain words, and as SQL."""
    return _explained(request, _given(request, wanted.feed, wanted.rule))


def _audience(slug: str) -> AudienceCard:
    with must_exist():
        return audience(slug)


def _rule(request: Asked, card: AudienceCard) -> Rule:
    return _given(request, card.feed, card.rule, card.slug)


def _given(request: Asked, feed: str, rule: Mapping[str, Any], name: str = "a rule") -> Rule:
    return Rule(name, rule, engine.instance(request.user).workspace.feed(feed))


def _counted(funnel: Funnel) -> dict[str, object]:
    return {"matched": funnel.matched, "excluded": dict(funnel.excluded), "audience": funnel.audience}


def _explained(request: Asked, rule: Rule) -> dict[str, str]:
    here = engine.instance(request.user)
    return {"words": counting.words(here, rule), "sql": counting.pretty_sql(counting.compiled(here, rule))}


def _card(card: AudienceCard) -> dict[str, object]:
    names = ("slug", "name", "description", "feed", "version", "owner", "folder", "updated_at", "from_files")
    return {name: getattr(card, name) for name in names}
