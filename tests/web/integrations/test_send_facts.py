"""Sends that start and go on tell so, once: it is what other systems hear of."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.utils import timezone

from twain_web.models import OutboxRow
from twain_web.rooms.campaigns import following, moving
from twain_web.rooms.campaigns.models import Launch


@pytest.fixture
def launch(operator, monkeypatch):
    monkeypatch.setattr(following.processes, "start", lambda *_words: None)
    now = timezone.now()
    return Launch.objects.create(
        campaign="summer-thanks", bundle="b" * 64, asked_by=operator, due_at=now, expires_at=now + timedelta(days=1),
        state=Launch.State.SCHEDULED, run_id="r1",
    )  # fmt: skip


def told(topic):
    return [row.body for row in OutboxRow.objects.filter(topic=topic)]


def test_a_send_that_begins_says_so(launch, monkeypatch):
    monkeypatch.setattr(moving, "follow", lambda *_words: None)
    moving._running(SimpleNamespace(), launch)
    assert told("campaign.started") == [{"campaign": "summer-thanks", "run": "r1", "bundle": "b" * 64}]


def test_a_send_that_was_held_says_that_it_goes_on_and_a_process_that_died_does_not(launch):
    run = SimpleNamespace(id="r1")
    following.go_on(launch, run)
    assert told("campaign.resumed") == []
    launch.why = "Prices are 9 hours old."
    following.go_on(launch, run)
    assert told("campaign.resumed") == [{"campaign": "summer-thanks", "run": "r1"}]
