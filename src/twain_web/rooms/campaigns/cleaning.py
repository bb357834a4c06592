"""What of this room is dead: mails that asked for a yes, and trials that were made anew, long ago. What was approved stays."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import OuterRef, QuerySet, Subquery

from twain_web.cleaning import dead
from twain_web.rooms.campaigns.models import Letter, Rehearsal

LETTERS_KEPT = timedelta(days=90)
TRIALS_KEPT = timedelta(days=30)


@dead("mails that asked for approval")
def _letters(now: datetime) -> QuerySet[Letter]:
    return Letter.objects.filter(expires_at__lt=now - LETTERS_KEPT)


@dead("trials that were made anew")
def _trials(now: datetime) -> QuerySet[Rehearsal]:
    """The newest of a bundle says how it stands, and those of launches what happened to them; they stay."""
    newest = Rehearsal.objects.filter(bundle=OuterRef("bundle")).order_by("-pk").values("pk")[:1]
    old = Rehearsal.objects.filter(kind="review", launch=None, at__lt=now - TRIALS_KEPT)
    return old.exclude(pk=Subquery(newest))
