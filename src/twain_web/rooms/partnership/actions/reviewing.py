"""Vendor reviews: gates with evidence, scores blind, what differs scored once more, a decision with its reasons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from twain.errors import ConfigError, WrongState
from twain_web.rooms.partnership.actions.posting import post
from twain_web.rooms.partnership.models import Gate, Letter, Score, Scorer, Side, VendorReview
from twain_web.rooms.partnership.reads import vendors
from twain_web.rooms.partnership.scoring import BEST, GATES, differing
from twain_web.rooms.partnership.sides import side_of
from twain_web.rooms.people.public import record

_S = VendorReview.State


def begin_review(
    *,
    by: Any,  # noqa: ANN401 — a Person
    name: str,
    purpose: str,
    scorers: Sequence[Any],
    request: str = "",
    asked_at: datetime | None = None,
) -> VendorReview:
    """Begin looking at a vendor. *scorers*: people of both teams. Raises ConfigError T955 when one team has none."""
    sides = {person: side_of(person) for person in scorers}
    if set(sides.values()) != set(Side):
        raise ConfigError("Both teams score, from the beginning.", todo="Choose somebody of each team.", code="T955")
    with transaction.atomic():
        made = VendorReview.objects.create(
            name=_line(name, 120, "The vendor's name"), purpose=_line(purpose, 500, "What it is for"), request=request,
            by=by, asked_at=asked_at or timezone.now(),
        )  # fmt: skip
        for person, side in sides.items():
            Scorer.objects.create(review=made, person=person, side=side)
        record(by, "vendor review begun", _thing(made), {"name": made.name, "scorers": [p.username for p in scorers]})
    return made


def answer_gate(*, by: Any, review: VendorReview, gate: str, passed: bool, evidence: str) -> None:  # noqa: ANN401
    """Say whether a gate is passed, and by what one can see it. When all five are, scoring begins.

    Raises ConfigError T955 without evidence, WrongState T955 once scores are given.
    """
    if gate not in GATES:
        raise ConfigError(f"There is no gate {gate[:20]!r}.", todo=f"Gates: {', '.join(GATES)}.", code="T955")
    seen = _line(evidence, 500, "The evidence")
    with transaction.atomic():
        fresh = _in(review, _S.GATES, _("The gates are answered; scoring has begun."), code="T955")
        Gate.objects.update_or_create(
            review=fresh, key=gate, defaults={"passed": passed, "evidence": seen, "by": by, "at": timezone.now()}
        )
        record(by, "vendor gate answered", _thing(fresh), {"gate": gate, "passed": passed, "evidence": seen})
        if fresh.gates.filter(passed=True).count() == len(GATES):
            _go(fresh, _S.SCORING)
            post(Letter.Kind.SCORE, [one.person for one in fresh.scorers.select_related("person")], review=fresh)  # fmt: skip
    review.refresh_from_db()


def score_vendor(*, by: Any, review: VendorReview, values: Mapping[str, int]) -> None:  # noqa: ANN401
    """Give every row of this round its score, at once and for good. The last one to do so reveals the round.

    Raises WrongState T956 when it is not one's turn, ConfigError T956 when a row is missing or no score.
    """
    with transaction.atomic():
        fresh = _in(review, (_S.SCORING, _S.AGAIN), _("There is nothing to score now."))
        scorer, number = fresh.scorers.filter(person=by).first(), vendors.round_of(fresh)
        if scorer is None or scorer.done >= number:
            raise WrongState(
                f"{by} has nothing to score here.", todo=_("What was scored is kept as it is."), code="T956"
            )
        wanted = vendors.rows_to_score(fresh)
        if set(values) != set(wanted) or not all(0 <= value <= BEST for value in values.values()):
            raise ConfigError("Every row needs a score, 0 to 4.", todo="Score those that are left.", code="T956")
        Score.objects.bulk_create(Score(scorer=scorer, round=number, row=row, value=values[row]) for row in wanted)
        Scorer.objects.filter(pk=scorer.pk).update(done=number)
        record(by, "vendor scored", _thing(fresh), {"round": number})
        if not fresh.scorers.filter(done__lt=number).exists():
            _reveal(fresh, number)
    review.refresh_from_db()


def hand_over(*, by: Any, review: VendorReview, scorer: Any, to: Any) -> None:  # noqa: ANN401
    """Let somebody of the same team score in *scorer*'s place: one who is away for good would hold up everybody else.

    What was scored in their seat in an earlier round stays. Raises WrongState T956 when nothing is left to score there,
    ConfigError T956 for somebody of the other team, or who scores already.
    """
    with transaction.atomic():
        fresh = _in(review, (_S.GATES, _S.SCORING, _S.AGAIN), _("There is nothing left to score."))
        seat = fresh.scorers.filter(person=scorer, done__lt=vendors.round_of(fresh)).first()
        if seat is None:
            raise WrongState(
                f"{scorer} has nothing to score here.", todo=_("What was scored stays as it is."), code="T956"
            )
        if side_of(to) != seat.side or fresh.scorers.filter(person=to).exists():
            raise ConfigError(
                f"{to} cannot take this over.", todo=_("Choose somebody else of the same team."), code="T956"
            )
        Scorer.objects.filter(pk=seat.pk).update(person=to)
        record(by, "vendor scorer replaced", _thing(fresh), {"was": scorer.username, "is": to.username})
        if fresh.state != _S.GATES:
            post(Letter.Kind.SCORE, [to], review=fresh)
    review.refresh_from_db()


def score_again(*, by: Any, review: VendorReview) -> None:  # noqa: ANN401
    """What differed has been talked about: it is scored once more, blind. Raises WrongState T956 at any other time."""
    with transaction.atomic():
        fresh = _in(review, _S.REVEALED, _("There is nothing to score again."))
        _go(fresh, _S.AGAIN)
        record(by, "vendor rows talked about", _thing(fresh), {"rows": list(vendors.rows_to_score(fresh))})
        post(Letter.Kind.SCORE, [one.person for one in fresh.scorers.select_related("person")], review=fresh)  # fmt: skip
    review.refresh_from_db()


def decide(*, by: Any, review: VendorReview, taken: bool, reasons: str) -> None:  # noqa: ANN401
    """Write the decision down, with its reasons. What both teams still disagree on stays in it, open."""
    why = _line(reasons, 2000, "A decision")
    with transaction.atomic():
        states = (_S.SCORED, _S.REVEALED) if taken else (_S.GATES, _S.SCORED, _S.REVEALED)
        fresh = _in(
            review, states, _("It can be decided once both teams have scored; a failed gate decides it before.")
        )
        VendorReview.objects.filter(pk=fresh.pk).update(taken=taken, reasons=why, decided_at=timezone.now())
        _go(fresh, _S.DECIDED)
        record(by, "vendor decided", _thing(fresh), {"taken": taken, "reasons": why[:200]})
    review.refresh_from_db()


def _reveal(review: VendorReview, number: int) -> None:
    """Both teams are complete: everything of the round is seen by everybody at the same moment."""
    apart = differing(vendors.rows_in(review, number))
    _go(review, _S.REVEALED if number == 1 and apart else _S.SCORED)
    record(None, "vendor scores revealed", _thing(review), {"round": number, "apart": list(apart)})
    post(Letter.Kind.REVEALED, [one.person for one in review.scorers.select_related("person")], review=review)  # fmt: skip


def _in(review: VendorReview, states: str | Sequence[str], why: str, *, code: str = "T956") -> VendorReview:
    """The review as it is now, locked; WrongState when it is elsewhere."""
    fresh = VendorReview.objects.select_for_update().get(pk=review.pk)
    if fresh.state not in ((states,) if isinstance(states, str) else states):
        raise WrongState(f"{fresh.name} is at: {fresh.get_state_display()}.", todo=why, code=code)
    return fresh


def _go(review: VendorReview, state: str) -> None:
    VendorReview.objects.filter(pk=review.pk).update(state=state)
    review.state = state


def _thing(review: VendorReview) -> str:
    return f"vendor:{review.pk}"


def _line(text: str, longest: int, what: str) -> str:
    words = " ".join(text.split())
    if not words or len(words) > longest or not words.isprintable():
        raise ConfigError(f"{what} needs 1 to {longest} letters.", todo="Write it in a sentence.", code="T955")
    return words
