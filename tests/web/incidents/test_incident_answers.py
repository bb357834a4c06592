"""Answers: by links that a scanner may open and another may not use, on the page by role, to nobody in time; a changed limit."""

from __future__ import annotations

import re
import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from tests.house_workspace import ROOT
from twain.errors import ContractError, WrongState
from twain.records import Owner
from twain_web import engine
from twain_web.roles import Role
from twain_web.rooms.incidents import hours, letters, looking, proposals, wording
from twain_web.rooms.incidents.actions import answering, closing
from twain_web.rooms.incidents.actions.opening import failed
from twain_web.rooms.incidents.failures import Failure
from twain_web.rooms.incidents.models import Incident, Letter
from twain_web.rooms.incidents.numbers import by_feed_and_month
from twain_web.rooms.incidents.public import incidents


def failure(check: str = "freshness", **more) -> Failure:
    """A failure as a check of the demo's customers finds it; nobody's database is asked."""
    found = {
        "key": f"feed:customers:{check}:", "kind": "feed", "feed": "customers", "check": check, "field": "",
        "title": "Customers: older than agreed", "business": "The newest of Customers is 10 days old.",
        "technical": "customers.updated_at: newest 2026-11-12", "sql": "SELECT max(updated_at) FROM customers",
        "owner": Owner("Priya Nair", "Senior DBA", "priya.nair@nordlicht.example"), "at": timezone.now(),
        "observed": 864_000.0, "expected": "at most 2 days", **more,
    }  # fmt: skip
    return Failure(**found)


@pytest.fixture
def opened(company, priya, posted):
    one = failed(failure())
    letters.send_now(one)
    return one


def links(message) -> dict[str, str]:
    return dict(re.findall(r"^(.+):\n(\S*/incidents/answer/\S+)$", message.body, re.MULTILINE))


def test_a_scanner_changes_nothing_a_press_does(opened, posted, priya):
    found = links(posted()[0])
    assert list(found) == ["I have seen it", "It is mended: look again now", "This is as it should be"]
    before = list(opened.events.values_list("verb", flat=True))
    for url in found.values():
        for method in (Client().get, Client().head):
            assert method(url).status_code == 200
    opened.refresh_from_db()
    assert (list(opened.events.values_list("verb", flat=True)), opened.acknowledged_at) == (before, None)
    assert Client(enforce_csrf_checks=True).post(found["I have seen it"]).status_code == 403
    assert b"Both teams see now that you know" in Client().post(found["I have seen it"]).content
    opened.refresh_from_db()
    assert opened.acknowledged_by == priya
    assert re.fullmatch(r"Priya Nair, Senior DBA, told [\d:]+, has seen it at [\d:]+", wording.told(opened))
    Client().post(found["I have seen it"])  # pressed twice: once noted
    assert list(opened.events.values_list("verb", flat=True)) == [*before, "acknowledge"]
    assert Client().post(found["It is mended: look again now"]).status_code == 200  # the same letter, later
    opened.refresh_from_db()
    assert opened.look_at <= timezone.now()


def test_a_link_is_for_its_person_alone_while_it_is_open(opened, posted, priya, signed_in):
    url = links(posted()[0])["I have seen it"]
    assert signed_in(Role.DATA_OWNER, username="somebody-else").post(url).status_code == 409
    for forged in (url[:-3] + "AAA/", url.replace("answer/", "answer/x"), "/incidents/answer/nonsense/"):
        assert Client().post(forged).status_code == 409
    Letter.objects.update(expires_at=timezone.now())
    assert Client().post(url).status_code == 409
    Letter.objects.update(expires_at=timezone.now() + timedelta(days=1))
    priya.roles_held.all().delete()
    assert Client().post(url).status_code == 409
    opened.refresh_from_db()
    assert opened.acknowledged_at is None
    closing.restore(opened, timezone.now(), "Mended.")
    assert b"mended already" in Client().post(url).content


def test_words_with_markup_and_line_ends_are_words(company, priya, posted, signed_in):
    nasty = "<script>alert(1)</script>\r\nBcc: x@example.com\n\n<b>"
    one = failed(failure(title=f"Rows{nasty}", business=nasty, technical=nasty, sql=nasty))
    letters.send_now(one)
    (letter,) = posted()
    assert "\n" not in letter.subject
    assert letter.recipients() == [priya.email]
    assert "Bcc" not in letter.message()
    page = signed_in(Role.DATA_OWNER, username="pnair").get(one.url).content
    assert b"<script>alert" not in page
    assert b"&lt;script&gt;" in page
    for url in links(letter).values():
        assert b"<script>alert" not in Client().get(url).content


def test_on_the_page_it_is_answered_by_role(opened, signed_in):
    for role, seen, look in ((Role.MARKETER, 403, 302), (Role.AUDITOR, 403, 403), (Role.IT_OPERATOR, 302, 302)):
        client = signed_in(role)
        assert client.get(opened.url).status_code == 200
        assert client.post(f"{opened.url}seen/").status_code == seen
        assert client.post(f"{opened.url}look/").status_code == look
        assert client.get(f"{opened.url}look/").status_code in (403, 405)
    page = signed_in(Role.MARKETER).get(opened.url).content.decode()
    assert 'id="look"' in page
    assert 'id="seen"' not in page
    assert signed_in(Role.MARKETER).get("/incidents/i999999/").status_code == 404


def test_the_list_filters_by_feed_and_says_what_is_mended(opened, signed_in):
    client = signed_in(Role.MARKETER)
    assert opened.title in client.get("/incidents/?feed=customers").content.decode()
    assert opened.title not in client.get("/incidents/?feed=orders").content.decode()
    closing.restore(opened, timezone.now(), "Mended.")
    page = client.get("/incidents/?feed=nonsense%27%3C").content.decode()
    assert "Nothing is open" in page
    assert opened.title in page
    Incident.objects.all().delete()
    assert "No check has failed" in client.get("/incidents/").content.decode()


# ---------------------------------------------------------------- nobody answers in time


def test_past_the_agreed_time_the_delegate_then_the_bridge_person_is_asked(
    opened, posted, priya, somebody, monkeypatch
):
    delegate, bridge = somebody(Role.DATA_OWNER, username="jweber"), somebody(Role.IT_OPERATOR, username="bridge")
    priya.delegate, priya.team.bridge = delegate, bridge
    priya.save()
    priya.team.save()
    posted()
    assert not looking.escalations_due()
    monkeypatch.setattr(hours, "hours_between", lambda *_: 2.5)
    for person in (delegate, bridge):
        for key in looking.escalations_due():
            looking.escalate(key)
        (letter,) = posted()
        assert letter.to == [person.email]
        assert "no answer in the agreed time, so it comes to you" in letter.body
        assert len(links(letter)) == 3
    assert not looking.escalations_due()  # nobody is left, and nobody is asked twice
    assert opened.events.filter(verb="escalate").count() == 2
    Client().post(links(letter)["I have seen it"])
    opened.refresh_from_db()
    assert opened.acknowledged_by == bridge


def test_whoever_has_seen_it_is_left_alone(opened, priya, somebody, monkeypatch):
    priya.delegate = somebody(Role.DATA_OWNER, username="jweber")
    priya.save()
    answering.acknowledge(by=priya, incident=opened)
    monkeypatch.setattr(hours, "hours_between", lambda *_: 99.0)
    assert not looking.escalations_due()


def test_working_time_is_its_own_calendars():
    friday, monday = datetime(2026, 11, 20, 15, 30, tzinfo=UTC), datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
    assert not hours.late(friday, friday + timedelta(days=2))  # a week-end is nobody's working time
    assert hours.answer_by(friday) >= monday
    assert hours.is_out_of_hours(friday + timedelta(days=1))
    assert not hours.is_out_of_hours(monday + timedelta(hours=3))


# ---------------------------------------------------------------- this is as it should be


def test_a_changed_limit_is_drafted_for_git_and_put_in_force_by_nobody(opened, posted, priya, tmp_path):
    posted()
    contract = ROOT / "feeds" / "customers.odcs.yaml"
    before = contract.read_text()
    drafted = answering.propose(by=priya, incident=opened)
    assert contract.read_text() == before
    assert drafted.says == "feeds/customers.odcs.yaml: value 2 → 10"
    assert answering.propose(by=priya, incident=opened) == drafted  # said twice, written down once
    assert opened.events.filter(verb="propose").count() == 1
    assert opened.is_open
    (tmp_path / "feeds").mkdir()
    (tmp_path / "feeds" / contract.name).write_text(before)
    subprocess.run(["git", "apply", "-"], cwd=tmp_path, input=drafted.text, text=True, check=True)
    changed = (tmp_path / "feeds" / contract.name).read_text().split("\n")
    different = [(old, new) for old, new in zip(before.split("\n"), changed, strict=True) if old != new]
    assert different == [("    value: 2", "    value: 10")]


def test_the_owner_gets_the_patch_when_somebody_else_proposes_it(opened, posted, somebody):
    posted()
    answering.propose(by=somebody(Role.IT_OPERATOR), incident=opened)
    (letter,) = posted()
    assert letter.subject == "A changed limit, as a patch: Customers: older than agreed"
    assert letter.attachments[0][0] == "customers.patch"


@pytest.mark.parametrize(
    ("text", "key", "value", "after"),
    [
        (
            "[checks]\nmin_valid = 0.9   # agreed\n[x]\n",
            "min_valid",
            "0.7",
            "[checks]\nmin_valid = 0.7   # agreed\n[x]\n",
        ),
        (
            "[checks]\na = 1\n[x]\nmin_valid = 3\n",
            "min_valid",
            "0.7",
            "[checks]\nmin_valid = 0.7\na = 1\n[x]\nmin_valid = 3\n",
        ),
        ("a = 1\n", "max_jump", "2", "a = 1\n\n[checks]\nmax_jump = 2\n"),
    ],
)
def test_one_line_of_policy_is_changed(text, key, value, after):
    assert proposals._with_check(text, key, value) == after


def test_a_check_of_an_audience_is_policys(company, priya):
    one = failed(failure("address", key="audience:birthday:address", kind="audience", observed=0.853))
    drafted = proposals.draft(one)
    assert "-min_valid = 0.9 " in drafted.text
    assert "+min_valid = 0.85 " in drafted.text


def test_what_no_limit_can_say_is_said(company, priya):
    one = failed(failure("schema", observed=None))
    with pytest.raises(ContractError, match="No changed limit") as raised:
        answering.propose(by=priya, incident=one)
    assert raised.value.shown_code == "T943"


def test_limits_of_every_comparison():
    feeds = engine.workspace().feeds
    rule = feeds["orders"].quality[0]
    assert (rule.operator, rule.limit) == ("mustBeGreaterThan", 0.0)
    one = failed(failure("quality:rowCount", feed="orders", key="feed:orders:quality:rowCount:", observed=0.0))
    assert proposals.draft(one).says.endswith("mustBeGreaterThan 0 → -1")


@pytest.fixture(autouse=True)
def _database(db):
    """Every test here writes."""


# ---------------------------------------------------------------- the numbers


def test_numbers_by_feed_and_month_as_anybody_computes_them(opened, priya, monkeypatch):
    began = opened.opened_at
    answering.acknowledge(by=priya, incident=opened)
    monkeypatch.setattr(hours, "hours_between", lambda *_: 0.0)  # nobody has to be at work
    closing.restore(opened, began + timedelta(hours=3), "Mended.")
    failed(failure(at=timezone.now() + timedelta(hours=4)))
    first, second = incidents(began - timedelta(days=1))
    assert (first.slug, first.restored_at, first.out_of_hours) == (opened.slug, began + timedelta(hours=3), True)
    assert (second.slug, second.restored_at, second.out_of_hours) == (opened.slug, None, False)
    assert first.impact == "No send waits for it yet"
    (month,) = by_feed_and_month([first], "UTC")
    assert (month.feed, month.failed, month.restored, month.hours_to_restore, month.out_of_hours) == (
        "customers", 1, 1, 3.0, 1,
    )  # fmt: skip
    assert "priya" not in repr(month).lower()


def test_mended_without_anybodys_doing_is_nobodys_merit(opened, monkeypatch):
    monkeypatch.setattr(hours, "hours_between", lambda *_: 0.0)
    closing.restore(opened, timezone.now(), "Mended.")
    assert not incidents(opened.opened_at)[0].out_of_hours
    with pytest.raises(WrongState, match="mended already"):
        answering.acknowledge(by=opened.owner, incident=opened)
