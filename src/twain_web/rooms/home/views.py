"""Home: what waits for the reader, both teams' goals, what is being sent."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from twain_web.access import needs
from twain_web.rooms.home.permissions import READ_HOME
from twain_web.rooms.home.reads import home_page


@needs(READ_HOME)
def home(request: HttpRequest) -> HttpResponse:
    """The first page after signing in."""
    return render(request, "home/home.html", {"home": home_page(request.user)})
