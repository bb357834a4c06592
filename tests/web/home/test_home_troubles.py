"""Home tells whoever can mend it what is wrong outside: sender domains, webhooks, what was not delivered."""

from __future__ import annotations

import pytest
from django.utils import timezone

from tests.browser.integrations_seed import DOMAIN, findings
from twain.records import Level
from twain_web.roles import Role
from twain_web.rooms.integrations.actions import make_endpoint
from twain_web.rooms.integrations.models import Endpoint
from twain_web.rooms.integrations.probing import keep
from twain_web.rooms.integrations.public import troubles
from twain_web.rooms.integrations.queueing import queue_test


@pytest.fixture
def operator(somebody):
    return somebody(Role.IT_OPERATOR)


@pytest.fixture
def endpoint(company, operator):
    return make_endpoint(by=operator, name="Warehouse", url="http://127.0.0.1:9/hook", types=["send.held"]).endpoint


def said(person):
    return [(one.level, one.title, one.url) for one in troubles(person)]


def test_a_red_domain_is_on_its_home_page_with_the_record_and_the_way_there(company, operator, signed_in):
    for level in (Level.PASS, Level.HOLD):
        keep(DOMAIN, findings(level))
    page = signed_in(Role.IT_OPERATOR).get("/").content.decode()
    for told in (
        "To be mended", f"Mail as {DOMAIN} would be refused or lost", "There is no SPF record.",
        "Publish this one record.", f'href="/domains/{DOMAIN}/"', "v=spf1 ip4:192.0.2.10 ~all",
    ):  # fmt: skip
        assert told in page
    assert "To be mended" not in signed_in(Role.MARKETER).get("/").content.decode()
    keep(DOMAIN, findings(Level.PASS))
    assert said(operator) == []


def test_an_endpoint_that_fails_or_was_switched_off_or_missed_something_is_told_until_it_works(endpoint, operator):
    page, mine = f"/webhooks/{endpoint.pk}/", Endpoint.objects.filter(pk=endpoint.pk)
    assert said(operator) == []
    mine.update(failing_since=timezone.now())
    assert said(operator) == [("red", "The webhook Warehouse fails", page)]
    mine.update(is_on=False, why_off="It has failed for three days.")
    assert said(operator) == [("red", "The webhook Warehouse was switched off by itself", page)]
    mine.update(is_on=True, why_off="", failing_since=None)
    queue_test(endpoint, "tester")
    endpoint.deliveries.update(state="dead")
    missed = f"/webhooks/not-delivered/?endpoint={endpoint.pk}"
    assert said(operator) == [("amber", "The webhook Warehouse did not get everything", missed)]
    endpoint.deliveries.update(state="done")
    assert said(operator) == []


def test_one_that_somebody_switched_off_on_purpose_is_no_trouble(endpoint, operator):
    Endpoint.objects.filter(pk=endpoint.pk).update(is_on=False, failing_since=timezone.now())
    assert said(operator) == []


@pytest.mark.parametrize("role", [Role.DATA_OWNER, Role.MARKETER, Role.MARKETING_LEAD, Role.AUDITOR])
def test_whoever_cannot_mend_an_endpoint_is_not_told(endpoint, somebody, role):
    Endpoint.objects.update(failing_since=timezone.now())
    assert said(somebody(role)) == []
