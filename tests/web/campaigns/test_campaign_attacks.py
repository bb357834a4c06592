"""Who may not, may not by any door: roles, other teams' campaigns, stale forms, forged forms, hostile words."""

from __future__ import annotations

import uuid

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from tests.web.campaigns.conftest import Way, finish, run_of
from twain.flows.account import report
from twain_web import engine
from twain_web.roles import Role
from twain_web.rooms.campaigns.models import ApprovalRequest, Campaign, Launch
from twain_web.rooms.campaigns.telling import News, tell_owners
from twain_web.rooms.people.models import AuditRow

XSS = "<script>alert(1)</script><img src=x onerror=alert(2)>"
WRITES = ("rename", "archive", "duplicate", "check", "ask", "withdraw_request", "approve", "launch", "withdraw_launch")
ALLOWED = {
    "rename": {Role.MARKETING_LEAD}, "archive": {Role.MARKETING_LEAD},
    "duplicate": {Role.MARKETER, Role.MARKETING_LEAD},
    "check": {Role.MARKETER, Role.MARKETING_LEAD, Role.DATA_OWNER, Role.IT_OPERATOR},
    "ask": {Role.MARKETING_LEAD}, "withdraw_request": {Role.MARKETING_LEAD},
    "approve": {Role.MARKETER, Role.MARKETING_LEAD, Role.DATA_OWNER, Role.IT_OPERATOR, Role.ADMINISTRATOR},
    "launch": {Role.MARKETING_LEAD}, "withdraw_launch": {Role.MARKETING_LEAD},
}  # fmt: skip


def _form(way: Way) -> dict[str, str]:
    return {"bundle": way.bundle, "token": uuid.uuid4().hex, "name": "Taken over", "note": ""}


@pytest.mark.parametrize("route", WRITES)
def test_the_matrix_of_roles_over_somebody_elses_campaign(route, way: Way, signed_in):
    url, form = reverse(f"campaigns:{route}", args=[way.campaign.slug]), _form(way)
    for role in Role:
        answer = signed_in(role, username=f"a-{role}").post(url, form)
        refused = answer.status_code == 403
        assert refused == (role not in ALLOWED[route]), (role, answer.status_code)
        way.campaign.refresh_from_db()
        if refused:
            assert way.campaign.name != "Taken over"
            assert way.campaign.archived_at is None
        Campaign.objects.filter(pk=way.campaign.pk).update(archived_at=None, name="Spring")
    assert not Launch.objects.exists()


@pytest.mark.parametrize("role", [Role.MARKETER, Role.DATA_OWNER, Role.AUDITOR])
def test_somebody_elses_plan_is_read_and_not_saved(role, way: Way, signed_in):
    url = reverse("campaigns:campaign", args=[way.campaign.slug])
    client = signed_in(role, username=f"b-{role}")
    assert client.get(url).status_code == 200
    assert client.post(url, {"based_on": 1}).status_code == 403
    assert way.campaign.versions.count() == 1


def test_another_teams_send_is_not_steered(way: Way, sink, stranger, signed_in):
    way.approve()
    launch = finish(way.launch())
    for route in ("pause", "resume", "cancel", "resolve"):
        url = reverse(f"campaigns:{route}", args=[launch.run_id])
        assert signed_in(username="stranger").post(url, {"how": "resend"}).status_code == 403
    assert signed_in(username="stranger").get(reverse("campaigns:send", args=[launch.run_id])).status_code == 200


@pytest.mark.parametrize("route", WRITES)
def test_without_its_token_no_form_does_anything(route, way: Way, somebody, marketer):
    client = Client(enforce_csrf_checks=True)
    client.force_login(marketer, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert client.post(reverse(f"campaigns:{route}", args=[way.campaign.slug]), _form(way)).status_code == 403


@pytest.mark.parametrize("route", ["throw", "lift"])
def test_the_red_switch_wants_its_token_and_its_role(route, signed_in, owner):
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner, backend="allauth.account.auth_backends.AuthenticationBackend")
    form = {"scope": "all", "why": "forged"}
    assert client.post(reverse(f"campaigns:{route}"), form).status_code == 403
    for role in (Role.MARKETER, Role.AUDITOR):
        assert signed_in(role, username=f"c-{role}").post(reverse(f"campaigns:{route}"), form).status_code == 403
    assert engine.instance().ledger.stops() == []


@pytest.mark.parametrize("route", WRITES)
def test_no_link_does_what_a_form_does(route, way: Way, signed_in):
    assert signed_in(username="lena").get(reverse(f"campaigns:{route}", args=[way.campaign.slug])).status_code == 405


def test_nobody_launches_without_approval_by_any_door(way: Way, signed_in):
    client = signed_in(username="lena")
    answer = client.post(reverse("campaigns:launch", args=[way.campaign.slug]), _form(way))
    assert answer.status_code == 409
    assert b"waits for a yes" in answer.content
    approve = client.post(reverse("campaigns:approve", args=[way.campaign.slug]), _form(way))
    assert approve.status_code == 409
    assert not Launch.objects.exists()
    assert engine.instance().ledger.approvals(way.bundle) == []


def test_a_stale_page_approves_and_launches_nothing(way: Way, signed_in, owner):
    stale = _form(way)
    way.edit(ceiling=900_000)
    for name, route in (("priya", "approve"), ("lena", "ask"), ("lena", "launch")):
        answer = signed_in(username=name).post(reverse(f"campaigns:{route}", args=[way.campaign.slug]), stale)
        assert answer.status_code == 409, route
        assert b"was edited since" in answer.content
    assert not ApprovalRequest.objects.exists()
    assert engine.instance().ledger.approvals(stale["bundle"]) == []


def test_one_yes_is_for_one_bundle_alone(way: Way):
    way.approve()
    first = way.bundle
    way.edit(ceiling=900_000)
    ledger = engine.instance().ledger
    assert [yes.person for yes in ledger.approvals(first)] == ["priya"]
    assert ledger.approvals(way.bundle) == []


@pytest.mark.parametrize("forged", ["", "x" * 64, "0" * 63, "../../etc/passwd"])
def test_a_forged_hash_is_refused(forged, way: Way, signed_in):
    way.approve()
    form = _form(way) | {"bundle": forged}
    answer = signed_in(username="lena").post(reverse("campaigns:launch", args=[way.campaign.slug]), form)
    assert answer.status_code in (409, 422)
    assert not Launch.objects.exists()


def test_a_double_click_is_one_send(way: Way, sink, signed_in):
    way.approve()
    client, form, before = signed_in(username="lena"), _form(way), sink.counts().messages
    answers = [client.post(reverse("campaigns:launch", args=[way.campaign.slug]), form) for _ in range(3)]
    assert {answer.status_code for answer in answers} == {302}
    launch = finish(Launch.objects.get(campaign=way.campaign.slug))
    assert len(engine.instance().ledger.runs(campaign=way.campaign.slug)) == 1
    assert sink.counts().messages - before == report(engine.instance(), run_of(launch)).tally.sent > 0


def test_hostile_names_stay_words(way: Way, signed_in, owner):
    client = signed_in(username="lena")
    client.post(reverse("campaigns:rename", args=[way.campaign.slug]), {"name": XSS, "topic": XSS})
    way.campaign.refresh_from_db()
    assert way.campaign.name == XSS
    way.edit(arms=(way.campaign.plan.arms[0].__class__("main", way.campaign.plan.arms[0].content, None, 1.0, XSS),))
    way.ask(note=XSS)
    pages = ["campaigns:list", "campaigns:campaign", "campaigns:review", "campaigns:versions"]
    for page in pages:
        url = reverse(page, args=[] if page.endswith("list") else [way.campaign.slug])
        for name in ("lena", "priya"):
            content = signed_in(username=name).get(url).content.decode()
            assert "<script>alert" not in content
            assert "<img src=x" not in content


def test_what_a_relay_says_stays_words(way: Way, relay, signed_in):
    relay.script.always = lambda _message, _number: f"550 5.7.1 {XSS}\r\n".encode()
    way.approve()
    launch = finish(way.launch())
    content = signed_in(username="priya").get(reverse("campaigns:send", args=[launch.run_id])).content.decode()
    assert "&lt;script&gt;alert(1)" in content
    assert "<script>alert" not in content
    assert "<img src=x" not in content


def test_a_reason_with_line_breaks_makes_no_second_line(signed_in, owner):
    form = {"scope": "all", "why": "fire\r\nBcc: everybody@example.com"}
    assert signed_in(username="priya").post(reverse("campaigns:throw"), form).status_code == 302
    assert engine.instance().ledger.stops()[0].why == "fire Bcc: everybody@example.com"
    row = AuditRow.objects.get(verb="stopped")
    assert "\n" not in row.detail["why"]


@pytest.mark.parametrize("name", ["two\nlines", "bell\x07", "\x1b[31mred"])
def test_names_with_control_characters_are_refused(name, signed_in, marketer):
    answer = signed_in(username="lena").post(reverse("campaigns:new"), {"name": name})
    assert answer.status_code == 422
    assert not Campaign.objects.exists()


def test_a_campaigns_name_cannot_head_a_mail(way: Way, owner):
    way.edit(when="at", at="2039-01-01T09:00")
    way.approve()
    tell_owners(engine.instance(), way.launch(), News("Held: a\r\nBcc: x@example.com", "b"), None)
    assert mail.outbox[-1].subject == "Held: a Bcc: x@example.com"
    assert mail.outbox[-1].recipients() == [way.marketer.email]


def test_what_is_not_there_is_a_404_for_everybody_who_may_read(signed_in):
    client = signed_in(Role.MARKETER)
    for url in ("/campaigns/of/nothing/", "/campaigns/sends/r0/", "/campaigns/of/nothing/review/"):
        assert client.get(url).status_code == 404
