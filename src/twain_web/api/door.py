"""Who may call an operation: each names a permission of the house, and its caller needs the role, and the scope of a token.

A program comes with a token (no cookie, so nothing to forge: it needs no CSRF token). Somebody who is signed in may *read* with
their browser; what changes anything is refused to a cookie.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from ninja.errors import AuthenticationError
from ninja.security.base import AuthBase

from twain_web.access import PERMISSIONS, SAFE, Permission, refuse_unless
from twain_web.api.problems import TooOften
from twain_web.api.rates import Meter
from twain_web.roles import Role
from twain_web.rooms.people.public import Bearer, recognise

#: Requests a minute: of one token or signed-in person, and of wrong tokens from one address.
CALLS_A_MINUTE = 300
WRONG_A_MINUTE = 30
CALLS = Meter(CALLS_A_MINUTE)
WRONG_TOKENS = Meter(WRONG_A_MINUTE)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls. *bearer* is None for somebody who reads with their browser."""

    username: str
    bearer: Bearer | None


class Asked(HttpRequest):
    """A request that has passed the door."""

    user: Any
    """The Person it acts as."""
    auth: Caller


class Needs(AuthBase):
    """The rule of one operation. *writes* decides which scope a token must have: ``<room>:write`` or ``<room>:read``.

    *own*: it changes nothing but what is the caller's own (their tokens), so that an auditor may too.
    """

    openapi_type = "http"
    openapi_scheme = "bearer"

    def __init__(self, permission: str, *, writes: bool = False, own: bool = False) -> None:
        super().__init__()
        self.permission = permission
        self.writes = writes
        self.own = own

    @property
    def wanted(self) -> Permission:
        """The permission itself; KeyError when no room declares it."""
        return PERMISSIONS[self.permission]

    @property
    def scope(self) -> str:
        """What a token must be good for."""
        return f"{self.permission.partition('.')[0]}:{'write' if self.writes else 'read'}"

    def __call__(self, request: HttpRequest) -> Caller:
        """Recognise the caller; raises AuthenticationError, TooOften or PermissionDenied."""
        caller = _caller(request)
        wait = CALLS.take(caller.bearer.prefix if caller.bearer else f"person:{caller.username}")
        if wait:
            raise TooOften(wait)
        if caller.bearer is not None and self.scope not in caller.bearer.scopes:
            raise PermissionDenied(f"This token is not good for {self.scope}.")
        if self.writes and not self.own and request.user.role_names == {Role.AUDITOR}:  # type: ignore[union-attr]
            raise PermissionDenied("An auditor reads everything and changes nothing.")
        refuse_unless(request.user, self.wanted)
        return caller


def _caller(request: HttpRequest) -> Caller:
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    if scheme:
        bearer = recognise(secret.strip()) if scheme.lower() == "bearer" else None
        if bearer is None:
            raise _unknown(request)
        request.user = bearer.person
        return Caller(bearer.person.username, bearer)
    if request.method in SAFE and request.user.is_authenticated:
        return Caller(request.user.get_username(), None)
    raise AuthenticationError


def _unknown(request: HttpRequest) -> Exception:
    """A right token is never kept waiting by somebody else's wrong ones: they are counted only once they were wrong."""
    wait = WRONG_TOKENS.take(str(request.META.get("REMOTE_ADDR", "")))
    return TooOften(wait) if wait else AuthenticationError()
