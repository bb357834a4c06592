"""What of this room is dead: letters whose links have been good for nothing for long. Incidents and their timelines stay."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import QuerySet

from twain_web.cleaning import dead
from twain_web.rooms.incidents.models import Letter

LETTERS_KEPT = timedelta(days=90)


@dead("letters about incidents")
def _letters(now: datetime) -> QuerySet[Letter]:
    return Letter.objects.filter(expires_at__lt=now - LETTERS_KEPT)
