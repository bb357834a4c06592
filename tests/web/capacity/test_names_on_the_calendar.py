"""The calendar speaks of campaigns by their names, shows what was sent without a booking, and lets a campaign be chosen."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from twain.records import Run, RunState
from twain_web import engine
from twain_web.roles import Role
from twain_web.rooms.campaigns.actions.planning import create_campaign
from twain_web.rooms.capacity import actions, reads
from twain_web.rooms.capacity.forms import LinkForm

BEGAN = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)


@pytest.fixture
def named(somebody, company):
    return create_campaign(by=somebody(Role.MARKETER), name="Boots for the hills", topic="offers")


def _runs(monkeypatch, campaign):
    run = Run("r1", "b" * 64, campaign, RunState.FINISHED, "mail", "never_twice", "lena", BEGAN.timestamp(),
              started_at=BEGAN.timestamp(), ended_at=BEGAN.timestamp() + 60)  # fmt: skip
    part = replace(run, id="r2", scope="limit:5")
    monkeypatch.setattr(type(engine.ledger()), "runs", lambda *_a, **_k: [run, part])


def test_a_send_without_a_booking_stands_under_its_campaigns_name(named, monkeypatch):
    _runs(monkeypatch, named.slug)
    found = [one for one in reads.shown(BEGAN - timedelta(days=1), BEGAN + timedelta(days=1)) if one.kind == "send"]
    assert [(one.title, one.begins, one.ends) for one in found] == [
        ("Boots for the hills", BEGAN, BEGAN + timedelta(minutes=30))
    ]
    assert not [one for one in reads.shown(BEGAN + timedelta(days=1), BEGAN + timedelta(days=2)) if one.kind == "send"]


def test_a_plans_campaign_is_chosen_by_its_name(named, somebody, signed_in):
    plan = actions.make_plan(
        by=somebody(Role.MARKETER), title="Boots", purpose="", begins_at=timezone.now() + timedelta(days=9), people=10,
        channel="mail",
    )  # fmt: skip
    assert (named.slug, "Boots for the hills") in LinkForm().fields["campaign"].choices
    client = signed_in(Role.MARKETER)
    client.post(reverse("capacity:link", args=[plan.pk]), {"campaign": "nobody-knows-it"})
    plan.refresh_from_db()
    assert plan.campaign == ""
    client.post(reverse("capacity:link", args=[plan.pk]), {"campaign": named.slug})
    plan.refresh_from_db()
    assert plan.campaign == named.slug
