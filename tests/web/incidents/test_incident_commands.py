"""``twain incidents`` and the API: the same incidents, the same rules as on the page."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from tests.web.incidents.test_incident_answers import failure
from twain.cli.app import app
from twain.errors import TwainError
from twain_web import commands
from twain_web.roles import Role
from twain_web.rooms.incidents.actions.opening import failed
from twain_web.rooms.people.public import make_token


@pytest.fixture
def said(db, company, priya, somebody, monkeypatch):
    """Run a command as somebody; what it answered as JSON, or the code of its error."""
    somebody(Role.MARKETER, username="lena")
    monkeypatch.setattr(commands, "setup", lambda: None)

    def run(who, *words):
        monkeypatch.setattr(commands, "_me", lambda: who)
        done = CliRunner().invoke(app, ["incidents", *words, "--json"])
        if isinstance(done.exception, TwainError):
            return done.exception.shown_code
        assert done.exit_code == 0, done.output
        return json.loads(done.output)

    return run


def test_listed_shown_seen_looked_at_and_counted(said):
    assert said("lena", "list") == {"incidents": []}
    one = failed(failure())
    (listed,) = said("lena", "list", "--feed", "customers")["incidents"]
    assert (listed["slug"], listed["open"], listed["owner"]) == (one.slug, True, "Priya Nair, Senior DBA")
    assert said("lena", "ack", one.slug) == "T923"
    assert said("pnair", "ack", one.slug)["acknowledged_at"]
    assert said("lena", "look", one.slug)["slug"] == one.slug
    whole = said("lena", "show", one.slug)
    assert [line["verb"] for line in whole["timeline"]] == ["open", "acknowledge", "look"]
    assert whole["timeline"][0]["technical"] == "customers.updated_at: newest 2026-11-12"
    assert "+    value: 10" in said("pnair", "propose", one.slug)["patch"]
    (month,) = said("lena", "months", "--since", "2020-01-01")["months"]
    assert (month["feed"], month["failed"], month["restored"]) == ("customers", 1, 0)
    assert said("lena", "show", "i999") == "T944"


def test_the_api_has_the_same_of_them(said, client, priya, somebody):
    one = failed(failure())
    reader = make_token(
        by=somebody(Role.MARKETER, username="lena"), name="t", wanted=["incidents:read", "incidents:write"], days=1
    )
    owner = make_token(by=priya, name="t", wanted=["incidents:read", "incidents:write"], days=1)

    def asked(method, path, token):
        return getattr(client, method)(f"/api{path}", headers={"Authorization": f"Bearer {token.secret}"})

    assert asked("get", "/incidents?feed=customers", reader).json()["items"][0]["slug"] == one.slug
    assert asked("post", f"/incidents/{one.slug}/acknowledge", reader).status_code == 403
    assert asked("post", f"/incidents/{one.slug}/acknowledge", owner).json()["acknowledged_at"]
    assert asked("post", f"/incidents/{one.slug}/look", reader).status_code == 200
    assert "+    value: 10" in asked("post", f"/incidents/{one.slug}/propose", owner).json()["patch"]
    assert [e["verb"] for e in asked("get", f"/incidents/{one.slug}", reader).json()["timeline"]][:2] == [
        "open",
        "acknowledge",
    ]
    assert asked("get", "/incident-months?since=2020-01-01T00:00:00Z", reader).json()["total"] == 1
    for missing in ("i999", "nonsense"):
        assert asked("get", f"/incidents/{missing}", reader).status_code == 404
        assert asked("post", f"/incidents/{missing}/look", reader).status_code == 404
