"""A feed is there: its contract is in force, IT has reviewed a field of it, and its data can be read and passes the checks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from django.utils.translation import gettext as _

from twain.errors import SourceBusy, SourceLimit, TwainError
from twain.flows.catalogue import look_at_all, look_at_newest, may_look
from twain.flows.instance import Instance
from twain.flows.request_types import RequestType
from twain.records import Feed, Level
from twain_web.rooms.desk.probes import Observation, missing, there, unknown
from twain_web.rooms.feeds.public import fold

EVERY = timedelta(minutes=5)


def observe(instance: Instance, target: Mapping[str, str], _kind: RequestType | None) -> Observation:
    """Look for a feed of this name, title or other word; then at its data."""
    feed = _named(instance, target.get("feed", ""))
    if feed is None or not feed.fields:
        return missing(_("No such feed is in the catalogue yet."), asked=False)
    return data_passes(instance, feed, "")


def data_passes(instance: Instance, feed: Feed, field: str) -> Observation:
    """Whether the feed's data passes its checks, those of *field* and of the feed as a whole; "" is every field."""
    if not may_look(instance, feed.source):
        return unknown(_("The database is not to be asked just now."), asked=False)
    try:
        found = look_at_all(instance, feed)
    except SourceBusy as error:
        return unknown(error.business, f"{error.what} {error.todo}", asked=False)
    except SourceLimit:
        return _too_large(instance, feed)
    except TwainError as error:
        return unknown(error.business, f"{error.what} {error.todo}")
    held = [v for v in found.verdicts if v.level is Level.HOLD and (not field or v.field in ("", field))]
    if held or found.rows is None:
        told = held or [v for v in found.verdicts if v.level is Level.HOLD]
        return missing(
            told[0].business if told else _("Its data cannot be read yet."), told[0].technical if told else ""
        )
    return there(_("“%s” is in the catalogue, and its data passes the checks.") % feed.title)


def _too_large(instance: Instance, feed: Feed) -> Observation:
    """Too much for a look that nobody waits for: that its newest row can be read must do; sends check the rest."""
    try:
        look_at_newest(instance, feed)
    except TwainError as error:
        return unknown(error.business, f"{error.what} {error.todo}")
    return there(_("“%s” is in the catalogue and can be read; each send checks its data.") % feed.title)


def _named(instance: Instance, name: str) -> Feed | None:
    wanted = fold(name)
    for feed in instance.workspace.feeds.values():
        if wanted and wanted in {fold(word) for word in (feed.name, feed.title, *feed.synonyms)}:
            return feed
    return None
