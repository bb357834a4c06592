"""What other rooms may use of this one."""

from __future__ import annotations

from twain_web.rooms.feeds.health import Freshness
from twain_web.rooms.feeds.reads import MADE, USES, FeedCard, FieldCard, Made, Term, Use, uses_of
from twain_web.rooms.feeds.reads import card as feed
from twain_web.rooms.feeds.reads import cards as feeds
from twain_web.rooms.feeds.reads import glossary as _glossary
from twain_web.rooms.feeds.search import fold

__all__ = [
    "MADE",
    "USES",
    "FeedCard",
    "FieldCard",
    "Freshness",
    "Made",
    "Term",
    "Use",
    "feed",
    "feeds",
    "fold",
    "glossary",
    "uses_of",
]


def glossary() -> list[Term]:
    """Business word ⇄ column, of every reviewed field of every feed, by business word."""
    return _glossary()
