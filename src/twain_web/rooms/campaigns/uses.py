"""Telling the rooms below where their feeds, audiences and contents are used."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.contrib.auth import get_user_model
from django.db.models import Q

from twain.errors import TwainError
from twain_web import engine
from twain_web.rooms.audiences import public as audiences
from twain_web.rooms.campaigns.models import Campaign, Launch, campaign_url
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


@dataclass(frozen=True, slots=True)
class _Using:
    """A campaign that uses something, and when it goes next."""

    name: str
    url: str
    owner: str
    when: datetime | None


def _of_feed(name: str) -> list[feeds.Use]:
    """Campaigns of the house whose audience stands on a feed; those in files are known to the room of feeds itself."""
    standing = {one.slug for one in audiences.titles() if one.feed == name}
    found = _using(Q(current__plan__audience__in=standing))
    return [feeds.Use("campaign", one.name, one.url, one.when, one.owner) for one in found]


def _of_audience(slug: str) -> list[audiences.Use]:
    found = _using(Q(current__plan__audience=slug))
    return [audiences.Use("campaign", one.name, one.url, one.when) for one in found]


def _of_content(slug: str) -> list[content.Use]:
    """Narrowed by the plan's text first: no database looks into lists as the others do."""
    near = Campaign.objects.filter(archived_at=None, current__plan__arms__icontains=slug)
    plans = near.values_list("slug", "current__plan")
    mine = {one for one, plan in plans if any(arm["content"] == slug for arm in plan["arms"])}
    return [content.Use("campaign", one.name, one.url, one.when) for one in _using(Q(slug__in=mine))]


def _using(fits: Q) -> Iterator[_Using]:
    """Campaigns whose plan fits. Three queries, however many there are."""
    planned = Campaign.objects.filter(fits, archived_at=None, current__isnull=False)
    rows = list(planned.values_list("slug", "name", "owner"))
    people = get_user_model().objects.in_bulk({owner for _, _, owner in rows})
    due = dict(Launch.objects.filter(state__in=Launch.OPEN).values_list("campaign", "due_at"))
    return (_Using(name, campaign_url(slug), str(people[owner]), due.get(slug)) for slug, name, owner in rows)
