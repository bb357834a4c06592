"""The workspace: its revision, how it is pulled, what is wrong in its files; contracts and their history."""

from __future__ import annotations

import hashlib
import hmac
import os

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from twain.errors import ContractError, TwainError
from twain.flows.repository import Repository
from twain.records import Feed
from twain_web import engine
from twain_web.access import needs, public
from twain_web.rooms.feeds import actions, reviews
from twain_web.rooms.feeds.models import CampaignReads, WorkspaceState
from twain_web.rooms.feeds.permissions import READ_CONTRACT, SYNC_WORKSPACE
from twain_web.rooms.feeds.views.catalogue import feed_by_name

_SECRET = "TWAIN_WORKSPACE_HOOK_SECRET"  # noqa: S105 — the name of a variable
_SIGNATURES = ("X-Hub-Signature-256", "X-Hub-Signature")


@needs(READ_CONTRACT)
def workspace(request: HttpRequest) -> HttpResponse:
    """Where the workspace stands."""
    files, repository = engine.workspace(), Repository.at(engine.workspace().root)
    problems = [actions.plain_problem(problem) for problem in files.problems]
    for row in CampaignReads.objects.all():
        problems += row.problems
    context = {
        "root": files.root,
        "checkout": repository.checkout() if repository else None,
        "state": WorkspaceState.objects.filter(place=actions.this_place()).first(),
        "pull_seconds": files.settings.pull_seconds,
        "hook": bool(os.environ.get(_SECRET)),
        "faults": [actions.plain_problem(problem) for problem in engine.workspace_faults()],
        "problems": sorted(problems, key=lambda p: (str(p["severity"]), str(p["file"]), p["line"] or 0)),
        "feeds": len(files.feeds),
        "campaigns": len(files.campaigns()),
    }
    return render(request, "feeds/workspace.html", context)


@require_POST
@needs(SYNC_WORKSPACE)
def pull(request: HttpRequest) -> HttpResponse:
    """Ask for a pull: the reconciler makes it in a few seconds."""
    actions.ask_for_pull(by=request.user)
    messages.success(request, _("The workspace is being pulled. It takes a few seconds."))
    return redirect("feeds:workspace")


@csrf_exempt
@require_POST
@public
def hook(request: HttpRequest) -> HttpResponse:
    """A git server's webhook, signed with the secret that both know (HMAC-SHA256 of the body): it asks for a pull."""
    secret = os.environ.get(_SECRET, "")
    expected = "sha256=" + hmac.new(secret.encode(), request.body, hashlib.sha256).hexdigest()
    given = next((request.headers[name] for name in _SIGNATURES if name in request.headers), "")
    if not secret or not hmac.compare_digest(given.encode(), expected.encode()):
        return HttpResponse("The signature is not ours.\n", status=403, content_type="text/plain")
    actions.ask_for_pull(by="webhook", address=request.META.get("REMOTE_ADDR", ""))
    return HttpResponse("It will be pulled.\n", status=202, content_type="text/plain")


@needs(READ_CONTRACT, get=feed_by_name)
def history(request: HttpRequest, feed: Feed) -> HttpResponse:
    """The part of a feed's page with its contract: the text in force, and the commits that changed it."""
    path = _path(feed)
    repository = Repository.at(engine.workspace().root)
    context = {
        "feed": feed,
        "path": path,
        "text": reviews.file_of(feed.name).read_text(encoding="utf-8"),
        "git": repository is not None,
        "commits": repository.history(path) if repository else [],
    }
    return render(request, "feeds/_history.html", context)


@needs(READ_CONTRACT)
def revision(request: HttpRequest, name: str, commit: str) -> HttpResponse:
    """What one commit changed in a contract."""
    feed = feed_by_name(name)
    repository = Repository.at(engine.workspace().root)
    if repository is None:
        raise Http404
    try:
        diff = repository.change(commit, _path(feed))
    except TwainError as error:
        raise Http404 from error
    return render(request, "feeds/revision.html", {"feed": feed, "commit": commit, "diff": diff})


@needs(READ_CONTRACT, get=feed_by_name)
def contract(request: HttpRequest, feed: Feed) -> HttpResponse:  # noqa: ARG001 — a view
    """The contract as it lies in the file."""
    answer = HttpResponse(reviews.file_of(feed.name).read_bytes(), content_type="text/plain; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{feed.name}.odcs.yaml"'
    return answer


def _path(feed: Feed) -> str:
    try:
        return f"feeds/{reviews.file_of(feed.name).name}"
    except ContractError as error:
        raise Http404 from error
