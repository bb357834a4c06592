"""Asking, on one page: as one types, the catalogue answers; what will happen is shown before anything is sent."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from twain.flows.request_types import RequestType
from twain_web import engine
from twain_web.access import needs
from twain_web.rooms.desk import catalogue, wording
from twain_web.rooms.desk.actions import asking
from twain_web.rooms.desk.forms import AskForm
from twain_web.rooms.desk.permissions import ASK
from twain_web.rooms.desk.reads import forecasts
from twain_web.rooms.desk.reads.available import already_available

_FIRST = "new-field"


@needs(ASK)
def ask_page(request: HttpRequest) -> HttpResponse:
    """The form, and what comes of it."""
    if not engine.workspace().request_types:
        return render(request, "desk/no_types.html")
    kind = _kind(request)
    form = AskForm(request.POST if request.method == "POST" else None, kind=kind, initial=_initial(request))
    if request.method == "POST" and form.is_valid():
        made = asking.ask(by=request.user, wish=form.wish())
        messages.success(request, _("Sent. %s is asked by mail; you see here how it goes.") % (made.answers or _("IT")))
        return redirect(made.url)
    return render(request, "desk/ask.html", _context(request, form, kind))


@require_GET
@needs(ASK)
def answers(request: HttpRequest) -> HttpResponse:
    """What of the catalogue may be it already; a part of the page, asked for while somebody types."""
    fits = catalogue.fitting(request.GET.get("outcome", ""))
    return render(request, "desk/_answers.html", {"fits": fits, "outcome": request.GET.get("outcome", "").strip()})


@require_GET
@needs(ASK)
def form_part(request: HttpRequest) -> HttpResponse:
    """The part of the page that depends on what is asked for: details, procedure, forecast."""
    kind = _kind(request)
    return render(request, "desk/_form.html", _context(request, AskForm(kind=kind, initial=_initial(request)), kind))


@require_POST
@needs(ASK)
def available(request: HttpRequest) -> HttpResponse:
    """What is in the catalogue is it: nothing need be asked."""
    feed, _slash, field = request.POST.get("choice", "").partition("/")
    made = asking.take(
        by=request.user,
        kind=_kind(request).name,
        outcome=request.POST.get("outcome", "") or feed,
        feed=feed,
        field=field,
    )
    return redirect(made.url)


def _kind(request: HttpRequest) -> RequestType:
    types = engine.workspace().request_types
    name = request.POST.get("kind") or request.GET.get("kind") or (_FIRST if _FIRST in types else next(iter(types), ""))
    return asking.type_of(name)


def _initial(request: HttpRequest) -> dict[str, Any]:
    """What was typed so far stays when another type is chosen."""
    known = ("outcome", "purpose", "why", "wanted_by", "campaign", "for_days", "kind")
    said = {key: value for key, value in request.GET.items() if key in known or key.startswith("target_")}
    return {"kind": _kind(request).name, **said}


def _context(request: HttpRequest, form: AskForm, kind: RequestType) -> dict[str, Any]:
    said = request.POST or request.GET
    feed = said.get("target_feed", "") or (form.fields["target_feed"].choices[0][0] if _has_feed(form) else "")  # type: ignore[attr-defined]
    person = asking.who_answers(kind, feed)
    team = person.team.name if person is not None and person.team else ""
    return {
        "form": form,
        "type": kind,
        "change": wording.CHANGES[kind.change],
        "person": person,
        "forecast": forecasts.say(kind, feed, team, _day(said.get("wanted_by", ""))),
        "fits": catalogue.fitting(said.get("outcome", "")),
        "outcome": said.get("outcome", "").strip(),
        "lately": already_available(),
    }


def _has_feed(form: AskForm) -> bool:
    return form.type.probe == "column" and bool(form.fields["target_feed"].choices)  # type: ignore[attr-defined]


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
