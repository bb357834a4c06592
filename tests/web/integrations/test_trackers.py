"""Requests go on in IT's tracker: one issue each whatever breaks, its status shown, and nothing here moved by it."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from tests.house_workspace import ROOT
from tests.web.integrations.tracker_servers import TOKEN, github, gitlab, jira, serving
from twain.flows.trackers import TRACKER_KINDS
from twain_web import outbox
from twain_web.roles import Role
from twain_web.rooms.desk.actions import answers
from twain_web.rooms.desk.actions.asking import Wish, ask
from twain_web.rooms.desk.models import Request
from twain_web.rooms.integrations import mirroring, mirrors, reaching, troubles
from twain_web.rooms.integrations.models import Tracked, TrackerState
from twain_web.rooms.integrations.trackers import api
from twain_web.rooms.people.models import AuditRow
from twain_web.rooms.people.public import make_token, scopes

#: Kind → what answers as it does, and what its file says.
PLACES = {
    "jira": (jira, 'kind = "jira"\nproject = "DATA"\nuser = "twain@example.com"'),
    "jira-own": (jira, 'kind = "jira"\nproject = "DATA"'),
    "jsm": (
        jira,
        'kind = "jsm"\nproject = "DATA"\nuser = "twain@example.com"\nservice_desk = "3"\nrequest_type = "25"',
    ),
    "github": (github, 'kind = "github"\nproject = "nordlicht/data"'),
    "gitlab": (gitlab, 'kind = "gitlab"\nproject = "nordlicht/data"'),
}
EVIL = "@everyone please\n/close\n![x](https://evil.example/p.png) <img src=x> [~admin] {html} anna@mail.example"


@pytest.fixture
def tracker(request, company, monkeypatch):
    """A tracker of this kind that the workspace names: ``tracker("github")``."""
    monkeypatch.setenv("TRACKER_TOKEN", TOKEN)
    file = ROOT / "trackers" / "work.toml"
    stack = []

    def make(kind, types='["new-field", "access"]'):
        answer, said = PLACES[kind]
        block = serving(answer)
        stack.append(block)
        server = block.__enter__()
        file.parent.mkdir(exist_ok=True)
        file.write_text(f'{said}\naddress = "{server.url}"\nrequests = {types}\ntoken_env = "TRACKER_TOKEN"\n')
        return server

    yield make
    for block in stack:
        block.__exit__(None, None, None)
    file.unlink(missing_ok=True)
    file.parent.rmdir()


@pytest.fixture
def lena(somebody):
    return somebody(Role.MARKETER, username="lhoffmann")


def wish(lena, purpose="Sale of boots"):
    target = {"feed": "customers", "field": "shoe size", "kind": "number"}
    asked = ask(by=lena, wish=Wish("new-field", "the shoe size of customers", purpose, target=target))
    outbox.deliver()
    return asked


def step(later=timedelta()):
    """Make everything due, as if *later* had passed, and go on."""
    Tracked.objects.filter(next_at__isnull=False).update(next_at=timezone.now())
    for one in Tracked.objects.filter(sent_at__isnull=False):
        Tracked.objects.filter(pk=one.pk).update(sent_at=one.sent_at - later)
    TrackerState.objects.update(rests_until=None)
    for name in mirroring._due():
        mirroring.go_on(name)
    return Tracked.objects.first()


HOUR = timedelta(hours=1)


def test_every_kind_that_a_file_may_name_has_its_own_file_here():
    assert {kind: api(kind).__name__ for kind in TRACKER_KINDS}.keys() == {"jira", "jsm", "github", "gitlab"}
    assert all(api(kind).SETTLES >= 60 for kind in TRACKER_KINDS)


@pytest.mark.parametrize("kind", PLACES)
def test_one_issue_is_made_and_its_status_shown_on_the_requests_page(tracker, lena, signed_in, kind):
    server = tracker(kind)
    asked = wish(lena)
    step()
    one = step()
    assert (len(server.issues), server.made()) == (1, 1)
    assert one.key in {"DATA-1", "#1"}
    assert one.url.startswith(server.url)
    assert one.status in {"To Do", "Open"}
    page = signed_in(Role.MARKETER, username="lhoffmann").get(asked.url).content.decode()
    assert f"In {TRACKER_KINDS[kind.removesuffix('-own')].title}" in page
    assert f'href="{one.url}"' in page
    assert f"<strong>{one.status}</strong>" in page
    step()
    step()
    assert server.made() == 1
    assert AuditRow.objects.filter(verb="issue made", thing=f"request:{asked.slug}").count() == 1


@pytest.mark.parametrize("kind", PLACES)
def test_a_lost_answer_makes_no_second_issue(tracker, lena, kind):
    server = tracker(kind)
    wish(lena)
    server.loses = True
    one = step()
    assert (one.key, len(server.issues)) == ("", 1)
    assert one.sent_at is not None
    one = step()
    assert server.made() == 1, "it waits until the issue would surely be found"
    one = step(HOUR)
    assert (one.key != "", len(server.issues), server.made()) == (True, 1, 1)
    assert AuditRow.objects.filter(verb="issue found").exists()


def test_a_slow_answer_is_as_unclear_as_a_lost_one(tracker, lena, monkeypatch):
    server = tracker("github")
    wish(lena)
    server.stalls = threading.Event()
    monkeypatch.setattr(reaching, "_READ", 0.2)
    one = step()
    server.stalls.set()
    assert "did not answer in time" in TrackerState.objects.get().why
    assert (one.key, one.sent_at is not None, server.made()) == ("", True, 1)
    assert step(HOUR).key == "#1"
    assert len(server.issues) == 1


def test_an_index_that_lags_makes_no_second_issue_within_its_time(tracker, lena):
    """Jira's search: what was just made is not found. The house waits as long as that is to be expected, and no longer."""
    server = tracker("jira")
    wish(lena)
    server.loses = server.hidden = True
    step()
    one = step(timedelta(minutes=4))
    assert (one.key, server.made()) == ("", 1)
    server.hidden = False
    one = step(timedelta(minutes=2))
    assert (one.key, server.made()) == ("DATA-1", 1)


@pytest.mark.parametrize("kind", PLACES)
def test_a_house_that_dies_right_after_making_finds_it_again(tracker, lena, kind, monkeypatch):
    server = tracker(kind)
    wish(lena)

    def dies(*_words):
        raise SystemError("killed")

    with monkeypatch.context() as dying:
        dying.setattr(mirroring, "_keep_audit", dies)
        with pytest.raises(SystemError):
            step()
    assert (len(server.issues), Tracked.objects.get().key) == (1, "")
    one = step(HOUR)
    assert (one.key != "", len(server.issues)) == (True, 1)


def test_a_database_put_back_from_before_finds_its_issue_by_the_mark(tracker, lena):
    server = tracker("github")
    asked = wish(lena)
    step()
    Tracked.objects.all().delete()
    mirroring.moved({"verb": "ask", "request": asked.pk, "kind": "new-field"})
    assert step().key == "#1"
    assert len(server.issues) == 1


def test_two_facts_of_one_request_want_one_issue(tracker, lena):
    server = tracker("gitlab")
    asked = wish(lena)
    for _ in range(3):
        mirroring.moved({"verb": "ask", "request": asked.pk, "kind": "new-field"})
    step()
    assert (Tracked.objects.count(), len(server.issues)) == (1, 1)


def test_another_type_goes_nowhere(tracker, lena):
    tracker("gitlab", types='["access"]')
    wish(lena)
    assert not Tracked.objects.exists()


@pytest.mark.parametrize(
    ("kind", "fault", "seconds", "said"),
    [
        ("jira", (401, {}, ""), 20, "does not know the token"),
        ("jira", (403, {"Retry-After": "90"}, ""), 85, "may not do this"),
        ("github", (404, {}, '{"message": "Not Found"}'), 20, "does not see it"),
        ("github", (403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "{reset}"}, ""), 500, "may not do this"),
        ("gitlab", (429, {"Retry-After": "120"}, ""), 110, "asks for more time"),
        ("gitlab", (503, {}, "<html>maintenance</html>"), 20, "out of order"),
        ("github", (301, {"Location": "https://evil.example/"}, ""), 20, "leads elsewhere"),
        ("jira", (200, {}, "<html>Please sign in</html>"), 20, "not as its API does"),
        ("jira", (200, {}, '{"hello": 1}'), 20, "not as its API does"),
    ],
)
def test_a_tracker_that_is_out_of_order_rests_and_nothing_is_lost(tracker, lena, kind, fault, seconds, said):
    server = tracker(kind)
    wish(lena)
    reset = str(int((timezone.now() + timedelta(minutes=10)).timestamp()))
    status, headers, text = fault
    server.faults = [(status, {k: v.format(reset=reset) for k, v in headers.items()}, text)]
    step()
    state = TrackerState.objects.get()
    assert said in state.why
    assert (state.rests_until - timezone.now()).total_seconds() > seconds
    assert mirroring._due() == []
    assert len(server.asked) == 1, "a tracker that is out of order is let alone"
    assert step().key
    assert TrackerState.objects.get().failing_since is None


def test_a_clear_no_is_tried_again_without_a_wait(tracker, lena):
    server = tracker("github")
    wish(lena)
    server.faults = [(200, {}, "[]"), (422, {}, '{"message": "Validation Failed"}')]
    one = step()
    assert (one.key, one.sent_at, one.tries) == ("", None, 1)
    assert "HTTP 422" in one.technical
    assert TrackerState.objects.get().failing_since is None, "one request that it refuses holds up no other"
    assert step().key == "#1"


def test_whether_it_is_there_among_too_many_cannot_be_told_so_none_is_made(tracker, lena):
    server = tracker("github")
    wish(lena)
    server.issues = [{"number": n, "state": "open", "body": None} for n in range(1, 700)]
    one = step()
    assert (one.key, server.made()) == ("", 0)
    assert "T971" in one.technical


@pytest.mark.parametrize(("kind", "done"), [("jira", ("Erledigt", "done")), ("github", "closed"), ("gitlab", "closed")])
def test_done_over_there_moves_nothing_here(tracker, lena, signed_in, kind, done):
    server = tracker(kind)
    asked = wish(lena)
    step()
    key = "status" if kind == "jira" else "state"
    server.issues[0] |= {key: done}
    one = step()
    assert one.over
    asked.refresh_from_db()
    assert asked.state == "asked"
    page = signed_in(Role.MARKETER, username="lhoffmann").get(asked.url).content.decode()
    assert one.status in page
    assert "here it closes once the automatic check sees it" in page
    assert one.next_at is not None, "it is read on: somebody may open it again"


def test_what_is_over_on_both_sides_is_read_no_more(tracker, lena):
    server = tracker("github")
    asked = wish(lena)
    step()
    answers.BY_ASKER["withdraw"](by=lena, request=asked, words="", day=None)
    outbox.deliver()
    server.issues[0] |= {"state": "closed", "state_reason": "not_planned"}
    one = step()
    assert (one.status, one.next_at) == ("Closed as not planned", None)
    assert mirroring._due() == []


def test_one_withdrawn_before_it_was_made_is_not_made(tracker, lena):
    server = tracker("gitlab")
    asked = wish(lena)
    answers.BY_ASKER["withdraw"](by=lena, request=asked, words="", day=None)
    outbox.deliver()
    assert "over before" in step().why
    assert server.issues == []


@pytest.mark.parametrize("kind", ["jira", "github", "gitlab"])
def test_one_that_was_taken_away_is_said_to_be_gone_and_not_made_again(tracker, lena, signed_in, kind):
    server = tracker(kind)
    asked = wish(lena)
    step()
    server.issues.clear()
    one = step()
    assert (one.gone, one.next_at) == (True, None)
    step()
    assert server.made() == 1
    assert "it is not there any more" in signed_in(Role.IT_OPERATOR).get(asked.url).content.decode()


# ---------------------------------------------------------------- attacks


@pytest.mark.parametrize("kind", ["jira", "jsm", "github", "gitlab"])
def test_a_colleagues_words_call_nobody_and_do_nothing_over_there(tracker, lena, kind):
    server = tracker(kind)
    wish(lena, purpose=EVIL)
    step()
    (issue,) = server.issues
    text = (issue.get("fields") or issue).get("description") or issue.get("body")
    assert "anna@" not in text
    assert not [line for line in text.splitlines() if line.startswith("/")]
    if kind in ("github", "gitlab"):
        assert "@everyone" not in text
        assert "![x]" not in text
        assert "<img" not in text.replace("\\<img", "")
    else:
        assert "[~" not in text.replace("\\[\\~", "")
        assert "{html}" not in text


def test_what_a_tracker_answers_is_no_link_and_no_html_of_ours(tracker, lena, signed_in):
    server = tracker("jira")
    asked = wish(lena)
    step()
    server.issues[0]["status"] = ("<script>alert(1)</script>\n" + "x" * 500, "new")
    one = step()
    assert len(one.status) == 60
    page = signed_in(Role.MARKETER, username="lhoffmann").get(asked.url).content.decode()
    assert "<script>alert(1)" not in page
    server.issues[0]["key"] = "DATA-1/../../admin"
    Tracked.objects.update(key="", url="", sent_at=None)
    one = step()
    assert (one.key, one.url) == ("", "")
    assert "T970" in one.technical


def test_the_token_stands_nowhere(tracker, lena, signed_in, operator):
    server = tracker("jira")
    wish(lena)
    leak = server.issues
    server.faults = [
        (500, {}, f"your token was {TOKEN}, your header {'dHdhaW5AZXhhbXBsZS5jb206dG9rLTQ3MTEtdmVyeS1zZWNyZXQ='}")
    ]
    one = step()
    assert leak == []
    shown = signed_in(Role.IT_OPERATOR, username="operator").get("/webhooks/trackers/").content.decode()
    state = TrackerState.objects.get()
    for secret in (TOKEN, "dHdhaW5AZXhhbXBsZS5jb206"):
        assert secret not in shown + one.technical + state.technical + repr(mirrors.tracker_cards())
    assert "env:TRACKER_TOKEN" in shown
    assert "your token was …" in state.technical


def test_a_tracker_inside_the_network_is_asked_nothing_unless_it_is_allowed(tracker, lena):
    server = tracker("jira")
    file = ROOT / "trackers" / "work.toml"
    file.write_text(file.read_text().replace(server.url, "https://10.0.0.1"))
    wish(lena)
    step()
    assert "T900" in TrackerState.objects.get().technical
    assert server.asked == []


def test_a_token_that_is_not_there_is_said_without_asking(tracker, lena, monkeypatch):
    server = tracker("jira")
    wish(lena)
    for token in ("", "two words", "naïve"):
        monkeypatch.setenv("TRACKER_TOKEN", token)
        step()
        assert "T969" in TrackerState.objects.get().technical
    assert server.asked == []


# ---------------------------------------------------------------- pages and programs


@pytest.mark.parametrize("kind", PLACES)
def test_a_test_asks_for_the_project_and_makes_nothing(tracker, operator, signed_in, kind):
    server = tracker(kind)
    client = signed_in(Role.IT_OPERATOR, username="operator")
    assert client.post("/webhooks/trackers/work/test/").status_code == 302
    step()
    page = client.get("/webhooks/trackers/").content.decode()
    assert ("The data team" if kind.startswith("j") else "nordlicht/data") in page
    assert "it answers" in page
    assert server.made() == 0
    assert AuditRow.objects.filter(verb="tracker tested", thing="tracker:work").exists()


def test_a_failed_test_is_said_with_the_reason_and_on_the_home_page_of_it(tracker, operator, signed_in):
    server = tracker("github")
    client = signed_in(Role.IT_OPERATOR, username="operator")
    client.post("/webhooks/trackers/work/test/")
    server.faults = [(401, {}, '{"message": "Bad credentials"}')]
    step()
    page = client.get("/webhooks/trackers/").content.decode()
    assert "It does not know the token" in page
    assert "Bad credentials" in page
    assert "it failed." in page
    (trouble,) = [one for one in troubles.troubles(operator) if "GitHub" in one.title]
    assert trouble.level == "amber"


def test_rights_over_trackers(tracker, signed_in):
    tracker("github")
    assert signed_in(Role.AUDITOR).get("/webhooks/trackers/").status_code == 200
    assert signed_in(Role.MARKETER).get("/webhooks/trackers/").status_code == 403
    assert signed_in(Role.AUDITOR).post("/webhooks/trackers/work/test/").status_code == 403
    assert signed_in(Role.ADMINISTRATOR).post("/webhooks/trackers/nowhere/test/").status_code == 404


def test_a_wrong_file_is_shown_with_what_to_do(tracker, signed_in):
    tracker("github")
    file = ROOT / "trackers" / "work.toml"
    file.write_text(file.read_text().replace("token_env", "token"))
    page = signed_in(Role.IT_OPERATOR).get("/webhooks/trackers/").content.decode()
    assert "token holds a secret in the workspace." in page
    assert "trackers/work.toml" in page


def test_programs_see_trackers_and_a_requests_issue(tracker, lena, somebody):
    tracker("github")
    asked = wish(lena)
    step()
    token = make_token(by=somebody(Role.IT_OPERATOR), name="test", wanted=scopes(), days=1).secret
    client = Client(headers={"Authorization": f"Bearer {token}"})
    (listed,) = client.get("/api/trackers").json()["items"]
    assert (listed["name"], listed["level"], listed["issues"]) == ("work", "green", 1)
    assert TOKEN not in repr(listed)
    (mirror,) = client.get(f"/api/requests/{asked.slug}").json()["mirrors"]
    assert (mirror["where"], mirror["key"], mirror["status"]) == ("GitHub", "#1", "Open")
    assert Request.objects.get().state == "asked"
