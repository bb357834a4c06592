"""What the command line tells of a send that could not go: at once, with channel and relay by name, and nobody forgotten."""

import re

from typer.main import get_command

from twain.cli import output
from twain.cli.app import app
from twain.records import RunState


def test_a_closed_relay_is_told_at_once_and_nobody_is_forgotten(demo):
    demo.edit("twain.toml", f"port = {demo.sink.port}", 'give_up_after = "2s"\nport = 1')
    answer = demo.twain("send", "summer-thanks")
    said, wrong = flat(answer.out), flat(answer.err)
    assert answer.code == 7
    assert "Channel mail: the relay 127.0.0.1:1 cannot be reached" in said
    assert "It is tried again for" in said
    assert re.search(r"T810 twain\.toml:\d+: .*Channel mail: the relay 127\.0\.0\.1:1", wrong)
    assert "host and port of [channels.mail] in twain.toml" in wrong
    run = demo.twain("runs", "--json").json["runs"][0]
    missed = flat(demo.twain("missed", run["run"]).out)
    assert f"{run['pending']} of {run['audience']} were not reached yet: the send is {RunState.PAUSED}" in missed
    assert f"twain resume {run['run']}" in missed
    assert f"{sum(run['excluded'].values())} people of the audience's rule were left out before (" in missed
    assert "Nobody was missed" not in missed
    told = demo.twain("missed", run["run"], "--json").json
    assert (told["not_reached"], told["left_out"]) == (run["pending"], run["excluded"])
    stands = flat(demo.twain("run", run["run"]).out)
    assert f"after {run['seconds']:.1f} s, 0 sent" in stands  # it stands still since it was paused
    assert demo.twain("runs", "--json").json["runs"][0]["seconds"] == run["seconds"]
    test = flat(demo.twain("channel", "test", "mail").out)
    assert "→ Start it there" in test
    assert "mail does not work: nothing can be sent by it now." in test
    assert "crash" not in test


def test_one_message_and_one_person_are_followed_to_the_end(sent):
    run = sent.twain("runs", "--json").json["runs"][0]
    mail = next(iter(sent.kept())).read_text("utf-8", "replace")
    number = re.search(r"(?im)^Message-ID:\s*(<[^>]+>)", mail)[1]
    traced = sent.twain("trace", number)
    assert number in re.sub(r"\s", "", traced.out)
    bundle = sent.twain("run", run["run"], "--json").json["bundle"]
    assert bundle in re.sub(r"\s", "", traced.out)
    assert "…" not in traced.out
    nobody = flat(sent.twain("trace", "999999999").out)
    assert "No feed has somebody with this key" in nobody
    assert "twain run <id>" in nobody
    steps = sent.twain("trace", number, "--json").json["messages"][0]["steps"]
    assert dict(steps)["Message-ID"] == number


def test_somebody_left_out_is_told_why(sent):
    keys = {m["key"] for m in sent.twain("audience", "sample", "summer-thanks", "--json").json["people"]}
    left = next(str(n) for n in range(1, 600) if "Agreed to be written to: no" in flat(sent.twain("trace", str(n)).out))
    assert left not in keys


def test_the_list_of_sends_fits_a_narrow_terminal(sent, monkeypatch):
    for width, column in ((80, "not sent"), (120, "unknown")):
        monkeypatch.setattr(output.console, "width", width)
        out = sent.twain("runs").out
        assert "…" not in out
        assert column in out
        assert "summer-thanks" in out
        assert all(len(line) <= width for line in out.splitlines())
        assert re.search(r"started \(\w+\)", flat(out))


def test_figures_are_written_in_one_way():
    assert output.figures("70,578 sent, at most 1,234,567; 3,5 and 12,34 stay, so does 1,2345") == (
        "70\u202f578 sent, at most 1\u202f234\u202f567; 3,5 and 12,34 stay, so does 1,2345"
    )


def flat(text):
    return re.sub(r"\s+", " ", text)


def test_no_word_of_the_help_is_taken_for_markup():
    """In brackets, the help's own markup swallows a word: ``[retention]`` was not shown at all."""
    helps = {name: command.help or "" for name, command in get_command(app).commands.items()}
    assert len(helps) > 25
    assert [name for name, text in helps.items() if re.search(r"\[[a-z_.]+\]", text)] == []
    assert "twain.cli" not in "".join(helps.values())
