"""What waits for one person: approvals that policy gives them a voice in, their own campaigns, sends that are held for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Max, Q
from django.urls import reverse
from django.utils.translation import gettext as _

from twain.errors import TwainError
from twain.flows.instance import Instance
from twain.flows.publish import needed
from twain_web import engine
from twain_web.access import may
from twain_web.rooms.campaigns.models import ApprovalRequest, Launch, Rehearsal
from twain_web.rooms.campaigns.permissions import APPROVE_CAMPAIGN
from twain_web.rooms.campaigns.reads.sends import names_of

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
    asked, held = _requests(person), _launches(person)
    names = names_of({one.campaign for one in (*asked, *held)})
    found = [*_approvals(person, asked, names), *_own(person, asked, names), *_held(held, names)]
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


def _requests(person: Any) -> list[ApprovalRequest]:  # noqa: ANN401
    """Every open one, and this person's own that are granted or void; the newest first."""
    mine = Q(state="open") | Q(asked_by=person, state__in=("granted", "void"))
    return list(ApprovalRequest.objects.filter(mine).select_related("asked_by").order_by("-id")[: 2 * _MOST])


def _approvals(person: Any, asked: list[ApprovalRequest], names: Mapping[str, str]) -> Iterator[Waiting]:  # noqa: ANN401
    others = [one for one in asked if one.state == "open" and one.asked_by_id != person.pk][:_MOST]
    if not others or not may(person, APPROVE_CAMPAIGN):
        return
    instance = engine.instance(person)
    for one in others:
        if may_approve(instance, one.bundle, person.username):
            text = _("%(who)s asks for your approval of %(what)s.") % {
                "who": one.asked_by,
                "what": names[one.campaign],
            }
            yield Waiting(text, _review(one.campaign), one.asked_at, "approval")


def _own(person: Any, asked: list[ApprovalRequest], names: Mapping[str, str]) -> Iterator[Waiting]:  # noqa: ANN401
    mine = [one for one in asked if one.asked_by_id == person.pk and one.state in ("granted", "void")][:_MOST]
    if not mine:
        return
    launched = set(Launch.objects.filter(asked_by=person).values_list("bundle", flat=True))
    same = ApprovalRequest.objects.filter(campaign__in={one.campaign for one in mine})
    newest = dict(same.values_list("campaign").annotate(Max("id")))
    for one in mine:
        if newest[one.campaign] != one.pk or one.bundle in launched:
            continue
        name, since = names[one.campaign], one.ended_at or one.asked_at
        if one.state == "granted":
            yield Waiting(_("%s is approved: launch it.") % name, _review(one.campaign), since, "launch")
        else:
            yield Waiting(
                _("%s was edited after you asked: ask for approval again.") % name, _review(one.campaign), since, "void"
            )


def _launches(person: Any) -> list[Launch]:  # noqa: ANN401
    """Held launches that are this person's, or that they can mend."""
    held = Launch.objects.filter(state__in=Launch.OPEN, held_at__isnull=False).select_related("asked_by")[:_MOST]
    newest = _newest_rehearsals([one.pk for one in held])
    return [one for one in held if one.asked_by_id == person.pk or person.full_name in _owners(newest.get(one.pk))]


def _held(launches: list[Launch], names: Mapping[str, str]) -> Iterator[Waiting]:
    for launch in launches:
        url = reverse("campaigns:send", args=[launch.run_id]) if launch.run_id else _review(launch.campaign)
        text = _("%(what)s is held: %(why)s") % {"what": names[launch.campaign], "why": launch.why}
        yield Waiting(text, url, launch.held_at or launch.asked_at, "held")


def owners_of_hold(launch: Launch) -> set[str]:
    """Full names of those who can mend what holds it, as the newest checks name them."""
    return _owners(Rehearsal.objects.filter(launch=launch).first())


def _newest_rehearsals(launches: Sequence[int]) -> dict[int | None, Rehearsal]:
    if not launches:
        return {}
    newest = Rehearsal.objects.filter(launch__in=launches).values("launch").annotate(newest=Max("id")).values("newest")
    return {one.launch_id: one for one in Rehearsal.objects.filter(pk__in=newest)}


def _owners(newest: Rehearsal | None) -> set[str]:
    return {v["owner"] for v in newest.verdicts if v["level"] == "hold" and v.get("owner")} if newest else set()


def _review(slug: str) -> str:
    return reverse("campaigns:review", args=[slug])
