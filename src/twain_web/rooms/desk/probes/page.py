"""A page is there: it answers 200 over the network, and shows the words that were asked for.

Whoever asks could name an address inside the company. So a name is resolved once, every address of it must be public (or IT lists
the host in the type's ``hosts``), exactly the checked address is connected to, redirects are not followed, and time and size are
bounded. While production is off nothing leaves this machine: then only loopback and listed hosts are asked.
"""

from __future__ import annotations

import html
import http.client
import re
from collections.abc import Mapping
from datetime import timedelta
from urllib.parse import SplitResult

from django.utils.translation import gettext as _

from twain.errors import ConfigError
from twain.flows.instance import Instance
from twain.flows.request_types import RequestType
from twain_web import addresses
from twain_web.rooms.desk.probes import Observation, missing, there, unknown

EVERY = timedelta(minutes=10)
_MOST_READ = 1 << 20
_TAG = re.compile(r"<[^<>]*>")
_UNREAD = ("script", "style")
_TODO = "Name a public web address, or have IT list its host in the type's hosts."


def observe(instance: Instance, target: Mapping[str, str], kind: RequestType | None) -> Observation:
    """Open the page, and look for the words among what people read there."""
    url, wanted = target.get("url", ""), target.get("text", "")
    try:
        parts, address = checked(url, kind.hosts if kind else (), production=instance.settings.production)
    except ConfigError as error:
        return missing(error.business, error.what, asked=False)
    try:
        got = addresses.get(parts, address, accept="text/html", most=_MOST_READ)
    except (OSError, http.client.HTTPException, ValueError) as error:
        return unknown(_("The page does not answer."), f"{type(error).__name__}: {error}"[:300])
    if got.status != http.client.OK:
        return missing(_("The page is not there yet."), f"HTTP {got.status}")
    if _plain(wanted) not in _plain(_read_by_people(got.text)):
        return missing(_("The page answers, but does not show “%s” yet.") % wanted, "HTTP 200")
    return there(_("The page answers and shows “%s”.") % wanted, "HTTP 200")


def checked(url: str, hosts: tuple[str, ...], *, production: bool) -> tuple[SplitResult, str]:
    """The address taken apart, and the one IP address to connect to. Raises ConfigError T929 when it may not be asked."""
    return addresses.checked(url, hosts, production=production, todo=_TODO)


def _read_by_people(page: str) -> str:
    """What stands between the tags, without scripts and styles. Each letter is looked at once: a page could be made to stall."""
    kept, place, low = [], 0, page.lower()
    for tag in _TAG.finditer(page):
        if tag.start() < place:
            continue
        kept.append(page[place : tag.start()])
        name = low[tag.start() + 1 : tag.start() + 8]
        hidden = next((one for one in _UNREAD if name.startswith(one)), "")
        place = tag.end()
        if hidden:
            end = low.find(f"</{hidden}", place)
            place = len(page) if end < 0 else end
    return " ".join([*kept, page[place:]])


def _plain(text: str) -> str:
    return " ".join(html.unescape(text).casefold().split())
