"""What happens by itself to requests: probes look, who does not answer is stood in for by name, what was available is used."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from twain_web import engine
from twain_web.reconcile import reconciler
from twain_web.rooms.desk import business
from twain_web.rooms.desk.actions import noticing
from twain_web.rooms.desk.models import Request
from twain_web.rooms.desk.probes import Observation, probe
from twain_web.rooms.desk.reads.available import USED_WITHIN
from twain_web.rooms.desk.states import OPEN, Side, State, Verb
from twain_web.rooms.feeds.public import uses_of
from twain_web.rooms.people.public import stand_in as next_in_line

#: What is only looked up in files is looked up again so soon; what could not be looked at, so late.
_SHORTLY, _LATER = timedelta(seconds=5), timedelta(minutes=10)
_A_SECOND = 4  # such looks at most, however many requests are open
#: A closed one is looked at so often for thirty days; one look that fails is looked at again before it is believed.
_WATCHED, _ONCE_MORE = timedelta(hours=6), timedelta(minutes=2)
_MISSES = 2
_HOURS_TO_RESPOND = 16.0
_LOOKED_AT = [*(s.value for s in OPEN), State.OBSERVED.value, State.CONFIRMED.value]


# ---------------------------------------------------------------- is it there?


def looks_due() -> list[str]:
    """Requests whose probe is to look now."""
    found = Request.objects.filter(look_at__lte=timezone.now(), state__in=_LOOKED_AT).order_by("look_at")
    return [str(pk) for pk in found.values_list("pk", flat=True)]


@reconciler("desk.look", every=2.0, due=looks_due, hands=2)
def look(key: str) -> None:
    """Have one request's probe look, and do what follows from what it sees."""
    request = Request.objects.filter(pk=int(key)).first()
    if request is None or request.look_at is None:
        return
    now, is_open = timezone.now(), State(request.state) in OPEN
    if request.probe == "asker":
        noticing.note_look(request=request, seen={}, again_at=None)
    elif not is_open and request.observed_at is not None and now - request.observed_at > _kept_for(request):
        noticing.settle(request=request)
    else:
        _look(request, now, is_open=is_open)


def _kept_for(request: Request) -> timedelta:
    """How long what was seen must stay: access that was asked for a time may end with it."""
    return min(noticing.KEPT_FOR, timedelta(days=request.for_days or noticing.KEPT_FOR.days))


def _look(request: Request, now: datetime, *, is_open: bool) -> None:
    used = probe(request.probe)
    target = {**request.target, "request": request.slug}  # a thing in another room is known by who asked for it
    seen = used.observe(engine.instance(), target, engine.workspace().request_types.get(request.kind))
    misses = int(request.seen.get("misses", 0)) + 1 if seen.there is False and not is_open else 0
    told = {"there": seen.there, "words": seen.words[:1000], "technical": seen.technical[:1000], "misses": misses}
    noticing.note_look(request=request, seen=told, again_at=now + _until_next(seen, used.every, is_open=is_open))
    if is_open and seen.there:
        noticing.observe(request=request, words=seen.words)
    elif misses >= _MISSES:
        noticing.regress(request=request, words=seen.words)


def _until_next(seen: Observation, every: timedelta, *, is_open: bool) -> timedelta:
    if seen.there is None:
        return _LATER
    if not is_open:
        return _WATCHED if seen.there else _ONCE_MORE
    return every if seen.asked else max(_SHORTLY, timedelta(seconds=_open() / _A_SECOND))


def _open() -> int:
    return Request.objects.filter(state__in=[state.value for state in OPEN]).count()


# ---------------------------------------------------------------- who answers?


def escalations_due() -> list[str]:
    """Requests that wait for IT longer than agreed, and that somebody else can be asked about."""
    waiting = Request.objects.filter(state__in=[State.ASKED.value, State.REOPENED.value], turn=Side.IT.value)
    found = waiting.filter(escalated__lt=2).select_related("answers__delegate", "answers__team__bridge")
    return [str(one.pk) for one in found if _is_late(one) and stand_in(one) is not None]


@reconciler("desk.escalate", every=60.0, due=escalations_due)
def escalate(key: str) -> None:
    """Ask the next person by name: the delegate, then the bridge person of the team."""
    request = Request.objects.filter(pk=int(key)).first()
    to = stand_in(request) if request is not None and _is_late(request) else None
    if request is not None and to is not None:
        noticing.escalate(request=request, to=to)


def stand_in(request: Request) -> Any:  # noqa: ANN401 — a Person, or None
    """Who is asked next: the delegate of whoever was asked, then their team's bridge person; None when all have been."""
    return next_in_line(request.answers, request.escalated)


def _is_late(request: Request) -> bool:
    last = request.events.exclude(verb=Verb.NAME.value).last()
    kind = engine.workspace().request_types.get(request.kind)
    allowed = kind.respond_hours if kind else _HOURS_TO_RESPOND
    return last is not None and business.hours(last.at, timezone.now()) > allowed


# ---------------------------------------------------------------- was it used?


def uses_due() -> list[str]:
    """What was already available, within its ten working days, and not used yet."""
    found = Request.objects.filter(
        state=State.DEFLECTED.value, used_at=None, since__gt=timezone.now() - timedelta(days=30)
    )
    return [
        str(one.pk) for one in found if business.hours(one.since, timezone.now()) <= USED_WITHIN * business.HOURS_A_DAY
    ]


@reconciler("desk.used", every=300.0, due=uses_due, hands=1)
def note_use(key: str) -> None:
    """Count it when something of the asker's reads the field now that did not before."""
    request = Request.objects.select_related("asker").filter(pk=int(key)).first()
    taken = request.events.filter(verb=Verb.TAKE.value).last() if request else None
    if request is None or taken is None:
        return
    feed, field, before = taken.detail["feed"], taken.detail["field"], set(taken.detail["before"])
    for use in uses_of(feed):
        reads = any(f == feed and field in ("", name) for f, name in use.reads)
        if reads and f"{use.kind}:{use.name}" not in before and _is_of(use.owner, request.asker.full_name):
            noticing.note_use(request=request, where=f"{use.kind} {use.name}")
            return


def _is_of(owner: str, full_name: str) -> bool:
    """Whether an owner, "Lena Hoffmann, Campaign Manager", is somebody: of two names one may begin as the other does."""
    return owner == full_name or owner.startswith(f"{full_name},")
