"""``twain check`` on topics: not declared, used by nobody, and a warm-up of a channel that is not there."""

from __future__ import annotations

import pytest

from twain.demo.start import copy_workspace
from twain.flows.check import check_offline
from twain.flows.instance import open_instance


@pytest.fixture
def said(tmp_path):
    """What the check says about topics and ramps of the demo's workspace, after an edit: code, file and line."""
    copy_workspace(tmp_path)

    def say(file, old, new):
        path = tmp_path / file
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))
        with open_instance(tmp_path) as instance:
            return [p for p in check_offline(instance) if p.code in ("T884", "T885", "T886")]

    return say


def test_a_clean_workspace_says_nothing(said):
    assert said("policy.toml", "[checks]", "[checks]") == []


def test_a_campaign_about_what_nobody_declared_and_the_topic_that_nobody_uses_now(said):
    first, second = said("campaigns/birthday/campaign.toml", 'topic = "birthday"', 'topic = "birthdays"')
    assert (first.code, first.place.file, first.place.line) == ("T884", "campaigns/birthday/campaign.toml", 5)
    assert "Use one of: offers, birthday;" in first.todo
    assert (second.code, second.place.file, second.severity) == ("T885", "policy.toml", "warning")
    assert "'birthday'" in second.what
    assert second.place.line


def test_a_form_is_looked_at_as_well_and_so_is_a_campaign_without_any(said):
    (found,) = said("forms/newsletter.toml", 'topic = "offers"', 'topic = "offer"')
    assert (found.code, found.place.file) == ("T884", "forms/newsletter.toml")
    found = said("campaigns/birthday/campaign.toml", 'topic = "birthday"\n', "")
    assert any("says no topic" in p.what for p in found if p.place.file.startswith("campaigns"))


def test_a_ramp_of_no_channel(said):
    (found,) = said("policy.toml", "[checks]", '[[warm_up]]\nchannel = "post"\nsteps = [5]\n\n[checks]')
    assert (found.code, found.place.file) == ("T886", "policy.toml")
    assert found.place.line
