"""The launch review: what would go, what changed, who says yes; asking, approving, launching."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from twain.errors import ConfigError
from twain.flows.publish import publish
from twain_web import engine
from twain_web.access import needs
from twain_web.reconcile import step_now
from twain_web.rooms.campaigns import forms
from twain_web.rooms.campaigns.actions import approving, launching
from twain_web.rooms.campaigns.models import ApprovalRequest, Launch
from twain_web.rooms.campaigns.permissions import (
    APPROVE_CAMPAIGN,
    ASK_APPROVAL,
    CHECK_CAMPAIGN,
    LAUNCH_CAMPAIGN,
    READ_CAMPAIGN,
)
from twain_web.rooms.campaigns.reads.review import finish_of, later_of, review
from twain_web.rooms.campaigns.records import Subject, campaign_record, subject
from twain_web.rooms.campaigns.rehearsing import newest, rehearse


@needs(READ_CAMPAIGN, get=subject)
def show_review(request: HttpRequest, one: Subject) -> HttpResponse:
    """Everything before a send, on one page, for exactly one bundle."""
    found = review(one, request.user)
    return render(
        request,
        "campaigns/review.html",
        {"one": one, "review": found, "finish": found.finish, "later": found.later, "token": uuid.uuid4().hex},
    )


@needs(CHECK_CAMPAIGN, get=subject)
@require_POST
def check(request: HttpRequest, one: Subject) -> HttpResponse:
    """Ask the company's database now: the checks, the count, the time it took. Answers with the page's part."""
    instance = engine.instance(request.user)
    bundle = publish(instance, campaign_record(one.slug))
    rehearse(instance, bundle, "review")
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect("campaigns:review", slug=one.slug)
    tried = newest(bundle.hash)
    finish = finish_of(instance, bundle, tried)
    shown = {"one": one, "bundle": bundle, "tried": tried, "finish": finish, "later": later_of(tried, finish)}
    return render(request, "campaigns/_checks.html", shown)


@needs(ASK_APPROVAL, get=subject)
@require_POST
def ask(request: HttpRequest, one: Subject) -> HttpResponse:
    """Ask those whom policy names."""
    said = _seen(forms.NoteForm(request.POST))
    approving.ask_approval(by=request.user, subject=one, **said)
    messages.success(request, _("Asked. They find it on their home page, and you see here who has said yes."))
    return redirect("campaigns:review", slug=one.slug)


@needs(APPROVE_CAMPAIGN, get=subject)
@require_POST
def approve(request: HttpRequest, one: Subject) -> HttpResponse:
    """Say yes to exactly what was shown."""
    approving.approve(by=request.user, subject=one, **_seen(forms.NoteForm(request.POST)))
    messages.success(request, _("Approved: exactly this, and nothing else. Any edit asks again."))
    return redirect("campaigns:review", slug=one.slug)


@needs(ASK_APPROVAL, get=subject)
@require_POST
def withdraw_request(request: HttpRequest, one: Subject) -> HttpResponse:
    """Take the question back."""
    asked = ApprovalRequest.objects.filter(campaign=one.slug, state="open").first()
    if asked is None:
        raise Http404(one.slug)
    approving.withdraw_request(by=request.user, request=asked)
    messages.success(request, _("Withdrawn."))
    return redirect("campaigns:review", slug=one.slug)


@needs(LAUNCH_CAMPAIGN, get=subject)
@require_POST
def launch(request: HttpRequest, one: Subject) -> HttpResponse:
    """Launch exactly what was shown. What is due now begins at once."""
    wished = launching.launch(by=request.user, subject=one, **_seen(forms.LaunchForm(request.POST)))
    step_now("launches", str(wished.pk))
    wished.refresh_from_db()
    if wished.run_id:
        return redirect("campaigns:send", run_id=wished.run_id)
    return redirect("campaigns:review", slug=one.slug)


@needs(LAUNCH_CAMPAIGN, get=subject)
@require_POST
def withdraw_launch(request: HttpRequest, one: Subject) -> HttpResponse:
    """Take a launch back while nothing has begun."""
    wished = Launch.objects.filter(campaign=one.slug, state__in=Launch.OPEN).first()
    if wished is None:
        raise Http404(one.slug)
    launching.withdraw_launch(by=request.user, launch=wished)
    messages.success(request, _("Taken back. Nothing was sent; the approval stays."))
    return redirect("campaigns:review", slug=one.slug)


def _seen(form: Any) -> dict[str, Any]:  # noqa: ANN401 — a form
    if not form.is_valid():
        raise ConfigError(
            "The form does not say what was seen, or its note holds control characters.",
            todo="Open the launch review and send its own form.",
        )
    said: dict[str, Any] = form.cleaned_data
    return said
