"""Answering the team survey: who has answered and what was said never meet in a row, an order or a moment."""

from __future__ import annotations

import secrets
from datetime import date
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from twain.errors import ConfigError, WrongState
from twain_web.rooms.partnership.anonymity import ENOUGH
from twain_web.rooms.partnership.models import Answered, Ballot
from twain_web.rooms.partnership.quarters import quarter_of
from twain_web.rooms.partnership.sides import members, side_of
from twain_web.rooms.people.public import record

OPTIONS = ("excellent", "above", "below", "poor")
_LONGEST = 600


def answer_survey(*, by: Any, option: str, change: str = "", today: date | None = None) -> None:  # noqa: ANN401
    """Say once a quarter what one thinks of the other team, and what should change.

    Raises ConfigError T953 for an option that is none, WrongState T953 for a second answer, T954 where the team is smaller than
    five: its people talk instead, and nothing is kept.
    """
    side = side_of(by)
    if option not in OPTIONS or side is None:
        raise ConfigError("Choose one of the four answers.", todo=", ".join(OPTIONS), code="T953")
    if len(members(side)) < ENOUGH:
        raise WrongState(
            f"{side.label} has fewer than {ENOUGH} people: an answer would be somebody's.",
            todo=_("Talk instead. Nothing was kept."), code="T954",
        )  # fmt: skip
    quarter, text = quarter_of(today or timezone.localdate()), " ".join(change.split())[:_LONGEST]
    with transaction.atomic():
        _once(by, quarter)
        _add(quarter, side.value, option, text)
        # The audit says that the survey was answered, not by whom: its rows have moments, and moments tell.
        record(None, "survey answered", f"survey:{quarter}", {"side": side.value})


def _once(by: Any, quarter: str) -> None:  # noqa: ANN401
    try:
        with transaction.atomic():
            Answered.objects.create(person=by, quarter=quarter)
    except IntegrityError as error:
        raise WrongState(
            "You have answered this quarter already.", todo=_("The next survey comes next quarter."), code="T953"
        ) from error


def _add(quarter: str, side: str, option: str, text: str) -> None:
    """One more in a sum; the texts in an order drawn anew, so that the last one is nobody's."""
    Ballot.objects.get_or_create(quarter=quarter, side=side)
    ballot = Ballot.objects.select_for_update().get(quarter=quarter, side=side)
    setattr(ballot, option, getattr(ballot, option) + 1)
    if text:
        ballot.texts = [*ballot.texts, text]
        secrets.SystemRandom().shuffle(ballot.texts)
    ballot.save()
