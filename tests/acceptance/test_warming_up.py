"""A sender that is warmed up, from the policy's file to the relay: the day's number goes, and the rest is told and waits."""

from __future__ import annotations

import threading

from twain.delivery import ramps


def test_the_days_number_goes_and_a_send_that_may_not_wait_ends_with_everybody_accounted_for(demo):
    policy = demo.root / "policy.toml"
    ramp = '\n[[warm_up]]\ndomain = "mail.nordlicht.example"\nsteps = [30, 60, 10000]\n'
    policy.write_text(policy.read_text() + ramp)
    demo.edit("campaigns/summer-thanks/campaign.toml", 'not_after = "12h"', 'not_after = "20s"')
    rehearsed = demo.twain("send", "summer-thanks", "--dry-run", "--json").json
    assert "Warming up mail.nordlicht.example: 30 a day (day 1 of 3)" in rehearsed["warming"]
    assert "would not be reached" in rehearsed["warming"]
    assert "Warming up" in demo.twain("send", "summer-thanks", "--dry-run").out
    books = demo.twain("send", "summer-thanks", "--json").json
    assert books["sent"] == demo.messages() == 30
    assert books["suppressed"] == {"expired": books["audience"] - 30}
    over = demo.twain("run", books["run"], "--json").json
    assert over["warming"] == ""  # it is over: nothing waits


def test_a_ramp_that_it_raises_while_a_send_waits_for_midnight_is_used_at_once(demo, monkeypatch):
    monkeypatch.setattr(ramps, "EVERY", 0.2)
    policy = demo.root / "policy.toml"
    before = policy.read_text()
    ramp = '\n[[warm_up]]\ndomain = "mail.nordlicht.example"\nsteps = [{steps}]\n'
    policy.write_text(before + ramp.format(steps="30, 60, 10000"))
    demo.edit("campaigns/summer-thanks/campaign.toml", 'not_after = "12h"', 'not_after = "60s"')
    seen: list[int] = []

    def raise_it() -> None:
        pause = threading.Event()
        while demo.messages() < 30 and not pause.wait(0.05):
            pass
        pause.wait(0.6)
        seen.append(demo.messages())
        policy.write_text(before + "\n[[warm_up]]\nsteps = [")  # half written: what held before holds
        pause.wait(0.6)
        seen.append(demo.messages())
        policy.write_text(before + ramp.format(steps="50, 10000"))
        while demo.messages() < 50 and not pause.wait(0.05):
            pass
        policy.write_text(before)

    it = threading.Thread(target=raise_it, daemon=True)
    it.start()
    books = demo.twain("send", "summer-thanks", "--json").json
    it.join(timeout=30)
    assert seen == [30, 30]
    assert (books["state"], books["sent"]) == ("finished", books["audience"])
    assert books["audience"] > 60
