"""Launching an approved bundle, and taking a launch back. A reconciler does what is to be done; here it is only wished for."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from twain.errors import ConfigError, WrongState
from twain.flows.freeze import obey_stops
from twain.flows.instance import Instance
from twain.flows.production import require_production
from twain.flows.publish import require_approval
from twain.flows.send import OPEN
from twain.records import Bundle
from twain_web import engine
from twain_web.outbox import tell
from twain_web.rooms.campaigns.actions.approving import bundle_as_seen
from twain_web.rooms.campaigns.models import Launch, Rehearsal
from twain_web.rooms.campaigns.plans import Plan
from twain_web.rooms.campaigns.records import Subject
from twain_web.rooms.capacity.public import give_back, reserve
from twain_web.rooms.people.public import record


def launch(*, by: Any, subject: Subject, bundle: str, token: str) -> Launch:  # noqa: ANN401 — a Person
    """Wish that exactly this bundle goes when its plan says. The same *token* again is the same launch.

    Raises WrongState (edited since, or another send is not over), ApprovalNeeded, Held (stopped, no room, …), ConfigError.
    """
    known = Launch.objects.filter(token=token).first() if token else None
    if known is not None and known.bundle == bundle and known.campaign == subject.slug:
        return known
    instance = engine.instance(by)
    made = bundle_as_seen(instance, subject, bundle)
    require_approval(instance, made)
    require_production(instance, made)
    obey_stops(instance, made)
    _refuse_second(instance, subject)
    due, expires = _times(instance, subject)
    tried = Rehearsal.objects.filter(bundle=made.hash).first()
    reserve(by=by, body=made.body, people=people_of(instance, made, tried), begins=due)
    return _wish(by, subject, made, token, due, expires)


def withdraw_launch(*, by: Any, launch: Launch) -> None:  # noqa: ANN401
    """Take a launch back while nothing has begun. The approval stays: it can be launched again."""
    with transaction.atomic():
        waiting = Launch.objects.filter(pk=launch.pk, state__in=("scheduled", "held"), run_id="")
        if not waiting.update(state=Launch.State.WITHDRAWN, ended_at=timezone.now()):
            raise WrongState("It has begun already.", todo="Pause it, or stop it for good, on its own page.")
        record(by, "launch withdrawn", f"campaign:{launch.campaign}", {"bundle": launch.bundle})
        give_back(launch.campaign)


def withdraw_what_was_due() -> int:
    """After a restore: a launch whose moment had come may have gone out since the backup. Takes those back; returns how many.

    Launches that are still ahead stay; so does the approval of those that are taken back.
    """
    why = _(
        "The house was restored from a backup: it may have gone out since then. Look at the results, then launch it again."
    )
    with transaction.atomic():
        waiting = Launch.objects.filter(state__in=("scheduled", "held"), due_at__lte=timezone.now())
        slugs = list(waiting.values_list("campaign", flat=True))
        waiting.update(state=Launch.State.WITHDRAWN, ended_at=timezone.now(), why=why)
        for slug in slugs:
            record(None, "launch withdrawn", f"campaign:{slug}", {"why": "restored from a backup"})
    return len(slugs)


def people_of(instance: Instance, bundle: Bundle, tried: Rehearsal | None) -> int:
    """How many people a send is planned for: as its rehearsal counted, or a check, else its ceiling; 0: nobody knows."""
    if tried is not None and tried.audience is not None:
        return tried.audience
    known = instance.ledger.last_check(f"audience:{bundle.campaign}").get("audience", 0.0)
    return int(known or bundle.body.get("ceiling") or 0)


def _wish(by: Any, subject: Subject, made: Bundle, token: str, due: datetime, expires: datetime) -> Launch:  # noqa: ANN401
    try:
        with transaction.atomic():
            wished = Launch.objects.create(
                campaign=subject.slug,
                bundle=made.hash,
                token=token,
                asked_by=by,
                due_at=due,
                expires_at=expires,
            )
            record(by, "launched", f"campaign:{subject.slug}", {"bundle": made.hash, "due": due.isoformat()})
            tell("campaign.launched", campaign=subject.slug, bundle=made.hash, due=due.isoformat())
    except IntegrityError:  # somebody was quicker, or the same form came twice at once
        there = Launch.objects.filter(campaign=subject.slug, state__in=Launch.OPEN).first()
        if there is None or there.bundle != made.hash:
            raise _second(subject) from None
        return there
    return wished


def _refuse_second(instance: Instance, subject: Subject) -> None:
    if instance.ledger.runs(campaign=subject.slug, states=OPEN, limit=1):
        raise _second(subject)


def _second(subject: Subject) -> WrongState:
    return WrongState(
        f"{subject.slug} has a send that is not over.",
        todo=_("Open it: go on with it, or stop it for good."),
        business=_("A send of this campaign is not over. A second one would mail people twice."),
    )


def _times(instance: Instance, subject: Subject) -> tuple[datetime, datetime]:
    now = timezone.now()
    plan = subject.house.plan if subject.house else _file_plan(instance, subject)
    zone = instance.settings.time_zone
    due, expires = plan.due(zone, now), plan.expires(zone, now)
    if expires <= now or (plan.when == "at" and due < now):
        raise ConfigError(
            f"{subject.slug} was planned for {due:%Y-%m-%d %H:%M} UTC, and that has passed.",
            todo=_("Choose a later time; the new time needs a new approval."),
            business=_("The time it was planned for has passed."),
        )
    return due, expires


def _file_plan(instance: Instance, subject: Subject) -> Plan:
    """A campaign in files goes now, and not after what its file says."""
    hours = (instance.workspace.campaign(subject.slug).not_after or 12 * 3600.0) / 3600
    return Plan(expires_hours=max(1, round(hours)))
