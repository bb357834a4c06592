"""A sender that is warmed up, from the policy's file to the relay: the day's number goes, and the rest is told and waits."""

from __future__ import annotations


def test_the_days_number_goes_and_a_send_that_may_not_wait_ends_with_everybody_accounted_for(demo):
    policy = demo.root / "policy.toml"
    ramp = '\n[[warm_up]]\ndomain = "mail.nordlicht.example"\nsteps = [30, 60, 10000]\n'
    policy.write_text(policy.read_text() + ramp)
    demo.edit("campaigns/summer-thanks/campaign.toml", 'not_after = "12h"', 'not_after = "6s"')
    rehearsed = demo.twain("send", "summer-thanks", "--dry-run", "--json").json
    assert "Warming up mail.nordlicht.example: 30 a day (day 1 of 3)" in rehearsed["warming"]
    assert "would not be reached" in rehearsed["warming"]
    assert "Warming up" in demo.twain("send", "summer-thanks", "--dry-run").out
    books = demo.twain("send", "summer-thanks", "--json").json
    assert books["sent"] == demo.messages() == 30
    assert books["suppressed"] == {"expired": books["audience"] - 30}
    over = demo.twain("run", books["run"], "--json").json
    assert over["warming"] == ""  # it is over: nothing waits
