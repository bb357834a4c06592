"""X19: what lies in the company's data, or what a relay says, steers no terminal, forges no line and no JSON."""

import json
import re

import duckdb
import pytest

from twain.testing.relay import Relay

EVIL = "\x1b]0;owned\x07\x1b[2J\x9b31m\r\nT000 forged\u2028line \u202etxt.exe[red]markup[/] [/nosuch]\x00\x7f"
NAME = EVIL.replace("\x00", "")
STEERING = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


@pytest.fixture
def hostile(demo):
    """Everybody's first name, family name and city would steer a terminal; so would the relay's replies."""
    with duckdb.connect(str(demo.root / "data/shop.duckdb")) as shop:
        shop.execute("update customers set first_name = $1, last_name = $1, city = $1", [NAME])
    with Relay() as relay:
        relay.script.always = lambda message, number: b"550 5.1.1 " + EVIL.replace("\r\n", " ").encode() + b"\r\n"
        demo.edit("twain.toml", f"port = {demo.sink.port}", f"port = {relay.port}")
        yield demo


def test_no_command_lets_data_or_replies_act(hostile):
    sent = hostile.twain("send", "summer-thanks", "--limit", "3", "--json")
    run = sent.json["run"]
    key = hostile.twain("missed", run, "--json").json["missed"][0]["key"]
    for words in (("audience", "sample", "summer-thanks"), ("preview", "summer-thanks"), ("preview", "summer-thanks", "--html"),
                  ("preview", "summer-thanks", "--extremes"), ("missed", run), ("trace", key), ("run", run),
                  ("runs",)):  # fmt: skip
        shown = hostile.twain(*words)
        assert shown.code == 0, (words, shown.err)
        assert not STEERING.search(shown.out + shown.err), words
        if words[0] != "preview":  # a preview is the words themselves, wrapped where the terminal ends
            assert not any(line.startswith("T000 forged") for line in shown.out.splitlines()), words
        said = hostile.twain(*words, "--json")
        assert not STEERING.search(said.out), words
        assert len(said.out.splitlines()) == 1
        assert json.loads(said.out)
    assert "[red]markup[/]" in re.sub(r"\s+", "", hostile.twain("preview", "summer-thanks").out)


def test_json_gives_programs_the_data_itself(hostile):
    people = hostile.twain("audience", "sample", "summer-thanks", "--json").json["people"]
    assert people[0]["first_name"] == NAME


@pytest.mark.parametrize("words", [("run", NAME), ("trace", NAME), ("send", NAME), ("audience", "count", NAME),
                                   ("suppress", "add", NAME), ("stop", NAME), ("check", "--against", NAME),
                                   ("channel", "test", NAME), ("connect", NAME)], ids=lambda words: words[0])  # fmt: skip
def test_no_argument_acts_when_an_error_repeats_it(demo, words):
    for more in ((), ("--json",)):
        answer = demo.twain(*words, *more)
        assert not STEERING.search(answer.out + answer.err)
        assert "Traceback" not in answer.err


def test_what_an_operator_writes_acts_nowhere(demo):
    assert demo.twain("stop", "all", "--why", NAME).code == 0
    for words in (("stop",), ("send", "summer-thanks"), ("stop", "--json"), ("send", "summer-thanks", "--json")):
        answer = demo.twain(*words)
        assert not STEERING.search(answer.out + answer.err), words
