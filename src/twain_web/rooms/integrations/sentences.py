"""What happened, in one plain sentence with a link into the house: what chats are told.

No recipient is in it: only facts about the work have a sentence at all, and e-mail addresses that a colleague wrote into a title
are cut out. Colleagues are named in full, with their title.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from twain.returns.mail_parts import without_addresses
from twain_web.rooms.people.public import named

Data = Mapping[str, Any]
_LONGEST = 600


@dataclass(frozen=True, slots=True)
class Sentence:
    """*text* is one plain line; *url* an absolute address in the house; *link* what the link says."""

    text: str
    url: str
    link: str


def sentence(name: str, data: Data) -> Sentence | None:
    """The sentence for one event; None when chats are not told of it."""
    said = _SAID.get(name)
    text = said(data) if said else None
    if text is None:
        return None
    page, link = _page(name, data)
    return Sentence(plain(text), f"{settings.WEB_URL}{page}", link)


def plain(text: str) -> str:
    """One line of printable text without any e-mail address, *_LONGEST* letters at most."""
    line = " ".join("".join(c if c.isprintable() else " " for c in without_addresses(text)).split())
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"


def who(username: str) -> str:
    """A colleague by full name and title, or as they chose; Twain itself where nobody did it."""
    if not username:
        return "Twain"
    return named(username).shown


def _subject(username: str) -> str:
    """A colleague before a verb: after a title stands a comma."""
    said = who(username)
    return f"{said}," if ", " in said else said


# ---------------------------------------------------------------- the sentences


def _request(data: Data) -> str | None:
    words = {
        "ask": _("%(who)s asks whether this could be had: “%(title)s”."),
        "promise": _("%(who)s promises it for %(day)s: “%(title)s”."),
        "observe": _("It is there, seen by the automatic check: “%(title)s”."),
        "confirm": _("It is there, %(who)s says: “%(title)s”."),
        "decline": _("%(who)s offers a simpler way for: “%(title)s”."),
        "dispute": _("Open again, something is missing: “%(title)s”."),
        "regress": _("Open again, what was there is lost: “%(title)s”."),
    }.get(data["verb"])
    if words is None or not data.get("title"):
        return None
    return words % {"who": _subject(data["by"]), "day": _day(data["day"]), "title": data["title"]}


def _incident_opened(data: Data) -> str:
    waits = f" {data['impact']}." if data["impact"] else ""
    told = f" {_('%s was told.') % _subject(data['owner'])}" if data["owner"] else ""
    return f"{data['title']}.{waits}{told}"


def _approval(data: Data) -> str:
    return _("%(who)s asks for a yes to the campaign %(campaign)s.") % {
        "who": _subject(data["by"]), "campaign": data["campaign"],
    }  # fmt: skip


def _domain(data: Data) -> str:
    how = {"pass": _("is as it should be"), "warn": _("arrives, with doubts"), "hold": _("would be refused or lost")}
    return _("Mail as %(domain)s %(how)s.") % {"domain": data["domain"], "how": how.get(data["after"], data["after"])}


_SAID: Mapping[str, Callable[[Data], str | None]] = {
    "request.moved": _request,
    "incident.opened": _incident_opened,
    "incident.closed": lambda d: _("Mended, and seen to be: %s.") % d["title"],
    "send.held": lambda d: _("The send %(campaign)s is held: %(why)s") % d,
    "send.resumed": lambda d: _("The send %s goes on.") % d["campaign"],
    "send.finished": lambda d: _("The send %s is finished: everyone is accounted for.") % d["campaign"],
    "send.expired": lambda d: _("The send %s was not to go later than it could: it does not go.") % d["campaign"],
    "approval.asked": _approval,
    "approval.given": lambda d: _("The campaign %s has every yes that it needs.") % d["campaign"],
    "stop.set": lambda d: _("%(who)s stopped %(scope)s: %(why)s") % {**d, "who": _subject(d["by"])},
    "stop.lifted": lambda d: _("%(who)s lets %(scope)s go on.") % {**d, "who": _subject(d["by"])},
    "domain.changed": _domain,
    "webhook.test": lambda d: _("A test of Twain by %s: nothing happened. What it tells comes here.") % who(d["by"]),
}
#: The types that have a sentence.
TELLABLE = frozenset(_SAID)


def _page(name: str, data: Data) -> tuple[str, str]:
    """Where it leads in the house, and what the link says."""
    if data.get("page"):
        return str(data["page"]), _("The request") if name == "request.moved" else _("The incident")
    if data.get("campaign"):
        return reverse("campaigns:campaign", args=[data["campaign"]]), _("The campaign")
    if name == "domain.changed":
        return reverse("integrations:domain", args=[data["domain"]]), _("The records")
    return "/", _("Open Twain")


def _day(text: str) -> str:
    try:
        return date_format(date.fromisoformat(text), "l j F Y")
    except ValueError:
        return _("a day of its own")
