"""Signing in and out, and every change of how somebody signs in, leaves a row in the audit."""

from __future__ import annotations

from allauth.account.signals import user_logged_in, user_logged_out
from allauth.core.internal.httpkit import get_client_ip
from allauth.mfa.signals import authenticator_added, authenticator_removed, authenticator_reset
from django.contrib.auth.signals import user_login_failed
from django.dispatch import receiver
from django.http import HttpRequest

from twain_web.rooms.people.audit import record
from twain_web.rooms.people.models import Person


@receiver(user_logged_in)
def signed_in(request: HttpRequest, user: Person, **_: object) -> None:
    """Somebody came in."""
    record(user, "signed in", f"person:{user.username}", address=_address(request))


@receiver(user_logged_out)
def signed_out(request: HttpRequest, user: Person | None, **_: object) -> None:
    """Somebody left."""
    if user is not None:
        record(user, "signed out", f"person:{user.username}", address=_address(request))


@receiver(user_login_failed)
def refused(credentials: dict[str, object], request: HttpRequest | None = None, **_: object) -> None:
    """Somebody tried and was refused. What they typed as a name is kept on one line; what as a password, never."""
    tried = str(credentials.get("username") or credentials.get("email") or "")[:100]
    record("nobody", "sign-in refused", f"person:{tried}", address=_address(request))


@receiver([authenticator_added, authenticator_removed, authenticator_reset])
def second_step_changed(request: HttpRequest, user: Person, authenticator: object, **_: object) -> None:
    """A passkey, an app or the recovery codes changed."""
    kind = str(getattr(authenticator, "type", ""))
    record(user, "second step changed", f"person:{user.username}", {"kind": kind}, address=_address(request))


def _address(request: HttpRequest | None) -> str:
    return (get_client_ip(request) if request is not None else None) or ""
