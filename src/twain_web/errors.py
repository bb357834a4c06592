"""Error pages and fragments: what happened, to which thing, what to do next. Never a trace, never a secret."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from twain.errors import Held, SourceUnavailable, TwainError, WrongState
from twain_web.access import public

_BY_KIND = ((WrongState, 409), (Held, 409), (SourceUnavailable, 503))


def said(request: HttpRequest, error: TwainError) -> HttpResponse:
    """The flow's error, in both voices. An htmx request gets the fragment alone."""
    status = next((code for kind, code in _BY_KIND if isinstance(error, kind)), 422)
    what = {"error": error, "what": error.business or error.what, "technical": error.what, "todo": error.todo}
    return _answer(request, what | {"code": error.shown_code}, status)


def forbidden(request: HttpRequest, why: str) -> HttpResponse:
    """A refusal that says for whom the page is."""
    return _answer(request, {"what": "This is not yours to do.", "technical": "", "todo": why, "code": "403"}, 403)


@public
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001 — Django's signature
    """A form without its token: an old tab, or another site that tried."""
    todo = "Go back, reload the page, and send the form again. Nothing has been changed."
    return _answer(request, {"what": "This form has expired.", "technical": "", "todo": todo, "code": "403"}, 403)


@public
def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler403."""
    return forbidden(request, str(exception) or "Ask an administrator for the role you need.")


@public
def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 — Django's signature
    """Django's handler404."""
    todo = "It may have been renamed or archived. Search for it, or go home."
    return _answer(request, {"what": "There is nothing here.", "technical": "", "todo": todo, "code": "404"}, 404)


@public
def failed(request: HttpRequest) -> HttpResponse:
    """Django's handler500: something nobody foresaw."""
    todo = "It has been logged. Try again; if it comes back, tell your IT operator the time."
    return _answer(request, {"what": "Something went wrong here.", "technical": "", "todo": todo, "code": "500"}, 500)


def _answer(request: HttpRequest, what: dict[str, object], status: int) -> HttpResponse:
    template = "house/error_fragment.html" if getattr(request, "htmx", False) else "house/error.html"
    return render(request, template, what, status=status)
