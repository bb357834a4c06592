"""Reading of feeds: cards, hits, glossary, uses. From contracts in memory and the house's own tables; no company database."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from twain.flows.campaigns import Campaign
from twain.records import Feed, Field, Level, Owner, Privacy, Right, Role
from twain_web import engine
from twain_web.rooms.feeds import words
from twain_web.rooms.feeds.health import Freshness, failing, freshness
from twain_web.rooms.feeds.models import CampaignReads, FeedHealth
from twain_web.rooms.feeds.search import Found, index


@dataclass(frozen=True, slots=True)
class FieldCard:
    """One reviewed field, as pages and pickers show it."""

    name: str
    column: str
    business: str
    type: str
    type_words: str
    description: str
    synonyms: tuple[str, ...]
    rights: frozenset[Right]
    uses: tuple[str, ...]
    privacy: Privacy
    privacy_words: str
    role: Role | None
    role_words: str
    required: bool


@dataclass(frozen=True, slots=True)
class FeedCard:
    """One feed, as pages and pickers show it. *rows* and *failing* are of the last full check, None before the first."""

    name: str
    title: str
    description: str
    synonyms: tuple[str, ...]
    owner: Owner
    source: str
    key: str
    version: str
    contract_hash: str
    freshness: Freshness
    fields: tuple[FieldCard, ...]
    rows: int | None = None
    failing: Mapping[Level, int] = field(default_factory=dict)
    checked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """One feed as the house saw it last: all of its rules at *checked_at*; *trouble* says why it could not be read, if so."""

    feed: str
    contract: str
    checked_at: datetime | None
    verdicts: tuple[Mapping[str, Any], ...]
    trouble: Mapping[str, str]
    looked_at: datetime | None


@dataclass(frozen=True, slots=True)
class Term:
    """One word of the glossary: what the business says, and the column that it is."""

    business: str
    column: str
    feed: str
    synonyms: tuple[str, ...]
    field: str
    feed_title: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Use:
    """Something that uses a feed. *when* is its next send; *reads* the (feed, field) pairs it reads, as far as it is known."""

    kind: str
    name: str
    url: str = ""
    when: datetime | None = None
    owner: str = ""
    reads: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Hit:
    """One feed that was found, and its fields that fit."""

    card: FeedCard
    fields: tuple[FieldCard, ...]
    more: int


@dataclass(frozen=True, slots=True)
class Hits:
    """One page of what was found. *total* counts all pages; *page* is from 1 on."""

    hits: tuple[Hit, ...]
    total: int
    page: int
    pages: int


@dataclass(frozen=True, slots=True)
class Made:
    """A campaign that was made in the house. *stamp* changes whenever what it says does; *record* reads it when needed."""

    slug: str
    url: str
    stamp: str
    record: Callable[[], Campaign]


#: Higher rooms append what lists the campaigns that people made in the house, so that what they read can be known.
MADE: list[Callable[[], Iterable[Made]]] = []
#: Higher rooms append what knows where a feed is used: feed's name → uses.
USES: list[Callable[[str], list[Use]]] = []
#: A higher room appends what knows who said last that a feed's contract is right: feed's name → words, "" while nobody has.
CONFIRMED: list[Callable[[str], str]] = []
PER_PAGE = 20
_SHOWN_FIELDS = 5
_BY_LEVEL = {"red": 0, "amber": 1, "grey": 2, "green": 3}
SORTS = ("relevance", "title", "owner", "freshness")


def cards() -> list[FeedCard]:
    """Every feed with a reviewed field, by title."""
    return sorted(_cards(f for f in engine.workspace().feeds.values() if f.fields), key=lambda c: c.title.casefold())


def checked() -> list[Checked]:
    """Every feed that the house has looked at by itself. From its own tables; no company database."""
    return [
        Checked(h.feed, h.contract, h.checked_at, tuple(h.verdicts), dict(h.trouble), h.looked_at)
        for h in FeedHealth.objects.all()
    ]


def looked_mark() -> str:
    """A mark that is another one whenever the house has looked at a feed since. One query, without what was seen."""
    looked = FeedHealth.objects.order_by("feed").values_list("feed", "next_at")
    return hashlib.sha256(repr(list(looked)).encode()).hexdigest()[:40]


def card(name: str) -> FeedCard:
    """One feed; ContractError when there is none."""
    return next(iter(_cards([engine.workspace().feed(name)])))


def find(query: str, *, sort: str = "relevance", page: int = 1, unreviewed: bool = False) -> Hits:
    """Feeds that fit *query*, best first or as *sort* says; without a reviewed field only for those who review."""
    feeds = engine.workspace().feeds
    found = [f for f in index(feeds).find(query) if unreviewed or feeds[f.feed].fields]
    known = {h.feed: h for h in FeedHealth.objects.all()}
    found = _sorted(found, sort, feeds, known)
    pages = max(1, math.ceil(len(found) / PER_PAGE))
    page = min(max(1, page), pages)
    shown = found[(page - 1) * PER_PAGE : page * PER_PAGE]
    hits = [_hit(_card(feeds[f.feed], known.get(f.feed)), f, bool(query.strip())) for f in shown]
    return Hits(tuple(hits), len(found), page, pages)


def did_you_mean(query: str) -> list[str]:
    """Words that the contracts have and that look like the query's."""
    return index(engine.workspace().feeds).nearest(query)


def glossary(query: str = "", feed: str = "") -> list[Term]:
    """Business word ⇄ column, of every reviewed field, by business word."""
    feeds = engine.workspace().feeds
    found = index(feeds).find(query)
    terms = [
        _term(feeds[f.feed], feeds[f.feed].fields[name])
        for f in found
        if not feed or f.feed == feed
        for name in (f.fields if query.strip() else feeds[f.feed].fields)
    ]
    return sorted(terms, key=lambda t: (t.business.casefold(), t.feed))


def uses_of(name: str) -> list[Use]:
    """Where a feed is used: what higher rooms know, with what each reads; every campaign that reads it; soonest send first."""
    read = _that_read(name)
    reads = {(use.kind, use.name): use.reads for use in read}
    told = [_with(use, reads.get((use.kind, use.name))) for source in USES for use in source(name)]
    known = {(use.kind, use.name) for use in told}
    others = [use for use in read if (use.kind, use.name) not in known]
    return sorted([*told, *others], key=lambda u: (u.when is None, str(u.when), u.kind, u.name))


def _with(use: Use, reads: frozenset[tuple[str, str]] | None) -> Use:
    return replace(use, reads=use.reads | reads) if reads else use


def field_card(one: Field) -> FieldCard:
    """A field in words."""
    return FieldCard(
        name=one.name,
        column=one.column,
        business=one.business_name,
        type=one.type,
        type_words=str(words.TYPES[one.type]),
        description=one.description,
        synonyms=one.synonyms,
        rights=one.rights,
        uses=tuple(words.rights(one)),
        privacy=one.privacy,
        privacy_words=str(words.PRIVACY[one.privacy]),
        role=one.role,
        role_words=str(words.ROLES[one.role]) if one.role else "",
        required=one.required,
    )


def _cards(feeds: Iterable[Feed]) -> list[FeedCard]:
    wanted = list(feeds)
    known = {h.feed: h for h in FeedHealth.objects.filter(feed__in=[f.name for f in wanted])}
    return [_card(feed, known.get(feed.name)) for feed in wanted]


def _card(feed: Feed, health: FeedHealth | None) -> FeedCard:
    return FeedCard(
        name=feed.name,
        title=feed.title,
        description=feed.description,
        synonyms=feed.synonyms,
        owner=feed.owner,
        source=feed.source,
        key=feed.key,
        version=feed.version,
        contract_hash=feed.contract_hash,
        freshness=freshness(feed, health),
        fields=tuple(field_card(one) for one in feed.fields.values()),
        rows=health.rows if health else None,
        failing=failing(health),
        checked_at=health.checked_at if health else None,
    )


def _hit(made: FeedCard, found: Found, narrowed: bool) -> Hit:  # noqa: FBT001 — private, one caller
    by_name = {one.name: one for one in made.fields}
    fitting = [by_name[name] for name in found.fields] if narrowed else []
    return Hit(made, tuple(fitting[:_SHOWN_FIELDS]), max(0, len(fitting) - _SHOWN_FIELDS))


def _sorted(found: list[Found], sort: str, feeds: Mapping[str, Feed], known: Mapping[str, FeedHealth]) -> list[Found]:
    if sort == "title":
        return sorted(found, key=lambda f: feeds[f.feed].title.casefold())
    if sort == "owner":
        return sorted(found, key=lambda f: (feeds[f.feed].owner.name.casefold(), feeds[f.feed].title.casefold()))
    if sort == "freshness":
        return sorted(found, key=lambda f: _BY_LEVEL[freshness(feeds[f.feed], known.get(f.feed)).level])
    return found


def _term(feed: Feed, one: Field) -> Term:
    return Term(one.business_name, one.column, feed.name, one.synonyms, one.name, feed.title, one.description)


def _that_read(name: str) -> list[Use]:
    """Campaigns that read a feed, as it was worked out last: those of the files, and those made in the house."""
    return [_as_use(row) for row in CampaignReads.objects.all() if any(feed == name for feed, _ in row.reads)]


def made_in_the_house() -> list[Use]:
    """Every campaign that people made in the house, with what it reads and when it goes."""
    told = {(use.kind, use.name): use for name in engine.workspace().feeds for source in USES for use in source(name)}
    made = [_as_use(row) for row in CampaignReads.objects.filter(made=True)]
    return [replace(use, when=told[use.kind, use.name].when) if (use.kind, use.name) in told else use for use in made]


def _as_use(row: CampaignReads) -> Use:
    return Use("campaign", row.title, row.url, row.next_at, row.owner, frozenset((f, n) for f, n in row.reads))
