"""Vendor reviews: gates, blind scores, what differs once more, a decision; both rounds kept."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from twain.errors import ConfigError, WrongState
from twain_web.rooms.desk.actions.asking import Wish, ask
from twain_web.rooms.partnership.actions import reviewing
from twain_web.rooms.partnership.models import Score, VendorReview
from twain_web.rooms.partnership.reads import vendors
from twain_web.rooms.partnership.scoring import GATES, ROWS
from twain_web.rooms.people.models import AuditRow

_S = VendorReview.State
ALIKE = dict.fromkeys(ROWS, 3)


@pytest.fixture
def review(people):
    who = [people[name] for name in ("lhoffmann", "mseidel", "pnair")]
    return reviewing.begin_review(by=people["lhoffmann"], name="Wortwerk", purpose="Translations", scorers=who)


@pytest.fixture
def scoring(people, review):
    for gate in GATES:
        reviewing.answer_gate(by=people["aberg"], review=review, gate=gate, passed=True, evidence="contract, page 4")
    return review


def _score(people, review, **by):
    for name, values in by.items():
        reviewing.score_vendor(by=people[name], review=review, values=values)


def test_both_teams_or_no_review(people):
    for scorers in (
        [],
        [people["lhoffmann"]],
        [people["lhoffmann"], people["mseidel"]],
        [people["pnair"], people["tklein"]],
    ):
        with pytest.raises(ConfigError) as refused:
            reviewing.begin_review(by=people["pnair"], name="Wortwerk", purpose="x", scorers=scorers)
        assert refused.value.shown_code == "T955"


def test_scoring_begins_when_every_gate_is_passed_with_evidence(people, review, posted):
    for gate in list(GATES)[:-1]:
        reviewing.answer_gate(by=people["aberg"], review=review, gate=gate, passed=True, evidence="seen")
    last = list(GATES)[-1]
    with pytest.raises(ConfigError):
        reviewing.answer_gate(by=people["aberg"], review=review, gate=last, passed=True, evidence=" ")
    reviewing.answer_gate(by=people["aberg"], review=review, gate=last, passed=False, evidence="no export at all")
    assert review.state == _S.GATES
    with pytest.raises(WrongState):
        _score(people, review, lhoffmann=ALIKE)
    assert posted() == []
    reviewing.answer_gate(by=people["pnair"], review=review, gate=last, passed=True, evidence="they have built one")
    assert review.state == _S.SCORING
    assert (
        sorted(mail.to[0] for mail in posted())[0]
        == '"Lena Hoffmann, Campaign Manager" <lena.hoffmann@nordlicht.example>'
    )
    with pytest.raises(WrongState):
        reviewing.answer_gate(by=people["pnair"], review=review, gate=last, passed=False, evidence="now?")


def test_a_gate_that_is_not_passed_ends_it(people, review, signed_in):
    reviewing.answer_gate(by=people["aberg"], review=review, gate="export", passed=False, evidence="no export")
    with pytest.raises(WrongState):
        reviewing.decide(by=people["aberg"], review=review, taken=True, reasons="Anyway")
    assert (
        signed_in(username="mseidel")
        .post(f"{review.url}decision/", {"taken": "no", "reasons": "No way out"})
        .status_code
        == 302
    )
    review.refresh_from_db()
    assert (review.state, review.taken) == (_S.DECIDED, False)


def test_before_everybody_is_done_nobody_sees_a_number(people, scoring, signed_in):
    """Not on the page, not in what programs read, not in the audit; also not whether two agree."""

    def seen():
        pages = [signed_in(username=name).get(scoring.url).content.decode() for name in people if name != "pnair"]
        audit = list(
            AuditRow.objects.filter(thing=f"vendor:{scoring.pk}", verb="vendor scored").values_list("detail", flat=True)
        )
        shown = [re.sub(r'csrf\w*" value="[^"]+"|nonce="[^"]+"|"X-CSRFToken": "[^"]+"', "", page) for page in pages]
        return shown, audit, vendors.lines(scoring), vendors.card(scoring).disagreements

    worlds = []
    for value in (0, 4):
        _score(people, scoring, lhoffmann=dict.fromkeys(ROWS, value), mseidel=dict.fromkeys(ROWS, 4 - value))
        worlds.append(seen())
        Score.objects.all().delete()
        scoring.scorers.update(done=0)
        AuditRow.objects.filter(verb="vendor scored").delete()
    assert worlds[0] == worlds[1]
    assert worlds[0][2:] == ([], 0)
    assert worlds[0][1] == [{"round": 1}] * 2


def test_revealed_together_what_differs_is_scored_once_more_and_both_rounds_stay(people, scoring, posted):
    posted()
    _score(people, scoring, lhoffmann=ALIKE | {"cost": 4, "exit": 4}, pnair=ALIKE | {"cost": 1, "exit": 1})
    assert (scoring.state, posted()) == (_S.SCORING, [])
    _score(people, scoring, mseidel=ALIKE | {"cost": 2, "exit": 4})
    assert scoring.state == _S.REVEALED
    apart = {line.key: (line.first.marketing, line.first.it) for line in vendors.lines(scoring) if line.open}
    assert apart == {"cost": (3.0, 1.0), "exit": (4.0, 1.0)}
    assert "You differ on: Three-year cost, Exit." in posted()[0].body
    with pytest.raises(WrongState):
        _score(people, scoring, lhoffmann=ALIKE)

    reviewing.score_again(by=people["mseidel"], review=scoring)
    assert vendors.rows_to_score(scoring) == ("cost", "exit")
    with pytest.raises(ConfigError):
        _score(people, scoring, pnair=ALIKE)
    _score(people, scoring, pnair={"cost": 2, "exit": 1}, lhoffmann={"cost": 3, "exit": 4})
    assert all(line.second is None for line in vendors.lines(scoring)), "the second round is blind as well"
    _score(people, scoring, mseidel={"cost": 3, "exit": 4})
    assert scoring.state == _S.SCORED
    lines = {line.key: line for line in vendors.lines(scoring)}
    assert (lines["cost"].first.it, lines["cost"].second.it, lines["cost"].open) == (1.0, 2.0, False)
    assert lines["exit"].open
    assert lines["security"].second is None
    with pytest.raises(WrongState):
        reviewing.score_again(by=people["mseidel"], review=scoring)
    assert vendors.card(scoring).disagreements == 1
    assert Score.objects.filter(round=1).count() == 3 * len(ROWS)


def test_when_they_see_it_alike_it_is_decided_at_once(people, scoring):
    _score(people, scoring, lhoffmann=ALIKE, pnair=ALIKE, mseidel=ALIKE)
    assert scoring.state == _S.SCORED
    with pytest.raises(ConfigError):
        reviewing.decide(by=people["mseidel"], review=scoring, taken=True, reasons=" ")
    reviewing.decide(by=people["mseidel"], review=scoring, taken=True, reasons="It does what we need")
    VendorReview.objects.update(asked_at=scoring.decided_at - timedelta(days=12))
    scoring.refresh_from_db()
    assert (vendors.card(scoring).lead_days, vendors.card(scoring).disagreements, scoring.taken) == (12.0, 0, True)


@pytest.mark.parametrize("values", [{}, ALIKE | {"cost": 5}, ALIKE | {"cost": -1}, ALIKE | {"donuts": 4}])
def test_every_row_needs_a_score_and_nothing_else(people, scoring, values):
    with pytest.raises(ConfigError) as refused:
        _score(people, scoring, pnair=values)
    assert refused.value.shown_code == "T956"


def test_one_s_scores_are_given_once_and_only_by_those_who_were_named(people, scoring):
    _score(people, scoring, pnair=ALIKE)
    for name in ("pnair", "aberg"):
        with pytest.raises(WrongState):
            _score(people, scoring, **{name: ALIKE})


@pytest.mark.usefixtures("company")
def test_whoever_is_away_hands_their_seat_to_somebody_of_their_team(people, scoring, signed_in, posted):
    """One who never comes back would keep both teams from a decision; nobody sees a number by it."""
    _score(people, scoring, lhoffmann=ALIKE, mseidel=ALIKE)
    seat, done = (scoring.scorers.get(person=people[name]) for name in ("pnair", "mseidel"))
    anna = signed_in(username="aberg")
    page = anna.get(scoring.url).content.decode()
    assert page.count("Away? Somebody else can score") == 1
    for where, to in ((seat, "lhoffmann"), (seat, "nobody"), (done, "aberg"), (done, "lhoffmann")):
        assert anna.post(f"{scoring.url}instead/{where.pk}/", {"to": to}).status_code in (302, 409)
    assert {one.person.username for one in scoring.scorers.all()} == {"lhoffmann", "mseidel", "pnair"}
    assert anna.post(f"{scoring.url}instead/{seat.pk}/", {"to": "aberg"}).status_code == 302
    seat.refresh_from_db()
    assert (seat.person, seat.side, scoring.state) == (people["aberg"], "it", _S.SCORING)
    assert AuditRow.objects.filter(verb="vendor scorer replaced").get().detail == {"was": "pnair", "is": "aberg"}
    with pytest.raises(WrongState):
        _score(people, scoring, pnair=ALIKE)
    _score(people, scoring, aberg=ALIKE)
    assert scoring.state == _S.SCORED


def test_the_request_for_a_vendor_review_leads_here(people, signed_in):
    asked = ask(by=people["lhoffmann"], wish=Wish("vendor-review", "Wortwerk for translations", "Fewer late nights"))
    anna = signed_in(username="aberg")
    page = anna.get(asked.url).content.decode()
    (begin,) = re.findall(r'href="(/partnership/vendors/new/\?request=r\d+)"', page)
    form = anna.get(begin).content.decode()
    assert "Wortwerk for translations" in form
    said = {"name": "Wortwerk", "purpose": "Translations", "marketing": ["lhoffmann"], "it": ["aberg", "pnair"]}
    assert anna.post(begin, said).status_code == 302
    made = VendorReview.objects.get()
    assert (made.request, made.asked_at, made.scorers.count()) == (asked.slug, asked.asked_at, 3)
    assert f'href="{made.url}"' in anna.get(asked.url).content.decode()
    assert f'href="{asked.url}"' in anna.get(made.url).content.decode()
    assert anna.post("/partnership/vendors/new/", said | {"it": []}).status_code == 422


def test_by_the_pages_gates_scores_and_talking(people, review, signed_in):
    anna = signed_in(username="aberg")
    for gate in GATES:
        assert anna.post(f"{review.url}gate/", {"gate": gate, "passed": "yes", "evidence": ""}).status_code == 302
        assert anna.post(f"{review.url}gate/", {"gate": gate, "passed": "yes", "evidence": "seen"}).status_code == 302
    assert anna.post(f"{review.url}gate/", {"gate": "donuts", "passed": "yes", "evidence": "x"}).status_code == 404
    assert b"Give these scores" not in anna.get(review.url).content, "Anna does not score"
    for name, value in (("lhoffmann", "4"), ("mseidel", "4"), ("pnair", "1")):
        client = signed_in(username=name)
        assert client.get(review.url).content.decode().count('type="radio"') == 5 * len(ROWS)
        assert client.post(f"{review.url}scores/", {"cost": "4"}).status_code == 422
        assert client.post(f"{review.url}scores/", dict.fromkeys(ROWS, value)).status_code == 302
    page = anna.get(review.url).content.decode()
    assert page.count("To be talked about</strong>") == len(ROWS)
    assert anna.post(f"{review.url}again/").status_code == 302
    assert anna.post(f"{review.url}decision/", {"taken": "yes", "reasons": ""}).status_code == 302
    review.refresh_from_db()
    assert review.state == _S.AGAIN


def test_an_auditor_reads_it_and_answers_nothing(scoring, signed_in):
    tom = signed_in(username="tklein")
    assert tom.get("/partnership/vendors/").status_code == tom.get(scoring.url).status_code == 200
    for part in ("gate/", "scores/", "again/", "decision/"):
        assert tom.post(scoring.url + part, {}).status_code == 403
    assert timezone.now() > scoring.asked_at
