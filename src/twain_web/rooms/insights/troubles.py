"""What somebody of IT should look at today, as the home page tells it: what it is, what follows, what to do, where."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.cache import cache
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from twain.errors import TwainError
from twain.flows.instance import Instance
from twain.flows.intake import lag
from twain.flows.leads import LATE_AFTER
from twain.records import Waiting
from twain_web import engine
from twain_web.access import may
from twain_web.rooms.insights.permissions import READ_TROUBLES, WAIVE_OLD_LIST

_MAILBOX, _UNWRITTEN = "insights:mailbox-trouble", "insights:unwritten"
_REMEMBERED = 900  # seconds: the mailbox is read every minute, and says it again while it fails
_COUNTED_FOR = 20  # seconds


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that is wrong. *level*: red (people or sends suffer) or amber. *technical*: as a log says it, if it does."""

    level: str
    title: str
    text: str
    todo: str
    url: str
    action: str
    since: float = 0.0
    technical: str = ""


def troubles(person: Any) -> list[Trouble]:  # noqa: ANN401 — a Person
    """What this room knows of, for whoever can mend it; the worst first."""
    here = engine.instance(person)
    found: list[Trouble] = []
    if may(person, READ_TROUBLES):
        known = cache.get_many([_UNWRITTEN, _MAILBOX])  # one query for both
        late = known[_UNWRITTEN] if _UNWRITTEN in known else _count(here)
        found += [*_leads(here, late), *_told_back(here, late), *_mailbox(known.get(_MAILBOX))]
    if may(person, WAIVE_OLD_LIST):
        found += _old_list(here)
    return sorted(found, key=lambda one: one.level != "red")


def note_mailbox(here: Instance, error: TwainError | None) -> None:
    """Remember that the mailbox cannot be read, and since when; or that it can."""
    if error is None:
        cache.delete(_MAILBOX)
        return
    since = (cache.get(_MAILBOX) or {}).get("since", here.clock.now())
    told = {"since": since, "what": f"{error.shown_code} {error.what}"[:300], "todo": error.todo[:300]}
    cache.set(_MAILBOX, told, _REMEMBERED)


def _leads(here: Instance, waiting: list[Waiting]) -> Iterator[Trouble]:
    """Leads that were given up, and those that wait for too long."""
    leads = [one for one in waiting if one.kind == "lead"]
    for state, level in (("dead", "red"), ("waiting", "amber")):
        mine = [one for one in leads if one.state == state and (state == "dead" or _late(here, one))]
        if mine:
            follows = _("Nothing is lost: each is kept here until it is written.")
            yield _of(mine, level, _leads_title(sum(one.number for one in mine), state), follows)


def _told_back(here: Instance, waiting: list[Waiting]) -> Iterator[Trouble]:
    """Consents that IT's own system does not know of: it may write to people who said no."""
    mine = [one for one in waiting if one.kind != "lead" and (one.state == "dead" or _late(here, one))]
    if mine:
        number = sum(one.number for one in mine)
        words = ngettext(
            "%(n)d opt-out or consent is not in your own system yet",
            "%(n)d opt-outs or consents are not in your own system yet",
            number,
        )
        follows = _("Until it is, that system may write to people who said no to us.")
        yield _of(mine, "red", words % {"n": number}, follows)


def _leads_title(number: int, state: str) -> str:
    if state == "dead":
        words = ngettext("%(n)d lead could not be written", "%(n)d leads could not be written", number)
    else:
        words = ngettext(
            "%(n)d lead has been waiting for too long", "%(n)d leads have been waiting for too long", number
        )
    return words % {"n": number}


def _of(mine: list[Waiting], level: str, title: str, follows: str) -> Trouble:
    names = ", ".join(sorted({one.intake for one in mine}))
    return Trouble(
        level=level,
        title=title,
        text=" ".join([_("Goes to: %s.") % names, follows]),
        todo=_("Look why, mend the other system, and have them tried again. A second try writes nothing twice."),
        url=reverse("insights:leads"),
        action=_("See why"),
        since=min(one.oldest for one in mine),
    )


def _count(here: Instance) -> list[Waiting]:
    """Every row that was ever written is passed on the way, so it is kept for a moment."""
    found = lag(here)
    cache.set(_UNWRITTEN, found, _COUNTED_FOR)
    return found


def _mailbox(told: Mapping[str, Any] | None) -> Iterator[Trouble]:
    if told:
        yield Trouble(
            level="red",
            title=_("The mailbox for bounces cannot be read"),
            text=_("Addresses that do not exist, and people who complain, are not noticed until it can."),
            todo=told["todo"] or _("Check [returns.bounces] in twain.toml."),
            url=reverse("insights:deliverability"),
            action=_("Deliverability"),
            since=told["since"],
            technical=told["what"],
        )


def _old_list(here: Instance) -> Iterator[Trouble]:
    if here.settings.production and here.ledger.old_list() is None:
        yield Trouble(
            level="amber",
            title=_("The old provider's suppressions are not here"),
            text=_("Whoever told your former provider to stop would be written to again, so the first send waits."),
            todo=_("IT imports them: twain suppress import <file>. Or somebody answers, by name, for going without."),
            url=reverse("insights:deliverability") + "#old-list",
            action=_("Decide"),
        )


def _late(here: Instance, one: Waiting) -> bool:
    return here.clock.now() - one.oldest > LATE_AFTER
