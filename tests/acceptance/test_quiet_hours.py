"""Quiet hours from the policy's file to the relay: nobody gets anything in them, and everybody is accounted for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest


@pytest.fixture
def quiet_now(demo):
    """All day quiet but for one minute, which is it nowhere just now: clocks differ by quarters of an hour."""
    free = datetime.now(UTC) + timedelta(minutes=7)
    hours = f'[[quiet_hours]]\nfrom = "{free:%H:%M}"\nto = "{free - timedelta(minutes=1):%H:%M}"\n'
    policy = demo.root / "policy.toml"
    policy.write_text(policy.read_text() + "\n" + hours)
    return demo


def test_a_rehearsal_says_who_waits_and_a_send_that_may_not_wait_ends_with_everybody_accounted_for(quiet_now):
    demo = quiet_now
    demo.edit("campaigns/summer-thanks/campaign.toml", 'not_after = "12h"', 'not_after = "3s"')
    rehearsed = demo.twain("send", "summer-thanks", "--dry-run", "--json").json
    assert sum(rehearsed["waits"].values()) == rehearsed["matched"] > 0
    books = demo.twain("send", "summer-thanks", "--json").json
    assert (books["sent"], books["failed"], books["suppressed"]) == (0, {}, {"expired": books["audience"]})
    assert books["audience"] > 0
    assert books["state"] == "expired"
    assert demo.messages() == 0


def test_what_they_do_not_hold_for_goes(quiet_now):
    quiet_now.edit("policy.toml", "[[quiet_hours]]", '[[quiet_hours]]\nexcept_topics = ["offers"]')
    books = quiet_now.twain("send", "summer-thanks", "--limit", "20", "--json").json
    assert books["sent"] == quiet_now.messages() == 20
