"""What of this room is dead: letters whose links have been good for nothing for long. What was asked and answered stays."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import QuerySet

from twain_web.cleaning import dead
from twain_web.rooms.desk.models import Letter, Reminder

LETTERS_KEPT = timedelta(days=90)


@dead("letters about requests")
def _letters(now: datetime) -> QuerySet[Letter]:
    return Letter.objects.filter(expires_at__lt=now - LETTERS_KEPT)


@dead("mails that asked about contracts")
def _reminders(now: datetime) -> QuerySet[Reminder]:
    return Reminder.objects.filter(expires_at__lt=now - LETTERS_KEPT)
