"""What Twain itself notes: seen, lost again, kept for a month, not answered in time, used."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from twain_web.rooms.desk.actions.moving import move
from twain_web.rooms.desk.models import Request
from twain_web.rooms.desk.states import State, Verb
from twain_web.rooms.people.public import record

#: So long what was seen must stay; what is lost within this opens the request again.
KEPT_FOR = timedelta(days=30)


def note_look(*, request: Request, seen: Mapping[str, Any], again_at: datetime | None) -> None:
    """Keep what the probe saw, and when it looks again."""
    now = timezone.now()
    Request.objects.filter(pk=request.pk).update(seen=dict(seen), looked_at=now, look_at=again_at)
    request.refresh_from_db()


def want_look(*, request: Request) -> bool:
    """Have the probe look now, not at its next time. False where it looks no more; how often it can is the house's own pace."""
    now = timezone.now()
    return Request.objects.filter(pk=request.pk).exclude(look_at=None).update(look_at=now) > 0


def observe(*, request: Request, words: str) -> None:
    """It is there: the request closes itself, and both sides are told."""
    move(request=request, verb=Verb.OBSERVE, words=words)


def regress(*, request: Request, words: str) -> None:
    """It was there and is not any more."""
    move(request=request, verb=Verb.REGRESS, words=words)


def settle(*, request: Request) -> None:
    """It has stayed for thirty days: nobody need look any more."""
    if request.state == State.OBSERVED:
        move(request=request, verb=Verb.SETTLE)
    Request.objects.filter(pk=request.pk).update(look_at=None)


def escalate(*, request: Request, to: Any) -> None:  # noqa: ANN401 — a Person
    """Nobody has answered in the agreed time: *to* is asked, by name. Nobody is blamed; no number is kept."""
    with transaction.atomic():
        request.answers = to
        Request.objects.filter(pk=request.pk).update(answers=to, escalated=request.escalated + 1)
        move(request=request, verb=Verb.ESCALATE, detail={"to": to.username})


def note_use(*, request: Request, where: str) -> None:
    """What was already available has been used: from now on it counts."""
    with transaction.atomic():
        Request.objects.filter(pk=request.pk, used_at=None).update(used_at=timezone.now())
        record(None, "request used", f"request:{request.slug}", {"where": where[:200]})
