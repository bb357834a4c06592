"""What every request passes: content security policy, when a session was seen, the auditor's rule, errors in plain words."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from datetime import tzinfo
from zoneinfo import ZoneInfo

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from twain.errors import TwainError
from twain_web.access import SAFE
from twain_web.errors import forbidden, said
from twain_web.roles import Role

Handler = Callable[[HttpRequest], HttpResponse]

#: Scripts and styles come from this house alone; nothing is evaluated, nothing inline is obeyed.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; frame-src 'self'; form-action 'self'{forms}; frame-ancestors 'none'; base-uri 'none'; "
    "manifest-src 'self'"
)
_NOTED_FOR = 60.0  # seconds
_SESSIONS = 10_000  # remembered by a process
_OWN_ACCOUNT = ("/account/", "/people/me/")


def content_security_policy(get_response: Handler) -> Handler:
    """Give each answer a policy, and the request a nonce for the one library that writes its own style sheet (CodeMirror)."""
    forms = "".join(f" {target}" for target in settings.FORM_TARGETS)

    def middleware(request: HttpRequest) -> HttpResponse:
        request.csp_nonce = secrets.token_urlsafe(16)  # type: ignore[attr-defined]
        response = get_response(request)
        policy = POLICY.format(nonce=request.csp_nonce, forms=forms)  # type: ignore[attr-defined]
        response.headers.setdefault("Content-Security-Policy", policy)
        response.headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
        return response

    return middleware


def sessions_seen(get_response: Handler) -> Handler:
    """Note when, from where and by which browser a session is used: once a minute, and at once when one of these changes.

    Noting it with every request, as the library does, is a write and four reads before each page.
    """
    noted: dict[str, tuple[float, tuple[str, ...]]] = {}

    def middleware(request: HttpRequest) -> HttpResponse:
        key = request.session.session_key
        if key and request.user.is_authenticated:
            by = tuple(
                request.META.get(name, "") for name in ("REMOTE_ADDR", "HTTP_X_FORWARDED_FOR", "HTTP_USER_AGENT")
            )
            at, before = noted.get(key, (0.0, ()))
            if by != before or time.monotonic() - at >= _NOTED_FOR:
                UserSession.objects.create_from_request(request)
                if len(noted) >= _SESSIONS:
                    noted.clear()
                noted[key] = time.monotonic(), by
        return get_response(request)

    return middleware


def in_ones_own_time(get_response: Handler) -> Handler:
    """Times are shown in the reader's own time zone; an unknown one (the database of zones changed) falls back to ours."""

    def middleware(request: HttpRequest) -> HttpResponse:
        with timezone.override(_zone(getattr(request.user, "time_zone", ""))):
            return get_response(request)

    return middleware


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # never heard of, not a name, a folder of the database
        return timezone.get_default_timezone()


def auditors_change_nothing(get_response: Handler) -> Handler:
    """Whoever is an auditor and nothing else reads everything and changes nothing but their own sign-in and page."""

    def middleware(request: HttpRequest) -> HttpResponse:
        own = request.path.startswith(_OWN_ACCOUNT) or request.path == reverse("account_logout")
        roles = getattr(request.user, "role_names", frozenset())
        if request.method not in SAFE and roles == {Role.AUDITOR} and not own:
            return forbidden(request, "An auditor reads everything and changes nothing.")
        return get_response(request)

    return middleware


class errors_in_plain_words:  # noqa: N801 — a middleware is named as a function is
    """An error of the flow that reaches the top becomes a page that says what happened and what to do."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass it on: only what is raised is our business."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer for errors of ours; the others go on to Django's own."""
        return said(request, exception) if isinstance(exception, TwainError) else None
