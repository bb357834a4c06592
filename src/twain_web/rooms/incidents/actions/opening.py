"""A check fails: its incident is opened, used again or re-opened, what waits is counted, its owner is told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from twain_web.outbox import tell
from twain_web.rooms.campaigns.public import Trial
from twain_web.rooms.incidents import wording
from twain_web.rooms.incidents.actions.noting import note, write, write_to_address
from twain_web.rooms.incidents.failures import Failure
from twain_web.rooms.incidents.models import Event, Held, Incident
from twain_web.rooms.people.public import person_at, record

#: A check that fails again within this after it was seen to pass goes on as the same incident.
REOPENS_WITHIN = timedelta(days=3)
_FIRST_LOOK = timedelta(minutes=5)


def failed(failure: Failure, trial: Trial | None = None) -> Incident | None:
    """Note that a check fails; *trial* is the launch that waits for it. None when it has been seen to pass since.

    One incident per check, whoever finds it and however often.
    """
    try:
        with transaction.atomic():
            return _failed(failure, trial)
    except IntegrityError:  # another house opened it in this very moment
        with transaction.atomic():
            return _failed(failure, trial)


def _failed(failure: Failure, trial: Trial | None) -> Incident | None:
    known = Incident.objects.select_for_update().filter(key=failure.key).first()
    if known is not None and not known.is_open and failure.at <= (known.restored_at or failure.at):
        return None  # an old finding: it was seen to pass after it
    if known is not None and known.is_open:
        _renew(known, failure)
        _waits(known, trial, silently=False)
        return known
    again = known is not None and failure.at - (known.restored_at or failure.at) <= REOPENS_WITHIN
    return _open(known if again and known is not None else Incident(key=failure.key), failure, trial)


def _renew(incident: Incident, failure: Failure) -> None:
    """The same failure, seen once more: its newest words, no new line and no new letter."""
    if failure.at > incident.failed_at:
        _describe(incident, failure)
        incident.save(update_fields=["title", "business", "technical", "sql", "observed", "expected", "failed_at"])


def _describe(incident: Incident, failure: Failure) -> None:
    incident.title, incident.sql, incident.observed = failure.title[:200], failure.sql, failure.observed
    incident.business, incident.technical = failure.business[:1000], failure.technical[:1000]
    incident.expected, incident.failed_at = failure.expected[:200], failure.at


def _open(incident: Incident, failure: Failure, trial: Trial | None) -> Incident:
    again, now = incident.pk is not None, timezone.now()
    _describe(incident, failure)
    incident.kind, incident.feed, incident.check_name = failure.kind, failure.feed, failure.check
    incident.field, incident.opened_at = failure.field, failure.at
    incident.told_at = incident.acknowledged_at = incident.acknowledged_by = incident.restored_at = None
    incident.escalated, incident.look_at, incident.seen = 0, now + _FIRST_LOOK, ""
    _address(incident, failure)
    incident.save()
    incident.held.all().delete()  # what waited the last time is told by the timeline
    _waits(incident, trial, silently=True)
    impact = wording.impact(incident.held.all())
    said = _("It fails again: %s") % failure.business if again else failure.business
    event = note(
        incident, "reopen" if again else "open", failure.at, said, technical=failure.technical,
        detail={"impact": impact, "owner": incident.owner_name, "title": incident.owner_title},
    )  # fmt: skip
    _tell_owner(incident, event)
    record(
        None, "incident reopened" if again else "incident opened", f"incident:{incident.slug}", {"check": failure.key}
    )
    tell(
        "incident.opened", incident=incident.slug, feed=incident.feed, check=incident.check_name, title=incident.title,
        page=incident.url, impact=impact, owner=getattr(incident.owner, "username", ""),
    )  # fmt: skip
    return incident


def _address(incident: Incident, failure: Failure) -> None:
    """The owner that the contract names; where that says nothing of use, somebody of IT: somebody is always asked by name."""
    owner = person_at(failure.owner.email)
    if owner is None and not failure.owner.email:
        owner = _somebody_of_it()
    incident.owner, incident.asked = owner, owner
    incident.owner_name = (owner.full_name if owner else failure.owner.name)[:160]
    incident.owner_title = (owner.title if owner else failure.owner.title)[:160]
    incident.owner_email = owner.email if owner else failure.owner.email


def _somebody_of_it() -> Any:  # noqa: ANN401 — a Person, or None in a house without any
    people = get_user_model().objects.filter(is_active=True, roles_held__role__in=("it_operator", "data_owner"))
    return people.order_by("pk").first()


def _tell_owner(incident: Incident, event: Event) -> None:
    if incident.owner is not None:
        write(event, "held", incident.owner)
    elif incident.owner_email:
        write_to_address(event, incident.owner_email)


# ---------------------------------------------------------------- what waits


def _waits(incident: Incident, trial: Trial | None, *, silently: bool) -> None:
    """Note that a launch waits for it; of one that joins an open incident the timeline tells."""
    if trial is None:
        return
    found, new = Held.objects.update_or_create(
        incident=incident,
        launch=trial.launch,
        defaults={
            "campaign": trial.campaign, "name": trial.name[:120], "person": trial.person, "run_id": trial.run_id,
            "url": trial.url, "audience": trial.audience, "expires_at": trial.expires_at, "ended_at": None,
        },
        create_defaults={
            "campaign": trial.campaign, "name": trial.name[:120], "person": trial.person, "run_id": trial.run_id,
            "url": trial.url, "audience": trial.audience, "expires_at": trial.expires_at, "since": timezone.now(),
        },
    )  # fmt: skip
    if new and not silently:
        impact = wording.impact(incident.held.filter(ended_at=None))
        said = _("%(campaign)s waits for it, too. %(impact)s.") % {"campaign": found.name, "impact": impact}
        note(incident, "also", timezone.now(), said, detail={"impact": impact})


def no_longer_wait(waiting: Sequence[tuple[str, int]]) -> None:
    """Close what waits no more: all but these (key, launch) pairs of open incidents."""
    still = set(waiting)
    for one in Held.objects.filter(ended_at=None).select_related("incident"):
        if (one.incident.key, one.launch) not in still:
            Held.objects.filter(pk=one.pk).update(ended_at=timezone.now())
