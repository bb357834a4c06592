"""Reading contents. Nothing here changes anything."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from django.db.models import Max, Q, QuerySet
from django.http import Http404
from django.utils import timezone

from twain.errors import ConfigError
from twain_web import engine
from twain_web.rooms.content.models import BrandKit, Content, ContentVersion, Draft, Media, ReusableBlock


def contents(*, search: str = "", folder: str = "", archived: bool = False) -> QuerySet[Content]:
    """Contents, the newest change first, with the number of their newest version as ``newest``."""
    found = Content.objects.select_related("owner", "brand").filter(archived=archived)
    if search:
        found = found.filter(
            Q(name__icontains=search) | Q(slug__icontains=search) | Q(versions__subject__icontains=search)
        )
    if folder:
        found = found.filter(folder=folder)
    return found.annotate(newest=Max("versions__number")).order_by("-updated_at")


def folders() -> list[str]:
    """The folders there are."""
    named = Content.objects.exclude(folder="").values_list("folder", flat=True)
    return sorted(set(named))


def content_by_slug(slug: str) -> Content:
    """One content for a view. Raises Http404."""
    found = Content.objects.select_related("owner", "brand", "brand__logo").filter(slug=slug).first()
    if found is None:
        raise Http404(slug)
    return found


def version(content: Content, number: int | None = None) -> ContentVersion | None:
    """One version, or the newest; None when there is none."""
    found = content.versions.select_related("author")
    return found.filter(number=number).first() if number is not None else found.first()


def version_to_use(slug: str, number: int | None) -> ContentVersion:
    """The version that a campaign names. Raises ConfigError with what to do."""
    content = Content.objects.select_related("brand", "owner").filter(slug=slug).first()
    if content is None:
        known = ", ".join(Content.objects.filter(archived=False).values_list("slug", flat=True)[:12]) or "none yet"
        raise ConfigError(f"There is no content {slug!r}.", todo=f"Contents: {known}.")
    found = version(content, number)
    if found is None:
        which = "saved version" if number is None else f"version {number}"
        raise ConfigError(f"The content {content.name!r} has no {which}.", todo="Open it and save a version.")
    found.content = content
    return found


def authors(used: Collection[tuple[str, int | None]], since: datetime | None) -> set[str]:
    """Who wrote the versions that are used (by slug and number; None: the newest), and those before them saved after *since*."""
    versions = ContentVersion.objects.filter(content__slug__in={slug for slug, _ in used}, author__isnull=False)
    rows = list(versions.order_by("-number").values_list("content__slug", "number", "at", "author__username"))
    found = set()
    for slug, pinned in used:
        up_to = [row for row in rows if row[0] == slug and (pinned is None or row[1] <= pinned)]
        found |= {who for place, (_, _, at, who) in enumerate(up_to) if place == 0 or since is None or at > since}
    return found


def draft_of(content: Content, person: object) -> Draft | None:
    """What this person is writing there."""
    return Draft.objects.filter(content=content, person=person).first()


def others_writing(content: Content, person: object) -> QuerySet[Draft]:
    """Drafts of other people that have changed within the hour."""
    lately = timezone.now() - timedelta(hours=1)
    others = content.drafts.exclude(person=person).filter(updated_at__gte=lately, revision__gt=0)
    return others.select_related("person")


def business_names(feed: str) -> Mapping[str, str]:
    """Field → Marketing's word for it; empty when the feed is not there."""
    found = engine.workspace().feeds.get(feed)
    return {f.name: f.business_name for f in found.fields.values()} if found else {}


def brands() -> QuerySet[BrandKit]:
    """All brand kits, by name."""
    return BrandKit.objects.select_related("logo")


def brand_by_slug(slug: str) -> BrandKit:
    """One brand kit for a view. Raises Http404."""
    found = brands().filter(slug=slug).first()
    if found is None:
        raise Http404(slug)
    return found


def reusable_by_slug(slug: str) -> ReusableBlock:
    """One reusable block for a view. Raises Http404."""
    found = ReusableBlock.objects.filter(slug=slug).first()
    if found is None:
        raise Http404(slug)
    return found


def media_by_file(file: str) -> Media | None:
    """A picture by its file name."""
    sha256, _, suffix = file.partition(".")
    return Media.objects.filter(sha256=sha256, suffix=suffix).first()


def uses_of_picture(media: Media) -> list[Content]:
    """Contents whose drafts or versions show a picture, and whose brand kit has it as its logo."""
    named = {"document__icontains": media.file_name}
    by_version = Content.objects.filter(versions__in=ContentVersion.objects.filter(**named))
    by_draft = Content.objects.filter(drafts__in=Draft.objects.filter(**named))
    by_brand = Content.objects.filter(brand__logo=media)
    found = {one.pk: one for one in [*by_version.distinct(), *by_draft.distinct(), *by_brand]}
    return sorted(found.values(), key=lambda one: one.name)
