"""A secret that stands in an address is in no line of the log: whoever reads the log could answer in somebody's name (X15)."""

from __future__ import annotations

import io
import logging

import pytest
from django.core import signing
from django.test import Client
from django.urls import reverse

from twain_web.kept import new_nonce
from twain_web.logs import OneLine
from twain_web.roles import Role
from twain_web.rooms.capacity.actions import make_feed
from twain_web.rooms.integrations.providers import open_provider

ANSWERS = ("desk:mail-answer", "desk:still-right", "incidents:mail-answer", "partnership:forward")


@pytest.fixture
def heard():
    """What the house's log says, in the form in which it says it."""
    lines = io.StringIO()
    handler = logging.StreamHandler(lines)
    handler.setFormatter(OneLine())
    root = logging.getLogger()
    root.addHandler(handler)
    yield lines.getvalue
    root.removeHandler(handler)


@pytest.mark.parametrize("route", ANSWERS)
def test_the_link_of_a_letter_is_in_no_line(route, heard, db):
    token = signing.dumps([new_nonce(), "accept"], salt="another")
    address = reverse(route, args=[token])
    assert Client().get(address).status_code == 409
    assert Client(enforce_csrf_checks=True).post(address).status_code == 403, "its link would still be good"
    assert Client().put(address).status_code == 405
    said = heard()
    assert said.count("\n") == 3
    assert said.count("/…/") == 3, "which page it was is said"
    assert not [part for part in token.split(":") if len(part) > 8 and part in said]


def test_the_secret_of_a_calendar_or_a_provider_is_in_no_line(heard, somebody):
    secret = make_feed(by=somebody(Role.MARKETER), team="Campaigns")
    address = reverse("capacity:ics", args=[secret])
    for method in ("propfind", "head", "options"):  # calendars ask so, before they read
        assert Client().generic(method.upper(), address).status_code == 405
    provider, _password = open_provider(by=somebody(Role.ADMINISTRATOR), kind="sendgrid")
    told = reverse("integrations:inbound", args=[provider.path])
    assert Client().post(told, b"[]", content_type="application/json").status_code >= 400
    assert heard().count("\n") >= 4
    assert secret not in heard()
    assert provider.path not in heard()


def test_where_it_happened_is_still_said():
    record = logging.LogRecord(
        "django.request", logging.WARNING, "/x", 1, "Not Found: %s", ("/campaigns/summer-thanks/",), None
    )
    assert OneLine().format(record).endswith("Not Found: /campaigns/summer-thanks/")
    long = "/incidents/answer/" + "Ab1_" * 20 + ":1x:Yz/?a=b"
    record = logging.LogRecord("django.request", logging.WARNING, "/x", 1, "Conflict: %s", (long,), None)
    assert OneLine().format(record).endswith("Conflict: /incidents/answer/…/?a=b")
