"""This room for programs: the agenda, the checks, what is told of the survey, vendors, one's own thanks. Nothing is written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.utils import timezone

from twain_web.access import refuse_unless
from twain_web.rooms.partnership.models import StatusCheck
from twain_web.rooms.partnership.permissions import READ_PARTNERSHIP
from twain_web.rooms.partnership.reads import checks as reads
from twain_web.rooms.partnership.reads import surveys, vendors
from twain_web.rooms.partnership.reads import thanks as said


@dataclass(frozen=True, slots=True)
class Agenda:
    """The next status check, or what it would be about when none is planned: *begins_at* is None then."""

    begins_at: datetime | None
    marketing: str
    it: str
    minutes: int
    parts: tuple[reads.Part, ...]


@dataclass(frozen=True, slots=True)
class CheckCard:
    """One status check. *settled*, *carried*: what it closed, and what it left open."""

    planned_for: date
    held_on: date | None
    marketing: str
    it: str
    notes: str
    settled: tuple[str, ...]
    carried: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CheckFigures:
    """Status checks held by the day they were first planned for, of how many; and items the last one carried over."""

    on_time: int
    due: int
    carried_over: int


@dataclass(frozen=True, slots=True)
class SurveyFigure:
    """What one side said of the other in a quarter that is over. *bound*: ``at least``, ``at most``, or empty (exactly)."""

    quarter: str
    side: str
    answered: int
    share: float
    bound: str


@dataclass(frozen=True, slots=True)
class Said:
    """A thank-you that one said or was told."""

    at: datetime
    by: str
    to: str
    facts: tuple[str, ...]
    words: str


def agenda(*, by: Any) -> Agenda:  # noqa: ANN401 — a Person
    """The agenda as it stands."""
    refuse_unless(by, READ_PARTNERSHIP)
    ahead = reads.ahead()
    parts = tuple(reads.agenda(ahead))
    if ahead is None:
        return Agenda(None, "", "", StatusCheck.MINUTES, parts)
    return Agenda(ahead.begins_at, str(ahead.marketing), str(ahead.it), StatusCheck.MINUTES, parts)


def status_checks(*, by: Any) -> list[CheckCard]:  # noqa: ANN401
    """All of them, the newest first."""
    refuse_unless(by, READ_PARTNERSHIP)
    return [_card(one) for one in reads.checks().prefetch_related("raised", "settled")]


def survey(*, by: Any) -> list[SurveyFigure]:  # noqa: ANN401
    """What is told of the survey, to whoever asks: quarters that are over, with five answers or more."""
    refuse_unless(by, READ_PARTNERSHIP)
    return survey_figures()


def vendor_reviews(*, by: Any) -> list[vendors.VendorCard]:  # noqa: ANN401
    """Every vendor review, the newest first; of a blind round nothing."""
    refuse_unless(by, READ_PARTNERSHIP)
    return vendors.cards()


def own_thanks(*, by: Any) -> list[Said]:  # noqa: ANN401
    """What one was thanked for and has thanked for; other people's thanks are theirs."""
    refuse_unless(by, READ_PARTNERSHIP)
    found = {one.pk: one for one in [*(one for one, _form in said.received(by)), *said.sent(by)]}
    newest = sorted(found.values(), key=lambda one: one.at, reverse=True)
    return [Said(one.at, str(one.by), str(one.to), tuple(one.facts), one.words) for one in newest]


def check_figures(today: date | None = None) -> CheckFigures:
    """The numbers of status checks."""
    on_time, due = reads.on_time(today or timezone.localdate())
    return CheckFigures(on_time, due, reads.left_over())


def survey_figures(today: date | None = None) -> list[SurveyFigure]:
    """The numbers of the survey, as they may be told."""
    told = surveys.published(today)
    return [
        SurveyFigure(one.quarter, one.side.value, one.told.answered, one.told.share, one.told.bound) for one in told
    ]


def _card(one: StatusCheck) -> CheckCard:
    return CheckCard(
        one.planned_for, one.held_on, str(one.marketing), str(one.it), one.notes,
        tuple(item.text for item in one.settled.all()), tuple(item.text for item in one.raised.all()),
    )  # fmt: skip
