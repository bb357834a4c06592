"""The list of incidents and one of them."""

from __future__ import annotations

import re

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from twain_web.access import needs
from twain_web.rooms.incidents.models import Incident
from twain_web.rooms.incidents.permissions import READ_INCIDENTS

_SLUG = re.compile(r"i(\d{1,12})")


def incident_by_slug(slug: str) -> Incident:
    """An incident, or 404."""
    found = _SLUG.fullmatch(slug)
    one = Incident.objects.select_related("owner", "asked").filter(pk=int(found[1])).first() if found else None
    if one is None:
        raise Http404
    return one


@needs(READ_INCIDENTS)
def listed(request: HttpRequest) -> HttpResponse:
    """What is open, and what was."""
    return render(request, "incidents/list.html", {"open": Incident.objects.filter(restored_at=None)})


@needs(READ_INCIDENTS, get=incident_by_slug)
def one(request: HttpRequest, incident: Incident) -> HttpResponse:
    """One incident with its timeline."""
    return render(request, "incidents/incident.html", {"one": incident, "events": incident.events.all()})
