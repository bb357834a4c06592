"""What waits for somebody in this room, for their home page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from twain_web.rooms.partnership.models import Scorer, VendorReview
from twain_web.rooms.partnership.reads import checks, surveys
from twain_web.rooms.partnership.reads.vendors import round_of

_NEAR = timedelta(days=3)
_BLIND = (VendorReview.State.SCORING, VendorReview.State.AGAIN)


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something that waits for a person."""

    text: str
    url: str
    since: datetime
    kind: str = "partnership"


def waiting_for(person: Any) -> list[Waiting]:  # noqa: ANN401 — a Person of the house
    """A check that is near or not written down, a vendor to score, the survey of the quarter."""
    now = timezone.now()
    return [*_check(person, now), *_vendors(person), *_survey(person)]


def _check(person: Any, now: datetime) -> Iterator[Waiting]:  # noqa: ANN401
    ahead = checks.ahead()
    if ahead is None or person.pk not in (ahead.marketing_id, ahead.it_id) or ahead.begins_at > now + _NEAR:
        return
    if ahead.ends_at < now:
        yield Waiting(_("Write down the status check: was it held?"), ahead.url, ahead.ends_at)
    else:
        when = date_format(timezone.localtime(ahead.begins_at), "l, H:i")
        yield Waiting(_("Status check on %s: the agenda is ready") % when, ahead.url, ahead.made_at)


def _vendors(person: Any) -> Iterator[Waiting]:  # noqa: ANN401
    for one in Scorer.objects.filter(person=person, review__state__in=_BLIND).select_related("review"):
        if one.done < round_of(one.review):
            yield Waiting(_("Score %s, blind") % one.review.name, one.review.url, one.review.asked_at)


def _survey(person: Any) -> Iterator[Waiting]:  # noqa: ANN401
    asked = surveys.asked(person)
    if asked is not None and not asked.answered and not asked.small:
        words = _("Two questions about working with %s, without your name") % asked.side.other.label
        yield Waiting(words, reverse("partnership:survey"), surveys.began(asked.quarter))
