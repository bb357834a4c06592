"""Reading about audiences: the house's own and those in the workspace's files. Nothing here changes anything."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.urls import reverse

from twain.errors import ConfigError
from twain.flows.counting import mailable_feeds
from twain.flows.workspace import Workspace, references
from twain_web import engine
from twain_web.rooms.audiences.models import Audience, AudienceVersion


@dataclass(frozen=True, slots=True)
class Use:
    """One place that needs an audience: *kind* and *name* of it, its page, and when it next matters (None: no date)."""

    kind: str
    name: str
    url: str
    when: datetime | None = None


@dataclass(frozen=True, slots=True)
class AudienceCard:
    """An audience as other rooms see it. *version* is 0 and *updated_at* None for one in the workspace's files."""

    slug: str
    name: str
    feed: str
    rule: Mapping[str, Any]
    version: int
    owner: str
    folder: str
    updated_at: datetime | None
    from_files: bool
    description: str = ""
    url: str = ""


#: Rooms append a function that says where a slug is used: higher rooms their campaigns, this room its own nesting.
USES: list[Callable[[str], list[Use]]] = []


def saved() -> QuerySet[Audience]:
    """The house's audiences that have a version and are not archived."""
    return Audience.objects.filter(current__isnull=False, archived_at=None).select_related("current", "owner")


def cards() -> list[AudienceCard]:
    """All audiences that can be used now, by folder and name; the workspace's files come last."""
    return [_card(one) for one in saved()] + _of_files(engine.workspace())


def card(slug: str) -> AudienceCard:
    """One audience; ConfigError (T414) when there is none."""
    one = saved().filter(slug=slug).first()
    found = _card(one) if one else next((c for c in _of_files(engine.workspace()) if c.slug == slug), None)
    if found is None:
        raise ConfigError(
            f"There is no audience {slug!r}.",
            todo="It may have been renamed or archived: look in the list of audiences.",
            code="T414",
        )
    return found


def rules() -> dict[str, Mapping[str, Any]]:
    """What the house lays over the workspace: each saved audience's rule by its slug."""
    return dict(saved().values_list("slug", "current__rule"))


def uses(slug: str) -> list[Use]:
    """Everything that needs this audience, as every room tells."""
    return [use for source in USES for use in source(slug)]


def nested_in(slug: str) -> list[Use]:
    """Audiences whose rule names this one directly."""
    return [
        Use("audience", one.name, one.url)
        for one in cards()
        if one.slug != slug and slug in references(one.rule, "audience")
    ]


def versions(audience: Audience) -> QuerySet[AudienceVersion]:
    """All versions, the newest first."""
    return audience.versions.select_related("author")


def matching(query: str, folder: str, *, archived: bool) -> QuerySet[Audience]:
    """The house's audiences whose name, description or folder holds every word of *query*."""
    found = Audience.objects.select_related("current", "owner", "current__author")
    found = found.filter(archived_at__isnull=not archived)
    for word in query.split()[:8]:
        found = found.filter(Q(name__icontains=word) | Q(description__icontains=word) | Q(folder__icontains=word))
    return found.filter(folder=folder) if folder else found


def folders() -> list[str]:
    """Every folder in use."""
    used = Audience.objects.filter(archived_at=None).exclude(folder="")
    return list(used.order_by("folder").values_list("folder", flat=True).distinct())


def _card(one: Audience) -> AudienceCard:
    assert one.current is not None  # noqa: S101 — only saved ones are asked for
    return AudienceCard(
        slug=one.slug,
        name=one.name,
        feed=one.feed,
        rule=one.current.rule,
        version=one.current.number,
        owner=str(one.owner),
        folder=one.folder,
        updated_at=one.updated_at,
        from_files=False,
        description=one.description,
        url=reverse("audiences:one", args=[one.slug]),
    )


def _of_files(workspace: Workspace) -> list[AudienceCard]:
    mailable = mailable_feeds(workspace)
    only = mailable[0] if len(mailable) == 1 else ""
    return [
        AudienceCard(
            slug=slug,
            name=notes.get("title") or slug,
            feed=notes.get("feed", only),
            rule=workspace.audiences[slug],
            version=0,
            owner=notes.get("owner", ""),
            folder="",
            updated_at=None,
            from_files=True,
            description=notes.get("description", ""),
            url=reverse("audiences:one", args=[slug]),
        )
        for slug, notes in sorted(workspace.audience_notes.items())
    ]
