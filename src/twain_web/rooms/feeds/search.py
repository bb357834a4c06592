"""The catalogue's search: business words, synonyms, columns, meanings and owners, in memory, ranked.

The index is made of the workspace's contracts once, and again when they change; nothing is asked of any database. Every word of
the query must be found somewhere in a feed; what is nearer to a business word counts more.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from twain.records import Feed, Field

_LONGEST, _MOST_WORDS = 200, 8
_WHOLE, _START, _INSIDE = 4, 2, 1
_OF_FEED = (("title", 10), ("synonym", 8), ("name", 7), ("owner", 5), ("meaning", 2))
_OF_FIELD = (("business word", 6), ("synonym", 5), ("column", 4), ("meaning", 1))


@dataclass(frozen=True, slots=True)
class _Term:
    text: str
    weight: int
    field: str = ""


@dataclass(frozen=True, slots=True)
class _Entry:
    feed: str
    everything: str
    terms: tuple[_Term, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """One feed that fits, how well, and the names of its fields that fit, best first."""

    feed: str
    score: int
    fields: tuple[str, ...]


class Index:
    """All terms of some feeds, folded: case, accents and ligatures do not count."""

    def __init__(self, feeds: Mapping[str, Feed]) -> None:
        self.of = feeds
        self._entries = [_entry(feed) for feed in feeds.values()]

    def find(self, query: str) -> list[Found]:
        """Feeds in which every word of *query* is found, best first; all of them by title when there is no word."""
        wanted = words_of(query)
        found = [f for entry in self._entries if (f := _fit(entry, wanted)) is not None]
        return sorted(found, key=lambda f: (-f.score, self.of[f.feed].title.casefold(), f.feed))

    def nearest(self, query: str, limit: int = 3) -> list[str]:
        """Words of the contracts that look like the query's, for when nothing was found."""
        known = {
            word for entry in self._entries for term in entry.terms if term.weight > 2 for word in term.text.split()
        }
        near = [get_close_matches(word, known, n=limit, cutoff=0.7) for word in words_of(query)]
        return list(dict.fromkeys(word for some in near for word in some))[:limit]


_made: Index | None = None


def index(feeds: Mapping[str, Feed]) -> Index:
    """The index of *feeds*; made again only when the workspace was read again."""
    global _made  # noqa: PLW0603 — one for the process: two threads that make it at once make the same
    made = _made
    if made is None or made.of is not feeds:
        made = _made = Index(feeds)
    return made


def words_of(query: str) -> list[str]:
    """The folded words of a query; what is longer than anybody types is cut off."""
    return list(dict.fromkeys(fold(query[:_LONGEST]).split()))[:_MOST_WORDS]


def fold(text: str) -> str:
    """Letters without case and accents: ``Größe`` → ``grosse``, ``É`` → ``e``."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in plain if not unicodedata.combining(c))


def _entry(feed: Feed) -> _Entry:
    texts = [feed.title], feed.synonyms, [feed.name], [str(feed.owner)], [feed.description]
    terms = [_Term(fold(t), weight) for (_, weight), some in zip(_OF_FEED, texts, strict=True) for t in some if t]
    terms += [term for field in feed.fields.values() for term in _field_terms(field)]
    return _Entry(feed.name, "\n".join(t.text for t in terms), tuple(terms))


def _field_terms(field: Field) -> Iterator[_Term]:
    texts: Sequence[Sequence[str]] = (
        [field.business_name],
        field.synonyms,
        [field.name, field.column],
        [field.description],
    )
    for (_, weight), some in zip(_OF_FIELD, texts, strict=True):
        yield from (_Term(fold(text), weight, field.name) for text in some if text)


def _fit(entry: _Entry, wanted: list[str]) -> Found | None:
    score, fields = 0, dict[str, int]()
    for word in wanted:
        if word not in entry.everything:
            return None
        best = 0
        for term in entry.terms:
            if word in term.text:
                worth = term.weight * _nearness(word, term.text)
                best = max(best, worth)
                if term.field:
                    fields[term.field] = fields.get(term.field, 0) + worth
        score += best
    return Found(entry.feed, score, tuple(sorted(fields, key=lambda name: (-fields[name], name))))


def _nearness(word: str, text: str) -> int:
    if text == word:
        return _WHOLE
    return _START if text.startswith(word) or f" {word}" in text or f"_{word}" in text else _INSIDE
