"""One more line of an incident's timeline, and the letters that tell of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from twain_web.rooms.incidents.models import Event, Incident, Letter

_FOR_THE_OPENER = timedelta(seconds=10)


def note(
    incident: Incident,
    verb: str,
    at: datetime,
    business: str,
    *,
    technical: str = "",
    by: Any = None,  # noqa: ANN401 — a Person; None is Twain itself
    detail: Mapping[str, Any] | None = None,
) -> Event:
    """Add a line. Call it inside the transaction that makes it true; the incident's row is locked by its caller."""
    last = incident.events.order_by("-number").first()
    return Event.objects.create(
        incident=incident, number=last.number + 1 if last else 1, at=at, verb=verb, person=by,
        business=business[:1000], technical=technical[:20_000], detail=dict(detail or {}),
    )  # fmt: skip


def write(event: Event, kind: str, *people: Any) -> None:  # noqa: ANN401 — Persons
    """A letter about it to each of these who has an address, but for whoever did it."""
    told: set[str] = set()
    for one in people:
        email = getattr(one, "email", "") or ""
        if email and email.lower() not in told and getattr(one, "pk", None) != event.person_id:
            told.add(email.lower())
            Letter.objects.create(event=event, person=one, email=email, kind=kind, **_when(event))


def write_to_address(event: Event, email: str) -> None:
    """The same to somebody whom a contract names and who is not in this house: without answers, for nobody is known by it."""
    Letter.objects.create(event=event, person=None, email=email, kind="held", **_when(event))


def _when(event: Event) -> dict[str, datetime]:
    """Whoever opens an incident sends its letter in the same breath; the reconciler only what they could not, and the rest."""
    return {"send_at": timezone.now() + _FOR_THE_OPENER} if event.verb in ("open", "reopen") else {}
