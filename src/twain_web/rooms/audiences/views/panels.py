"""The parts that several pages show: a count with its funnel, and the feeds beneath a rule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from twain_web import engine
from twain_web.access import may
from twain_web.rooms.audiences import reads
from twain_web.rooms.audiences.builder.ground import Ground
from twain_web.rooms.audiences.models import Audience, Count
from twain_web.rooms.audiences.permissions import COUNT_AUDIENCE
from twain_web.rooms.feeds.public import FeedCard, feed

#: In the order in which people are left out, as Marketing says it.
_REASONS: Mapping[str, Any] = {
    "no_address": gettext_lazy("no address"),
    "invalid": gettext_lazy("an address that cannot be right"),
    "consent": gettext_lazy("have not agreed"),
    "history": gettext_lazy("left out by earlier messages"),
    "duplicate": gettext_lazy("the same address again"),
    "holdout": gettext_lazy("held out to compare with"),
    "cap": gettext_lazy("had enough messages lately"),
    "limit": gettext_lazy("beyond the limit"),
}
_EDITING_LIMIT, _BUSY = "T321", "T325"


@dataclass(frozen=True, slots=True)
class Bar:
    """One line of the funnel: *share* of those who match, in percent."""

    words: str
    people: int
    share: float
    left_out: bool = True


def funnel(found: Mapping[str, Any]) -> list[Bar]:
    """The funnel, from all who match to those who would get a message. The bars add up."""
    matched = int(found["matched"])
    share = 100.0 / matched if matched else 0.0
    bars = [Bar(_("match the rule"), matched, 100.0 if matched else 0.0, left_out=False)]
    for reason, words in _REASONS.items():
        people = int(found["excluded"].get(reason, 0))
        if people:
            bars.append(Bar(str(words), people, people * share))
    audience = int(found["audience"])
    return [*bars, Bar(_("would get a message"), audience, audience * share, left_out=False)]


def feeds(over: Ground, rule: Any) -> list[FeedCard]:  # noqa: ANN401 — a rule tree
    """The feeds a rule reads: who answers for each, and how fresh it is."""
    return [feed(one.name) for one in reads.feeds_beneath(over, rule)]


def count_shown(count: Count) -> dict[str, Any]:
    """What the panel needs of a count, whatever its state."""
    found = count.result.get("found", {}).get("audience", {})
    error = count.result if count.state == Count.REFUSED else {}
    return {
        "count": count,
        "found": found,
        "bars": funnel(found) if found else [],
        "cost": found.get("cost"),
        "seconds": count.result.get("seconds"),
        "waited": (timezone.now() - count.started_at).total_seconds(),
        "error": error,
        "over_limit": error.get("code") == _EDITING_LIMIT and count.kind != Count.FULL,
        "busy": error.get("code") == _BUSY,
        "limit": _limit(count.feed),
        "again": again(count),
    }


def again(count: Count) -> str:
    """Where the same is asked once more."""
    name = "audiences:count-draft" if count.kind == Count.EDITING else "audiences:count-saved"
    return reverse(name, args=[count.audience])


def _limit(feed: str) -> float | None:
    known = engine.workspace().feeds.get(feed)
    source = settings.TWAIN.sources.get(known.source) if known else None
    return source.interactive_timeout_seconds if source else None


def draft_count(audience: Audience, person: Any, refusal: str) -> dict[str, Any]:  # noqa: ANN401
    """The panel beside the builder, before a count begins: the last known one, greyed, with its age."""
    last = reads.last_count(audience.slug, person=person)
    return {
        "slug": audience.slug,
        "refusal": refusal,
        "starts": "" if refusal else reverse("audiences:count-draft", args=[audience.slug]),
        "last": count_shown(last) if last else None,
    }


def saved_count(audience: Any, person: Any) -> dict[str, Any]:  # noqa: ANN401
    """The panel of a saved audience: what runs, or the newest count there is."""
    running = Count.objects.filter(audience=audience.slug, person=person, state=Count.RUNNING)
    newest = running.exclude(kind__in=[Count.EDITING, Count.OVERLAP]).first() or reads.last_count(audience.slug)
    shown = count_shown(newest) if newest else None
    if shown is not None and not may(person, COUNT_AUDIENCE, audience):
        shown["again"] = ""
    return {"slug": audience.slug, "shown": shown}
