"""The workspace as a git checkout, with real git: revision, history, branch, pull, and what a pull refuses."""

from __future__ import annotations

import subprocess

import pytest

from twain.demo.start import copy_workspace
from twain.errors import ConfigError
from twain.flows.repository import Repository
from twain.records import Owner

FEED = "feeds/customers.odcs.yaml"
PRIYA = Owner("Priya Nair", "Senior DBA", "priya.nair@nordlicht.example")


def git(folder, *words):
    return subprocess.run(
        ["git", "-c", "user.name=Priya Nair", "-c", "user.email=p@nordlicht.example", *words],
        cwd=folder, check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip


@pytest.fixture
def origin(tmp_path):
    """IT's repository, with the workspace in it as a folder of its own."""
    folder = tmp_path / "origin"
    (folder / "twain ws").mkdir(parents=True)
    copy_workspace(folder / "twain ws")
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "The first feeds")
    return folder


@pytest.fixture
def clone(tmp_path, origin):
    git(tmp_path, "clone", "--quiet", str(origin), "clone")
    return tmp_path / "clone" / "twain ws"


def commit(folder, path, change, words="A change"):
    file = folder / "twain ws" / path
    file.write_text(change(file.read_text(encoding="utf-8")), encoding="utf-8")
    git(folder, "commit", "--quiet", "-am", words)


def test_a_folder_without_git_says_so(tmp_path):
    assert Repository.at(tmp_path) is None
    git(tmp_path, "init", "--quiet")
    assert Repository.at(tmp_path) is None  # no commit yet


def test_where_the_workspace_stands(clone):
    (clone / FEED).write_text("changed", encoding="utf-8")
    here = Repository.at(clone).checkout()
    assert (here.branch, here.prefix, here.revision.subject) == ("main", "twain ws/", "The first feeds")
    assert here.revision.author == "Priya Nair"
    assert here.changed == (f"twain ws/{FEED}",)


def test_a_file_has_its_history(clone, origin):
    commit(origin, FEED, lambda text: text.replace("1.2.0", "1.3.0"), "Customers 1.3")
    repository = Repository.at(clone)
    repository.pull()
    newest, first = repository.history(FEED)
    assert (newest.subject, first.subject) == ("Customers 1.3", "The first feeds")
    assert "+version: 1.3.0" in repository.change(newest.hash, FEED)
    assert "version: 1.2.0" in repository.text(FEED, first.hash)
    assert repository.text("feeds/none.odcs.yaml") is None


@pytest.mark.parametrize("revision", ["--output=/tmp/x", "HEAD", "main", "a" * 39, "A" * 40])
def test_only_a_commit_of_the_list_can_be_asked_for(clone, revision):
    with pytest.raises(ConfigError):
        Repository.at(clone).change(revision, FEED)


def test_a_branch_is_made_and_nothing_else_changes(clone):
    repository = Repository.at(clone)
    before = (git(clone, "status", "--porcelain"), git(clone, "rev-parse", "main"), (clone / FEED).read_text())
    made = repository.put_on_branch("twain/review-customers", {FEED: "new\n"}, "Reviewed: customers", PRIYA)
    assert (git(clone, "status", "--porcelain"), git(clone, "rev-parse", "main"), (clone / FEED).read_text()) == before
    assert git(clone, "show", f"twain/review-customers:./{FEED}") == "new\n"
    assert git(clone, "log", "-1", "--format=%an <%ae>|%cn|%s", made.hash).strip() == (
        "Priya Nair <priya.nair@nordlicht.example>|Twain|Reviewed: customers"
    )
    assert git(clone, "diff", "--name-only", "main", made.hash).strip() == f"twain ws/{FEED}"
    with pytest.raises(ConfigError, match="already"):
        repository.put_on_branch("twain/review-customers", {FEED: "other\n"}, "Again", PRIYA)


def test_a_branch_can_be_pushed_where_it_came_from(clone, origin):
    repository = Repository.at(clone)
    repository.put_on_branch("twain/review-customers", {FEED: "new\n"}, "Reviewed", PRIYA)
    repository.push("twain/review-customers")
    assert "twain/review-customers" in git(origin, "branch", "--list")


@pytest.mark.parametrize("branch", ["../x", "-d", "a..b", "a b", "x.lock", ""])
def test_a_branch_has_the_name_of_a_branch(clone, branch):
    with pytest.raises(ConfigError):
        Repository.at(clone).put_on_branch(branch, {FEED: "new\n"}, "Reviewed", PRIYA)


def test_a_pull_goes_forward(clone, origin):
    repository = Repository.at(clone)
    assert repository.pull().after == repository.pull().before
    commit(origin, FEED, lambda text: text.replace("1.2.0", "1.3.0"))
    pulled = repository.pull()
    assert pulled.before != pulled.after == git(origin, "rev-parse", "HEAD").strip()
    assert not pulled.refused
    assert "1.3.0" in (clone / FEED).read_text()


@pytest.mark.parametrize(
    ("path", "change"),
    [
        (FEED, lambda text: text.replace("logicalType: integer", "logicalType: nonsense", 1)),
        ("policy.toml", lambda text: text + "\n[broken"),
        ("twain.toml", lambda text: text + "\n[unknown]\n"),
        ("audiences/gold-in-berlin.toml", lambda _: "= = ="),
    ],
)
def test_a_broken_revision_is_not_let_in_until_it_is_mended(clone, origin, path, change):
    repository = Repository.at(clone)
    good = (clone / path).read_text()
    commit(origin, path, change)
    pulled = repository.pull()
    assert pulled.after == pulled.before
    assert pulled.refused == git(origin, "rev-parse", "HEAD").strip()
    assert path in str(pulled.problems[0].place)
    assert (clone / path).read_text() == good
    commit(origin, path, lambda _: good + "\n# mended\n")
    assert Repository.at(clone).pull().refused == ""
    assert (clone / path).read_text().endswith("# mended\n")


def test_a_pull_never_loses_what_was_changed_here(clone, origin):
    (clone / FEED).write_text("not committed", encoding="utf-8")
    commit(origin, FEED, lambda text: text.replace("1.2.0", "1.3.0"))
    with pytest.raises(ConfigError, match="git merge"):
        Repository.at(clone).pull()
    assert (clone / FEED).read_text() == "not committed"


def test_what_went_apart_is_not_merged(clone, origin):
    commit(clone.parent, FEED, lambda text: text + "# here\n")
    commit(origin, FEED, lambda text: text + "# there\n")
    with pytest.raises(ConfigError, match="git merge"):
        Repository.at(clone).pull()
    assert (clone / FEED).read_text().endswith("# here\n")


def test_no_hook_of_the_checkout_runs(clone, origin):
    hook = clone.parent / ".git" / "hooks" / "post-merge"
    hook.write_text(f"#!/bin/sh\ntouch '{clone.parent}/ran'\n", encoding="utf-8")
    hook.chmod(0o755)
    commit(origin, FEED, lambda text: text.replace("1.2.0", "1.3.0"))
    assert not Repository.at(clone).pull().refused
    assert not (clone.parent / "ran").exists()


def test_a_remote_is_shown_without_its_password(clone):
    git(clone, "remote", "set-url", "origin", "https://it:canary-7f@git.invalid/feeds.git")
    repository = Repository.at(clone)
    assert repository.checkout().remote == "https://git.invalid/feeds.git"
    with pytest.raises(ConfigError) as error:
        repository.pull()
    assert "canary-7f" not in str(error.value)
