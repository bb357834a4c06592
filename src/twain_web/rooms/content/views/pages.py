"""Lists, the editor's page, and a content's settings."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from twain.content.blocks import FORMATS, OPS
from twain_web import engine
from twain_web.access import may, needs
from twain_web.rooms.content import actions, documents, reads, showing
from twain_web.rooms.content.forms import ContentForm, SettingsForm
from twain_web.rooms.content.models import Content, ReusableBlock
from twain_web.rooms.content.permissions import EDIT_CONTENT, READ_CONTENT
from twain_web.rooms.content.public import uses
from twain_web.rooms.content.words import words


@needs(READ_CONTENT)
def list_contents(request: HttpRequest) -> HttpResponse:
    """All contents, searched and by folder."""
    asked = {key: request.GET.get(key, "").strip()[:80] for key in ("q", "folder", "archived")}
    found = reads.contents(search=asked["q"], folder=asked["folder"], archived=asked["archived"] == "1")
    page = Paginator(_listed(found), 30).get_page(request.GET.get("page"))
    return render(
        request,
        "content/list.html",
        {"page": page, "asked": asked, "folders": reads.folders(), "brands": reads.brands()},
    )


def _listed(found: QuerySet[Content]) -> QuerySet[Content]:
    return found.prefetch_related("versions")


@needs(EDIT_CONTENT)
def make_content(request: HttpRequest) -> HttpResponse:
    """A new content: its name, the feed whose fields it may use, its brand kit."""
    if not reads.brands().exists():
        messages.warning(request, _("First make a brand kit: it says who your messages are from."))
        return redirect("content:new_brand")
    feeds = [
        (f.name, f.title)
        for f in engine.workspace().feeds.values()
        if any(x.role == "email" for x in f.fields.values())
    ]
    form = ContentForm(request.POST or None, feeds=feeds, brands=reads.brands())
    if request.method == "POST" and form.is_valid():
        content = actions.make_content(by=request.user, **form.cleaned_data)
        return redirect("content:edit", content.slug)
    return render(request, "content/new.html", {"form": form})


@needs(READ_CONTENT, get=reads.content_by_slug)
def edit(request: HttpRequest, content: Content) -> HttpResponse:
    """The editor for those who may write; the newest version for everybody else."""
    if not may(request.user, EDIT_CONTENT, content):
        return render(request, "content/show.html", {"content": content, "version": reads.version(content)})
    draft = actions.begin_draft(by=request.user, content=content)
    newest = reads.version(content)
    kind = draft.document.get("kind")
    opened = {
        "slug": content.slug,
        "person": request.user.get_username(),
        "document": draft.document,
        "revision": draft.revision,
        "base": draft.base,
        "newest": newest.number if newest else 0,
        "fields": showing.fields(content.feed),
        "formats": list(FORMATS),
        "ops": list(OPS),
        "reusable": list(ReusableBlock.objects.filter(archived=False).values("slug", "name")),
        "media": documents.media_url(),
        "words": words(),
    }
    others = reads.others_writing(content, request.user)
    context = {"content": content, "opened": opened, "newest": newest, "others": others, "by_hand": kind != "blocks"}
    return render(request, "content/edit.html", context)


@needs(EDIT_CONTENT, get=reads.content_by_slug)
def settings(request: HttpRequest, content: Content) -> HttpResponse:
    """Name, folder, brand kit, UTM rules; where it is used; putting it away."""
    draft = actions.begin_draft(by=request.user, content=content)
    utm = draft.document.get("utm") or {}
    start = {"name": content.name, "folder": content.folder, "brand": content.brand, **utm}
    form = SettingsForm(request.POST or None, initial=start, brands=reads.brands())
    if request.method == "POST" and form.is_valid():
        actions.describe_content(by=request.user, content=content, utm=form.utm(), **form.described())
        messages.success(request, _("Saved."))
        return redirect("content:edit", content.slug)
    return render(request, "content/settings.html", {"content": content, "form": form, "uses": uses(content.slug)})


@require_POST
@needs(EDIT_CONTENT, get=reads.content_by_slug)
def duplicate(request: HttpRequest, content: Content) -> HttpResponse:
    """A copy to go on with."""
    return redirect("content:edit", actions.duplicate_content(by=request.user, content=content).slug)


@require_POST
@needs(EDIT_CONTENT, get=reads.content_by_slug)
def archive(request: HttpRequest, content: Content) -> HttpResponse:
    """Put it away, or take it out again."""
    actions.archive_content(by=request.user, content=content, archived=not content.archived)
    messages.success(request, _("Put away.") if not content.archived else _("Taken out again."))
    return redirect("content:list")
