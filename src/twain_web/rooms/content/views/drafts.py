"""What the editor's script talks to: autosave, checks, preview, versions, remarks, test sends."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_POST

from twain.content.check import CLIPPED_AT
from twain.errors import ConfigError, TwainError
from twain.flows.preview import preview
from twain_web import engine
from twain_web.access import needs
from twain_web.rooms.content import actions, checks, difference, documents, reads, showing
from twain_web.rooms.content.models import Comment, Content, ContentVersion, KeptDraft, ProofPerson
from twain_web.rooms.content.permissions import (
    COMMENT_CONTENT,
    EDIT_CONTENT,
    PREVIEW_CONTENT,
    READ_CONTENT,
    TEST_CONTENT,
)

#: The preview's own policy. Messages are styled inline by nature, so inline styles are allowed here and only here: nothing
#: can run, nothing is loaded but our own pictures, and the sandbox has an origin of its own.
_SANDBOX = (
    "default-src 'none'; img-src data: 'self'; style-src 'unsafe-inline'; frame-src 'self'; frame-ancestors 'self'; "
    "form-action 'none'; base-uri 'none'; sandbox"
)
_DARK = (
    "<style>html{filter:invert(1) hue-rotate(180deg);background:#fff}img{filter:invert(1) hue-rotate(180deg)}</style>"
)


def _body(request: HttpRequest) -> Mapping[str, Any]:
    """The request's JSON object. Raises ConfigError."""
    try:
        raw = json.loads(request.body or b"{}")
    except (ValueError, RecursionError) as error:
        raise ConfigError("The editor sent something that is no JSON.", todo="Reload the page.") from error
    if not isinstance(raw, dict):
        raise ConfigError("The editor sent something unexpected.", todo="Reload the page.")
    return raw


def _count(raw: object, otherwise: int) -> int:
    return raw if isinstance(raw, int) and 0 <= raw < 1 << 31 else otherwise


@require_POST
@needs(EDIT_CONTENT, get=reads.content_by_slug)
def save(request: HttpRequest, content: Content) -> HttpResponse:
    """Autosave. 409 when another tab has saved meanwhile: both are kept, and the answer holds the other one."""
    raw = _body(request)
    saved = actions.save_draft(
        by=request.user,
        content=content,
        document=raw.get("document", {}),
        revision=_count(raw.get("revision"), -1),
        tab=str(raw.get("tab", "")),
        sequence=_count(raw.get("sequence"), 0),
    )
    found = [] if saved.other else [asdict(f) for f in checks.findings(content, raw["document"])]
    return JsonResponse({**asdict(saved), "findings": found}, status=409 if saved.other else 200)


@needs(EDIT_CONTENT, get=reads.content_by_slug)
def findings(request: HttpRequest, content: Content) -> HttpResponse:
    """The checks of what is being written."""
    draft = actions.begin_draft(by=request.user, content=content)
    return JsonResponse({"findings": [asdict(f) for f in checks.findings(content, draft.document)]})


# ---------------------------------------------------------------- preview


@require_POST
@xframe_options_sameorigin
@needs(PREVIEW_CONTENT, get=reads.content_by_slug)
def frame(request: HttpRequest, content: Content) -> HttpResponse:
    """The message for one person, or for the most difficult ones, in a sandbox in which nothing runs."""
    asked = {name: str(request.POST.get(name, ""))[:200] for name in ("key", "device", "who")}
    context: dict[str, object] = {"asked": asked, "clipped_at": CLIPPED_AT}
    try:
        context["people"] = _previewed(request, content, asked)
    except TwainError as error:
        context["error"] = error
    response = render(request, "content/frame.html", context)
    response["Content-Security-Policy"] = _SANDBOX
    response["Cache-Control"] = "no-store"
    return response


def _previewed(request: HttpRequest, content: Content, asked: Mapping[str, str]) -> list[dict[str, object]]:
    made = documents.made(_shown_document(request, content), content.brand, content.slug)
    record = showing.campaign(content, made)
    key = asked["key"].strip() if asked["who"] == "key" else ""
    if asked["who"] == "key" and not key:
        raise ConfigError(_("Nobody is chosen yet."), todo=_("Type the key of a person, as your data knows them."))
    people = preview(engine.instance(request.user), record, key=key, extremes=asked["who"] == "extremes")
    dark = _DARK if asked["device"] == "dark" else ""
    address = documents.media_url()
    own = address[address.index("/", address.index("//") + 2) :]
    return [
        {
            "who": one.who,
            "subject": one.subject,
            "sender": one.headers.get("From", ""),
            "html": dark + one.html.replace(address, own),
            "text": one.text,
            "size": one.size,
            "html_size": len(one.html.encode()),
        }
        for one in people
    ]


def _shown_document(request: HttpRequest, content: Content) -> Mapping[str, Any]:
    """A saved version where one is named, else what this person is writing, else the newest version."""
    number = str(request.POST.get("version", ""))
    draft = None if number.isdigit() else reads.draft_of(content, request.user)
    if draft is not None:
        return draft.document  # type: ignore[no-any-return]
    found = reads.version(content, int(number) if number.isdigit() else None)
    if found is None:
        raise ConfigError(_("Nothing has been saved yet."), todo=_("Its author saves a first version."))
    return found.document  # type: ignore[no-any-return]


# ---------------------------------------------------------------- versions


@needs(READ_CONTENT, get=reads.content_by_slug)
def versions(request: HttpRequest, content: Content) -> HttpResponse:
    """The list of versions, and what one's own conflicts have kept."""
    kept = KeptDraft.objects.filter(content=content, person=request.user)[:10]
    context = {"content": content, "versions": content.versions.select_related("author")[:50], "kept": kept}
    return render(request, "content/versions.html", context)


def _version(slug: str, number: int) -> tuple[Content, ContentVersion]:
    content = reads.content_by_slug(slug)
    found = reads.version(content, number)
    if found is None:
        raise Http404(number)
    return content, found


@needs(READ_CONTENT, get=_version)
def version(request: HttpRequest, found: tuple[Content, ContentVersion]) -> HttpResponse:
    """One version against the one before it, or against what is being written."""
    content, one = found
    draft = reads.draft_of(content, request.user) if request.GET.get("against") == "draft" else None
    before = reads.version(content, one.number - 1)
    old, new = (one.document, draft.document) if draft else ((before.document if before else {}), one.document)
    context = {
        "content": content,
        "version": one,
        "changes": difference.changes(old, new, reads.business_names(content.feed)),
        "draft": draft,
    }
    return render(request, "content/version.html", context)


@require_POST
@needs(EDIT_CONTENT, get=reads.content_by_slug)
def save_version(request: HttpRequest, content: Content) -> HttpResponse:
    """The draft becomes the next version."""
    raw = _body(request)
    over = raw.get("over")
    saved = actions.save_version(
        by=request.user, content=content, note=str(raw.get("note", "")), over=over if isinstance(over, int) else None
    )
    return JsonResponse({"number": saved.number})


@require_POST
@needs(EDIT_CONTENT, get=_version)
def restore(request: HttpRequest, found: tuple[Content, ContentVersion]) -> HttpResponse:
    """An earlier version becomes the draft; the draft is kept beside it."""
    content, one = found
    actions.restore_version(by=request.user, content=content, number=one.number)
    return redirect("content:edit", content.slug)


@require_POST
@needs(EDIT_CONTENT, get=reads.content_by_slug)
def restore_kept(request: HttpRequest, content: Content) -> HttpResponse:
    """What a conflict kept becomes the draft; what was the draft is kept in its place."""
    kept = KeptDraft.objects.filter(content=content, person=request.user, pk=_number(request.POST.get("kept"))).first()
    if kept is None:
        raise Http404("kept")
    actions.give_up_draft(by=request.user, content=content, document=kept.document)
    return redirect("content:edit", content.slug)


@require_POST
@needs(EDIT_CONTENT, get=reads.content_by_slug)
def turn(request: HttpRequest, content: Content) -> HttpResponse:
    """Blocks into code; code into blocks where nothing is lost."""
    actions.turn_into(by=request.user, content=content, kind="mjml" if request.POST.get("into") == "mjml" else "blocks")
    return redirect("content:edit", content.slug)


# ---------------------------------------------------------------- remarks and test sends


@needs(READ_CONTENT, get=reads.content_by_slug)
def comments(request: HttpRequest, content: Content) -> HttpResponse:
    """What has been said about it."""
    found = content.comments.select_related("author")[:100]
    return render(request, "content/comments.html", {"content": content, "comments": found})


@require_POST
@needs(COMMENT_CONTENT, get=reads.content_by_slug)
def add_comment(request: HttpRequest, content: Content) -> HttpResponse:
    """Say something."""
    newest = reads.version(content)
    actions.add_comment(
        by=request.user, content=content, text=str(request.POST.get("text", "")), block=str(request.POST.get("block", "")),
        version=newest.number if newest else 0,
    )  # fmt: skip
    return comments(request, slug=content.slug)


@require_POST
@needs(COMMENT_CONTENT, get=reads.content_by_slug)
def settle_comment(request: HttpRequest, content: Content) -> HttpResponse:
    """It has been dealt with."""
    comment = (
        Comment.objects.select_related("content")
        .filter(content=content, pk=_number(request.POST.get("comment")))
        .first()
    )
    if comment is None:
        raise Http404("comment")
    actions.settle_comment(by=request.user, comment=comment)
    return comments(request, slug=content.slug)


def _number(raw: object) -> int:
    return int(str(raw)) if str(raw).isdigit() and len(str(raw)) < 18 else 0


@needs(TEST_CONTENT, get=reads.content_by_slug)
def test(request: HttpRequest, content: Content) -> HttpResponse:
    """A real message to oneself, or to the proof list."""
    people = ProofPerson.objects.all()
    context: dict[str, object] = {"content": content, "proof_list": people, "me": request.user.email}
    if request.method == "POST":
        chosen = set(request.POST.getlist("to"))
        addresses = [*([request.user.email] if "me" in chosen and request.user.email else [])]
        addresses += [p.address for p in people if str(p.pk) in chosen and p.address not in addresses]
        who = request.POST.get("who", "")
        context["sent"] = actions.send_test(
            by=request.user, content=content, document=_shown_document(request, content), recipients=addresses,
            key=str(request.POST.get("key", "")).strip()[:200] if who == "key" else "", extremes=who == "extremes",
        )  # fmt: skip
    return render(request, "content/test.html", context)
