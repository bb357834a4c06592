"""Pages about people, and the audit."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from twain_web.access import needs
from twain_web.rooms.people import reads
from twain_web.rooms.people.permissions import OWN_PROFILE, READ_AUDIT, READ_PEOPLE


@needs(READ_PEOPLE)
def list_people(request: HttpRequest) -> HttpResponse:
    """The directory: everybody by full name and title."""
    return render(request, "people/list.html", {"teams": reads.teams(), "people": reads.everybody()})


@needs(OWN_PROFILE)
def profile(request: HttpRequest) -> HttpResponse:
    """One's own page: how one is named, and how one signs in."""
    return render(request, "people/profile.html", {})


@needs(READ_AUDIT)
def audit(request: HttpRequest) -> HttpResponse:
    """Who did what, newest first."""
    wanted = {key: request.GET.get(key, "").strip()[:200] for key in ("person", "thing", "verb")}
    page = Paginator(reads.audit_rows(**wanted), 50).get_page(request.GET.get("page"))
    return render(request, "people/audit.html", {"page": page, "wanted": wanted})
