"""Checks that are seen to fail and to pass by somebody else than the house itself: in a simulated year."""

from __future__ import annotations

from django.utils import timezone

from twain.records import Feed
from twain_web.rooms.incidents.actions import closing, opening
from twain_web.rooms.incidents.failures import Failure
from twain_web.rooms.incidents.models import Incident


def seen_to_fail(feed: Feed, check: str, words: str) -> str:
    """A check of a feed fails now. Returns the incident's short name; the same check again is the same incident."""
    failure = Failure(
        f"feed:{feed.name}:{check}", "feed", feed.name, check, "", f"{feed.title}: {check}", words, words, feed.owner,
        timezone.now(),
    )  # fmt: skip
    made = opening.failed(failure)
    return made.slug if made is not None else ""


def seen_to_pass(slug: str, words: str) -> bool:
    """It passes again now; False when the incident was closed already."""
    found = Incident.objects.filter(pk=int(slug[1:])).first()
    return found is not None and closing.restore(found, timezone.now(), words)
