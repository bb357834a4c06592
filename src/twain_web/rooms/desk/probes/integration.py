"""Another system is connected: it has taken what our webhook brought it, or it answers at its address as was said; or both.

Its address is opened under the same rules as a page (``page.py``): public or listed in the type's ``hosts``, exactly the checked
address, no redirects, bounded. It is a plain GET without any credential: an interface that wants one may be known by its 401.
"""

from __future__ import annotations

import http.client
import re
from collections.abc import Mapping
from datetime import timedelta

from django.utils.translation import gettext as _

from twain.errors import ConfigError
from twain.flows.instance import Instance
from twain.flows.request_types import RequestType
from twain_web import addresses
from twain_web.rooms.desk.probes import Observation, missing, there, unknown
from twain_web.rooms.desk.probes.page import checked
from twain_web.rooms.integrations.public import programs

EVERY = timedelta(minutes=10)
_MOST_READ = 1 << 18
_STATUS = re.compile(r"[1-5][0-9]{2}")


def observe(instance: Instance, target: Mapping[str, str], kind: RequestType | None) -> Observation:
    """Look at the webhook, and at the other system's address; all that was named must be there."""
    seen = []
    if target.get("webhook"):
        seen.append(_taken(target["webhook"]))
    if target.get("url") and all(one.there for one in seen):
        seen.append(_answers(instance, target["url"], target.get("answer", ""), kind))
    if not seen:
        return missing(
            _("It has not been said yet what to look at: a webhook, or an address that answers."), asked=False
        )
    last = seen[-1]
    return last if not last.there else there(*(" ".join(words) for words in zip(*map(_words, seen), strict=True)))


def _words(seen: Observation) -> tuple[str, str]:
    return seen.words, seen.technical


def _taken(name: str) -> Observation:
    """A webhook of ours: on, not failing, and something that it brought was taken."""
    one = next((one for one in programs.endpoints() if one.name.casefold() == name.casefold()), None)
    if one is None:
        return missing(_("There is no webhook “%s” yet.") % name)
    if one.state == "off":
        return missing(_("The webhook “%s” is switched off.") % name)
    if one.state == "failing":
        return missing(_("The webhook “%s” is not taken by the other system just now.") % name)
    if one.last_delivered_at is None:
        return missing(_("Nothing has gone by the webhook “%s” yet.") % name)
    at = f"{one.last_delivered_at:%Y-%m-%d %H:%M:%S} UTC"
    return there(
        _("The other system has taken what our webhook “%s” brought it.") % name, f"endpoint {one.number}: {at}"
    )


def _answers(instance: Instance, url: str, wanted: str, kind: RequestType | None) -> Observation:
    try:
        parts, address = checked(url, kind.hosts if kind else (), production=instance.settings.production)
    except ConfigError as error:
        return missing(error.business, error.what, asked=False)
    try:
        got = addresses.get(parts, address, accept="*/*", most=_MOST_READ)
    except (OSError, http.client.HTTPException, ValueError) as error:
        return unknown(_("The other system does not answer."), f"{type(error).__name__}: {error}"[:300])
    technical = f"HTTP {got.status}"
    if not _as_stated(got, wanted):
        return missing(_("The other system answers, but not as was said."), technical)
    return there(_("The other system answers as was said."), technical)


def _as_stated(got: addresses.Got, wanted: str) -> bool:
    """*wanted*: a status, or words of a successful answer; "" is any success."""
    if _STATUS.fullmatch(wanted):
        return got.status == int(wanted)
    return 200 <= got.status < 300 and _plain(wanted) in _plain(got.text)


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())
