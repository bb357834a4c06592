"""``twain desk`` in this process: what programs are told, and that a command may no more than its person on the page."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from twain.cli.app import app
from twain.errors import TwainError
from twain_web import commands
from twain_web.roles import Role
from twain_web.rooms.desk.models import Request


@pytest.fixture
def said(db, somebody, monkeypatch):
    """Run a command as somebody; what it answered as JSON, or the code of its error."""
    for role, name in ((Role.MARKETER, "lena"), (Role.DATA_OWNER, "priya"), (Role.AUDITOR, "tom")):
        somebody(role, username=name)
    monkeypatch.setattr(commands, "setup", lambda: None)

    def run(who, *words):
        monkeypatch.setattr(commands, "_me", lambda: who)
        done = CliRunner().invoke(app, ["desk", *words, "--json"])
        if isinstance(done.exception, TwainError):
            return done.exception.shown_code
        assert done.exit_code == 0, done.output
        return json.loads(done.output)

    return run


ASKED = (
    "ask",
    "shoe sizes",
    "--type",
    "new-field",
    "--for",
    "Boots",
    "--by",
    "2099-01-05",
    "--target",
    "feed=customers",
)


def test_asked_listed_answered_shown(said):
    made = said("lena", *ASKED, "--target", "field=shoe size")
    assert (made["state"], made["wanted_by"]) == ("asked", "2099-01-05")
    assert [one["slug"] for one in said("tom", "list")["requests"]] == [made["slug"]]
    assert said("priya", "answer", made["slug"], "question", "--words", "European?")["state"] == "clarifying"
    assert said("lena", "answer", made["slug"], "reply", "--words", "Yes")["state"] == "asked"
    day = "2027-02-03"
    assert said("priya", "answer", made["slug"], "promise", "--day", day)["promised"] == day
    whole = said("lena", "show", made["slug"])
    assert [event["verb"] for event in whole["events"]] == ["ask", "question", "reply", "promise"]
    assert whole["promises"][0]["day"] == day
    assert "+      - name: shoe_size" in said("priya", "patch", made["slug"])["patch"]
    assert said("lena", "answer", made["slug"], "withdraw")["state"] == "withdrawn"
    assert [one["slug"] for one in said("tom", "list", "--closed")["requests"]] == [made["slug"]]


def test_a_command_may_no_more_than_its_person(said):
    slug = said("lena", *ASKED, "--target", "field=shoe size")["slug"]
    before = Request.objects.values().get()
    refused = [
        ("priya", *ASKED), ("tom", *ASKED), ("lena", "answer", slug, "promise", "--day", "2027-02-03"),
        ("tom", "answer", slug, "withdraw"), ("priya", "answer", slug, "withdraw"), ("lena", "patch", slug),
    ]  # fmt: skip
    assert [said(*words) for words in refused] == ["T923"] * len(refused)
    assert said("nobody", "list") == "T100"
    assert said("lena", "show", "r999999") == said("lena", "show", "../r1") == "T921"
    assert said("priya", "answer", slug, "done") == said("priya", "answer", slug, "arrive") == "T922"
    assert said("priya", "answer", slug, "promise") == "T925"
    assert Request.objects.values().get() == before
