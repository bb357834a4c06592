"""``trackers/<name>.toml``: the tracker that IT works in, and which types of requests go on there. A versioned file.

::

    kind = "jira"                                # jira, jsm, github or gitlab
    address = "https://example.atlassian.net"    # GitHub and GitLab: left out for github.com and gitlab.com
    project = "DATA"                             # Jira: its key; GitHub: owner/name; GitLab: group/project
    requests = ["new-field", "new-feed"]         # types in requests/; a type goes to one tracker
    token_env = "JIRA_TOKEN"                     # or token_file = "secrets/jira": never the token itself
    user = "twain@example.com"                   # Jira Cloud: whose token it is; left out for Data Center
    type = "Task"                                # Jira: the type of issue; Task unless said
    every = "5m"                                 # how often the status is read: 1m to 1d

An issue is made once per request, and its status is shown beside it. It never moves the request.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from twain.errors import ConfigError, Place, TwainError
from twain.flows.files import read_text
from twain.flows.toml_places import key_lines, parse_toml
from twain.records import Problem
from twain.settings import seconds

FOLDER = "trackers"
_EVERYWHERE = {"kind", "address", "project", "requests", "token_env", "token_file", "every"}
_NAME = re.compile(r"[a-z0-9][a-z0-9_\-]{0,39}")
_SOONEST, _LATEST = 60.0, 86_400.0  # seconds
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class TrackerKind:
    """What a file of one kind says. *address* is where it is unless said; *needs* and *may* are keys of its own."""

    title: str
    project: re.Pattern[str]
    address: str = ""
    needs: frozenset[str] = frozenset()
    may: frozenset[str] = frozenset()


_JIRA_PROJECT = re.compile(r"[A-Z][A-Z0-9_]{0,79}")
#: Every kind; the house has one file for each.
TRACKER_KINDS: Mapping[str, TrackerKind] = {
    "jira": TrackerKind("Jira", _JIRA_PROJECT, may=frozenset({"user", "type"})),
    "jsm": TrackerKind(
        "Jira Service Management", _JIRA_PROJECT, needs=frozenset({"service_desk", "request_type"}), may=frozenset({"user"})
    ),
    "github": TrackerKind("GitHub", re.compile(r"[A-Za-z0-9_.-]{1,100}/[A-Za-z0-9_.-]{1,100}"), "https://api.github.com"),
    "gitlab": TrackerKind("GitLab", re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)+|\d+"),
                          "https://gitlab.com"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tracker:
    """One tracker. *token_ref* says where its token lies: ``env:NAME`` or ``file:path``. *every*: seconds between looks."""

    name: str
    kind: str
    address: str
    project: str
    requests: tuple[str, ...]
    token_ref: str
    every: float = 300.0
    options: Mapping[str, str] = field(default_factory=dict)
    file: str = ""
    places: Mapping[str, int] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """What people call it."""
        return TRACKER_KINDS[self.kind].title


def load_trackers(root: Path, types: Mapping[str, object]) -> tuple[dict[str, Tracker], list[Problem]]:
    """Every tracker by name, and what is wrong with the others: T967, and T968 for types (of *types*) that cannot go there."""
    trackers: dict[str, Tracker] = {}
    problems: list[Problem] = []
    for path in sorted((root / FOLDER).glob("*.toml")):
        try:
            found = read_tracker(path)
            _may_take(found, types, trackers)
            trackers[found.name] = found
        except TwainError as error:
            problems.append(Problem.of(error))
    return trackers, problems


def read_tracker(path: Path) -> Tracker:
    """One file. Raises ConfigError T967 with file, line and what to do; T112 for what is no text."""
    file = f"{FOLDER}/{path.name}"
    text = read_text(path, path.parent, Place(file))
    return _Reader(file, parse_toml(text, file, "T967"), key_lines(text)).read(path.stem)


def _may_take(found: Tracker, types: Mapping[str, object], others: Mapping[str, Tracker]) -> None:
    place = Place(found.file, found.places.get("requests"))
    for name in found.requests:
        if name not in types:
            known = ", ".join(sorted(types)) or "none yet"
            raise ConfigError(
                f"There is no type of request {name!r}.", todo=f"Types in requests/: {known}.", place=place, code="T968"
            )
        taken = next((one.name for one in others.values() if name in one.requests), None)
        if taken:
            raise ConfigError(
                f"Requests of type {name!r} go to {taken} already.",
                todo="A request is in one tracker: take the type out of one of the two files.", place=place, code="T968",
            )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Reader:
    file: str
    raw: Mapping[str, Any]
    lines: Mapping[str, int]

    def read(self, name: str) -> Tracker:
        if not _NAME.fullmatch(name):
            raise self.wrong("", f"{name!r} is not a tracker's name.", "Names are lower-case letters, digits, - and _.")
        kind = TRACKER_KINDS.get(str(self.raw.get("kind")))
        if kind is None:
            raise self.wrong("kind", f"kind must be one of: {', '.join(TRACKER_KINDS)}.", "Write which tracker it is.")
        self.known(kind)
        return Tracker(
            name=name,
            kind=str(self.raw["kind"]),
            address=self.address(kind),
            project=self.project(kind),
            requests=self.requests(),
            token_ref=self.token(),
            every=self.every(),
            options={key: self.line(key) for key in sorted(kind.needs | kind.may) if key in self.raw},
            file=self.file,
            places=self.lines,
        )

    def known(self, kind: TrackerKind) -> None:
        if "token" in self.raw:
            raise self.wrong(
                "token",
                "token holds a secret in the workspace.",
                "Name a variable (token_env) or a file outside git (token_file).",
            )
        known = _EVERYWHERE | kind.needs | kind.may
        for key in sorted(self.raw.keys() - known):
            raise self.wrong(key, f"{key} is not known here.", f"Known: {', '.join(sorted(known))}.")
        for key in sorted(kind.needs - self.raw.keys()):
            raise self.wrong(
                key, f"{key} is missing.", f"{kind.title} needs it; docs/runbook-for-it.md says where it stands."
            )

    def address(self, kind: TrackerKind) -> str:
        address = self.line("address") if "address" in self.raw else kind.address
        parts = urlsplit(address)
        if (
            parts.scheme not in ("http", "https")
            or not parts.hostname
            or parts.username
            or parts.query
            or parts.fragment
        ):
            raise self.wrong("address", "address must be a web address.", 'Write it like "https://jira.example.com".')
        return address.rstrip("/")

    def project(self, kind: TrackerKind) -> str:
        given = self.line("project")
        if not kind.project.fullmatch(given) or ".." in given:
            raise self.wrong(
                "project", f"{given!r} is no project of {kind.title}.", "Copy it from the tracker's own address."
            )
        return given

    def requests(self) -> tuple[str, ...]:
        given = self.raw.get("requests")
        if not isinstance(given, list) or not given or not all(isinstance(one, str) for one in given):
            raise self.wrong("requests", "requests must list types of requests.", 'Write requests = ["new-field"].')
        return tuple(dict.fromkeys(given))

    def token(self) -> str:
        kinds = [key for key in ("token_env", "token_file") if key in self.raw]
        if len(kinds) != 1:
            raise self.wrong(
                "", "It must say where its token lies, once.", 'Write token_env = "NAME" or token_file = "path".'
            )
        return f"{kinds[0].removeprefix('token_')}:{self.line(kinds[0])}"

    def every(self) -> float:
        given = seconds(self.raw.get("every", "5m"), f"{self.file}: every")
        if not _SOONEST <= given <= _LATEST:
            raise self.wrong("every", "every must be 1m to 1d.", "5m suits nearly everybody.")
        return given

    def line(self, key: str) -> str:
        value = self.raw.get(key)
        if not isinstance(value, str) or not value.strip() or not value.isprintable() or len(value) > _LONGEST:
            raise self.wrong(key, f"{key} must be a line of text.", "Write it.")
        return value.strip()

    def wrong(self, key: str, what: str, todo: str) -> ConfigError:
        return ConfigError(what, todo=todo, place=Place(self.file, self.lines.get(key)), code="T967")
