"""The list of audiences, and a new one."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from twain.errors import TwainError
from twain.flows.counting import mailable_feeds
from twain_web import engine
from twain_web.access import needs
from twain_web.rooms.audiences import actions, reads
from twain_web.rooms.audiences.permissions import EDIT_AUDIENCE, READ_AUDIENCE

_A_PAGE = 50


@needs(READ_AUDIENCE)
def everything(request: HttpRequest) -> HttpResponse:
    """All audiences by folder: searched, narrowed to a folder, or those in the archive."""
    query, folder = request.GET.get("q", "").strip()[:200], request.GET.get("folder", "")[:80]
    archived = request.GET.get("archived") == "1"
    found = reads.matching(query, folder, archived=archived, person=request.user)
    page = Paginator(found, _A_PAGE).get_page(request.GET.get("page"))
    filed = [] if archived or folder else [c for c in reads.file_cards() if reads.holds_words(c, query)]
    context = {
        "page": page, "filed": filed, "query": query, "folder": folder, "archived": archived,
        "folders": reads.folders(), "counts": reads.last_counts([*[a.slug for a in page], *[c.slug for c in filed]]),
    }  # fmt: skip
    return render(request, "audiences/list.html", context)


@needs(EDIT_AUDIENCE)
def new(request: HttpRequest) -> HttpResponse:
    """Name an audience and the feed it stands on; then build it."""
    workspace = engine.workspace()
    feeds = mailable_feeds(workspace)
    context = {"feeds": feeds, "folders": reads.folders(), "typed": request.POST}
    if request.method == "POST":
        typed = {key: request.POST.get(key, "") for key in ("name", "folder", "description")}
        try:
            one = actions.create_audience(by=request.user, feed=request.POST.get("feed", ""), **typed)
        except TwainError as error:
            return render(request, "audiences/new.html", context | {"error": error}, status=422)
        return redirect("audiences:edit", slug=one.slug)
    return render(request, "audiences/new.html", context)
