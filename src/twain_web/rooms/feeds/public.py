"""What other rooms may use of this one."""

from __future__ import annotations

from twain_web.rooms.feeds.health import Freshness
from twain_web.rooms.feeds.reads import (
    CONFIRMED,
    MADE,
    USES,
    Checked,
    FeedCard,
    FieldCard,
    Made,
    Term,
    Use,
    checked,
    looked_mark,
    uses_of,
)
from twain_web.rooms.feeds.reads import card as feed
from twain_web.rooms.feeds.reads import cards as feeds
from twain_web.rooms.feeds.reads import glossary as _glossary
from twain_web.rooms.feeds.search import fold

__all__ = [
    "CONFIRMED",
    "MADE",
    "USES",
    "Checked",
    "FeedCard",
    "FieldCard",
    "Freshness",
    "Made",
    "Term",
    "Use",
    "checked",
    "feed",
    "feeds",
    "fold",
    "glossary",
    "looked_mark",
    "uses_of",
]


def glossary() -> list[Term]:
    """Business word ⇄ column, of every reviewed field of every feed, by business word."""
    return _glossary()
