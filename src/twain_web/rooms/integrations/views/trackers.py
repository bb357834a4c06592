"""Trackers: how each does, and a test of one."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from twain.flows.trackers import Tracker
from twain_web.access import needs
from twain_web.rooms.integrations import actions, mirrors
from twain_web.rooms.integrations.permissions import MANAGE_ENDPOINTS, READ_ENDPOINTS


@needs(READ_ENDPOINTS)
def trackers(request: HttpRequest) -> HttpResponse:
    """All of them, and what is wrong in their files."""
    shown = {"cards": mirrors.tracker_cards(), "problems": mirrors.faults()}
    return render(request, "integrations/trackers.html", shown)


@require_POST
@needs(MANAGE_ENDPOINTS, get=mirrors.tracker_by_name)
def test_tracker(request: HttpRequest, one: Tracker) -> HttpResponse:
    """Ask it for its project; nothing is made there."""
    actions.test_tracker(by=request.user, tracker=one)
    messages.success(request, _("%s is being asked. Reload in a moment to see what it says.") % one.title)
    return redirect("integrations:trackers")
