"""Signing in: nobody signs up; an administrator enters people, or the company's OpenID provider vouches for them."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.contrib import messages
from django.db.models.functions import Lower
from django.http import HttpRequest
from django.shortcuts import redirect

from twain_web.rooms.people.actions import end_sessions
from twain_web.rooms.people.audit import record
from twain_web.rooms.people.models import Person


class HouseAdapter(DefaultAccountAdapter):
    """allauth's account rules, as this house wants them."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002 — allauth's signature
        """Nobody signs themselves up."""
        return False

    def set_password(self, user: Person, password: str) -> None:
        """A new password, by whatever way, ends every session there was."""
        super().set_password(user, password)
        end_sessions(person=user)
        record(user, "password changed", f"person:{user.username}")


class OpenIdAdapter(DefaultSocialAccountAdapter):
    """The company's provider signs in those who have been entered here with the same, verified address."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:  # noqa: ANN401, ARG002 — allauth's signature
        """Nobody comes in whom no administrator has entered."""
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:  # noqa: ANN401 — allauth's signature
        """Join the provider's account to the person with that address."""
        if sociallogin.is_existing:
            return
        verified = [one.email.lower() for one in sociallogin.email_addresses if one.verified]
        person = Person.objects.annotate(lowered=Lower("email")).filter(lowered__in=verified, is_active=True).first()
        if person is None:
            messages.error(request, "Nobody with this address has been entered here. Ask an administrator.")
            raise ImmediateHttpResponse(redirect("account_login"))
        sociallogin.connect(request, person)
        record(person, "company account joined", f"person:{person.username}")
