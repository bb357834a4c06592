"""Nobody gets more than was agreed, whichever campaign asks: counted over settled sends and over those under way."""

from __future__ import annotations

import shutil
from collections import Counter
from email import message_from_bytes

import pytest

ONE_A_WEEK = '[[cap]]\nmost = 1\nwithin = "7d"\n'


def agree(demo, text):
    policy = demo.root / "policy.toml"
    policy.write_text(policy.read_text() + "\n" + text)


def second_campaign(demo, topic="offers"):
    """The same people, another campaign."""
    shutil.copytree(demo.root / "campaigns/summer-thanks", demo.root / "campaigns/autumn")
    demo.edit("campaigns/autumn/campaign.toml", 'topic = "offers"', f'topic = "{topic}"')
    return "autumn"


def received(demo):
    """Messages per address, as the relay got them."""
    return Counter(message_from_bytes(path.read_bytes())["To"] for path in demo.kept())


def test_whoever_had_enough_is_left_out_and_counted(demo):
    agree(demo, ONE_A_WEEK)
    first = demo.twain("send", "summer-thanks", "--limit", "50", "--json").json
    assert first["sent"] == 50
    campaign = second_campaign(demo)
    rehearsed = demo.twain("send", campaign, "--dry-run", "--json").json
    books = demo.twain("send", campaign, "--json").json
    assert books["excluded"]["cap"] > 40  # all but those whom this campaign holds out or never meant
    assert rehearsed["excluded"] == books["excluded"]
    assert books["matched"] == sum(books["excluded"].values()) + books["audience"]
    assert demo.messages() == 50 + books["sent"]
    again = demo.twain("send", campaign, "--json").json
    assert (again["sent"], again["audience"]) == (0, 0)
    assert (
        demo.twain("send", campaign, "--to", "2", "--json").json["audience"] == 1
    )  # one chosen person: a hand decides


def test_people_of_a_send_under_way_have_it_already(demo):
    agree(demo, ONE_A_WEEK)
    demo.edit("policy.toml", "max_jump = 1.0", "max_jump = 100.0")  # few, then many: meant here
    demo.edit("twain.toml", f"port = {demo.sink.port}", 'give_up_after = "1s"\nport = 1')
    assert demo.twain("send", "summer-thanks", "--json").code == 7  # its audience is frozen, nothing has left
    waiting = demo.twain("runs", "--json").json["runs"][0]["run"]
    toml = demo.root / "twain.toml"
    toml.write_text(toml.read_text().replace("port = 1 ", f"port = {demo.sink.port} "))
    campaign = second_campaign(demo)
    between = demo.twain("send", campaign, "--json").json
    assert between["sent"] < 40 < between["excluded"]["cap"]  # those whom the first one holds out get this one
    demo.twain("cancel", waiting)
    after = demo.twain("send", campaign, "--json").json  # the others never got the first one
    assert after["sent"] + after["excluded"]["holdout"] >= between["excluded"]["cap"] > 350
    assert after["excluded"]["cap"] == between["sent"]
    assert set(received(demo).values()) == {1}


def test_what_is_no_advertising_is_neither_held_back_nor_counted(demo):
    agree(demo, ONE_A_WEEK + 'except_topics = ["service"]\n')
    notice = second_campaign(demo, topic="service")
    told = demo.twain("send", notice, "--json").json
    advertised = demo.twain("send", "summer-thanks", "--json").json
    assert told["sent"] > 100 < advertised["sent"]
    assert "cap" not in advertised["excluded"]
    assert demo.twain("send", notice, "--json").json["sent"] == told["sent"]


def test_a_new_cap_asks_for_a_new_approval(demo):
    before = demo.twain("send", "summer-thanks", "--dry-run", "--json").json["bundle"]
    agree(demo, ONE_A_WEEK)
    assert demo.twain("send", "summer-thanks", "--dry-run", "--json").json["bundle"] != before


@pytest.mark.parametrize(
    ("said", "why"),
    [("most = 0\nwithin = '7d'", "not a number of messages"), ("within = '7d'", "not a number of messages"),
     ("most = 2\nwithin = 'a week'", "not a duration"), ("most = 2", "not a duration"),
     ("most = 2\nwithin = '7d'\nchanels = []", "Unknown key 'cap.chanels'")],
)  # fmt: skip
def test_a_cap_that_makes_no_sense_is_refused(demo, said, why):
    agree(demo, f"[[cap]]\n{said}\n")
    answer = demo.twain("check")
    assert answer.code != 0
    assert why in " ".join((answer.out + answer.err).split())
