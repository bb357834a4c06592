"""The team survey: whoever reads whatever Twain shows, keeps or exports, learns nobody's answer."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from django.apps import apps
from django.db import transaction
from django.utils import timezone

from twain.errors import ConfigError, WrongState
from twain_web import cleaning
from twain_web.models import OutboxRow
from twain_web.roles import Role
from twain_web.rooms.integrations.models import Message
from twain_web.rooms.partnership import programs
from twain_web.rooms.partnership.actions.surveying import OPTIONS, answer_survey
from twain_web.rooms.partnership.models import Answered, Ballot, Letter, Side
from twain_web.rooms.partnership.numbers.programs import numbers
from twain_web.rooms.partnership.quarters import first_day, last_day, quarter_of
from twain_web.rooms.partnership.reads import surveys
from twain_web.rooms.people.models import AuditRow

QUARTER = "2026-Q2"
WITHIN, AFTER = first_day(QUARTER), last_day(QUARTER) + timedelta(days=1)
READERS = ("lhoffmann", "aberg", "tklein")


@pytest.fixture
def eight(people, teams, somebody):
    """Eight of Marketing."""
    more = [somebody(Role.MARKETER, username=f"marketer-{n}") for n in range(6)]
    for one in more:
        one.team = teams["marketing"]
        one.save()
    return [people["lhoffmann"], people["mseidel"], *more]


def _answer(who, options, texts=None):
    for n, (person, option) in enumerate(zip(who, options, strict=False)):
        answer_survey(by=person, option=option, change=(texts or {}).get(n, ""), today=WITHIN)


def _everything(signed_in):
    """Whatever anybody can read: each one's pages, what programs get, the audit, who has answered."""
    shown = [_without_tokens(signed_in(username=name).get("/partnership/checks/")) for name in READERS]
    rows = AuditRow.objects.filter(verb="survey answered").values_list("person", "thing", "detail", "address")
    told = surveys.published(WITHIN), surveys.published(AFTER)
    return shown, list(rows), sorted(Answered.objects.values_list("person_id", "quarter")), told


def _without_tokens(response):
    return [
        line for line in response.content.decode().splitlines()
        if not any(word in line for word in ("csrf", "nonce", "CSRF", "datetime=", "<time"))
    ]  # fmt: skip


def _in_a_world_of_its_own(act):
    with transaction.atomic():
        found = act()
        transaction.set_rollback(True)
    return found


@pytest.mark.usefixtures("company")
@pytest.mark.parametrize("people_who_answered", [1, 4])
def test_with_fewer_than_five_whatever_they_say_everything_that_can_be_read_is_the_same(
    eight, signed_in, people_who_answered
):
    """Also after the quarter: two worlds that differ in answers alone cannot be told apart by anybody."""
    dice = random.Random(people_who_answered)

    def world(options, texts):
        def act():
            _answer(eight[:people_who_answered], options, texts)
            return _everything(signed_in)

        return _in_a_world_of_its_own(act)

    options = [dice.choice(OPTIONS) for _ in range(4)]
    assert world(["excellent"] * 4, {}) == world(options, {0: "Fewer meetings", 2: "Donuts"})


@pytest.mark.usefixtures("company")
def test_programs_numbers_and_what_goes_out_tell_no_more_than_the_pages(eight, people):
    """What the API, the command line and webhooks are made of: the same whatever four people say, and while a quarter lasts."""
    reader = people["tklein"]

    def world(answers, option, today):
        def act():
            for one in eight[:answers]:
                answer_survey(by=one, option=option, change="Donuts" if option == "poor" else "", today=today)
            every = [one for part in numbers(by=reader, period="quarter").parts for one in part.numbers]
            counted = [one for one in every if "survey" in str(one).lower()]
            assert counted
            out = [str(row) for model in (OutboxRow, Message, Letter) for row in model.objects.values_list()]
            return programs.survey(by=reader), programs.status_checks(by=reader), counted, out

        return _in_a_world_of_its_own(act)

    for answers, today in ((4, WITHIN), (8, timezone.localdate())):
        assert world(answers, "excellent", today) == world(answers, "poor", today)


@pytest.mark.usefixtures("company")
def test_before_a_quarter_is_over_one_answer_more_changes_nothing_but_who_has_answered(eight):
    """Looking before and after somebody answers shows no difference: there is nothing to take from each other."""
    seen = []
    for n, person in enumerate(eight):
        answer_survey(by=person, option=OPTIONS[n % 4], change=f"text {n}", today=WITHIN)
        seen.append((surveys.published(WITHIN), [a.answered for a in map(surveys.asked, eight) if a]))
    assert all(published == [] for published, _ in seen)
    (told,) = surveys.published(AFTER)
    assert (told.quarter, told.side, told.told.answered) == (QUARTER, Side.MARKETING, 8)
    assert sorted(told.texts) == sorted(f"text {n}" for n in range(8))


def test_what_is_kept_of_an_answer_names_nobody_and_no_moment(eight):
    _answer(eight, OPTIONS * 2, {n: f"text {n}" for n in range(8)})
    kept = {field.name for field in Ballot._meta.get_fields()}
    assert kept == {"id", "quarter", "side", *OPTIONS, "texts"}
    assert {field.name for field in Answered._meta.get_fields()} == {"id", "person", "quarter"}
    assert Ballot.objects.count() == 1, "no row is one person's"
    assert Ballot.objects.get().answered == 8
    assert Ballot.objects.get().texts != [f"text {n}" for n in range(8)], "not in the order in which they came"


def test_texts_come_in_another_order_at_every_look(eight):
    _answer(eight, OPTIONS * 2, {n: f"text {n}" for n in range(8)})
    orders = {surveys.published(AFTER)[0].texts for _ in range(6)}
    assert len(orders) > 1


def test_the_audit_says_that_the_survey_was_answered_not_by_whom_nor_what(eight):
    answer_survey(by=eight[0], option="poor", change="Donuts", today=WITHIN)
    row = AuditRow.objects.get(verb="survey answered")
    assert (row.person, row.thing, row.detail) == ("twain", f"survey:{QUARTER}", {"side": "marketing"})


def test_no_other_table_refers_to_an_answer(eight):
    answer_survey(by=eight[0], option="poor", change="A sentence that is found nowhere else", today=WITHIN)
    for model in apps.get_models():
        texts = [str(row) for row in model._default_manager.values_list()]
        found = [text for text in texts if "A sentence that is found nowhere else" in text]
        assert not found or model is Ballot, model


def test_everybody_answers_once_a_quarter(eight):
    answer_survey(by=eight[0], option="above", today=WITHIN)
    with pytest.raises(WrongState) as refused:
        answer_survey(by=eight[0], option="poor", today=WITHIN)
    assert refused.value.shown_code == "T953"
    answer_survey(by=eight[0], option="poor", today=AFTER)
    assert [ballot.answered for ballot in Ballot.objects.all()] == [1, 1]
    with pytest.raises(ConfigError):
        answer_survey(by=eight[1], option="so so", today=WITHIN)


def test_a_team_under_five_talks_instead_and_nothing_is_kept(people, signed_in):
    priya = signed_in(username="pnair")
    page = priya.get("/partnership/checks/survey/").content.decode()
    assert "Talk instead" in page
    assert "radio" not in page
    refused = priya.post("/partnership/checks/survey/", {"option": "poor", "change": "x"})
    assert refused.status_code == 409
    assert not Ballot.objects.exists()
    assert not Answered.objects.exists()


def test_by_the_page_one_answers_and_is_thanked(eight, signed_in):
    lena = signed_in(username="lhoffmann")
    page = lena.get("/partnership/checks/survey/").content.decode()
    assert page.count('type="radio"') == 4
    assert lena.post("/partnership/checks/survey/", {"change": "x"}).status_code == 422
    assert lena.post("/partnership/checks/survey/", {"option": "above", "change": "Donuts"}).status_code == 302
    assert "You have answered" in lena.get("/partnership/checks/").content.decode()


def test_when_the_quarter_is_over_who_answered_is_forgotten_and_too_few_answers_too(eight, people, teams, somebody):
    _answer(eight, OPTIONS * 2)
    Ballot.objects.create(quarter=QUARTER, side="it", poor=4, texts=["x"])
    gone = {
        name: find(datetime(WITHIN.year, WITHIN.month, 20, tzinfo=UTC)).count() for name, find in cleaning.DEAD.items()
    }
    assert gone["who answered a survey that is over"] == gone["survey answers of fewer than five"] == 0
    after = datetime(AFTER.year, AFTER.month, 20, tzinfo=UTC)
    for name in ("who answered a survey that is over", "survey answers of fewer than five"):
        cleaning.DEAD[name](after).delete()
    assert not Answered.objects.exists()
    assert [ballot.side for ballot in Ballot.objects.all()] == ["marketing"]
    assert surveys.published(AFTER)[0].told.answered == 8


def test_both_teams_stand_beside_the_article(people, signed_in):
    quarter = quarter_of(first_day(quarter_of(WITHIN)))
    for side, good, bad in (("marketing", 9, 5), ("it", 8, 4)):
        Ballot.objects.create(quarter=quarter, side=side, above=good, below=bad, texts=["Fewer meetings"])
    page = signed_in(username="tklein").get("/partnership/checks/").content.decode()
    for words in ("Marketing about IT, 14 answers", "IT about Marketing, 12 answers", "64 %", "67 %", "Fewer meetings"):
        assert words in page
    assert "36 %" in page
