"""Whose name campaigns go out in: their senders' domains, for whoever looks after these."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Q

from twain.errors import TwainError
from twain_web.rooms.campaigns.models import Launch
from twain_web.rooms.campaigns.reads.cards import cards
from twain_web.rooms.campaigns.records import campaign_record


def senders() -> dict[str, list[tuple[str, str]]]:
    """Domain → the campaigns that send as it, each with its channel. One that cannot be read says so on its own page."""
    found: dict[str, list[tuple[str, str]]] = {}
    for card in cards():
        try:
            one = campaign_record(card.slug)
        except TwainError:
            continue
        domain = one.sender.address.rpartition("@")[2].lower()
        if domain:
            found.setdefault(domain, []).append((card.slug, one.channel))
    return found


def look_again(campaigns: Collection[str]) -> int:
    """What held these campaigns' sends may be gone: have their checks tried at the next look. Returns how many sends."""
    held = Q(state=Launch.State.HELD) | Q(state=Launch.State.RUNNING, held_at__isnull=False)
    return Launch.objects.filter(held, campaign__in=campaigns).update(looked_at=None)
