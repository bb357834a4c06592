"""The status check: an agenda made from what happened, a date in both calendars, short notes, what is carried along."""

from __future__ import annotations

import re
from datetime import timedelta

import icalendar
import pytest
from django.utils import timezone

from twain.errors import ConfigError, WrongState
from twain_web.rooms.capacity.actions import make_plan, take_step
from twain_web.rooms.desk.actions import answers
from twain_web.rooms.desk.actions.asking import Wish, ask
from twain_web.rooms.desk.models import Request
from twain_web.rooms.partnership import occasions, reminding
from twain_web.rooms.partnership.actions.checking import MOST_ITEMS, Minutes, hold_check, move_check, plan_check
from twain_web.rooms.partnership.actions.thanking import say_thanks
from twain_web.rooms.partnership.models import Item, StatusCheck
from twain_web.rooms.partnership.occasions import Offer
from twain_web.rooms.partnership.reads import checks as reads
from twain_web.rooms.people.models import AuditRow

NOW = timezone.now()
SOON = NOW + timedelta(days=6)
TODAY = timezone.localdate()


@pytest.fixture
def planned(people):
    return plan_check(by=people["mseidel"], begins_at=SOON, marketing=people["mseidel"], it=people["aberg"])


@pytest.fixture(autouse=True)
def _nothing_noticed(monkeypatch):
    monkeypatch.setattr(occasions, "OFFERS", [])


def _part(key, now=None):
    return next(part for part in reads.agenda(None, now) if part.key == key)


def _events(mail):
    ((_name, body, _kind),) = mail.attachments
    return icalendar.Calendar.from_ical(body).events


# ---------------------------------------------------------------- the agenda


@pytest.mark.usefixtures("people", "company")
def test_twenty_five_minutes_with_thanks_first():
    parts = reads.agenda(None)
    assert [part.key for part in parts] == ["thanks", "goals", "load", "late", "talk", "carried", "survey"]
    assert sum(part.minutes for part in parts) == StatusCheck.MINUTES
    assert all(part.lines or part.quiet for part in parts)


@pytest.mark.usefixtures("company")
def test_it_is_made_from_what_happened(people, teams, monkeypatch):
    night = Offer("incident:i1", "pnair", "Mended", ("“Orders” was mended at 22:40.",), NOW, "/incidents/i1/")
    monkeypatch.setattr(occasions, "OFFERS", [lambda _since: [night]])
    teams["it"].goals = [{"text": "Fresh within two hours", "target": "99 %"}]
    teams["it"].save()
    plan = make_plan(by=people["lhoffmann"], title="Letters in spring", purpose="", channel="mail", people=12_000,
                     begins_at=NOW + timedelta(days=20))  # fmt: skip
    take_step(by=people["lhoffmann"], plan=plan, verb="announce")
    assert [(line.text, line.url) for line in _part("thanks").lines] == [
        ("Priya Nair, Senior DBA: “Orders” was mended at 22:40.", "/incidents/i1/")
    ]
    assert [line.text for line in _part("goals").lines] == ["Team it: Fresh within two hours"]
    assert any("Letters in spring (12\u202f000 people)" in line.text for line in _part("load").lines)


@pytest.mark.usefixtures("company")
def test_late_promises_of_both_sides_stand_beside_each_other(people):
    lena, priya = people["lhoffmann"], people["pnair"]
    late, open_question = (
        ask(by=lena, wish=Wish("web-change", what, "Look-backs", target={"url": "https://a.example/", "text": "hut"}))
        for what in ("the hut page", "the lake page")
    )
    answers.promise(by=priya, request=late, day=TODAY)
    answers.question(by=priya, request=open_question, words="Which lake?")
    assert _part("late").lines == ()
    Request.objects.filter(pk=open_question.pk).update(since=NOW - timedelta(days=12))
    both = [line.text for line in _part("late", NOW + timedelta(days=3)).lines]
    assert re.fullmatch(r"IT: “the hut page” was promised for .+ by Priya Nair, Senior DBA\.", both[0])
    assert re.fullmatch(
        r"Marketing: “the lake page” waits for an answer of Lena Hoffmann, Campaign Manager since .+\.", both[1]
    )


@pytest.mark.usefixtures("company")
def test_when_they_last_talked_and_nobody_needed_anything(people, planned):
    assert _part("talk").lines == ()
    say_thanks(by=people["lhoffmann"], to=people["pnair"], words="For the night", at=NOW - timedelta(days=9))
    assert _part("talk").lines[0].text.endswith("somebody said thank you")
    assert "Priya" not in _part("talk").lines[0].text, "who thanked whom is theirs"
    hold_check(
        by=people["mseidel"], check=planned, minutes=Minutes(TODAY, talked_on=TODAY - timedelta(days=1)), agenda=[]
    )
    assert _part("talk").lines[0].text.endswith("noted in a status check")


# ---------------------------------------------------------------- planned, moved, reminded of


@pytest.mark.usefixtures("company")
def test_both_get_the_agenda_and_an_entry_for_their_calendars(people, planned, posted):
    mails = posted()
    assert [mail.to[0] for mail in mails] == [
        '"Mara Seidel, Head of CRM" <mara.seidel@nordlicht.example>',
        '"Anna Berg, Systems Administrator" <anna.berg@nordlicht.example>',
    ]
    assert mails[0].reply_to == ["anna.berg@nordlicht.example"]
    for part in reads.agenda(planned):
        assert part.title in mails[0].body
    ((first,), (again,)) = _events(mails[0]), _events(mails[1])
    assert (first["dtstart"].dt, first["dtend"].dt - first["dtstart"].dt) == (
        SOON.replace(microsecond=0),
        timedelta(minutes=25),
    )
    assert first["uid"] == again["uid"]
    move_check(by=people["aberg"], check=planned, begins_at=SOON + timedelta(days=1))
    (moved,) = _events(posted()[0])
    assert (moved["uid"], moved["dtstart"].dt) == (first["uid"], SOON.replace(microsecond=0) + timedelta(days=1))
    assert planned.planned_for == timezone.localdate(SOON), "the day it was first planned for stays"


def test_there_is_one_ahead_with_one_person_of_each_team(people, planned):
    mara, anna = people["mseidel"], people["aberg"]
    with pytest.raises(WrongState):
        plan_check(by=mara, begins_at=SOON, marketing=mara, it=anna)
    StatusCheck.objects.all().delete()
    for pair in ({"marketing": anna, "it": mara}, {"marketing": mara, "it": people["tklein"]}):
        with pytest.raises(ConfigError):
            plan_check(by=mara, begins_at=SOON, **pair)
    with pytest.raises(ConfigError):
        plan_check(by=mara, begins_at=NOW - timedelta(minutes=1), marketing=mara, it=anna)


@pytest.mark.usefixtures("company")
def test_the_agenda_comes_a_day_ahead_once(planned, posted):
    posted()
    assert reminding.due() == []
    StatusCheck.objects.update(begins_at=NOW + timedelta(hours=1))
    for _ in range(2):
        for key in reminding.due():
            reminding.remind(key)
    reminding.remind(str(planned.pk))
    assert [mail.subject[:20] for mail in posted()] == ["Agenda: status check"] * 2


def test_of_a_monday_s_check_one_reads_on_friday():
    monday = timezone.make_aware(timezone.datetime(2026, 11, 30, 10))
    assert timezone.localtime(reminding.reminded_from(monday)).strftime("%A %H:%M") == "Friday 10:00"
    assert timezone.localtime(reminding.reminded_from(monday + timedelta(days=1))).strftime("%A") == "Monday"


# ---------------------------------------------------------------- held


@pytest.mark.usefixtures("company")
def test_held_with_notes_and_items_that_are_carried_until_they_are_done(people, planned, posted, signed_in):
    mara = signed_in(username="mseidel")
    posted()
    said = {"held_on": TODAY.isoformat(), "notes": "Good.", "items": "Spell out the freeze\n\n  Order   donuts "}
    assert mara.post(f"{planned.url}held/", said).status_code == 302
    mails = posted()
    assert len(mails) == 2
    assert "Carried into the next one:\n- Spell out the freeze\n- Order donuts" in mails[0].body
    assert [line.text for line in _part("carried").lines] == ["Spell out the freeze", "Order donuts"]
    assert mara.post(f"{planned.url}held/", said).status_code == 409
    planned.refresh_from_db()
    assert [part["key"] for part in planned.agenda][:2] == ["thanks", "goals"]
    assert (reads.on_time(TODAY), reads.left_over()) == ((1, 1), 0)

    StatusCheck.objects.update(held_on=TODAY - timedelta(days=28), planned_for=TODAY - timedelta(days=29))
    later = plan_check(by=people["aberg"], begins_at=SOON, marketing=people["lhoffmann"], it=people["pnair"])
    donuts = Item.objects.get(text="Order donuts")
    page = mara.get(later.url).content.decode()
    assert "Order donuts" in page
    assert mara.post(f"{later.url}held/", said | {"items": "", "settled": [donuts.pk]}).status_code == 302
    assert (reads.on_time(TODAY), reads.left_over()) == ((1, 2), 1)
    assert [line.text for line in _part("carried").lines] == ["Spell out the freeze"]
    assert AuditRow.objects.filter(verb="status check held").count() == 2


@pytest.mark.usefixtures("company")
def test_of_one_that_was_held_the_agenda_stays_as_it_was(people, planned, teams, signed_in):
    agenda = [part.as_json() for part in reads.agenda(planned)]
    hold_check(by=people["mseidel"], check=planned, minutes=Minutes(TODAY), agenda=agenda)
    teams["it"].goals = [{"text": "A goal of later", "target": ""}]
    teams["it"].save()
    assert [part.as_json() for part in reads.agenda(planned)] == agenda
    assert "A goal of later" not in signed_in(username="tklein").get(planned.url).content.decode()


def test_nothing_ahead_is_written_down_and_no_endless_list(people, planned):
    mara, tomorrow = people["mseidel"], TODAY + timedelta(days=1)
    for wrong in (
        Minutes(tomorrow),
        Minutes(TODAY, talked_on=tomorrow),
        Minutes(TODAY, items=["x"] * (MOST_ITEMS + 1)),
    ):
        with pytest.raises(ConfigError):
            hold_check(by=mara, check=planned, minutes=wrong, agenda=[])
    assert reads.ahead() == planned


@pytest.mark.usefixtures("company")
def test_the_next_one_is_proposed_for_a_working_day_four_weeks_on(people, planned):
    assert reads.next_time(NOW) > NOW
    hold_check(by=people["mseidel"], check=planned, minutes=Minutes(TODAY), agenda=[])
    proposed = reads.next_time(NOW)
    assert timedelta(days=28) <= proposed - planned.begins_at <= timedelta(days=30)
    assert timezone.localtime(proposed).weekday() < 5


@pytest.mark.usefixtures("company")
def test_an_auditor_reads_it_and_holds_nothing(planned, signed_in):
    tom = signed_in(username="tklein")
    for url in ("/partnership/checks/", planned.url, f"{planned.url}calendar.ics"):
        assert tom.get(url).status_code == 200
    assert b"Write it down" not in tom.get(planned.url).content
    for url in (
        "/partnership/checks/new/",
        f"{planned.url}move/",
        f"{planned.url}held/",
        "/partnership/checks/survey/",
    ):
        assert tom.post(url, {}).status_code == 403


@pytest.mark.usefixtures("company")
def test_a_form_says_what_is_wrong_with_it(planned, signed_in):
    mara = signed_in(username="mseidel")
    assert mara.post(f"{planned.url}held/", {"held_on": "x"}).status_code == 422
    assert mara.post(f"{planned.url}move/", {"begins_at": "x"}).status_code == 422
    assert mara.post("/partnership/checks/new/", {"begins_at": "x", "marketing": "nobody"}).status_code == 422


@pytest.mark.usefixtures("company")
@pytest.mark.parametrize("language", ["en-US", "en-GB", "de"])
def test_days_stand_in_the_form_as_browsers_take_them(planned, signed_in, language):
    page = signed_in(username="mseidel").get(planned.url, headers={"accept-language": language}).content.decode()
    assert f'value="{TODAY.isoformat()}"' in page
    assert f'value="{timezone.localtime(SOON):%Y-%m-%dT%H:%M}"' in page
