"""What Twain itself notes of an open incident: seen to pass, looked at, not answered in time, what became of its sends."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from twain_web.outbox import tell
from twain_web.rooms.campaigns.public import look_again
from twain_web.rooms.incidents import hours, wording
from twain_web.rooms.incidents.actions.noting import note, write
from twain_web.rooms.incidents.models import Held, Incident
from twain_web.rooms.people.public import record

_SOONEST, _LATEST = timedelta(minutes=5), timedelta(hours=1)
_SPACED = 4  # an incident's age, divided by this, is how long until it is looked at again


def restore(incident: Incident, at: datetime, words: str, technical: str = "") -> bool:
    """The check was seen to pass at *at*: the incident closes, and what waited is checked again at once. False: it was closed."""
    with transaction.atomic():
        fresh = Incident.objects.select_for_update().filter(pk=incident.pk, restored_at=None).first()
        if fresh is None:
            return False
        waiting = list(fresh.held.filter(ended_at=None))
        thanked = fresh.acknowledged_at is not None and hours.is_out_of_hours(at)
        fresh.restored_at, fresh.look_at, fresh.looked_at, fresh.seen = at, None, at, ""
        fresh.save(update_fields=["restored_at", "look_at", "looked_at", "seen"])
        detail: dict[str, Any] = {"out_of_hours": thanked}
        if waiting:
            detail["impact"] = wording.impact(fresh.held.all())
        event = note(fresh, "restore", at, words, technical=technical, detail=detail)
        write(event, "news", fresh.owner, fresh.asked, fresh.acknowledged_by)
        fresh.held.filter(ended_at=None).update(ended_at=timezone.now())
        record(None, "incident closed", f"incident:{fresh.slug}", {"check": fresh.key})
        tell(
            "incident.closed", incident=fresh.slug, feed=fresh.feed, check=fresh.check_name, title=fresh.title,
            page=fresh.url,
        )  # fmt: skip
        look_again([one.campaign for one in waiting])
    incident.refresh_from_db()
    return True


def note_look(incident: Incident, at: datetime, *, unknown: str = "", still: str = "") -> None:
    """It was looked at and is not closed: it still fails (*still* says how), or nobody can say (*unknown* says why)."""
    with transaction.atomic():
        fresh = Incident.objects.select_for_update().get(pk=incident.pk)
        asked = _is_asked(fresh)
        age = at - fresh.opened_at
        again = at + min(max(age / _SPACED, _SOONEST), _LATEST)
        Incident.objects.filter(pk=fresh.pk).update(looked_at=at, look_at=again, seen=unknown[:1000])
        if asked and (still or unknown):
            said = _("Looked again: %s") % (still or unknown)
            note(fresh, "looked", at, said)


def _is_asked(incident: Incident) -> bool:
    """Whether somebody waits for the answer to a look: the last of the two kinds of line is theirs."""
    last = incident.events.filter(verb__in=("look", "looked")).last()
    return last is not None and last.verb == "look"


def escalate(incident: Incident, to: Any) -> None:  # noqa: ANN401 — a Person
    """Nobody has answered in the agreed time: *to* is asked, by name. Nobody is blamed; no number is kept."""
    with transaction.atomic():
        fresh = Incident.objects.select_for_update().get(pk=incident.pk)
        if fresh.escalated != incident.escalated or not fresh.is_open or fresh.acknowledged_at is not None:
            return
        fresh.asked, fresh.escalated = to, fresh.escalated + 1
        fresh.save(update_fields=["asked", "escalated"])
        said = _("No answer in the agreed time: %s is asked now.") % to
        event = note(fresh, "escalate", timezone.now(), said, detail={"to": to.username})
        write(event, "held", to)
        record(None, "incident escalated", f"incident:{fresh.slug}", {"to": to.username})


_BECAME = {
    "resumed": gettext_lazy("%s goes on."),
    "finished": gettext_lazy("%s was sent to its end."),
    "expired": gettext_lazy("%s was not sent: its time was over, and it was not to go later."),
    "cancelled": gettext_lazy("%s was stopped for good."),
}


def note_send(campaign: str, run_id: str, what: str) -> None:
    """What became of a send that waited: a line in the timeline of each incident it waited for, once."""
    since = timezone.now() - timedelta(days=3)
    for held in Held.objects.filter(campaign=campaign, run_id=run_id, since__gte=since).select_related("incident"):
        with transaction.atomic():
            incident = Incident.objects.select_for_update().get(pk=held.incident_id)
            same = incident.events.filter(verb=what)
            if not any(event.detail.get("launch") == held.launch for event in same):
                words = str(_BECAME[what]) % held.name
                note(incident, what, timezone.now(), words, detail={"launch": held.launch})
            if what != "resumed":
                Held.objects.filter(pk=held.pk, ended_at=None).update(ended_at=timezone.now())
