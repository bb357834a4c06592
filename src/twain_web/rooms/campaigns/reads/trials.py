"""What the newest pre-send checks said of every launch that is still to come, and those of any campaign when asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Max
from django.urls import reverse

from twain.errors import TwainError
from twain.flows.publish import publish
from twain_web import engine
from twain_web.rooms.campaigns.models import Launch, Rehearsal
from twain_web.rooms.campaigns.reads.sends import names_of
from twain_web.rooms.campaigns.records import campaign_record
from twain_web.rooms.campaigns.rehearsing import rehearse


@dataclass(frozen=True, slots=True)
class Trial:
    """A launch and what its newest rehearsal found at *at*. *verdicts* is empty when the database could not be asked.

    *person* is the user name of whoever launched it; *feed* the one that its audience stands on; *held*: it waits already.
    """

    launch: int
    campaign: str
    name: str
    person: str
    run_id: str
    url: str
    feed: str
    held: bool
    expires_at: datetime
    at: datetime
    ready: bool
    audience: int | None
    verdicts: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Answered:
    """What the checks said of a campaign when they were asked for just now."""

    at: datetime
    verdicts: tuple[Mapping[str, Any], ...]


def newest_trial() -> int:
    """The number of the newest rehearsal of any launch; it grows with each. 0 before the first."""
    return Rehearsal.objects.exclude(launch=None).aggregate(newest=Max("pk"))["newest"] or 0


def trials() -> list[Trial]:
    """Every open launch that was rehearsed, with the newest rehearsal."""
    found = Launch.objects.filter(state__in=Launch.OPEN).select_related("asked_by").prefetch_related("rehearsals")
    newest = [(one, max(one.rehearsals.all(), key=lambda r: r.pk, default=None)) for one in found]
    names = names_of(one.campaign for one, _rehearsed in newest)
    return [_trial(one, rehearsed, names[one.campaign]) for one, rehearsed in newest if rehearsed is not None]


def try_campaign(slug: str) -> Answered:
    """Have a campaign's checks asked now, as its launch review does. Raises what makes it unfit to be tried."""
    instance = engine.instance()
    made = rehearse(instance, publish(instance, campaign_record(slug)), "review")
    return Answered(made.at, tuple(made.verdicts))


def _trial(one: Launch, rehearsed: Rehearsal, name: str) -> Trial:
    route, key = ("campaigns:send", one.run_id) if one.run_id else ("campaigns:review", one.campaign)
    return Trial(
        launch=one.pk, campaign=one.campaign, name=name, person=one.asked_by.username, run_id=one.run_id,
        url=reverse(route, args=[key]), feed=_feed(one), held=one.held_at is not None, expires_at=one.expires_at,
        at=rehearsed.at, ready=rehearsed.ready, audience=rehearsed.audience, verdicts=tuple(rehearsed.verdicts),
    )  # fmt: skip


def _feed(one: Launch) -> str:
    try:
        return str(engine.ledger().bundle(one.bundle).body["feed"])
    except TwainError:
        return ""
