"""The list of incidents, and one of them: one page for both teams, with one timeline in both languages."""

from __future__ import annotations

import re

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from twain.errors import TwainError
from twain_web import engine
from twain_web.access import may, needs
from twain_web.rooms.incidents import hours, wording
from twain_web.rooms.incidents.actions import answering
from twain_web.rooms.incidents.models import Incident
from twain_web.rooms.incidents.permissions import ANSWER_INCIDENT, LOOK_AGAIN, READ_INCIDENTS
from twain_web.rooms.incidents.reads import cards

_SLUG = re.compile(r"i(\d{1,12})")
_KINDS = {"restore": "mended", "expired": "lost", "open": "failed", "reopen": "failed"}


def incident_by_slug(slug: str) -> Incident:
    """An incident, or 404."""
    found = _SLUG.fullmatch(slug)
    one = cards.rows().filter(pk=int(found[1])).first() if found else None
    if one is None:
        raise Http404
    return one


@needs(READ_INCIDENTS)
def listed(request: HttpRequest) -> HttpResponse:
    """What is open and what was, of every feed or of one."""
    feeds = engine.workspace().feeds
    wanted = request.GET.get("feed", "")
    feed = wanted if wanted in feeds else ""
    known = sorted(Incident.objects.exclude(feed="").order_by().values_list("feed", flat=True).distinct())
    titles = [(name, feeds[name].title) for name in known if name in feeds]
    shown = {
        "open": cards.cards(feed=feed),
        "closed": cards.cards(closed=True, feed=feed),
        "feeds": titles,
        "feed": feed,
    }
    return render(request, "incidents/list.html", shown)


@needs(READ_INCIDENTS, get=incident_by_slug)
def one(request: HttpRequest, incident: Incident) -> HttpResponse:
    """The page; its live part alone, when htmx asks."""
    answering_now = incident.is_open and may(request.user, ANSWER_INCIDENT)
    waits = cards.waiting_of(incident)
    proposed = incident.events.filter(verb="propose", at__gte=incident.opened_at).last()
    shown = {
        "one": incident,
        "impact": wording.impact(waits),
        "told": wording.told(incident),
        "waits": waits,
        "events": [(event, _KINDS.get(event.verb, "")) for event in incident.events.select_related("person")],
        "proposed": proposed,
        "may_answer": answering_now,
        "may_look": incident.is_open and may(request.user, LOOK_AGAIN),
        "answer_by": hours.answer_by(incident.told_at) if incident.told_at and not incident.acknowledged_at else None,
        "resume": engine.workspace().policy.incidents.resume,
        "looks_soon": incident.look_at is not None and _pending(incident),
        "feed": engine.workspace().feeds.get(incident.feed),
        "answers": wording.ANSWERS,
        "does": wording.DOES,
    }
    template = "incidents/_live.html" if request.htmx else "incidents/incident.html"  # type: ignore[attr-defined]
    return render(request, template, shown)


@require_POST
@needs(ANSWER_INCIDENT, get=incident_by_slug)
def seen(request: HttpRequest, incident: Incident) -> HttpResponse:
    """I have seen it."""
    answering.acknowledge(by=request.user, incident=incident)
    messages.success(request, _("Written down: both teams see that you know."))
    return redirect(incident.url)


@require_POST
@needs(LOOK_AGAIN, get=incident_by_slug)
def look(request: HttpRequest, incident: Incident) -> HttpResponse:
    """Look again now; what the check says comes into the timeline a moment later."""
    answering.look_again(by=request.user, incident=incident)
    return redirect(incident.url)


@require_POST
@needs(ANSWER_INCIDENT, get=incident_by_slug)
def expected(request: HttpRequest, incident: Incident) -> HttpResponse:
    """This is as it should be: a changed limit is drafted. Nothing is put in force."""
    try:
        drafted = answering.propose(by=request.user, incident=incident)
    except TwainError as error:
        messages.error(request, f"{error.what} {error.todo}")
    else:
        messages.success(
            request, _("Drafted as a patch: %s. Until it is in the workspace the check holds.") % drafted.says
        )
    return redirect(incident.url)


@require_GET
@needs(ANSWER_INCIDENT, get=incident_by_slug)
def patch(_request: HttpRequest, incident: Incident) -> HttpResponse:
    """The newest proposed diff, for ``git apply``; 404 when nothing was proposed."""
    proposed = incident.events.filter(verb="propose").last()
    if proposed is None:
        raise Http404
    name = re.sub(r"[^a-zA-Z0-9._-]", "-", str(proposed.detail["patch"]))
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(proposed.technical, content_type="text/x-patch; charset=utf-8", headers=headers)


def _pending(incident: Incident) -> bool:
    """Whether somebody has asked for a look that has not been taken yet."""
    last = incident.events.filter(verb__in=("look", "looked", "restore")).last()
    return last is not None and last.verb == "look"
