"""A running send of which too much comes back is held, says why in both voices, and goes on when somebody who may releases it."""

from __future__ import annotations

import re

import pytest

from twain.errors import ConfigError, Held
from twain.flows.instance import open_instance
from twain.flows.policy import read_policy
from twain.flows.send import SendOptions, resume, send
from twain.records import CameBack, RunState, SoftRule

RUN = "r0braked001"
BRAKES = '\n[brakes]\ncomplaints = 0.05\nmin_sent = 20\nroles = ["data owner"]\n'


def agree(demo, text=BRAKES):
    policy = demo.root / "policy.toml"
    policy.write_text(policy.read_text() + text)


def slowly(demo):
    """A hundred and sixty messages take four seconds, so that a worker looks in between."""
    toml = demo.root / "twain.toml"
    toml.write_text(f'{toml.read_text()}\n[channels.mail.limits]\n"" = {{ per_second = 40 }}\n')


def complain(instance, people, first=0):
    mails = [
        CameBack(bytes([row]) * 32, instance.clock.now(), "imap", "complaint", believed=True, run_id=RUN, shard=0, row=row)
        for row in range(first, first + people)
    ]  # fmt: skip
    assert len(instance.ledger.book_returned(mails, SoftRule())) == people


def kinds(instance):
    return [event.kind for event in instance.ledger.timeline(RUN)]


def test_held_released_by_who_may_and_finished(demo, monkeypatch):
    monkeypatch.setattr("twain.flows.brakes._EVERY", 0.2)
    agree(demo)
    slowly(demo)
    with open_instance(demo.root) as instance:
        complain(instance, 5)
        done = send(instance, "summer-thanks", SendOptions(limit=160, run_id=RUN))
        assert done.run.state is RunState.HELD
        assert 20 <= done.tally.sent < 160
        held = instance.ledger.timeline(RUN)[-1]
        assert "people complained" in held.business
        assert "Priya Nair, Senior DBA or Jonas Weber, Data Engineer releases it" in held.business
        seen = re.match(r"brake: complaints 5/(\d+) = ", held.technical)
        assert seen
        assert 20 <= int(seen[1]) <= done.tally.sent
        with pytest.raises(Held, match="held by a brake") as refused:
            resume(instance, RUN)  # whatever would go on by itself is refused
        assert refused.value.shown_code == "T893"
    assert demo.twain("release", RUN, "--json").json["error"]["code"] == "T895"
    assert demo.twain("release", RUN, person="pnair").code == 0
    assert demo.twain("release", RUN, "--json", person="pnair").json["error"]["code"] == "T894"
    finished = demo.twain("resume", RUN, "--json")
    assert (finished.code, finished.json["sent"]) == (0, 160)  # the five from before count no more
    with open_instance(demo.root) as instance:
        assert kinds(instance)[-5:] == ["held", "released", "resumed", "reconciling", "finished"]
        assert "Released by Priya Nair, Senior DBA" in instance.ledger.timeline(RUN)[-4].business
    assert demo.messages() == 160


def test_too_few_to_judge_or_no_brake_at_all(demo):
    slowly(demo)
    with open_instance(demo.root) as instance:
        complain(instance, 5)
        assert send(instance, "summer-thanks", SendOptions(limit=40, run_id=RUN)).accounted_for


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("complaints = 3", "not a share"),
        ("bounces = true", "not a share"),
        ("min_sent = 0", "not a number of messages"),
        ("spam = 0.1", "Unknown key 'brakes.spam'"),
    ],
)
def test_a_brake_that_is_wrong_is_named_with_its_line(tmp_path, text, words):
    (tmp_path / "policy.toml").write_text(f"[brakes]\n{text}\n")
    with pytest.raises(ConfigError, match=words) as refused:
        read_policy(tmp_path)
    assert refused.value.place.line == 2


def test_what_is_agreed_is_read(tmp_path):
    (tmp_path / "policy.toml").write_text(BRAKES)
    brakes = read_policy(tmp_path).brakes
    assert (dict(brakes.limits), brakes.min_sent, brakes.roles) == ({"complaints": 0.05}, 20, ("data owner",))
