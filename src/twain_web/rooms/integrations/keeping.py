"""What of this room is dead: webhooks that were delivered or given up long ago, and what providers told."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import QuerySet

from twain_web.cleaning import dead
from twain_web.rooms.integrations.models import DomainChange, Message, Told

#: How long a webhook can be sent again.
WEBHOOKS_KEPT = timedelta(days=30)
TOLD_KEPT = timedelta(days=90)
CHANGES_KEPT = timedelta(days=730)


@dead("webhooks")
def _webhooks(now: datetime) -> QuerySet[Message]:
    """By then each was delivered or given up: nothing is tried for longer than three days."""
    return Message.objects.filter(at__lt=now - WEBHOOKS_KEPT).exclude(deliveries__state="waiting")


@dead("providers' events")
def _told(now: datetime) -> QuerySet[Told]:
    return Told.objects.filter(at__lt=now - TOLD_KEPT)


@dead("changes of domains")
def _changes(now: datetime) -> QuerySet[DomainChange]:
    return DomainChange.objects.filter(at__lt=now - CHANGES_KEPT)
