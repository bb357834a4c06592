"""How fresh a feed is *now*, worked out from what was seen last: no database is asked.

The newest row's moment is known from the last look, so the feed's age is known now: it is never older than that. When the last
look is itself old, newer rows may have come since, and the page says when it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from twain.records import Feed, Level
from twain_web.rooms.feeds.models import FeedHealth
from twain_web.rooms.feeds.words import span

_NEARLY = 0.8  # of the age that is allowed
_SOONEST, _LATEST = timedelta(minutes=2), timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Freshness:
    """Green, amber, red or grey, always with words. *seen* is when somebody last looked, None if nobody has."""

    level: str
    words: str
    seen: datetime | None = None
    age_seconds: float | None = None

    @property
    def colour(self) -> str:
        """Tabler's name for it."""
        return {"green": "green", "amber": "yellow", "red": "red"}.get(self.level, "secondary")

    @property
    def symbol(self) -> str:
        """Its icon: colour alone tells nothing to many people."""
        return {"green": "circle-check", "amber": "alert-triangle", "red": "circle-x"}.get(self.level, "help-circle")


def interval(feed: Feed) -> timedelta:
    """How often a feed is looked at: ten times within the age that its contract allows, between two minutes and an hour."""
    allowed = feed.freshness.max_age_seconds
    return min(max(timedelta(seconds=allowed / 10), _SOONEST), _LATEST) if allowed else _LATEST


def freshness(feed: Feed, health: FeedHealth | None, now: datetime | None = None) -> Freshness:
    """How fresh *feed* is now."""
    moment = now or timezone.now()
    if health is None or health.contract != feed.contract_hash or (health.looked_at is None and not health.trouble):
        return Freshness("grey", _("Not looked at yet"))
    if health.looked_at is None:
        return Freshness("red", _("Could not be read"))
    if not feed.freshness.max_age_seconds:
        return Freshness("grey", _("No age is agreed"), health.looked_at)
    if health.newest is None:
        return Freshness("red", _("No dated row at all"), health.looked_at)
    return _aged(feed, health, moment)


def _aged(feed: Feed, health: FeedHealth, now: datetime) -> Freshness:
    assert health.newest  # noqa: S101 — its only caller has seen to it
    assert health.looked_at  # noqa: S101 — and to this
    allowed = feed.freshness.max_age_seconds or 0.0
    age = max(0.0, (now - health.newest).total_seconds())
    words = _("%(age)s old, %(allowed)s allowed") % {"age": span(age), "allowed": span(allowed)}
    blind = now - health.looked_at > 3 * interval(feed)
    if age > allowed:
        then = (health.looked_at - health.newest).total_seconds()
        level = "red" if then > allowed and not blind else "amber"
    else:
        level = "amber" if blind or age > _NEARLY * allowed else "green"
    if blind:
        words = _("%(words)s; not looked at for %(since)s") % {
            "words": words,
            "since": span((now - health.looked_at).total_seconds()),
        }
    return Freshness(level, words, health.looked_at, age)


def failing(health: FeedHealth | None) -> Mapping[Level, int]:
    """How many rules were not kept at the last full check: level → rules, without those that were."""
    levels = [Level(v["level"]) for v in health.verdicts] if health else []
    return {level: levels.count(level) for level in (Level.HOLD, Level.WARN) if level in levels}
