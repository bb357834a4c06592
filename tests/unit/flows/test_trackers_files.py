"""IT's files in trackers/: each is read whole, no secret may stand in one, and what is wrong is said with file and line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from twain.errors import ConfigError
from twain.flows.trackers import load_trackers, read_tracker

JIRA = """
kind = "jira"
address = "https://example.atlassian.net/"
project = "DATA"
user = "twain@example.com"
requests = ["new-field", "new-feed"]
token_env = "JIRA_TOKEN"
every = "10m"
"""
TYPES = {"new-field": None, "new-feed": None, "access": None}


@pytest.fixture
def filed(tmp_path):
    (tmp_path / "trackers").mkdir()

    def write(text: str, name: str = "work") -> Path:
        path = tmp_path / "trackers" / f"{name}.toml"
        path.write_text(text)
        return path

    return write


def test_a_file_is_read_whole(filed):
    one = read_tracker(filed(JIRA))
    assert (one.name, one.kind, one.title, one.project) == ("work", "jira", "Jira", "DATA")
    assert one.address == "https://example.atlassian.net"
    assert (one.requests, one.every) == (("new-field", "new-feed"), 600.0)
    assert (one.token_ref, one.options) == ("env:JIRA_TOKEN", {"user": "twain@example.com"})


@pytest.mark.parametrize(
    ("kind", "project", "address"),
    [("github", "nordlicht/data", "https://api.github.com"), ("gitlab", "nordlicht/it/data", "https://gitlab.com")],
)
def test_what_everybody_uses_has_its_address(filed, kind, project, address):
    text = f'kind = "{kind}"\nproject = "{project}"\nrequests = ["access"]\ntoken_file = "secrets/token"\n'
    one = read_tracker(filed(text))
    assert (one.address, one.token_ref, one.every) == (address, "file:secrets/token", 300.0)


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ('token_env = "JIRA_TOKEN"', 'token = "s3cret"', 7, "token holds a secret"),
        ('token_env = "JIRA_TOKEN"', "", None, "where its token lies"),
        ('token_env = "JIRA_TOKEN"', 'token_env = "A"\ntoken_file = "b"', None, "where its token lies"),
        ('kind = "jira"', 'kind = "fax"', 2, "kind must be one of: jira, jsm, github, gitlab"),
        ('kind = "jira"', 'kind = "jsm"', None, "request_type is missing"),
        ('project = "DATA"', 'project = "DATA\\" OR project = \\"X"', 4, "is no project of Jira"),
        ('kind = "jira"\n', 'kind = "github"\nproject_id = "x"\n', 3, "is not known here"),
        ('"https://example.atlassian.net/"', '"ftp://example.org"', 3, "address must be a web address"),
        ('"https://example.atlassian.net/"', '"https://me:pw@example.org"', 3, "address must be a web address"),
        ('every = "10m"', 'every = "2s"', 8, "every must be 1m to 1d"),
        ('requests = ["new-field", "new-feed"]', "requests = []", 6, "requests must list"),
        ("kind =", "kind", 2, "Not valid TOML"),
    ],
)
def test_what_is_wrong_is_said_where_it_stands(filed, old, new, line, said):
    with pytest.raises(ConfigError) as refused:
        read_tracker(filed(JIRA.replace(old, new)))
    assert said in refused.value.what
    assert (refused.value.shown_code, refused.value.place.file) == ("T967", "trackers/work.toml")
    assert line is None or refused.value.place.line == line
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize("project", ["../admin", "a/b/c", "nordlicht", "nordlicht/..", "x/y?z"])
def test_a_project_is_no_way_to_another_address(filed, project):
    text = f'kind = "github"\nproject = "{project}"\nrequests = ["access"]\ntoken_env = "T"\n'
    with pytest.raises(ConfigError, match="no project of GitHub"):
        read_tracker(filed(text))


def test_a_type_that_is_not_there_or_goes_elsewhere_already_is_refused_and_the_others_stay(filed):
    root = filed(JIRA, "a").parents[1]
    filed(JIRA.replace('"new-field", ', ""), "b")
    filed(JIRA.replace('"new-field", "new-feed"', '"weather"'), "c")
    filed(JIRA.replace('"new-field", "new-feed"', '"access"'), "d")
    trackers, problems = load_trackers(root, TYPES)
    assert list(trackers) == ["a", "d"]
    assert [(one.code, one.place.file, one.place.line) for one in problems] == [
        ("T968", "trackers/b.toml", 6), ("T968", "trackers/c.toml", 6),
    ]  # fmt: skip
    assert "go to a already" in problems[0].what


def test_the_runbooks_example_is_a_tracker(filed):
    page = (Path(__file__).parents[3] / "docs" / "runbook-for-it.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"^```toml tracker\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    one = read_tracker(filed(example))
    assert (one.requests, one.options["type"]) == (("new-field", "new-feed"), "Task")
