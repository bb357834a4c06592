"""Reading about audiences: the house's own and those in the workspace's files. Nothing here changes anything."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.db.models import F, Q, QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse

from twain.errors import ConfigError
from twain.flows import counting
from twain.flows.counting import mailable_feeds
from twain.flows.workspace import Workspace, references
from twain.records import Feed
from twain_web import engine
from twain_web.rooms.audiences.builder.ground import Ground, ground
from twain_web.rooms.audiences.models import Audience, AudienceVersion, Count


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


@dataclass(frozen=True, slots=True)
class Title:
    """An audience by name alone. *version* is 0 for one in the workspace's files."""

    slug: str
    name: str
    feed: str
    version: int


#: Rooms append a function that says where a slug is used: higher rooms their campaigns, this room its own nesting.
USES: list[Callable[[str], list[Use]]] = []


def saved() -> QuerySet[Audience]:
    """The house's audiences that have a version and are not archived."""
    return Audience.objects.filter(current__isnull=False, archived_at=None).select_related("current", "owner")


def cards() -> list[AudienceCard]:
    """All audiences that can be used now, by folder and name; the workspace's files come last."""
    return [_card(one) for one in saved()] + _of_files(engine.workspace())


def titles() -> list[Title]:
    """All audiences that can be used now, in the order of ``cards``, by as little as names them."""
    own = saved().select_related(None).values_list("slug", "name", "feed", "current__number")
    return [Title(*one) for one in own] + [Title(c.slug, c.name, c.feed, 0) for c in _of_files(engine.workspace())]


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


def authors(slugs: Iterable[str], *, since: datetime | None = None) -> set[str]:
    """User names of whoever wrote the rules that these audiences have now, or one before them that was saved after *since*."""
    current = Q(pk=F("audience__current"))
    wanted = current | Q(at__gt=since) if since else Q()
    found = AudienceVersion.objects.filter(wanted, audience__slug__in=list(slugs))
    return set(found.values_list("author__username", flat=True))


def uses(slug: str) -> list[Use]:
    """Everything that needs this audience, as every room tells."""
    return [use for source in USES for use in source(slug)]


def nested_in(slug: str) -> list[Use]:
    """Audiences whose rule names this one directly."""
    own = saved().select_related(None).values_list("slug", "name", "current__rule")
    filed = ((card.slug, card.name, card.rule) for card in _of_files(engine.workspace()))
    return [
        Use("audience", name, one_url(one))
        for one, name, rule in (*own, *filed)
        if one != slug
        and slug in str(rule)
        and slug in references(rule, "audience")  # most do not hold its name at all
    ]


def versions(audience: Audience) -> QuerySet[AudienceVersion]:
    """All versions, the newest first."""
    return audience.versions.select_related("author")


def matching(query: str, folder: str, *, archived: bool, person: object) -> QuerySet[Audience]:
    """The house's audiences whose name, description or folder holds every word of *query*; of unsaved ones the person's own."""
    found = Audience.objects.select_related("current__author", "owner")
    found = found.filter(Q(current__isnull=False) | Q(owner=person), archived_at__isnull=not archived)
    for word in query.split()[:8]:
        found = found.filter(Q(name__icontains=word) | Q(description__icontains=word) | Q(folder__icontains=word))
    return found.filter(folder=folder) if folder else found


def holds_words(card: AudienceCard, query: str) -> bool:
    """Whether an audience's name, address or description holds every word."""
    text = f"{card.name} {card.slug} {card.description}".casefold()
    return all(word in text for word in query.casefold().split())


def last_counts(slugs: list[str]) -> dict[str, Count]:
    """The newest count of each of these audiences as saved."""
    done = Count.objects.filter(audience__in=slugs, state=Count.DONE).exclude(kind__in=[Count.EDITING, Count.OVERLAP])
    return {count.audience: count for count in done.order_by("started_at")}


def file_name(slug: str) -> str:
    """A slug as a file's name: nothing but letters, digits, dots and dashes."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", slug)[:80] or "audience"


def folders() -> list[str]:
    """Every folder in use."""
    used = Audience.objects.filter(archived_at=None).exclude(folder="")
    return list(used.order_by("folder").values_list("folder", flat=True).distinct())


def shown(slug: str) -> Audience | AudienceCard:
    """What lies at an address: one of the house's own, saved or not, archived or not; or one in the files."""
    one = Audience.objects.select_related("current__author", "owner").filter(slug=slug).first()
    return one or file_card(slug)


def own(slug: str) -> Audience:
    """One of the house's own; Http404 for others: what lies in files is changed in files."""
    return get_object_or_404(Audience.objects.select_related("current__author", "owner"), slug=slug)


def file_card(slug: str) -> AudienceCard:
    """One of the workspace's files; Http404 when there is none."""
    found = next((c for c in _of_files(engine.workspace()) if c.slug == slug), None)
    if found is None:
        raise Http404
    return found


def file_cards() -> list[AudienceCard]:
    """The audiences in the workspace's files."""
    return _of_files(engine.workspace())


@dataclass(frozen=True, slots=True)
class VersionOf:
    """A version, with what rules look at: whether its audience was saved, is archived, and whose it is."""

    version: AudienceVersion
    current_id: int | None
    archived_at: datetime | None
    owner_id: int

    @classmethod
    def of(cls, version: AudienceVersion) -> VersionOf:
        """A version of an audience."""
        audience = version.audience
        return cls(version, audience.current_id, audience.archived_at, audience.owner_id)

    def beside(self, number: str) -> AudienceVersion | None:
        """The version to compare with: the one of this number, or the one before it; None when there is none."""
        others = self.version.audience.versions.exclude(pk=self.version.pk)
        if number.isascii() and number.isdigit() and len(number) < 8:
            return others.filter(number=int(number)).first()
        return others.filter(number__lt=self.version.number).first()


def version(slug: str, number: int) -> AudienceVersion:
    """One version; Http404 when there is none."""
    found = AudienceVersion.objects.select_related("audience__current", "author")
    return get_object_or_404(found, audience__slug=slug, number=number)


def ground_of(audience: Audience | AudienceCard, person: object) -> Ground:
    """What an audience's rule stands on. Raises ContractError when its feed is not there any more."""
    shown = {one.slug: one.name for one in titles()}
    return ground(engine.instance(person), audience.feed, audience.slug, shown)


def rule_of(audience: Audience | AudienceCard) -> Mapping[str, Any] | None:
    """The rule that is in use, or None when it was never saved."""
    if isinstance(audience, AudienceCard):
        return audience.rule
    return audience.current.rule if audience.current else None


def words(over: Ground, rule: Mapping[str, Any], person: object) -> list[str]:
    """A rule in plain English, a line a condition. Raises RuleError."""
    return counting.words(engine.instance(person), counting.Rule(over.slug, rule, over.feed)).splitlines()


def sql(over: Ground, rule: Mapping[str, Any], person: object) -> str:
    """The statement that would run, laid out for IT. Raises RuleError."""
    audience = counting.compiled(engine.instance(person), counting.Rule(over.slug, rule, over.feed))
    return counting.pretty_sql(audience)


def feeds_beneath(over: Ground, rule: Mapping[str, Any]) -> list[Feed]:
    """The feeds a rule reads, the one it is over first; nested audiences' feeds too."""
    names, waiting, seen = {over.feed.name: over.feed}, [(over.feed, rule)], set()
    while waiting:
        feed, tree = waiting.pop()
        for name in references(tree, "related") & feed.relations.keys():
            other = over.feeds[feed.relations[name].feed]
            names[other.name] = other
        for name in (references(tree, "audience") & over.audiences.keys()) - seen:
            seen.add(name)
            waiting.append((over.feed, over.audiences[name]))
    return list(names.values())


def last_count(slug: str, *, person: object = None) -> Count | None:
    """The newest count of an audience that ended well: anybody's of what is saved, or the person's own while editing."""
    found = Count.objects.filter(audience=slug, state=Count.DONE).exclude(kind=Count.OVERLAP)
    return found.filter(person=person).first() if person is not None else found.exclude(kind=Count.EDITING).first()


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
        url=one_url(one.slug),
    )


@lru_cache(maxsize=10_000)
def one_url(slug: str) -> str:
    """An audience's page. Lists of hundreds ask for it again and again."""
    return reverse("audiences:one", args=[slug])


def _of_files(workspace: Workspace) -> list[AudienceCard]:
    mailable = mailable_feeds(workspace)
    only = mailable[0].name if len(mailable) == 1 else ""
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
            url=one_url(slug),
        )
        for slug, notes in sorted(workspace.audience_notes.items())
    ]
