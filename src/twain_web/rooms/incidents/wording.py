"""Incidents in words: what waits, who was told and when, what each answer says. Never a word about how quick somebody was."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from twain_web.rooms.incidents.models import Held, Incident
from twain_web.templatetags.house import people

#: What a link or a button says; the order is that of the links in a letter.
ANSWERS = {
    "seen": gettext_lazy("I have seen it"),
    "look": gettext_lazy("It is mended: look again now"),
    "expected": gettext_lazy("This is as it should be"),
}
#: What pressing it does, as the page says before anybody presses.
DOES = {
    "seen": gettext_lazy("Both teams then see that you know. Nothing else changes: the check stays as it is."),
    "look": gettext_lazy(
        "The check is made again at once. If it passes, the incident closes by itself and what waits is checked again."
    ),
    "expected": gettext_lazy(
        "You get a changed limit as a patch for git. Until it is in the workspace nothing changes: the check holds."
    ),
}


def impact(waiting: Iterable[Held]) -> str:
    """What waits: “2 campaigns, 41 000 recipients wait”. Of each campaign the largest audience that is known."""
    largest: dict[str, int] = {}
    for one in waiting:
        largest[one.campaign] = max(largest.get(one.campaign, 0), one.audience or 0)
    if not largest:
        return _("No send waits for it yet")
    number, total = len(largest), sum(largest.values())
    campaigns = ngettext("%s campaign", "%s campaigns", number) % people(number)
    if not total:
        return ngettext("%s waits", "%s wait", number) % campaigns
    recipients = ngettext("%s recipient", "%s recipients", total) % people(total)
    return _("%(campaigns)s, %(recipients)s wait") % {"campaigns": campaigns, "recipients": recipients}


def told(one: Incident) -> str:
    """Who knows: “Priya Nair, Senior DBA, told 22:01”, and who has seen it."""
    who = one.owner_shown or _("IT")
    if one.told_at is None:
        words = _("%s is being told") % who
    else:
        words = _("%(who)s, told %(when)s") % {"who": who, "when": clock(one.told_at)}
    if one.acknowledged_at is None:
        return words
    seen = clock(one.acknowledged_at)
    if one.acknowledged_by_id == one.owner_id:
        return words + ", " + _("has seen it at %s") % seen
    return words + "; " + _("%(who)s has seen it at %(when)s") % {"who": one.acknowledged_by or who, "when": seen}


def clock(at: datetime) -> str:
    """The time of day, with the day when that is not today."""
    here = timezone.localtime(at)
    return f"{here:%H:%M}" if here.date() == timezone.localdate() else f"{here:%d %b %H:%M}"


def one_line(text: str, longest: int = 180) -> str:
    """Words on a single line, for a subject: nothing in them can begin another header."""
    return "".join(c for c in " ".join(text.split()) if c.isprintable())[:longest]
