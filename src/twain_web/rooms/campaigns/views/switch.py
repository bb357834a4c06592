"""The red switch."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from twain.records import Stop
from twain_web import engine
from twain_web.access import needs
from twain_web.rooms.campaigns.actions.switching import lift_switch, throw_switch
from twain_web.rooms.campaigns.permissions import RED_SWITCH
from twain_web.rooms.campaigns.reads.sends import open_sends
from twain_web.rooms.people.public import named


@dataclass(frozen=True, slots=True)
class Scope:
    """One thing that can be stopped, with its stop when it is."""

    scope: str
    title: str
    what: str
    stop: Stop | None
    by: str = ""


@needs(RED_SWITCH)
def show_switch(request: HttpRequest) -> HttpResponse:
    """Everything that can be stopped, and what is."""
    sends = open_sends()
    return render(request, "campaigns/switch.html", {"scopes": _scopes(), "sends": [*sends.live, *sends.held]})


@needs(RED_SWITCH)
@require_POST
def throw(request: HttpRequest) -> HttpResponse:
    """Stop, at once."""
    throw_switch(by=request.user, scope=request.POST.get("scope", ""), why=request.POST.get("why", ""))
    messages.warning(request, _("Stopped. What is in flight is answered; nothing more is taken up."))
    return redirect("campaigns:switch")


@needs(RED_SWITCH)
@require_POST
def lift(request: HttpRequest) -> HttpResponse:
    """Let it go on."""
    if lift_switch(by=request.user, scope=request.POST.get("scope", "")):
        messages.success(request, _("Lifted. Sends that waited for it go on by themselves within a minute."))
    return redirect("campaigns:switch")


def _scopes() -> list[Scope]:
    instance = engine.instance()
    stops = {stop.scope: stop for stop in instance.ledger.stops()}
    settings = instance.settings
    all_of_them = [("all", _("Everything"), _("No send goes on, by any channel."))]
    channels = [(f"channel:{c}", _("Channel %s") % c, _("No send goes on by this channel.")) for c in settings.channels]
    sources = [
        (f"source:{s}", _("Database %s") % s, _("Nobody reads this database: no send, no count, no preview."))
        for s in settings.sources
    ]
    return [
        Scope(scope, title, what, stop := stops.get(scope), named(stop.person).shown if stop else "")
        for scope, title, what in all_of_them + channels + sources
    ]
