"""Vendor reviews as pages and programs show them: nothing of a round before it is revealed."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from twain_web.rooms.partnership.models import Gate, Score, Scorer, VendorReview
from twain_web.rooms.partnership.scoring import GATES, ROWS, Row, differing, rows_of, standing

_S = VendorReview.State
_BLIND = {_S.GATES: 0, _S.SCORING: 0, _S.REVEALED: 1, _S.AGAIN: 1}
_SECONDS_A_DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Line:
    """One row on screen: both rounds' team means, as far as they are revealed."""

    key: str
    name: str
    first: Row
    second: Row | None
    open: bool


@dataclass(frozen=True, slots=True)
class VendorCard:
    """One review in a list. *lead_days*: days from the question to the decision, or until now; *disagreements* still open."""

    pk: int
    name: str
    url: str
    state: str
    state_shown: str
    asked_at: datetime
    decided_at: datetime | None
    taken: bool | None
    lead_days: float
    disagreements: int


def round_of(review: VendorReview) -> int:
    """Which round is scored now: 1 or 2."""
    return 2 if review.state == _S.AGAIN else 1


def rounds_done(review: VendorReview) -> int:
    """How many rounds everybody who scores has completed: 0, 1 or 2."""
    return min(review.scorers.values_list("done", flat=True), default=0)


def revealed(review: VendorReview) -> int:
    """How many rounds may be seen."""
    shown = _BLIND.get(_S(review.state))
    return 2 if shown is None else shown


def rows_in(review: VendorReview, number: int) -> dict[str, Row]:
    """A round's rows, revealed or not: for what decides in this room, not for its pages."""
    scores: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    found = Score.objects.filter(scorer__review=review, round=number).values_list("scorer__side", "row", "value")
    for side, row, value in found:
        scores[side][row].append(value)
    return rows_of(scores)


def rows_to_score(review: VendorReview) -> tuple[str, ...]:
    """The rows of the round that is being scored: all, then those alone that differed."""
    if review.state in (_S.REVEALED, _S.AGAIN):
        return differing(rows_in(review, 1))
    return tuple(ROWS)


def lines(review: VendorReview) -> list[Line]:
    """What everybody may see of the scores now."""
    shown = revealed(review)
    first = rows_in(review, 1) if shown else {}
    second = rows_in(review, 2) if shown > 1 else {}
    apart = set(differing(standing(first, second)))
    return [Line(key, str(ROWS[key]), row, second.get(key), key in apart) for key, row in first.items()]


def gates(review: VendorReview) -> list[tuple[str, str, Gate | None]]:
    """The five gates: key, words, and the answer that was given."""
    given = {gate.key: gate for gate in review.gates.select_related("by")}
    return [(key, str(name), given.get(key)) for key, name in GATES.items()]


def scorers(review: VendorReview) -> list[tuple[Scorer, bool]]:
    """Who scores, and whether they are done with the present round: never what they gave."""
    number = round_of(review)
    return [(one, one.done >= number) for one in review.scorers.select_related("person")]


def turn_of(review: VendorReview, person: Any) -> bool:  # noqa: ANN401 — a Person
    """Whether this person is to score now."""
    if review.state not in (_S.SCORING, _S.AGAIN):
        return False
    return review.scorers.filter(person=person, done__lt=round_of(review)).exists()


def cards() -> list[VendorCard]:
    """Every review, the newest first."""
    return [card(one) for one in VendorReview.objects.all()]


def card(one: VendorReview) -> VendorCard:
    """One review, frozen."""
    ended = one.decided_at or timezone.now()
    return VendorCard(
        one.pk, one.name, one.url, one.state, one.get_state_display(), one.asked_at, one.decided_at, one.taken,
        round((ended - one.asked_at).total_seconds() / _SECONDS_A_DAY, 1), sum(line.open for line in lines(one)),
    )  # fmt: skip
