"""What of this room is dead: letters of long ago, who answered a survey that is over, and answers that are too few to be told."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import F, QuerySet
from django.utils import timezone

from twain_web.cleaning import dead
from twain_web.rooms.partnership.anonymity import ENOUGH
from twain_web.rooms.partnership.models import Answered, Ballot, Letter
from twain_web.rooms.partnership.quarters import quarter_of

LETTERS_KEPT = timedelta(days=90)


@dead("letters of the partnership")
def _letters(now: datetime) -> QuerySet[Letter]:
    return Letter.objects.filter(expires_at__lt=now - LETTERS_KEPT)


@dead("who answered a survey that is over")
def _answered(now: datetime) -> QuerySet[Answered]:
    return Answered.objects.filter(quarter__lt=_quarter(now))


@dead("survey answers of fewer than five")
def _too_few(now: datetime) -> QuerySet[Ballot]:
    counted = Ballot.objects.annotate(all_answers=F("excellent") + F("above") + F("below") + F("poor"))
    return counted.filter(quarter__lt=_quarter(now), all_answers__lt=ENOUGH)


def _quarter(now: datetime) -> str:
    return quarter_of(timezone.localdate(now))
