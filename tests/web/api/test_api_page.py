"""docs/api.md says what the API does; and the workspace's own answer."""

import json
import re
import subprocess
from pathlib import Path

import pytest
from django.conf import settings

from twain.flows.repository import Repository
from twain_web.api import door, workspace
from twain_web.api.app import api
from twain_web.api.openapi import _PROBLEMS, operations
from twain_web.roles import Role
from twain_web.rooms.people import tokens

PAGE = (Path(__file__).parents[3] / "docs/api.md").read_text(encoding="utf-8")


def test_its_numbers_are_the_codes():
    assert f"ask {door.CALLS_A_MINUTE} times a minute" in PAGE
    assert f"limited to {door.WRONG_A_MINUTE}\na minute" in PAGE
    assert f"up to {tokens.LONGEST_DAYS} days" in PAGE
    assert f"larger than {settings.DATA_UPLOAD_MAX_MEMORY_SIZE >> 20} MB" in PAGE
    assert re.findall(r"^\| (\d{3}) \|", PAGE, re.MULTILINE) == sorted(_PROBLEMS)


def test_its_example_of_an_error_is_a_real_one(calling):
    told = json.loads(re.search(r"```json\n(.*?)```", PAGE, re.DOTALL)[1])
    answer = calling(Role.MARKETER).get("/api/audiences/gold")
    assert (answer.status_code, answer.json()) == (404, told)


def test_each_address_it_names_is_there():
    there = {f"{o.methods[0]} /api{o.path}" for o in operations(api)}
    assert "POST /api/tokens" in there
    for method, path in re.findall(r"(-X POST )?\"\$api/([a-z-]+)\"", PAGE):
        assert f"{'POST' if method else 'GET'} /api/campaigns/{{slug}}/{path}" in there, path


@pytest.fixture
def checkout(tmp_path):
    (tmp_path / "twain.toml").write_text('[workspace]\nname = "x"\n')
    who = ["-c", "user.name=Jonas Weber", "-c", "user.email=jonas.weber@nordlicht.example"]
    for words in (["init", "-q", "-b", "main"], ["add", "."], [*who, "commit", "-q", "-m", "Orders by day"]):
        subprocess.run(["git", *words], cwd=tmp_path, check=True, capture_output=True)
    (tmp_path / "policy.toml").write_text("")
    return Repository.at(tmp_path)


def test_the_workspace_tells_its_revision_and_no_secret(calling, checkout, monkeypatch):
    monkeypatch.setattr(workspace.Repository, "at", lambda _: checkout)
    told = calling(Role.AUDITOR).get("/api/workspace").json()
    revision = told["revision"]
    assert (revision["author"], revision["subject"], revision["branch"]) == ("Jonas Weber", "Orders by day", "main")
    assert len(revision["hash"]) == 40
    assert revision["changed"] == ["policy.toml"]
    assert told["sources"] == ["shop"]
    assert "duckdb" not in json.dumps(told)


def test_without_git_there_is_no_revision(calling, monkeypatch):
    monkeypatch.setattr(workspace.Repository, "at", lambda _: None)
    assert calling(Role.AUDITOR).get("/api/workspace").json()["revision"] is None
