"""Every command answers programs, too: with --json one JSON object on standard output, and nothing else."""

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request

import duckdb
import pytest
from typer.main import get_command

from tests.house_template import migrated
from twain.cli.app import app

#: Commands without --json, and why. A command that only people can use would stand here.
WITHOUT: dict[str, str] = {}

#: In this order on a fresh demo: each command once, with the exit codes that its story may end with.
STORY = [
    ("init", ["elsewhere"], 0),
    ("demo-data", ["--customers", "20", "--to", "sqlite:more.sqlite"], 0),
    ("start", ["--once", "--customers", "40", "--folder", "second"], 0),
    ("feeds", [], 0),
    ("check", ["--offline"], 0),
    ("connect", ["shop", "returns_log"], 0),
    ("review", ["returns_log", "--accept"], 0),
    ("audience count", ["summer-thanks"], 0),
    ("audience sql", ["summer-thanks"], 0),
    ("audience explain", ["summer-thanks"], 0),
    ("audience sample", ["summer-thanks"], 0),
    ("export odcs", [], 0),
    ("export dbt-exposures", [], 0),
    ("preview", ["summer-thanks"], 0),
    ("channel test", ["mail"], 0),
    ("dkim new-key", ["mail.example.com", "s1"], 0),
    ("domains", ["nobody.example.com"], 2),
    ("suppress add", ["a@example.com"], 0),
    ("person", ["2"], 0),
    ("forget", ["2"], 3),
    ("retain", [], 0),
    ("suppress import", ["old.csv"], 0),
    ("suppress export", [], 0),
    ("suppress export", ["out.csv"], 0),
    ("suppress waive", ["--because", "There was no provider before."], 0),
    ("form list", [], 0),
    ("form embed", ["newsletter"], 0),
    ("leads deliver", [], 0),
    ("leads list", [], 0),
    ("leads show", ["lead-1"], 2),
    ("leads retry", [], 0),
    ("leads test", [], 0),
    ("consent lag", [], 0),
    ("stop", [], 0),
    ("approve", ["summer-thanks"], 2),
    ("capacity show", [], 0),
    ("capacity slot", ["summer-thanks", "--people", "5"], 0),
    ("capacity book", ["summer-thanks", "--people", "5"], 0),
    ("capacity release", ["summer-thanks"], 0),
    ("capacity measure", [], 0),
    ("send", ["summer-thanks", "--limit", "5"], 0),
    ("runs", [], 0),
    ("run", ["r"], 0),
    ("missed", ["r"], 0),
    ("trace", ["1"], 0),
    ("events collect", [], 0),
    ("conversions", ["r"], 0),
    ("release", ["r"], 2),
    ("credit", ["r"], 0),
    ("bounces import", ["old.eml"], 0),
    ("bounces list", [], 0),
    ("bounces collect", [], 2),
    ("resolve", ["r", "--sent"], 2),
    ("pause", ["r"], 2),
    ("cancel", ["r"], 2),
    ("resume", ["r"], 2),
    ("backup", ["kept"], 0),
    ("restore", ["kept"], 0),
    ("reconciled", ["--yes"], 0),
]
SERVING = {"gateway", "bounces read"}  # tried by tests of their own: one ends when it is told to, one reads a pipe
#: The house's commands open Django's settings for one workspace, so each runs in a process of its own.
HOUSE = [
    ("admin enter", ["anna", "--name", "Anna Berg", "--email", "anna@example.com"], 0),
    ("admin enter", ["anna", "--name", "Anna Berg", "--email", "anna@example.com"], 2),
    ("admin roles", ["anna", "--role", "administrator", "--role", "marketer"], 0),
    ("admin deactivate", ["anna"], 2),  # the last administrator
    ("audit verify", [], 0),
]


def commands(group=None, prefix=""):
    group = group or get_command(app)
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, f"{prefix}{name} ")
        else:
            yield f"{prefix}{name}", command


def test_every_command_takes_json():
    lacking = [name for name, command in commands() if "--json" not in {o for p in command.params for o in p.opts}]
    assert sorted(lacking) == sorted(WITHOUT)
    assert len(dict(commands())) > 25


def test_every_command_is_tried_here():
    ours = {name for name, command in commands() if command.callback.__module__.startswith("twain.")}
    assert ours - set(WITHOUT) == {name for name, _, _ in STORY} | SERVING  # the web's commands have tests of their own
    assert len(ours) > 25


def test_one_object_and_nothing_else(demo):
    (demo.root / "old.csv").write_text("address,reason\nb@example.com,moved\n")
    (demo.root / "old.eml").write_text("From: MAILER-DAEMON@mx.example.net\nSubject: failure notice\n\nNobody there.\n")
    _make_table(demo)
    for name, more, code in STORY:
        if name == "restore":
            _lose_the_ledger(demo)
        answer = demo.twain(*name.split(), *more, "--json")
        assert answer.code == code, (name, answer.out, answer.err)
        assert answer.err == "", name
        said = json.loads(answer.out)
        assert isinstance(said, dict), name
        assert ("error" in said) == (code == 2), name


def test_the_houses_commands_too(demo):
    environment = {**os.environ, "TWAIN_ROOT": str(demo.root)}
    migrated(demo.root / ".twain")
    for name, more, code in HOUSE:
        done = subprocess.run(
            [sys.executable, "-m", "twain", *name.split(), *more, "--json"],
            cwd=demo.root, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
            timeout=60,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (code, ""), (name, done.stdout, done.stderr)
        said = json.loads(done.stdout)
        assert isinstance(said, dict), name
        assert ("error" in said) == (code == 2), name


def _lose_the_ledger(demo):
    for path in (demo.root / ".twain").glob("ledger.db*"):
        path.unlink()


def _make_table(demo):
    with duckdb.connect(str(demo.root / "data/shop.duckdb")) as shop:
        shop.execute("create table returns_log (return_id bigint primary key, why varchar)")


def test_an_export_holds_the_same_in_both_forms(demo, tmp_path):
    assert demo.twain("suppress", "export", "--json").json == {"suppressions": []}
    assert demo.twain("suppress", "add", "a@example.com", "b@example.com", "--reason", "=odd\x9b").code == 0
    found = demo.twain("suppress", "export", "--json")
    assert "\x9b" not in found.out
    listed = found.json["suppressions"]
    assert len(listed) == 2
    assert {one["reason"] for one in listed} == {"=odd\x9b"}
    target = tmp_path / "out.csv"
    assert demo.twain("suppress", "export", str(target), "--json").json == {"file": str(target), "written": 2}
    text = target.read_text()
    assert [one["address_hash"] in text for one in listed] == [True, True]


@pytest.mark.parametrize("as_json", [True, False])
def test_the_gateway_says_where_it_listens_through_a_pipe(demo, as_json):
    # behind a proxy: nothing is said of where links lead, which would be a second line
    demo.edit("twain.toml", 'base_url = "http://127.0.0.1:8024"', 'base_url = "https://mail.nordlicht.example"')
    words = [sys.executable, "-m", "twain", "gateway", "--port", "0", *(["--json"] if as_json else [])]
    gateway = subprocess.Popen(
        words, cwd=demo.root, env=dict(os.environ), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        line = gateway.stdout.readline()
        url = json.loads(line)["listening"] if as_json else line.split()[-1]
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"{url}/u/nonsense", timeout=10)
        assert refused.value.code == 404
        refused.value.close()
        gateway.send_signal(signal.SIGINT)
        rest, errors = gateway.communicate(timeout=20)
        assert (rest, errors, gateway.returncode) == ("", "", 130)
    finally:
        gateway.kill()
        gateway.communicate()
