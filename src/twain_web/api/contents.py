"""Contents: what Marketing writes, its versions, how it looks for somebody, what the checks say."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from ninja import Query, Router, Schema
from pydantic import Field

from twain_web.api.door import Asked, Needs
from twain_web.api.shapes import Name, Page, Paging, Searched, page
from twain_web.rooms.content.public import ContentCard, contents, programs

router = Router(tags=["Content"])
READ = Needs("content.read_content")
Number = Annotated[int, Field(ge=1, le=1_000_000)]


class ContentOut(Schema):
    """One content. *version* is the newest saved one, 0 when there is none yet; *subject* is in words."""

    slug: str
    name: str
    version: int
    feed: str
    owner: str
    folder: str
    subject: str
    updated_at: datetime


class ContentVersionOut(Schema):
    """A saved version, without its document."""

    number: int
    subject: str
    note: str
    author: str
    at: datetime


class ContentVersionWhole(ContentVersionOut):
    """A saved version with its blocks or code."""

    document: dict[str, Any]


class FindingOut(Schema):
    """One thing to look at. *level*: error (cannot go out), warning, note."""

    level: str
    text: str
    todo: str
    block: str
    line: int
    code: str
    field: str


class PreviewOut(Schema):
    """The message as somebody would see it; what may not be shown is masked. *size*: the whole message in bytes."""

    who: str
    arm: str
    subject: str
    html: str
    text: str
    size: int


class Which(Schema):
    """Which version; the newest when none is named."""

    version: Number | None = None


class ForWhom(Which):
    """For whom: one key, or (*extremes*) the most difficult people there are; else the first of everybody."""

    key: Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")] = ""
    extremes: bool = False


@router.get("/contents", response=Page[ContentOut], auth=READ)
def list_contents(request: Asked, wanted: Query[Searched]) -> dict[str, object]:  # noqa: ARG001 — ninja's signature
    """Every content that is not archived, the newest change first."""
    words = wanted.search.casefold().split()
    found = [c for c in contents() if all(w in f"{c.name} {c.slug} {c.subject}".casefold() for w in words)]
    return page([_card(card) for card in found], wanted)


@router.get("/contents/{slug}", response=ContentVersionWhole, auth=READ)
def get_content(request: Asked, slug: Name, wanted: Query[Which]) -> object:
    """One saved version of a content, whole."""
    return programs.version_of(by=request.user, slug=slug, number=wanted.version)


@router.get("/contents/{slug}/versions", response=Page[ContentVersionOut], auth=READ)
def list_content_versions(request: Asked, slug: Name, paging: Query[Paging]) -> dict[str, object]:
    """Every saved version, newest first."""
    return page(programs.versions_of(by=request.user, slug=slug), paging)


@router.get("/contents/{slug}/checks", response=list[FindingOut], auth=READ)
def check_content(request: Asked, slug: Name, wanted: Query[Which]) -> object:
    """What is wrong, or could be better, errors first."""
    return programs.findings_of(by=request.user, slug=slug, number=wanted.version)


@router.get("/contents/{slug}/preview", response=list[PreviewOut], auth=Needs("content.preview_content"))
def preview_content(request: Asked, slug: Name, wanted: Query[ForWhom]) -> object:
    """The message as people would get it, masked by the right to preview."""
    return programs.previews_of(
        by=request.user, slug=slug, number=wanted.version, key=wanted.key.strip(), extremes=wanted.extremes
    )


def _card(card: ContentCard) -> dict[str, object]:
    names = ("slug", "name", "version", "feed", "owner", "folder", "subject", "updated_at")
    return {name: getattr(card, name) for name in names}
