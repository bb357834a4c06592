"""Telling the rooms below where their audiences, contents and feeds are used."""

from __future__ import annotations

from twain_web.rooms.audiences import public as audiences
from twain_web.rooms.campaigns.reads.cards import cards
from twain_web.rooms.content import public as content


def join() -> None:
    """Called once, when the house opens."""
    audiences.USES.append(_of_audience)
    content.USES.append(_of_content)


def _of_audience(slug: str) -> list[audiences.Use]:
    return [audiences.Use("campaign", card.name, card.url, card.next_at) for card in cards() if card.audience == slug]


def _of_content(slug: str) -> list[content.Use]:
    return [content.Use("campaign", card.name, card.url, card.next_at) for card in cards() if slug in card.contents]
