"""The workspace: IT's and Marketing's files, read together. Nothing here talks to a database."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from twain.errors import ConfigError, ContractError, Place
from twain.feeds.contract import load_feeds
from twain.flows.campaigns import Campaign, campaign_names, read_campaign
from twain.flows.files import read_text
from twain.flows.policy import Policy, read_policy
from twain.flows.request_types import RequestType, load_request_types
from twain.flows.trackers import Tracker, load_trackers
from twain.records import Feed, Problem
from twain.settings import Settings, load_settings

_AUDIENCE_NOTES = {"title", "description", "feed", "owner"}


@dataclass(frozen=True, slots=True)
class Workspace:
    """Settings, feeds, policy, the shared audiences and fragments, the types of requests and the trackers of one folder.

    *problems* are what reading the contracts, the types and the trackers found; one with an error is not in *feeds*,
    *request_types* or *trackers*. *audience_notes* are the words beside each shared audience's rule (title, description,
    feed, owner), as far as its file has them.
    """

    settings: Settings
    feeds: Mapping[str, Feed]
    problems: tuple[Problem, ...]
    policy: Policy
    audiences: Mapping[str, Mapping[str, Any]]
    fragments: Mapping[str, str]
    audience_notes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    request_types: Mapping[str, RequestType] = field(default_factory=dict)
    trackers: Mapping[str, Tracker] = field(default_factory=dict)

    @property
    def root(self) -> Path:
        """The folder that holds twain.toml."""
        return self.settings.root

    def campaign(self, name: str) -> Campaign:
        """Read one campaign's files."""
        return read_campaign(self.root, name)

    def campaigns(self) -> list[str]:
        """All campaigns' names."""
        return campaign_names(self.root)

    def feed(self, name: str, place: Place | None = None) -> Feed:
        """A feed by name; ContractError tells what is wrong with it, or which there are."""
        if name in self.feeds:
            return self.feeds[name]
        for problem in self.problems:
            if problem.severity == "error" and problem.place and f"/{name}.odcs" in f"/{problem.place.file}":
                raise ContractError(problem.what, todo=problem.todo, place=problem.place, code=problem.code)
        known = ", ".join(sorted(self.feeds)) or "none yet"
        raise ContractError(f"There is no feed {name!r}.", todo=f"Feeds here: {known}.", place=place)


def load_workspace(root: Path | None = None) -> Workspace:
    """Read the workspace at or above *root*. Raises ConfigError for settings and policy; contract problems are kept."""
    settings = load_settings(root)
    feeds, problems = load_feeds(settings.root / "feeds", settings.root)
    types, of_types = load_request_types(settings.root)
    trackers, of_trackers = load_trackers(settings.root, types)
    audiences = dict(_audiences(settings.root))
    return Workspace(
        settings=settings,
        feeds=feeds,
        problems=(*problems, *of_types, *of_trackers),
        policy=read_policy(settings.root),
        audiences={name: _rule(raw) for name, raw in audiences.items()},
        fragments={p.stem: read_text(p, p.parent) for p in sorted((settings.root / "fragments").glob("*.sql"))},
        audience_notes={
            name: {k: str(raw[k]) for k in _AUDIENCE_NOTES & raw.keys()} for name, raw in audiences.items()
        },
        request_types=types,
        trackers=trackers,
    )


def _rule(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    return raw.get("rule") or {k: v for k, v in raw.items() if k not in _AUDIENCE_NOTES}


def _audiences(root: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for path in sorted((root / "audiences").glob("*.toml")):
        try:
            raw = tomllib.loads(read_text(path, path.parent))
        except tomllib.TOMLDecodeError as error:
            place = Place(f"audiences/{path.name}")
            raise ConfigError(f"Not valid TOML: {error}.", place=place, todo="Correct the line.") from error
        yield path.stem, raw


def references(tree: object, kind: str) -> set[str]:
    """Names that a rule tree mentions in leaves of one *kind* (``audience`` or ``fragment``), at any depth."""
    if isinstance(tree, Mapping):
        own = {str(tree[kind])} if kind in tree else set()
        return own.union(*(references(value, kind) for value in tree.values()))
    if isinstance(tree, list | tuple):
        return set().union(*(references(item, kind) for item in tree))
    return set()


def used_audiences(tree: Mapping[str, Any], known: Mapping[str, Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """The named audiences a tree needs, nested ones included. Unknown names are left for the rule's own check."""
    found: dict[str, Mapping[str, Any]] = {}
    waiting = list(references(tree, "audience"))
    while waiting:
        name = waiting.pop()
        if name in known and name not in found:
            found[name] = known[name]
            waiting.extend(references(known[name], "audience"))
    return found
