"""Field review: a walk through a contract's fields; its result is a diff for git."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from twain.errors import ContractError, TwainError
from twain.flows.repository import Repository
from twain.records import Owner
from twain_web import engine
from twain_web.access import needs
from twain_web.rooms.feeds import actions, reviews
from twain_web.rooms.feeds.forms import DecisionForm, OwnerForm
from twain_web.rooms.feeds.models import FieldReview
from twain_web.rooms.feeds.permissions import REVIEW_FIELDS
from twain_web.rooms.people.public import as_named


def contract_by_name(name: str) -> str:
    """The feed's name as its file has it, or 404. It need not be in force: an error in it may be what the review mends."""
    try:
        return reviews.file_of(name).name.removesuffix(".odcs.yaml")
    except ContractError as error:
        raise Http404 from error


@needs(REVIEW_FIELDS, get=contract_by_name)
def review(request: HttpRequest, feed: str) -> HttpResponse:
    """Decide about one field, and see where the walk stands. ``?field=`` names one; else the first that waits."""
    walked = _walk(request, feed)
    step = walked.step(request.POST.get("field", "") or request.GET.get("field", ""))
    form: Any = DecisionForm(initial=_initial(step)) if step else None
    owner: Any = None if walked.owned or walked.owner else OwnerForm()
    if request.method == "POST" and "owner" in request.POST:
        owner = OwnerForm(request.POST)
        if _named(request, feed, owner):
            return redirect("feeds:review", name=feed)
    elif request.method == "POST" and step is not None:
        form = DecisionForm(request.POST)
        if _decided(request, feed, step.draft.name, form):
            return redirect("feeds:review", name=feed)
    context = {"feed": feed, "walk": walked, "step": step, "form": form, "owner_form": owner}
    return render(request, "feeds/review.html", context, status=422 if request.method == "POST" else 200)


@require_POST
@needs(REVIEW_FIELDS, get=contract_by_name)
def accept(request: HttpRequest, feed: str) -> HttpResponse:
    """Accept every suggestion that is left."""
    count = actions.accept_suggestions(by=request.user, named=as_named(request.user), feed=feed)  # type: ignore[arg-type]
    said = ngettext("%(n)s field decided as suggested.", "%(n)s fields decided as suggested.", count) % {"n": count}
    messages.success(request, said)
    return redirect("feeds:result", name=feed)


@require_POST
@needs(REVIEW_FIELDS, get=contract_by_name)
def discard(request: HttpRequest, feed: str) -> HttpResponse:
    """Forget this review."""
    actions.discard_review(by=request.user, feed=feed)
    messages.success(request, _("This review is discarded. The contract is as it was."))
    return redirect("feeds:review", name=feed)


@needs(REVIEW_FIELDS, get=contract_by_name)
def result(request: HttpRequest, feed: str) -> HttpResponse:
    """The diff, to be downloaded or put on a branch; and the grants that follow from it."""
    walked = _walk(request, feed)
    found = reviews.result(walked, as_named(request.user))  # type: ignore[arg-type]
    context = {
        "feed": feed,
        "walk": walked,
        "result": found,
        "git": Repository.at(engine.workspace().root) is not None,
        "errors": [problem for problem in found.problems if problem.severity == "error"],
    }
    return render(request, "feeds/result.html", context)


@needs(REVIEW_FIELDS, get=contract_by_name)
def patch(request: HttpRequest, feed: str) -> HttpResponse:
    """The diff as a file for ``git apply``."""
    found = reviews.result(_walk(request, feed), as_named(request.user))  # type: ignore[arg-type]
    answer = HttpResponse(found.diff, content_type="text/x-patch; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="review-{feed}.patch"'
    return answer


@require_POST
@needs(REVIEW_FIELDS, get=contract_by_name)
def branch(request: HttpRequest, feed: str) -> HttpResponse:
    """Put the result on a branch of its own."""
    try:
        name, made = actions.put_review_on_branch(by=request.user, named=as_named(request.user), feed=feed)  # type: ignore[arg-type]
    except TwainError as error:
        messages.error(request, f"{error.what} {error.todo}")
    else:
        said = _("It is on the branch %(branch)s (%(commit)s). IT merges it when they agree.")
        messages.success(request, said % {"branch": name, "commit": made.short})
    return redirect("feeds:result", name=feed)


def _walk(request: HttpRequest, feed: str) -> reviews.Walk:
    return reviews.walk(feed, FieldReview.objects.filter(feed=feed, person=request.user).first())


def _initial(step: reviews.Step) -> dict[str, Any]:
    stated = dict(step.decision or reviews.suggestion(step.draft))
    return stated | {"synonyms": ", ".join(stated["synonyms"])}


def _decided(request: HttpRequest, feed: str, field: str, form: DecisionForm) -> bool:
    if not form.is_valid():
        return False
    try:
        actions.decide_field(
            by=request.user, named=as_named(request.user), feed=feed, field=field, decision=form.cleaned_data  # type: ignore[arg-type]
        )  # fmt: skip
    except ContractError as error:
        form.add_error(None, f"{error.what} {error.todo}")
        return False
    return True


def _named(request: HttpRequest, feed: str, form: OwnerForm) -> bool:
    if not form.is_valid():
        return False
    try:
        actions.name_feed_owner(by=request.user, feed=feed, owner=Owner(**form.cleaned_data))
    except ContractError as error:
        form.add_error(None, f"{error.what} {error.todo}")
        return False
    return True
