"""Requests go on in IT's tracker: an issue is made once, and its status read at an interval. It never moves the request.

Made once: the row is there before anything is asked; the issue is looked for by its mark before one is made; while it is not
clear whether a tracker made it, nothing is made until it would surely be found. Each tracker has one thread at a time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from twain.errors import TwainError
from twain.flows.trackers import Tracker
from twain_web import engine
from twain_web.outbox import on
from twain_web.reconcile import reconciler
from twain_web.rooms.integrations.delivering import pause_after
from twain_web.rooms.integrations.models import Tracked, TrackerState
from twain_web.rooms.integrations.reaching import Answer
from twain_web.rooms.integrations.sentences import plain
from twain_web.rooms.integrations.trackers import Draft, Seen, TrackerApi
from twain_web.rooms.integrations.trackers.line import NotAnswered, connect
from twain_web.rooms.people.public import record

_MOST_A_STEP = 50
_LEAST_PAUSE = 30.0  # seconds
_MOST_TITLE = 250  # Jira takes 255 letters
#: How long an issue that nobody ends is still read once its request is over.
READ_FOR = timedelta(days=90)
_BEFORE = timedelta(days=1)  # clocks differ


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as an issue tells it: *lines* in the asker's words, *page* in the house."""

    number: int
    title: str
    lines: tuple[str, ...]
    page: str
    asked_at: datetime
    is_open: bool


#: The room that has the requests puts in here how one is read by its number.
ASKED: list[Callable[[int], Asked | None]] = []


@on("desk.moved")
def moved(body: Mapping[str, Any]) -> None:
    """A request was asked: it is wanted in its type's tracker. One that moves is looked at soon."""
    now = timezone.now()
    if body["verb"] == "ask":
        for tracker in engine.workspace().trackers.values():
            if body.get("kind") in tracker.requests:
                _want(tracker, body["request"], now)
    Tracked.objects.filter(request=body["request"], gone=False).update(next_at=now)


def _want(tracker: Tracker, number: int, now: datetime) -> None:
    asked = _asked(number)
    if asked is not None:
        fresh = {"mark": mark_of(asked), "wanted_at": now, "next_at": now}
        Tracked.objects.get_or_create(tracker=tracker.name, request=number, defaults=fresh)


def mark_of(asked: Asked) -> str:
    """The same for the same request of the same house, even after a backup was put back; another for any other."""
    about = f"{settings.WEB_URL}\n{asked.number}\n{asked.asked_at.isoformat()}\n{asked.title}"
    return f"twain-r{asked.number}-{hashlib.sha256(about.encode('utf-8')).hexdigest()[:12]}"


def _asked(number: int) -> Asked | None:
    return next((found for read in ASKED if (found := read(number)) is not None), None)


def _due() -> list[str]:
    """Trackers with something to do now, and those that somebody wants a test of."""
    now, known = timezone.now(), engine.workspace().trackers
    states = {one.name: one for one in TrackerState.objects.filter(name__in=known)}
    resting = {name for name, one in states.items() if one.rests_until and one.rests_until > now}
    waiting = Tracked.objects.filter(tracker__in=known, next_at__lte=now).order_by().values_list("tracker", flat=True)
    return sorted((set(waiting) - resting) | {name for name, one in states.items() if one.wanted_at})


@reconciler("trackers", every=2.0, due=_due, hands=2)
def go_on(name: str) -> None:
    """Go on with one tracker's requests until all is done, or it wants to be let alone."""
    tracker = engine.workspace().trackers.get(name)
    if tracker is None:
        return
    state, _made = TrackerState.objects.get_or_create(name=name)
    try:
        there = connect(tracker)
        if state.wanted_at:
            _test(there, state)
        for one in _waiting(state):
            if not _tried(there, tracker, one, state):
                return
    except (NotAnswered, TwainError) as error:
        _rest(state, _answer(error))


def _waiting(state: TrackerState) -> Iterable[Tracked]:
    now = timezone.now()
    if state.rests_until and state.rests_until > now:
        return []
    return Tracked.objects.filter(tracker=state.name, next_at__lte=now).order_by("next_at", "pk")[:_MOST_A_STEP]


def _tried(there: TrackerApi, tracker: Tracker, one: Tracked, state: TrackerState) -> bool:
    """One request's step; False when the tracker is out of order for all of them."""
    try:
        seen = there.read(one.key) if one.key else _made_once(there, tracker, one)
    except (NotAnswered, TwainError) as error:
        answer = _answer(error)
        _put_off(one, answer)
        if answer.is_theirs:
            return True
        _rest(state, answer)
        return False
    _went_well(state)
    if one.key or seen:
        _note(tracker, one, seen)
    return True


# ---------------------------------------------------------------- made once


def _made_once(there: TrackerApi, tracker: Tracker, one: Tracked) -> Seen | None:
    """The issue: found, or made. None when it is not to be made (yet); then the row says why."""
    now, asked = timezone.now(), _asked(one.request)
    settles = timedelta(seconds=there.SETTLES)
    if one.sent_at and now < one.sent_at + settles:
        _keep(one, next_at=one.sent_at + settles)
        return None
    if asked is None or (not asked.is_open and not one.sent_at):
        _keep(one, next_at=None, why=_("It was over before an issue was made."), technical="")
        return None
    draft = _draft(asked, one)
    seen = there.find(draft)
    if seen is None:
        _keep(one, sent_at=now)  # on disk before it leaves: after a crash it is looked for
        seen = _create(there, draft, one)
        _keep_audit(tracker, one, seen, "issue made")
    else:
        _keep_audit(tracker, one, seen, "issue found")
    _keep(one, key=seen.key, url=seen.url, made_at=now)
    return seen


def _create(there: TrackerApi, draft: Draft, one: Tracked) -> Seen:
    try:
        return there.create(draft)
    except NotAnswered as error:
        if not error.answer.sent or 300 <= error.answer.status < 500:
            _keep(one, sent_at=None)  # a clear no: nothing was made
        raise


def _draft(asked: Asked, one: Tracked) -> Draft:
    lines = tuple(words for line in asked.lines if (words := plain(line)))
    after = _("Asked in Twain: %s") % f"{settings.WEB_URL}{asked.page}"
    after += "\n" + _("It closes there by itself once what was asked for is seen. Nothing that is done here closes it.")
    since = min(one.wanted_at, asked.asked_at) - _BEFORE
    return Draft(plain(asked.title)[:_MOST_TITLE], lines, after, one.mark, since)


def _keep_audit(tracker: Tracker, one: Tracked, seen: Seen, verb: str) -> None:
    record("twain", verb, f"request:r{one.request}", {"tracker": tracker.name, "issue": seen.key})


# ---------------------------------------------------------------- what was seen


def _note(tracker: Tracker, one: Tracked, seen: Seen | None) -> None:
    """How the issue stands, and when it is looked at again. The request is not touched: it closes by what is observed."""
    now = timezone.now()
    if seen is None:
        _keep(one, gone=True, next_at=None, read_at=now, tries=0, why="", technical="")
        return
    asked = _asked(one.request)
    is_over = asked is None or not asked.is_open
    ends = is_over and (seen.over or now - one.wanted_at > READ_FOR)
    soon = timedelta(seconds=_LEAST_PAUSE if not seen.status else tracker.every)
    _keep(one, status=seen.status, over=seen.over, read_at=now, tries=0, why="", technical="",
          next_at=None if ends else now + soon)  # fmt: skip


def _test(there: TrackerApi, state: TrackerState) -> None:
    """What somebody pressed the button for: whether the token is good and the project there. Nothing is made."""
    TrackerState.objects.filter(pk=state.pk).update(wanted_at=None, tested_at=timezone.now(), said="", rests_until=None)
    state.wanted_at = state.rests_until = None
    said = there.about()
    TrackerState.objects.filter(pk=state.pk).update(said=said[:200])
    _went_well(state)


def _went_well(state: TrackerState) -> None:
    state.failures = 0
    TrackerState.objects.filter(pk=state.pk).update(
        last_ok_at=timezone.now(), failures=0, failing_since=None, rests_until=None, why="", technical=""
    )


def _rest(state: TrackerState, answer: Answer) -> None:
    """It is out of order for all: longer and longer pauses, or as long as it asks for."""
    now = timezone.now()
    pause = max(_LEAST_PAUSE, pause_after(state.failures + 1), answer.retry_after)
    with transaction.atomic():
        fresh = TrackerState.objects.select_for_update().get(pk=state.pk)
        fresh.failures, fresh.failing_since = fresh.failures + 1, fresh.failing_since or now
        fresh.rests_until = now + timedelta(seconds=pause)
        if fresh.wanted_at:
            fresh.wanted_at, fresh.tested_at, fresh.said = None, now, ""
        fresh.why, fresh.technical = answer.why[:300], answer.technical[:400]
        fresh.save()


def _put_off(one: Tracked, answer: Answer) -> None:
    pause = max(_LEAST_PAUSE, pause_after(one.tries + 1), answer.retry_after)
    _keep(one, tries=one.tries + 1, next_at=timezone.now() + timedelta(seconds=pause), why=answer.why[:300],
          technical=answer.technical[:400])  # fmt: skip


def _keep(one: Tracked, **now: Any) -> None:  # noqa: ANN401 — columns
    Tracked.objects.filter(pk=one.pk).update(**now)
    for name, value in now.items():
        setattr(one, name, value)


def _answer(error: NotAnswered | TwainError) -> Answer:
    """What went wrong as an answer: what a tracker said, or what is wrong on our side of it."""
    if isinstance(error, NotAnswered):
        return error.answer
    of_this_alone = error.shown_code == "T971"
    return Answer(
        422 if of_this_alone else 0,
        error.business or error.what,
        f"{error.shown_code}: {error.what} {error.todo}".strip(),
    )
