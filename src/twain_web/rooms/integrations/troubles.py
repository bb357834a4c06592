"""What this room tells the home page of whoever can mend it: red sender domains, endpoints that fail, what was not delivered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from twain.records import Level
from twain_web.access import may
from twain_web.rooms.insights.public import READ_TROUBLES, Trouble
from twain_web.rooms.integrations.domains import DomainCard, domain_cards
from twain_web.rooms.integrations.mirrors import tracker_cards
from twain_web.rooms.integrations.models import DomainState
from twain_web.rooms.integrations.permissions import MANAGE_ENDPOINTS
from twain_web.rooms.integrations.reads import EndpointCard, endpoint_cards


def troubles(person: Any) -> list[Trouble]:  # noqa: ANN401 — a Person
    """What is wrong with domains and endpoints, for whoever can mend it; the worst first."""
    found: list[Trouble] = []
    if may(person, READ_TROUBLES):
        found += _domains()
    if may(person, MANAGE_ENDPOINTS):
        found += [*_endpoints(), *_trackers()]
    return sorted(found, key=lambda one: one.level != "red")


def _domains() -> Iterator[Trouble]:
    """Every domain that was red when it was last looked at. Who sends as it is only asked when there is one."""
    if not DomainState.objects.filter(level=str(Level.HOLD)).exists():
        return
    for card in domain_cards():
        if card.level == "red":
            yield _domain(card)


def _domain(card: DomainCard) -> Trouble:
    wrong = next(one for one in card.wrong if one.level == "red")
    held = ", ".join(one.name for one in card.held)
    follows = _("Held now: %s.") % held if held else _("Its sends wait until this is right.")
    return Trouble(
        level="red",
        title=_("Mail as %s would be refused or lost") % card.domain,
        text=f"{follows} {wrong.record}: {wrong.what}",
        todo=wrong.todo or _("Its page has every record to the letter."),
        url=reverse("integrations:domain", args=[card.domain]),
        action=_("The records"),
        technical=f"{wrong.name} {wrong.type} {wrong.wanted}",
    )


def _endpoints() -> Iterator[Trouble]:
    """Endpoints that fail now, that were switched off by themselves, and those that did not get everything."""
    for card in endpoint_cards():
        one, page = card.endpoint, reverse("integrations:endpoint", args=[card.endpoint.pk])
        if one.why_off:
            title = _("The webhook %s was switched off by itself") % one.name
            todo = _("Mend the other side, switch it on, and send again what it did not get.")
            yield Trouble("red", title, _kept(card), todo, page, _("The endpoint"), 0.0, one.why_off)
        elif one.is_on and one.failing_since:
            title = _("The webhook %s fails") % one.name
            todo = _("Look at what it answers. It is tried for three days, later and later.")
            yield Trouble("red", title, _kept(card), todo, page, _("The endpoint"), one.failing_since.timestamp(), "")
        elif card.dead:
            title = _("The webhook %s did not get everything") % one.name
            url = f"{reverse('integrations:undelivered')}?endpoint={one.pk}"
            yield Trouble("amber", title, _kept(card), _("Send it again once it works."), url, _("What it missed"))


def _trackers() -> Iterator[Trouble]:
    """Trackers that do not answer as they should."""
    for card in tracker_cards():
        if card.level == "red":
            title = _("%(title)s (%(name)s) is not reached") % {"title": card.title, "name": card.name}
            todo = _("Mend it, or its file in trackers/, then send a test. Requests go on here all the same.")
            url = reverse("integrations:trackers")
            yield Trouble("amber", title, card.why, todo, url, _("The trackers"), 0.0, card.technical)


def _kept(card: EndpointCard) -> str:
    waiting = ngettext("%(n)d message waits.", "%(n)d messages wait.", card.waiting) % {"n": card.waiting}
    dead = ngettext("%(n)d was not delivered.", "%(n)d were not delivered.", card.dead) % {"n": card.dead}
    said = [words for words, number in ((waiting, card.waiting), (dead, card.dead)) if number]
    return " ".join([*said, _("Nothing is lost: all of it is kept for 30 days.")])
