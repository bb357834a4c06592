"""What other rooms may use of this one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse

from twain import records
from twain_web.rooms.content import documents, programs, reads
from twain_web.rooms.content.demo import enter_demo
from twain_web.rooms.content.documents import media_url
from twain_web.rooms.content.models import Content as _Content

__all__ = [
    "USES",
    "ContentCard",
    "Look",
    "Use",
    "Written",
    "arms_in_words",
    "authors",
    "contents",
    "enter_demo",
    "look",
    "media_url",
    "programs",
    "uses",
    "written",
]


@dataclass(frozen=True, slots=True)
class ContentCard:
    """One content, as lists and choices show it. *version* is the newest saved one, 0 when there is none yet."""

    slug: str
    name: str
    version: int
    feed: str
    owner: str
    folder: str
    subject: str
    updated_at: datetime
    url: str


@dataclass(frozen=True, slots=True)
class Written:
    """A saved version, ready for a campaign: the words, the related data and defaults that they need, and the sender."""

    slug: str
    name: str
    version: int
    content: records.Content
    related: tuple[records.RelatedColumn, ...]
    defaults: Mapping[str, str]
    feed: str
    sender: records.Sender
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Use:
    """Somewhere a content is used. *when*: the next time it goes out, where that is known."""

    kind: str
    name: str
    url: str
    when: datetime | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """Where a saved version is seen as real people get it, the most difficult of them first."""

    name: str
    url: str


#: Higher rooms put in here a function that says where a content (by its slug) is used.
USES: list[Callable[[str], list[Use]]] = []


def contents() -> list[ContentCard]:
    """Every content that is not archived, the newest change first."""
    return [_card(one) for one in reads.contents().prefetch_related("versions")]


def written(slug: str, version: int | None = None) -> Written:
    """A saved version of a content, or its newest. Raises ConfigError when it is not there, ContentError when it is wrong."""
    found = reads.version_to_use(slug, version)
    content = found.content
    made = documents.made(found.document, content.brand, slug)
    return Written(
        slug, content.name, found.number, made.content, made.related, made.defaults, content.feed,
        documents.sender(content.brand), found.at,
    )  # fmt: skip


def look(slug: str, version: int | None = None) -> Look:
    """The page on which a saved version, or the newest, is seen for the most difficult people. Raises ConfigError as above."""
    found = reads.version_to_use(slug, version)
    return Look(found.content.name, reverse("content:version", args=[slug, found.number]) + "?who=extremes")


def arms_in_words(arms: Iterable[Mapping[str, Any]], feed: str) -> tuple[dict[str, Any], ...]:
    """A bundle's variants, subject and preview text as people read them: fields by their business names."""
    names = reads.business_names(feed)
    return tuple(
        {**arm, **{part: documents.in_words(arm[part], names) for part in ("subject", "preheader")}} for arm in arms
    )


def authors(used: Collection[tuple[str, int | None]], *, since: datetime | None = None) -> set[str]:
    """User names of whoever wrote versions that a campaign sends, or ones before them that were saved after *since*.

    *used*: slug and number of each; None is the newest.
    """
    return reads.authors(used, since)


def uses(slug: str) -> list[Use]:
    """Everywhere that a content is used, as the rooms above say."""
    return [use for ask in USES for use in ask(slug)]


def _card(content: _Content) -> ContentCard:
    newest = next(iter(content.versions.all()), None)
    return ContentCard(
        slug=content.slug,
        name=content.name,
        version=newest.number if newest else 0,
        feed=content.feed,
        owner=str(content.owner or ""),
        folder=content.folder,
        subject=newest.subject if newest else "",
        updated_at=content.updated_at,
        url=reverse("content:edit", args=[content.slug]),
    )
