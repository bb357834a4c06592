"""One move of a request: the event, the state, the promise, the audit and the letters, in one transaction."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from twain.errors import ConfigError
from twain_web.outbox import tell
from twain_web.rooms.desk.models import Event, Letter, Promise, Request
from twain_web.rooms.desk.states import MOVES, OPEN, Side, State, Verb, step, waits_for
from twain_web.rooms.people.public import record

#: How long the links of a letter are good.
GOOD_FOR = timedelta(days=14)
_DETOURS = (State.CLARIFYING.value, State.WAITING_EXTERNAL.value)
#: Who is written to after a move, and what about; moves that are not here are seen on the page.
_LETTERS: Mapping[Verb, tuple[tuple[Side, str], ...]] = {
    Verb.ASK: ((Side.IT, "asked"),),
    Verb.ESCALATE: ((Side.IT, "asked"),),
    Verb.QUESTION: ((Side.ASKER, "question"),),
    Verb.REPLY: ((Side.IT, "asked"),),
    Verb.PROMISE: ((Side.ASKER, "news"),),
    Verb.DECLINE: ((Side.ASKER, "offer"),),
    Verb.AGREE: ((Side.IT, "news"),),
    Verb.ADOPT: ((Side.IT, "news"),),
    Verb.WITHDRAW: ((Side.IT, "news"),),
    Verb.SHOW: ((Side.ASKER, "look"),),
    Verb.NOT_YET: ((Side.IT, "news"),),
    Verb.OBSERVE: ((Side.ASKER, "there"), (Side.IT, "news")),
    Verb.CONFIRM: ((Side.IT, "news"),),
    Verb.DISPUTE: ((Side.IT, "asked"),),
    Verb.REGRESS: ((Side.IT, "asked"), (Side.ASKER, "news")),
}


def move(
    *,
    request: Request,
    verb: Verb,
    by: Any = None,  # noqa: ANN401 — a Person; None is Twain itself
    words: str = "",
    day: date | None = None,
    promised_by: Any = None,  # noqa: ANN401
    detail: Mapping[str, Any] | None = None,
) -> Event:
    """Make one move. *day* becomes a promise of *promised_by* (else *by*). Raises WrongState T922 when it cannot follow."""
    with transaction.atomic():
        locked = Request.objects.select_for_update(of=("self",)).select_related("asker", "answers")
        fresh = locked.get(pk=request.pk)
        before = State(fresh.state)
        after = step(verb, before, MOVES[verb].by, before=_before_detour(fresh) if MOVES[verb].back else before)
        now = timezone.now()
        event = _write(fresh, verb, by, words, after, dict(detail or {}), now)
        if day is not None:
            Promise.objects.create(request=fresh, by=promised_by or by, at=now, day=day, words=words[:300])
        _turn(fresh, before, after, verb, now)
        _letters(fresh, event, verb, now)
        record(by, f"request {verb}", f"request:{fresh.slug}", {"state": after.value} | ({"day": day} if day else {}))
        tell(
            "desk.moved", request=fresh.pk, verb=verb.value, state=after.value, kind=fresh.kind, title=fresh.outcome,
            day=day.isoformat() if day else "", by=getattr(by, "username", ""), page=fresh.url,
        )  # fmt: skip
    request.refresh_from_db()
    return event


def first_line(text: str, longest: int, what: str) -> str:
    """Words on one line. Raises ConfigError T927 when there are none, too many, or what no line may hold."""
    words = " ".join(text.split())
    if not words or len(words) > longest or not words.isprintable():
        raise ConfigError(
            f"{what} needs 1 to {longest} letters.", todo="Write it in a sentence of your own.", code="T927"
        )
    return words


def _write(
    request: Request,
    verb: Verb,
    by: Any,  # noqa: ANN401 — a Person, or None
    words: str,
    after: State,
    detail: dict[str, Any],
    now: datetime,
) -> Event:
    last = request.events.order_by("-number").first()
    return Event.objects.create(
        request=request, number=last.number + 1 if last else 1, at=now, verb=verb.value, person=by,
        state=after.value, words=words[:2000], detail=detail,
    )  # fmt: skip


def _turn(request: Request, before: State, after: State, verb: Verb, now: datetime) -> None:
    request.state, request.turn = after.value, waits_for(after, verb) or ""
    if after is not before:
        request.since = now
    if verb is Verb.ASK:
        request.asked_at = request.asked_at or now
        request.escalated = 0
    if verb in {Verb.OBSERVE, Verb.CONFIRM, Verb.ADOPT} and request.observed_at is None:
        request.observed_at = now
    if verb in {Verb.REGRESS, Verb.DISPUTE}:
        request.observed_at, request.escalated = None, 0
    if after in OPEN and verb is not Verb.OBSERVE:
        request.look_at = now
    elif after in {State.WITHDRAWN, State.DECLINED, State.DEFLECTED}:
        request.look_at = None
    request.save()


def _letters(request: Request, event: Event, verb: Verb, now: datetime) -> None:
    """One letter to each who should know, but for whoever did it."""
    people = {Side.ASKER: request.asker, Side.IT: request.answers}
    told = {event.person_id}
    for side, kind in _LETTERS.get(verb, ()):
        person = people[side]
        if person is not None and person.pk not in told and person.email:
            told.add(person.pk)
            Letter.objects.create(
                event=event, person=person, kind=kind, nonce=secrets.token_urlsafe(18), made_at=now, send_at=now,
                expires_at=now + GOOD_FOR,
            )  # fmt: skip


def _before_detour(request: Request) -> State:
    """Where it was before the question or the wait that it is in now."""
    last = request.events.exclude(state__in=_DETOURS).order_by("-number").first()
    return State(last.state) if last else State.ASKED
