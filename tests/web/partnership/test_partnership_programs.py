"""The partnership for programs: by the API, at the command line, on home pages; and the demo's past."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from typer.testing import CliRunner

from twain.cli.app import app
from twain.errors import TwainError
from twain_web import commands
from twain_web.rooms.partnership.actions import reviewing
from twain_web.rooms.partnership.actions.checking import Minutes, hold_check, plan_check
from twain_web.rooms.partnership.actions.thanking import say_thanks
from twain_web.rooms.partnership.demo import enter_demo_partnership
from twain_web.rooms.partnership.models import Ballot, Letter, StatusCheck, Thanks
from twain_web.rooms.partnership.public import check_figures, survey_figures, waiting_for
from twain_web.rooms.partnership.quarters import before, quarter_of
from twain_web.rooms.partnership.scoring import GATES, ROWS
from twain_web.rooms.people.public import make_token, scopes

TODAY = timezone.localdate()
LAST_QUARTER = before(quarter_of(TODAY))


@pytest.fixture
def read(people):
    """What a program of this person reads of the partnership."""

    def reading(username, what):
        secret = make_token(by=people[username], name="test", wanted=scopes(), days=1).secret
        answer = Client(headers={"authorization": f"Bearer {secret}"}).get(f"/api/partnership/{what}")
        assert answer.status_code == 200, answer.content
        return answer.json()

    return reading


@pytest.mark.usefixtures("company")
def test_the_agenda_and_the_checks_as_programs_read_them(people, read):
    assert read("tklein", "agenda")["begins_at"] is None
    leads = {"marketing": people["mseidel"], "it": people["aberg"]}
    made = plan_check(by=people["mseidel"], begins_at=timezone.now() + timedelta(days=2), **leads)
    agenda = read("pnair", "agenda")
    assert (agenda["marketing"], agenda["it"]) == ("Mara Seidel, Head of CRM", "Anna Berg, Systems Administrator")
    assert sum(part["minutes"] for part in agenda["parts"]) == agenda["minutes"] == 25
    hold_check(by=people["mseidel"], check=made, minutes=Minutes(TODAY, "Good.", items=["Donuts"]), agenda=[])
    (card,) = read("tklein", "checks")["items"]
    assert (card["held_on"], card["notes"], card["carried"]) == (TODAY.isoformat(), "Good.", ["Donuts"])
    assert (check_figures().on_time, check_figures().due, check_figures().carried_over) == (1, 1, 0)


def test_of_the_survey_programs_read_what_everybody_may(people, read):
    Ballot.objects.create(quarter=LAST_QUARTER, side="it", excellent=5, texts=["A text"])
    Ballot.objects.create(quarter=LAST_QUARTER, side="marketing", poor=4, texts=["Four are too few"])
    Ballot.objects.create(quarter=quarter_of(TODAY), side="marketing", above=9)
    told = read("tklein", "survey")["items"]
    assert told == [{"quarter": LAST_QUARTER, "side": "it", "answered": 5, "share": 0.6, "bound": "at least"}]
    assert [(one.side, one.share) for one in survey_figures()] == [("it", 0.6)]


def test_one_reads_one_s_own_thanks(people, read):
    say_thanks(by=people["lhoffmann"], to=people["pnair"], words="For the night")
    found = {name: [one["words"] for one in read(name, "thanks")["items"]] for name in people}
    assert found == {
        "lhoffmann": ["For the night"],
        "pnair": ["For the night"],
        "mseidel": [],
        "aberg": [],
        "tklein": [],
    }


def test_of_a_blind_round_programs_read_nothing(people, read):
    who = [people["lhoffmann"], people["pnair"]]
    review = reviewing.begin_review(by=people["pnair"], name="Wortwerk", purpose="Translations", scorers=who)
    for gate in GATES:
        reviewing.answer_gate(by=people["aberg"], review=review, gate=gate, passed=True, evidence="seen")
    assert [one.text for one in waiting_for(people["pnair"])] == ["Score Wortwerk, blind"]
    reviewing.score_vendor(by=people["pnair"], review=review, values=dict.fromkeys(ROWS, 0))
    assert waiting_for(people["pnair"]) == []
    blind = read("tklein", "vendors")["items"]
    assert (blind[0]["state"], blind[0]["disagreements"]) == ("scoring", 0)
    reviewing.score_vendor(by=people["lhoffmann"], review=review, values=dict.fromkeys(ROWS, 4))
    assert read("tklein", "vendors")["items"][0]["disagreements"] == len(ROWS)


def test_what_waits_stands_on_the_home_pages_of_those_it_is_for(people):
    leads = {"marketing": people["mseidel"], "it": people["aberg"]}
    made = plan_check(by=people["mseidel"], begins_at=timezone.now() + timedelta(days=2), **leads)
    assert [len(waiting_for(people[name])) for name in ("mseidel", "aberg", "lhoffmann", "tklein")] == [1, 1, 0, 0]
    StatusCheck.objects.update(begins_at=timezone.now() - timedelta(hours=2))
    assert [one.text for one in waiting_for(people["aberg"])] == ["Write down the status check: was it held?"]
    hold_check(by=people["aberg"], check=made, minutes=Minutes(TODAY), agenda=[])
    assert waiting_for(people["aberg"]) == []


@pytest.mark.usefixtures("company")
def test_at_the_command_line(people, monkeypatch):
    monkeypatch.setattr(commands, "setup", lambda: None)

    def run(who, *words):
        monkeypatch.setattr(commands, "_me", lambda: who)
        done = CliRunner().invoke(app, ["desk", *words])
        if isinstance(done.exception, TwainError):
            return done.exception.shown_code
        assert done.exit_code == 0, done.output
        return done.output

    assert json.loads(run("pnair", "agenda", "--json"))["parts"][0]["key"] == "thanks"
    assert "none is planned" in run("pnair", "agenda")
    assert "No vendor has been reviewed yet." in run("pnair", "vendors")
    reviewing.begin_review(
        by=people["pnair"], name="Wortwerk", purpose="x", scorers=[people["lhoffmann"], people["pnair"]]
    )
    assert json.loads(run("tklein", "vendors", "--json"))["vendors"][0]["name"] == "Wortwerk"
    assert "Wortwerk: Gates" in run("tklein", "vendors")


def test_the_demo_s_past_is_entered_once_and_nobody_is_mailed_about_it(people):
    for _ in range(2):
        enter_demo_partnership(marketing="lhoffmann", lead="mseidel", its="pnair", its_lead="aberg")
    held, ahead = StatusCheck.objects.order_by("begins_at")
    assert (Thanks.objects.count(), Letter.objects.count()) == (1, 0)
    assert held.held_on is not None
    assert held.held_on <= TODAY - timedelta(days=14)
    assert ahead.begins_at > timezone.now()
    assert (held.raised.count(), sum(part["minutes"] for part in held.agenda)) == (2, StatusCheck.MINUTES)
