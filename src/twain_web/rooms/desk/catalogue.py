"""While somebody types what they need: the fields and feeds of the catalogue that may be it already.

The catalogue's own search wants every word; a sentence has words that no contract has. Here each word counts for itself, and a
word that only few terms have counts more (inverse document frequency): "of all customers, the shoe size" finds shoe sizes.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from twain_web.rooms.feeds.public import Term, fold, glossary

_WORD = re.compile(r"[^\W_]{2,}")
_LONGEST, _MOST_WORDS, _MOST = 300, 24, 5
#: Words that say that something is asked for, not what.
_SMALL = frozenset({
    "the", "and", "for", "from", "with", "all", "our", "who", "whom", "which", "that", "this", "what", "when", "where",
    "have", "has", "had", "can", "could", "would", "should", "may", "might", "need", "needs", "want", "wants", "like",
    "please", "new", "field", "feed", "data", "access", "about", "into", "add", "send", "their", "them", "they",
    "you", "your", "per", "each", "more", "of", "to", "in", "on", "by", "is", "are", "be", "we", "us", "it", "as", "at",
    "or", "if", "do", "does", "not", "any", "some", "one", "list", "column", "customers", "customer", "people",
})  # fmt: skip
#: A word that the catalogue does not know says little against a field; so much of the rest must fit.
_UNKNOWN, _ENOUGH = 0.35, 0.4


@dataclass(frozen=True, slots=True)
class Fit:
    """One field that may be it already. *share* of what was asked (by weight) it answers, from 0 to 1."""

    term: Term
    share: float


def fitting(text: str, terms: Sequence[Term] | None = None) -> list[Fit]:
    """Up to five fields that may answer *text*, best first; none when it says nothing that the catalogue knows."""
    known = glossary() if terms is None else terms
    wanted = _words(text)
    if not wanted or not known:
        return []
    bags = [_bag(term) for term in known]
    seen = Counter(word for bag in bags for word in bag)
    weight = {word: _weight(_count(word, seen), len(bags)) for word in wanted}
    whole = sum(weight.values())
    fits = [Fit(term, _worth(bag, weight) / whole) for term, bag in zip(known, bags, strict=True)]
    good = [fit for fit in fits if fit.share >= _ENOUGH]
    return sorted(good, key=lambda fit: (-fit.share, fit.term.business.casefold(), fit.term.feed))[:_MOST]


def _weight(found: int, fields: int) -> float:
    return math.log(1 + fields / (1 + found)) * (1.0 if found else _UNKNOWN)


def _words(text: str) -> list[str]:
    found = [word for word in _WORD.findall(fold(text[:_LONGEST])) if word not in _SMALL]
    return list(dict.fromkeys(found))[:_MOST_WORDS]


def _bag(term: Term) -> dict[str, float]:
    """The words of a field, with how much each says: its own name most, its description least."""
    bag: dict[str, float] = {}
    said = ((term.meaning, 0.5), (term.feed_title, 0.6), (term.feed, 0.6), (term.column, 1.0), (term.business, 1.0))
    for text, worth in (*said, *((other, 1.0) for other in term.synonyms)):
        for word in _WORD.findall(fold(text).replace("_", " ")):
            bag[word] = max(worth, bag.get(word, 0.0))
    return bag


def _worth(bag: dict[str, float], weight: dict[str, float]) -> float:
    return sum(value * max((bag[w] for w in bag if _same(word, w)), default=0.0) for word, value in weight.items())


def _count(word: str, seen: Counter[str]) -> int:
    return sum(n for other, n in seen.items() if _same(word, other))


def _same(word: str, other: str) -> bool:
    """The same word, or one that begins as the other does: birthday, birthdays."""
    if word == other:
        return True
    short, long = sorted((word, other), key=len)
    return len(short) >= 4 and long.startswith(short)
