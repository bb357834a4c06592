"""The list of requests, one request with everything said about it, and IT's procedures."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from twain.flows.request_types import PROBES
from twain_web import engine
from twain_web.access import may, needs
from twain_web.rooms.desk import business, patches, wording
from twain_web.rooms.desk.actions import answers, noticing
from twain_web.rooms.desk.elsewhere import elsewhere
from twain_web.rooms.desk.forms import AnswerForm, TargetForm, target_shown
from twain_web.rooms.desk.models import Request
from twain_web.rooms.desk.permissions import ANSWER, FOLLOW_UP, LOOK, READ_REQUESTS
from twain_web.rooms.desk.reads import cards, forecasts
from twain_web.rooms.desk.states import OPEN, Side, State, Verb, possible
from twain_web.rooms.integrations.public import mirrors

_SLUG = re.compile(r"r(\d{1,12})")
#: A page that asked for what the check sees takes the whole of it.
_ALL_OF_IT = {"HX-Retarget": "#main", "HX-Reselect": "#main", "HX-Reswap": "outerHTML"}
_PRIMARY = {
    State.ASKED: "promise", State.REOPENED: "promise", State.CLARIFYING: "reply", State.DECLINED: "adopt",
    State.OBSERVED: "confirm", State.PROMISED: "start", State.WAITING_EXTERNAL: "arrive", State.IN_WORK: "show",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer that may be given now."""

    verb: str
    url_name: str
    label: str
    asks: str
    needs_words: bool
    day: bool | None
    primary: bool


def request_by_slug(slug: str) -> Request:
    """A request, or 404."""
    found = _SLUG.fullmatch(slug)
    one = cards.requests().filter(pk=int(found[1])).first() if found else None
    if one is None:
        raise Http404
    return one


def _doing(slug: str, verb: str) -> Request:
    """The request that an answer is for; the answer itself is looked at in the view."""
    one = request_by_slug(slug)
    one.asked_verb = verb  # type: ignore[attr-defined]
    return one


@needs(READ_REQUESTS)
def requests(request: HttpRequest) -> HttpResponse:
    """What is under way, and whose turn it is; what is over."""
    context = {
        "waiting": cards.waiting_for(request.user), "open": cards.open_cards(), "closed": cards.closed_cards(),
    }  # fmt: skip
    return render(request, "desk/list.html", context)


@needs(READ_REQUESTS)
def procedures(request: HttpRequest) -> HttpResponse:
    """What may be asked for, and how IT goes about it; how well the forecasts of each were kept."""
    types = sorted(engine.workspace().request_types.values(), key=lambda one: one.title.casefold())
    shown = [(one, wording.CHANGES[one.change], forecasts.backtest(one.name)) for one in types]
    return render(request, "desk/procedures.html", {"types": shown, "problems": _faults(request)})


@needs(READ_REQUESTS, get=request_by_slug)
def one(request: HttpRequest, asked: Request) -> HttpResponse:
    """One request: whose turn it is, what was promised, what the automatic check sees, and everything that was said."""
    kind = engine.workspace().request_types.get(asked.kind)
    answering = may(request.user, ANSWER)
    context: dict[str, Any] = {
        "one": asked,
        "type": kind,
        "turn": cards.whose_turn(asked),
        "events": [(event, _told(event)) for event in asked.events.select_related("person")],
        "promises": list(asked.promises.select_related("by")),
        "clocks": forecasts.clocks_of(asked),
        "choices": _choices(request, asked),
        "found": _found(asked) if asked.state == State.DEFLECTED else None,
        "target_shown": target_shown(asked.probe, asked.target),
        "offer": asked.events.filter(verb=Verb.DECLINE.value).last() if asked.state == State.DECLINED else None,
        "answer_by": _answer_by(asked),
        "is_open": State(asked.state) in OPEN,
        "looks": asked.probe != "asker" and asked.look_at is not None,
        "looking": _is_looking(asked),
        "elsewhere": elsewhere(asked.kind, asked.slug),
        "mirrors": mirrors(asked.pk),
        "patch": patches.of(asked) if answering else None,
        "target": _target_form(asked) if answering else None,
    }
    page = render(request, "desk/request.html", context)
    if request.headers.get("HX-Request") and request.GET.get("state") != asked.state:
        for name, value in _ALL_OF_IT.items():  # it has moved on: so do the answers that are offered
            page.headers[name] = value
    return page


@require_POST
@needs(ANSWER, get=_doing)
def answer_it(request: HttpRequest, asked: Request) -> HttpResponse:
    """IT answers."""
    return _act(request, asked, answers.BY_IT)


@require_POST
@needs(FOLLOW_UP, get=_doing)
def follow_up(request: HttpRequest, asked: Request) -> HttpResponse:
    """Whoever asked answers."""
    return _act(request, asked, answers.BY_ASKER)


@require_POST
@needs(ANSWER, get=request_by_slug)
def name(request: HttpRequest, asked: Request) -> HttpResponse:
    """IT says exactly what the automatic check should look for."""
    form = TargetForm(request.POST, probe=asked.probe)
    if form.is_valid():
        answers.name_target(by=request.user, request=asked, target=form.cleaned_data)
        messages.success(request, _("The automatic check looks for exactly this now."))
    else:
        messages.error(request, _("Nothing was changed: something is missing."))
    return redirect(asked.url)


@require_POST
@needs(LOOK, get=request_by_slug)
def look(request: HttpRequest, asked: Request) -> HttpResponse:
    """Have the automatic check look now; the page shows what it sees."""
    if not noticing.want_look(request=asked):
        messages.info(request, _("It looks no more: this request is over."))
    return redirect(f"{asked.url}#check")


@require_GET
@needs(ANSWER, get=request_by_slug)
def patch(_request: HttpRequest, asked: Request) -> HttpResponse:
    """The contract's diff, for ``git apply``. 422 says why there is none."""
    if asked.probe != "column":
        raise Http404
    made = patches.draft(asked)
    headers = {"Content-Disposition": f'attachment; filename="{made.name}"'}
    return HttpResponse(made.text, content_type="text/x-patch; charset=utf-8", headers=headers)


def _act(request: HttpRequest, asked: Request, known: dict[str, answers.Answer]) -> HttpResponse:
    verb = asked.asked_verb  # type: ignore[attr-defined]
    if verb not in known:
        raise Http404
    form = AnswerForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Nothing was changed: a day is written like 2026-12-24, and words have an end."))
        return redirect(asked.url)
    known[verb](by=request.user, request=asked, words=form.cleaned_data["words"], day=form.cleaned_data["day"])
    messages.success(request, _("Written down, and the other side is told."))
    return redirect(asked.url)


def _choices(request: HttpRequest, asked: Request) -> list[Choice]:
    """What this reader may answer now, the most likely first."""
    found: list[Choice] = []
    if may(request.user, ANSWER):
        found += [_choice(verb, "desk:answer", asked) for verb in answers.BY_IT if _fits(verb, asked, Side.IT)]
    if may(request.user, FOLLOW_UP, asked):
        found += [_choice(verb, "desk:follow", asked) for verb in answers.BY_ASKER if _fits(verb, asked, Side.ASKER)]
    return sorted(found, key=lambda choice: not choice.primary)


_SAME = {"accept": Verb.PROMISE, "ask-again": Verb.ASK}


def _fits(verb: str, asked: Request, side: Side) -> bool:
    state, only_the_asker_sees = State(asked.state), asked.probe == "asker"
    if verb == "accept":
        in_time = asked.wanted_by is not None and asked.wanted_by >= timezone.localdate()
        return in_time and not asked.promises.all() and Verb.PROMISE in possible(state, side)
    if verb == "show":
        return only_the_asker_sees and Verb.SHOW in possible(state, side)
    if verb == "confirm":
        return state is State.OBSERVED or (only_the_asker_sees and state in OPEN)
    if verb == "dispute":
        return state is State.OBSERVED or (asked.turn == Side.ASKER and Verb.NOT_YET in possible(state, side))
    return (_SAME.get(verb) or Verb(verb)) in possible(state, side)


def _choice(verb: str, url_name: str, asked: Request) -> Choice:
    asks, needed, day = wording.ASKED[verb]
    likely = _PRIMARY.get(State(asked.state))
    if likely == "promise" and _fits("accept", asked, Side.IT):
        likely = "accept"
    return Choice(verb, url_name, wording.answer(verb, asked), str(asks), needed, day, likely == verb)


def _answer_by(asked: Request) -> datetime | None:
    """Until when an answer is agreed, of one that waits for its first."""
    kind, last = engine.workspace().request_types.get(asked.kind), asked.events.last()
    if kind is None or last is None or asked.state not in {State.ASKED, State.REOPENED}:
        return None
    return business.after(last.at, kind.respond_hours)


def _told(event: Any) -> str:  # noqa: ANN401 — an Event
    return wording.told(event.verb, str(event.person or "Twain"), event.detail)


def _is_looking(asked: Request) -> bool:
    """Whether a look is due or under way, or has seen it and the request is about to close."""
    if asked.look_at is None:
        return False
    return asked.look_at <= timezone.now() or (State(asked.state) in OPEN and asked.seen.get("there") is True)


def _found(asked: Request) -> dict[str, str] | None:
    """What of the catalogue was the answer, in the catalogue's own words."""
    taken = asked.events.filter(verb=Verb.TAKE.value).last()
    if taken is None:
        return None
    name, field = str(taken.detail["feed"]), str(taken.detail["field"])
    feed = engine.workspace().feeds.get(name)
    known = feed.fields.get(field) if feed else None
    return {
        "feed": name, "field": field, "title": feed.title if feed else name,
        "business": known.business_name if known else field,
    }  # fmt: skip


def _target_form(asked: Request) -> TargetForm | None:
    if not PROBES[asked.probe] or Verb.NAME not in possible(State(asked.state), Side.IT):
        return None
    return TargetForm(probe=asked.probe, initial=asked.target)


def _faults(request: HttpRequest) -> list[object]:
    """What is wrong in IT's files, for IT."""
    problems = engine.workspace().problems if may(request.user, ANSWER) else ()
    return [problem for problem in problems if problem.code == "T920"]
