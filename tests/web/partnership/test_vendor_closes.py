"""A request for a vendor review closes by itself, once the review is decided and every round that it needed was scored."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from twain_web.rooms.desk.actions.asking import Wish, ask
from twain_web.rooms.desk.looking import look
from twain_web.rooms.desk.models import Request
from twain_web.rooms.partnership.actions import reviewing
from twain_web.rooms.partnership.models import VendorReview
from twain_web.rooms.partnership.scoring import GATES, ROWS

ALIKE, LESS = dict.fromkeys(ROWS, 4), dict.fromkeys(ROWS, 1)

pytestmark = pytest.mark.usefixtures("company")


@pytest.fixture
def asked(people):
    """Lena has asked for a look at a vendor."""
    wish = Wish("vendor-review", "Translations", "Fewer late nights", target={"vendor": "Wortwerk"})
    return ask(by=people["lhoffmann"], wish=wish)


@pytest.fixture
def begin(people):
    """Begin a review, all gates passed."""

    def make(request="", *, asked_at=None, gates=True):
        who = [people["lhoffmann"], people["pnair"]]
        made = reviewing.begin_review(
            by=people["pnair"], name="Wortwerk", purpose="Translations", scorers=who, request=request, asked_at=asked_at
        )
        for gate in GATES if gates else ():
            reviewing.answer_gate(by=people["aberg"], review=made, gate=gate, passed=True, evidence="page 4")
        return made

    return make


def looked(asked):
    Request.objects.update(look_at=timezone.now())
    look(str(asked.pk))
    asked.refresh_from_db()
    return asked.state, asked.seen["words"]


def decide(people, review, *, taken=True):
    reviewing.decide(by=people["mseidel"], review=review, taken=taken, reasons="It saves a week.")


def test_with_both_rounds_it_closes(people, asked, begin):
    assert looked(asked) == ("asked", "Nobody has begun the review with both teams yet.")
    review = begin(asked.slug)
    assert "Scoring, blind" in looked(asked)[1]
    reviewing.score_vendor(by=people["lhoffmann"], review=review, values=ALIKE)
    reviewing.score_vendor(by=people["pnair"], review=review, values=LESS)
    reviewing.score_again(by=people["pnair"], review=review)
    for name in ("lhoffmann", "pnair"):
        assert looked(asked)[0] == "asked"
        reviewing.score_vendor(by=people[name], review=review, values=ALIKE)
    assert looked(asked)[0] == "asked", "not before it is decided"
    decide(people, review)
    state, words = looked(asked)
    assert (state, "decided to take it" in words) == ("observed", True)
    assert asked.seen["technical"].endswith("decided, 2 of 2")


def test_where_nothing_differs_one_round_is_enough(people, asked, begin):
    review = begin(asked.slug)
    for name in ("lhoffmann", "pnair"):
        reviewing.score_vendor(by=people[name], review=review, values=ALIKE)
    decide(people, review, taken=False)
    assert looked(asked)[0] == "observed"


def test_a_decision_that_leaves_out_the_second_round_is_not_enough(people, asked, begin):
    review = begin(asked.slug)
    reviewing.score_vendor(by=people["lhoffmann"], review=review, values=ALIKE)
    reviewing.score_vendor(by=people["pnair"], review=review, values=LESS)
    decide(people, review)
    state, words = looked(asked)
    assert (state, "was not scored again" in words) == ("asked", True)


def test_a_gate_that_failed_ends_it(people, asked, begin):
    review = begin(asked.slug, gates=False)
    reviewing.answer_gate(by=people["aberg"], review=review, gate="export", passed=False, evidence="none at all")
    decide(people, review, taken=False)
    state, words = looked(asked)
    assert (state, "decided against it" in words) == ("observed", True)


def test_by_its_name_alone_only_a_review_that_was_begun_since(people, asked, begin):
    before = begin(asked_at=timezone.now() - timedelta(days=400), gates=False)
    decide(people, before, taken=False)
    others = begin("r999999")
    assert looked(asked)[1] == "Nobody has begun the review with both teams yet."
    begin()
    assert "Scoring, blind" in looked(asked)[1]
    assert VendorReview.objects.filter(pk=others.pk, request="r999999").exists()
