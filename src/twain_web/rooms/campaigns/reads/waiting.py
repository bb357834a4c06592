"""What waits for one person: approvals that policy gives them a voice in, their own campaigns, sends that are held for them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from twain.errors import TwainError
from twain.flows.instance import Instance
from twain.flows.publish import needed
from twain_web import engine
from twain_web.access import may
from twain_web.rooms.campaigns.models import ApprovalRequest, Campaign, Launch, Rehearsal
from twain_web.rooms.campaigns.permissions import APPROVE_CAMPAIGN

_MOST = 50


@dataclass(frozen=True, slots=True)
class Waiting:
    """One thing that waits for somebody. *kind*: ``approval``, ``launch``, ``held`` or ``void``."""

    text: str
    url: str
    since: datetime
    kind: str


def waiting_for(person: Any) -> list[Waiting]:  # noqa: ANN401 — a Person of the house
    """Everything in this room that waits for *person*, the oldest first."""
    found = [*_approvals(person), *_own(person), *_held(person)]
    return sorted(found, key=lambda one: one.since)


def may_approve(instance: Instance, digest: str, username: str) -> bool:
    """Whether policy gives this person a voice in a published bundle, and they have not used it yet."""
    try:
        rules = needed(instance, instance.ledger.bundle(digest))
    except TwainError:
        return False
    return any(
        rule.missing and any(p.id == username for p in rule.people) and all(a.person != username for a in rule.given)
        for rule in rules
    )


def _approvals(person: Any) -> Iterator[Waiting]:  # noqa: ANN401
    if not may(person, APPROVE_CAMPAIGN):
        return
    instance = engine.instance(person)
    for one in ApprovalRequest.objects.filter(state="open").select_related("asked_by")[:_MOST]:
        if one.asked_by_id != person.pk and may_approve(instance, one.bundle, person.username):
            text = _("%(who)s asks for your approval of %(what)s.") % {"who": one.asked_by, "what": _name(one.campaign)}
            yield Waiting(text, _review(one.campaign), one.asked_at, "approval")


def _own(person: Any) -> Iterator[Waiting]:  # noqa: ANN401
    launched = set(Launch.objects.filter(asked_by=person).values_list("bundle", flat=True))
    for one in ApprovalRequest.objects.filter(asked_by=person, state__in=("granted", "void"))[:_MOST]:
        newest = ApprovalRequest.objects.filter(campaign=one.campaign).first()
        if newest is None or newest.pk != one.pk or one.bundle in launched:
            continue
        name, since = _name(one.campaign), one.ended_at or one.asked_at
        if one.state == "granted":
            yield Waiting(_("%s is approved: launch it.") % name, _review(one.campaign), since, "launch")
        else:
            yield Waiting(
                _("%s was edited after you asked: ask for approval again.") % name, _review(one.campaign), since, "void"
            )


def _held(person: Any) -> Iterator[Waiting]:  # noqa: ANN401
    for launch in Launch.objects.filter(state__in=Launch.OPEN, held_at__isnull=False).select_related("asked_by")[
        :_MOST
    ]:
        if launch.asked_by_id == person.pk or person.full_name in owners_of_hold(launch):
            url = reverse("campaigns:send", args=[launch.run_id]) if launch.run_id else _review(launch.campaign)
            text = _("%(what)s is held: %(why)s") % {"what": _name(launch.campaign), "why": launch.why}
            yield Waiting(text, url, launch.held_at or launch.asked_at, "held")


def owners_of_hold(launch: Launch) -> set[str]:
    """Full names of those who can mend what holds it, as the newest checks name them."""
    newest = Rehearsal.objects.filter(launch=launch).first()
    return {v["owner"] for v in newest.verdicts if v["level"] == "hold" and v.get("owner")} if newest else set()


def _review(slug: str) -> str:
    return reverse("campaigns:review", args=[slug])


def _name(slug: str) -> str:
    return Campaign.objects.filter(slug=slug).values_list("name", flat=True).first() or slug
