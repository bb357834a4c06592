"""What counts as a success of a planned campaign: something in the company's own data that people do after a message.

An event is a feed with the field that says when (``orders:ordered_at``); an amount is a number of the same feed
(``orders:total``). Offered are those that a rule may read: fields that may leave the database, of feeds that belong to people by
their key.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from twain.flows.counting import mailable_feeds
from twain.records import Conversion, Feed, Right
from twain_web import engine
from twain_web.rooms.campaigns.plans import Plan

_DAY = 86_400.0
_TIMES = ("date", "timestamp")
_NUMBERS = ("integer", "number")
Choices = list[tuple[str, list[tuple[str, str]]]]
"""(a feed's title, its fields as value and name on screen), as a select shows them."""


def events() -> Choices:
    """What can be a success, by feed."""
    return _choices(_TIMES)


def amounts() -> Choices:
    """What can be added up, by feed."""
    return _choices(_NUMBERS)


def conversion_of(plan: Plan) -> Conversion | None:
    """The flow's rule of a plan, or None when it has none."""
    if not plan.success:
        return None
    feed, _colon, time = plan.success.partition(":")
    value = plan.success_value.partition(":")[2]
    return Conversion(feed=feed, time=time, within=plan.success_days * _DAY, of=plan.success_of, value=value)


def in_words(rule: Mapping[str, Any] | Conversion | None) -> str:
    """A rule as both teams read it: ``Orders (“Ordered at”), within 7 days of a click, adding up “Total”``; empty without."""
    if not rule:
        return ""
    said = rule if isinstance(rule, Conversion) else Conversion(**rule)
    feed = engine.workspace().feeds.get(said.feed)
    days = round(said.within / _DAY, 2)
    begins = _("of the send") if said.of == "sent" else _("of a click")
    span = ngettext("within %(n)g day", "within %(n)g days", int(max(days, 1))) % {"n": days}
    words = f"{feed.title if feed else said.feed} (“{_name(feed, said.time)}”), {span} {begins}"
    words += _(", adding up “%s”") % _name(feed, said.value) if said.value else ""
    return words + (_(", some of them only") if said.where else "")


def _choices(types: tuple[str, ...]) -> Choices:
    found = []
    for feed in _of_people():
        fields = [(f"{feed.name}:{f.name}", f.business_name) for f in feed.fields.values()
                  if f.type in types and Right.PERSONALISE in f.rights and f.name != feed.key]  # fmt: skip
        if fields:
            found.append((feed.title, fields))
    return found


def _of_people() -> Iterator[Feed]:
    """Feeds that belong to the people of some feed by its key, one by one and without a doubt."""
    workspace, names = engine.workspace(), set[str]()
    for people in mailable_feeds(workspace):
        led = [one.feed for one in people.relations.values() if one.field == people.key]
        names |= {name for name in led if led.count(name) == 1}
    return (workspace.feeds[name] for name in sorted(names) if name in workspace.feeds)


def _name(feed: Feed | None, field: str) -> str:
    return feed.fields[field].business_name if feed is not None and field in feed.fields else field
