"""The workspace as a git checkout: which revision it is, its files' history, pulling it, and leaving a change on a branch.

Git itself does the work, as a program of its own with a time limit; nothing asks for a password, and no hook of the checkout
runs. A branch is made from git's objects alone: the working tree, the index and IT's main line stay as they are.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from twain.errors import ConfigError, TwainError
from twain.flows.workspace import load_workspace
from twain.records import Owner, Problem

_SECONDS = 60.0
_SAFE = ("-c", "core.hooksPath=/dev/null", "-c", "protocol.ext.allow=never", "-c", "core.quotePath=false")
_FORMAT = "%H%x1f%an%x1f%aI%x1f%s%x1e"


@dataclass(frozen=True, slots=True)
class Revision:
    """One commit. *hash* is all of its 40 hex digits, *subject* the first line of what its author said."""

    hash: str
    author: str
    at: datetime
    subject: str

    @property
    def short(self) -> str:
        """As git shows it."""
        return self.hash[:8]


@dataclass(frozen=True, slots=True)
class Checkout:
    """Where a workspace stands. *changed* are files that differ from the revision, by path in the workspace."""

    revision: Revision
    branch: str
    remote: str
    changed: tuple[str, ...]
    prefix: str


@dataclass(frozen=True, slots=True)
class Pulled:
    """What a pull did. *refused* is a revision that was not let in, for *problems*; *before* and *after* are full hashes."""

    before: str
    after: str
    refused: str = ""
    problems: tuple[Problem, ...] = ()


class Repository:
    """The git repository that holds the workspace at *root*; :meth:`at` says None where there is none."""

    def __init__(self, root: Path) -> None:
        self._root = root

    @classmethod
    def at(cls, root: Path) -> Repository | None:
        """The repository around *root*, with at least one commit; None when the folder is no git checkout."""
        found = cls(root)
        try:
            inside = found.git("rev-parse", "--is-inside-work-tree", "--verify", "HEAD").split()
        except TwainError:
            return None
        return found if inside[:1] == ["true"] else None

    def checkout(self) -> Checkout:
        """The revision that lies here, and what differs from it."""
        changed = self.git("status", "--porcelain", "--untracked-files=normal", "-z", "--", ".").split("\0")
        return Checkout(
            revision=next(self._revisions("-1")),
            branch=self.git("rev-parse", "--abbrev-ref", "HEAD").strip(),
            remote=_shown_remote(self._configured("remote.origin.url")),
            changed=tuple(line[3:] for line in changed if line),
            prefix=self.git("rev-parse", "--show-prefix").strip(),
        )

    def history(self, path: str, *, limit: int = 30) -> list[Revision]:
        """The commits that changed a file (relative to the workspace), newest first."""
        return list(self._revisions(f"-{limit}", "--", path))

    def change(self, revision: str, path: str) -> str:
        """The diff that one commit made to a file. *revision* is a full hash from :meth:`history`."""
        return self.git("show", "--format=", "--no-ext-diff", "--no-textconv", _hash(revision), "--", path)

    def text(self, path: str, revision: str = "HEAD") -> str | None:
        """A file as a revision has it; None where it has none."""
        try:
            return self.git("show", "--no-textconv", f"{revision}:./{path}")
        except TwainError:
            return None

    def put_on_branch(self, branch: str, files: Mapping[str, str], words: str, author: Owner) -> Revision:
        """Commit *files* (path in the workspace → text) on a new branch that starts here. Nothing that is checked out changes.

        Raises ConfigError when there is such a branch already.
        """
        prefix = self.git("rev-parse", "--show-prefix").strip()
        with tempfile.TemporaryDirectory(prefix="twain-index-") as folder:
            own = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
            self.git("read-tree", "HEAD", extra=own)
            for path, text in files.items():
                blob = self.git("hash-object", "-w", "--stdin", given=text).strip()
                self.git("update-index", "--add", "--cacheinfo", f"100644,{blob},{prefix}{path}", extra=own)
            tree = self.git("write-tree", extra=own).strip()
        commit = self.git("commit-tree", tree, "-p", "HEAD", given=words, extra=_signed(author)).strip()
        self._new_branch(branch, commit)
        return next(self._revisions("-1", commit))

    def push(self, branch: str) -> None:
        """Push one branch to ``origin``. Raises ConfigError with git's own words."""
        self.git("push", "--quiet", "origin", f"refs/heads/{branch}:refs/heads/{branch}")

    def pull(self) -> Pulled:
        """Fetch, and go forward to what was fetched if the workspace can be read there; never a merge, never a loss.

        A revision with an error that the present one has not is not let in: the checkout stays where it was.
        """
        before = self.git("rev-parse", "HEAD").strip()
        self.git("fetch", "--quiet", "--no-tags", "origin")
        upstream = self.git("rev-parse", "--verify", "@{upstream}").strip()
        if upstream == before:
            return Pulled(before, before)
        known = _problems(self._root)
        self.git("merge", "--ff-only", "--quiet", "@{upstream}")
        after = self.git("rev-parse", "HEAD").strip()
        problems = new_faults(known, _problems(self._root))
        if problems:
            self.git("reset", "--quiet", "--keep", before)
            return Pulled(before, before, after, problems)
        return Pulled(before, after)

    def git(self, *words: str, given: str | None = None, extra: Mapping[str, str] | None = None) -> str:
        """What git answers. Raises ConfigError T113 with its words when it refuses, or takes longer than a minute."""
        env = {**os.environ, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C", **(extra or {})}
        try:
            done = subprocess.run(  # noqa: S603 — a list of words, no shell; git itself stands first
                ["git", *_SAFE, *words],  # noqa: S607
                cwd=self._root, input=(given or "").encode(), capture_output=True, check=False, timeout=_SECONDS, env=env,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired) as error:
            raise _refused(words[0], f"{type(error).__name__}") from error
        if done.returncode:
            raise _refused(words[0], _without_secrets(done.stderr.decode("utf-8", "replace")))
        return done.stdout.decode("utf-8", "replace")

    def _revisions(self, *words: str) -> Iterator[Revision]:
        listed = self.git("log", f"--format={_FORMAT}", *words)
        for line in listed.split("\x1e"):
            if line.strip():
                commit, author, at, subject = line.strip().split("\x1f")
                yield Revision(commit, author, datetime.fromisoformat(at), subject)

    def _configured(self, key: str) -> str:
        try:
            return self.git("config", "--get", key).strip()
        except TwainError:
            return ""

    def _new_branch(self, branch: str, commit: str) -> None:
        self.git("check-ref-format", "--branch", branch)
        try:
            self.git("update-ref", f"refs/heads/{branch}", commit, "0" * 40)
        except ConfigError as error:
            raise ConfigError(
                f"There is a branch {branch} already.", todo="Merge or delete it first.", code="T113"
            ) from error


def new_faults(before: Sequence[Problem], after: Sequence[Problem]) -> tuple[Problem, ...]:
    """The errors among *after* that were not there *before*; an error that only moved to another line was."""
    known = {_same(problem) for problem in before}
    return tuple(p for p in after if p.severity == "error" and _same(p) not in known)


def _problems(root: Path) -> tuple[Problem, ...]:
    try:
        return load_workspace(root).problems
    except TwainError as error:
        return (Problem.of(error),)


def _same(problem: Problem) -> tuple[str, str, str]:
    """What makes two findings one, though the line has moved."""
    return problem.code, problem.what, problem.place.file if problem.place else ""


def _hash(revision: str) -> str:
    if len(revision) != 40 or not set(revision) <= set("0123456789abcdef"):
        raise ConfigError("That is not a commit.", todo="Choose one of the list.", code="T113")
    return revision


def _signed(author: Owner) -> dict[str, str]:
    name = " ".join(str(author.name).replace("<", "").replace(">", "").split()) or "Twain"
    mail = author.email or "twain@localhost"
    return {
        "GIT_AUTHOR_NAME": name,
        "GIT_AUTHOR_EMAIL": mail,
        "GIT_COMMITTER_NAME": "Twain",
        "GIT_COMMITTER_EMAIL": "twain@localhost",
    }


def _shown_remote(url: str) -> str:
    """A remote's address without the user and password that it may hold."""
    scheme, separator, rest = url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}" if separator else url


def _without_secrets(words: str) -> str:
    said = " ".join(_shown_remote(word) if "://" in word else word for word in words.split())
    return "".join(c if c.isprintable() else "?" for c in said)[:300]


def _refused(what: str, words: str) -> ConfigError:
    return ConfigError(
        f"git {what} did not work: {words or 'no reason was given'}.",
        todo="Try the same in the workspace's folder, as Twain's user.",
        business="The workspace's git repository could not be used.",
        code="T113",
    )
