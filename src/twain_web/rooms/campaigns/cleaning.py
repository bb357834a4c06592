"""What of this room is dead: mails that asked for a yes, long ago. What was asked and approved stays."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import QuerySet

from twain_web.cleaning import dead
from twain_web.rooms.campaigns.models import Letter

LETTERS_KEPT = timedelta(days=90)


@dead("mails that asked for approval")
def _letters(now: datetime) -> QuerySet[Letter]:
    return Letter.objects.filter(expires_at__lt=now - LETTERS_KEPT)
