"""What of this room is dead: sessions that are over, and tokens that have opened nothing for long."""

from __future__ import annotations

from datetime import datetime, timedelta

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db.models import Q, QuerySet

from twain_web.cleaning import dead
from twain_web.rooms.people.models import ApiToken

#: How long a token stays on its person's page after it was revoked or ran out; the audit names it for good.
TOKENS_KEPT = timedelta(days=90)


@dead("sessions")
def _sessions(now: datetime) -> QuerySet[Session]:
    return Session.objects.filter(expire_date__lt=now)


@dead("places of sessions")
def _places(now: datetime) -> QuerySet[UserSession]:
    """Where somebody was signed in, once that session is over."""
    open_now = Session.objects.filter(expire_date__gte=now).values("session_key")
    return UserSession.objects.exclude(session_key__in=open_now)


@dead("tokens")
def _tokens(now: datetime) -> QuerySet[ApiToken]:
    long_ago = now - TOKENS_KEPT
    return ApiToken.objects.filter(Q(revoked_at__lt=long_ago) | Q(expires_at__lt=long_ago))
