"""Asking for a yes: why policy wants it, which limit would spare it, and the mail to those who may say it."""

from __future__ import annotations

import pytest
from django.core import mail
from django.urls import reverse

from tests.web.campaigns.conftest import Way
from twain.flows.policy import ApprovalRule, Policy
from twain_web.roles import Role
from twain_web.rooms.campaigns import letters
from twain_web.rooms.campaigns.actions.approving import withdraw_request
from twain_web.rooms.campaigns.models import ApprovalRequest, Letter
from twain_web.rooms.campaigns.reasons import limit_to_name, spared_up_to, why_asked


def _all_sent():
    mail.outbox.clear()
    for key in letters.due():
        letters.send(key)
    return list(mail.outbox)


@pytest.mark.parametrize(
    ("when", "body", "words"),
    [
        ({"ceiling_over": 150_000}, {"ceiling": None}, "above 150\u202f000 people, and this plan sets no limit"),
        ({"ceiling_over": 150_000}, {"ceiling": 200_000}, "and this plan allows 200\u202f000"),
        ({"topic": "offers"}, {"topic": "offers"}, "everything about “offers”"),
        ({"channel": "mail"}, {"channel": "mail"}, "goes out by “mail”"),
        ({"always": True}, {}, "every send"),
    ],
)
def test_why_policy_asks(when, body, words):
    assert words in why_asked(when, body)


def test_a_limit_is_named_only_where_it_would_spare_the_yes():
    over, always = ApprovalRule({"ceiling_over": 1_000}), ApprovalRule({"always": True})
    plan = {"topic": "", "channel": "mail", "ceiling": None}
    assert [spared_up_to(over.when, counted) for counted in (None, 900, 1_001)] == [1_000, 1_000, None]
    assert spared_up_to(always.when, 5) is None
    assert limit_to_name(Policy(approvals=(over,)), plan) == 1_000
    assert limit_to_name(Policy(approvals=(over,)), {**plan, "ceiling": 1_000}) is None
    assert limit_to_name(Policy(approvals=(over, always)), plan) is None


def test_the_review_and_the_plan_say_which_limit_spares_the_yes(way: Way, signed_in):
    client, slug = signed_in(username="lena"), way.campaign.slug
    shown = client.get(reverse("campaigns:review", args=[slug])).content.decode()
    assert "this plan sets no limit of its own" in shown
    assert f"{reverse('campaigns:campaign', args=[slug])}#bounds" in shown
    assert 'id="bounds" open' in client.get(reverse("campaigns:campaign", args=[slug])).content.decode()
    way.edit(ceiling=500)
    assert 'id="bounds" open' not in client.get(reverse("campaigns:campaign", args=[slug])).content.decode()


def test_those_who_may_say_yes_are_told_once_by_mail(way: Way, somebody, marketer):
    somebody(Role.DATA_OWNER, username="second")
    somebody(Role.AUDITOR, username="auditor")
    way.ask("Spring is short.")
    way.ask("Spring is short.")
    sent = _all_sent()
    assert sorted(one.to[0] for one in sent) == ["priya@example.com", "second@example.com"]
    assert {tuple(one.reply_to) for one in sent} == {(marketer.email,)}
    body = next(one.body for one in sent if one.to == ["priya@example.com"])
    assert body.startswith(f"{way.owner.full_name},")
    assert f"{marketer} asks for your approval of {way.campaign.name}." in body
    assert "Spring is short." in body
    assert "this plan sets no limit of its own" in body
    assert reverse("campaigns:review", args=[way.campaign.slug]) in body
    assert _all_sent() == []


def test_an_author_and_a_request_taken_back_get_no_mail(way: Way, owner):
    way.edit(ceiling=250_000)
    way.campaign.versions.filter(number=2).update(by=owner)
    asked = way.ask()
    assert not Letter.objects.filter(person=owner).exists()
    Letter.objects.create(request=asked, person=owner)
    withdraw_request(by=way.marketer, request=ApprovalRequest.objects.get(pk=asked.pk))
    assert _all_sent() == []
    assert letters.due() == []
