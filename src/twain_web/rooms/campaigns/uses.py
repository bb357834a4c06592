"""Telling the rooms below where their feeds, audiences and contents are used."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Any

from twain.errors import TwainError
from twain_web import engine
from twain_web.rooms.audiences import public as audiences
from twain_web.rooms.campaigns.models import Campaign, Launch
from twain_web.rooms.campaigns.records import campaign_record
from twain_web.rooms.capacity import public as capacity
from twain_web.rooms.content import public as content
from twain_web.rooms.feeds import public as feeds


def join() -> None:
    """Called once, when the house opens."""
    feeds.USES.append(_of_feed)
    audiences.USES.append(_of_audience)
    content.USES.append(_of_content)
    feeds.MADE.append(_made)
    capacity.CAMPAIGNS.append(_names)


def _names() -> dict[str, str]:
    """Every campaign that is not archived, of the files and of the house, by slug."""
    workspace = engine.workspace()
    of_files = {}
    for slug in workspace.campaigns():
        with suppress(TwainError):  # one whose file is wrong is told elsewhere, and cannot be planned with
            of_files[slug] = workspace.campaign(slug).title
    return of_files | dict(Campaign.objects.filter(archived_at=None).values_list("slug", "name"))


def _made() -> Iterator[feeds.Made]:
    """Every campaign of the house, for what a changed contract would break: its plan, audience and contents make its stamp."""
    audience = {one.slug: one.version for one in audiences.titles()}
    words = {card.slug: card.version for card in content.contents()}
    for one in Campaign.objects.filter(archived_at=None, current__isnull=False).select_related("current"):
        if one.current is not None and one.current.plan["audience"]:
            said = [str(words.get(arm["content"], "")) for arm in one.current.plan["arms"]]
            stamp = ".".join((str(one.version), str(audience.get(one.current.plan["audience"], "")), *said))
            yield feeds.Made(one.slug, one.url, stamp, partial(campaign_record, one.slug))


def _of_feed(name: str) -> list[feeds.Use]:
    """Campaigns of the house whose audience stands on a feed; those in files are known to the room of feeds itself."""
    standing = {one.slug for one in audiences.titles() if one.feed == name}
    found = _using(lambda plan: plan["audience"] in standing)
    return [feeds.Use("campaign", one.name, one.url, when, str(one.owner)) for one, when in found]


def _of_audience(slug: str) -> list[audiences.Use]:
    found = _using(lambda plan: plan["audience"] == slug)
    return [audiences.Use("campaign", one.name, one.url, when) for one, when in found]


def _of_content(slug: str) -> list[content.Use]:
    found = _using(lambda plan: any(arm["content"] == slug for arm in plan["arms"]))
    return [content.Use("campaign", one.name, one.url, when) for one, when in found]


def _using(fits: Callable[[dict[str, Any]], bool]) -> Iterator[tuple[Campaign, datetime | None]]:
    """Campaigns whose plan fits, each with when it goes next. Two queries, however many there are."""
    planned = Campaign.objects.filter(archived_at=None, current__isnull=False).select_related("current", "owner")
    planned = planned.only("slug", "name", "current__plan", "owner__preferred_form", "owner__full_name", "owner__title")
    due = dict(Launch.objects.filter(state__in=Launch.OPEN).values_list("campaign", "due_at"))
    for one in planned:
        if one.current is not None and fits(one.current.plan):
            yield one, due.get(one.slug)
