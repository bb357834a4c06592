"""A field is there: the contract in force has it, reviewed, and the live column passes its checks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from django.utils.translation import gettext as _

from twain.flows.instance import Instance
from twain.flows.request_types import RequestType
from twain.records import Feed, Field
from twain_web.rooms.desk.probes import Observation, missing
from twain_web.rooms.desk.probes.feed import data_passes
from twain_web.rooms.feeds.public import fold

EVERY = timedelta(minutes=5)


def observe(instance: Instance, target: Mapping[str, str], _kind: RequestType | None) -> Observation:
    """Look for a field of this name or business word in the feed; then at its data, in the same way as a send does."""
    feed = instance.workspace.feeds.get(target.get("feed", ""))
    if feed is None:
        return missing(_("The feed is not in the catalogue."), asked=False)
    field = named_field(feed, target.get("field", ""))
    if field is None:
        return missing(_("“%s” does not have this field yet.") % feed.title, asked=False)
    seen = data_passes(instance, feed, field.name)
    if not seen.there:
        return seen
    words = _("“%(field)s” is in %(feed)s, and its data passes the checks.")
    return replace(seen, words=words % {"field": field.business_name, "feed": feed.title})


def named_field(feed: Feed, name: str) -> Field | None:
    """A field by what people call it or by its column, case and accents aside."""
    wanted = fold(name).replace("_", " ").strip()
    for field in feed.fields.values():
        words = (field.name, field.column, field.business_name, *field.synonyms)
        if wanted and wanted in {fold(word).replace("_", " ") for word in words}:
            return field
    return None
