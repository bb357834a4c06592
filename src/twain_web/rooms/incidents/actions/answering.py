"""What people answer: I have seen it, look again now, this is as it should be. None of them closes an incident."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from twain.errors import WrongState
from twain_web.rooms.incidents import proposals
from twain_web.rooms.incidents.actions.noting import note, write
from twain_web.rooms.incidents.models import Incident
from twain_web.rooms.people.public import record


def acknowledge(*, by: Any, incident: Incident) -> None:  # noqa: ANN401 — a Person, here and below
    """Somebody of IT knows. The first is noted; whoever presses later changes nothing. Raises WrongState T942 when closed."""
    with transaction.atomic():
        fresh = _open_one(incident)
        if fresh.acknowledged_at is None:
            _seen(fresh, by)
    incident.refresh_from_db()


def look_again(*, by: Any, incident: Incident) -> None:  # noqa: ANN401
    """Have the check made again now. Whoever of IT asks for it has seen the incident, too. Raises WrongState T942."""
    with transaction.atomic():
        fresh = _open_one(incident)
        if fresh.acknowledged_at is None and by is not None and by.pk == fresh.asked_id:
            _seen(fresh, by)
        Incident.objects.filter(pk=fresh.pk).update(look_at=timezone.now())
        last = fresh.events.filter(verb__in=("look", "looked")).last()
        if last is None or last.verb != "look":
            note(fresh, "look", timezone.now(), _("%s asks to look again.") % by, by=by)
            record(by, "incident looked at again", f"incident:{fresh.slug}")
    incident.refresh_from_db()


def propose(*, by: Any, incident: Incident) -> proposals.Patch:  # noqa: ANN401
    """This is as it should be: a changed limit, drafted as a patch and written down, never put in force from here.

    Raises ContractError T943 when no patch can say it, WrongState T942 when the incident is closed.
    """
    drafted = proposals.draft(incident)
    with transaction.atomic():
        fresh = _open_one(incident)
        if fresh.acknowledged_at is None:
            _seen(fresh, by)
        before = fresh.events.filter(verb="propose", at__gte=fresh.opened_at).last()
        if before is None or before.technical != drafted.text:
            said = _("%(who)s says that this is as it should be, and proposes: %(change)s.")
            words = said % {"who": by, "change": drafted.says}
            event = note(
                fresh, "propose", timezone.now(), words, technical=drafted.text, by=by, detail={"patch": drafted.name}
            )
            write(event, "news", fresh.owner)
            record(by, "limit proposed", f"incident:{fresh.slug}", {"change": drafted.says})
    incident.refresh_from_db()
    return drafted


def _seen(incident: Incident, by: Any) -> None:  # noqa: ANN401
    incident.acknowledged_at, incident.acknowledged_by = timezone.now(), by
    incident.save(update_fields=["acknowledged_at", "acknowledged_by"])
    note(incident, "acknowledge", incident.acknowledged_at, _("%s has seen it.") % by, by=by)
    record(by, "incident seen", f"incident:{incident.slug}")


def _open_one(incident: Incident) -> Incident:
    fresh = Incident.objects.select_for_update().filter(pk=incident.pk, restored_at=None).first()
    if fresh is None:
        raise WrongState(
            _("This is mended already: the check was seen to pass."),
            todo=_("There is nothing to do. The incident's page tells all of it."), code="T942",
        )  # fmt: skip
    return fresh


#: By the word in a link, a form, the API and the command line.
ANSWERS: Mapping[str, Callable[..., Any]] = {"seen": acknowledge, "look": look_again, "expected": propose}
