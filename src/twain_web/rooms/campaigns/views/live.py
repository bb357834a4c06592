"""One send, watched and steered."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from twain_web.access import may, needs
from twain_web.reconcile import step_now
from twain_web.rooms.campaigns.actions import steering
from twain_web.rooms.campaigns.permissions import CONTROL_SEND, READ_CAMPAIGN, RESOLVE_SEND
from twain_web.rooms.campaigns.reads.live import send
from twain_web.rooms.campaigns.reads.sends import newest_runs
from twain_web.rooms.campaigns.records import OneSend, one_send


@needs(READ_CAMPAIGN, get=one_send)
def show_send(request: HttpRequest, one: OneSend) -> HttpResponse:
    """The page; its live part alone, when htmx asks."""
    found = send(one.run.id)
    shown = {
        "send": found,
        "card": found.card,
        "may_steer": may(request.user, CONTROL_SEND, one),
        "others": [run for run in newest_runs(one.run.campaign) if run.id != one.run.id][:5],
    }
    template = "campaigns/_live.html" if request.htmx else "campaigns/send.html"  # type: ignore[attr-defined]
    return render(request, template, shown)


@needs(CONTROL_SEND, get=one_send)
@require_POST
def pause(request: HttpRequest, one: OneSend) -> HttpResponse:
    """Nothing more is taken up; what is in flight is answered."""
    steering.pause_send(by=request.user, run_id=one.run.id)
    return redirect("campaigns:send", run_id=one.run.id)


@needs(CONTROL_SEND, get=one_send)
@require_POST
def resume(request: HttpRequest, one: OneSend) -> HttpResponse:
    """Go on."""
    launch = steering.resume_send(by=request.user, run_id=one.run.id)
    step_now("launches", str(launch.pk))
    return redirect("campaigns:send", run_id=one.run.id)


@needs(CONTROL_SEND, get=one_send)
@require_POST
def cancel(request: HttpRequest, one: OneSend) -> HttpResponse:
    """Stop it for good; everyone who was not reached is accounted for."""
    steering.cancel_send(by=request.user, run_id=one.run.id)
    return redirect("campaigns:send", run_id=one.run.id)


@needs(RESOLVE_SEND, get=one_send)
@require_POST
def resolve(request: HttpRequest, one: OneSend) -> HttpResponse:
    """Settle what is unknown: ``how`` is ``resend`` or ``sent``."""
    how = request.POST.get("how")
    if how not in ("resend", "sent"):
        raise Http404(one.run.id)
    number = steering.resolve_send(by=request.user, run_id=one.run.id, resend=how == "resend")
    if how == "resend":
        messages.success(
            request, ngettext("It is sent again to %s person.", "It is sent again to %s people.", number) % number
        )
    else:
        messages.success(request, _("%s counted as sent.") % number)
    return redirect("campaigns:send", run_id=one.run.id)
