"""A review under way: the contract's fields as they lie in the file, what was decided, and the diff that comes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.utils import timezone

from twain.errors import ContractError
from twain.feeds.contract import read_contract
from twain.feeds.grants import grants
from twain.feeds.review import Decision, FieldDraft, decide_all, drafts, has_owner, name_owner
from twain.flows.connect import contract_file
from twain.flows.granting import login
from twain.flows.mending import unified
from twain.flows.repository import Repository
from twain.records import Feed, Owner, Privacy, Problem, Right, Role
from twain_web import engine
from twain_web.rooms.feeds.models import FieldReview
from twain_web.rooms.people.public import Named

OWNER = "@owner"
_STATES = ("waiting", "decided", "reviewed")  # what waits stands first


@dataclass(frozen=True, slots=True)
class Step:
    """One field on the walk: as the contract has it, and what was decided, if anything."""

    draft: FieldDraft
    decision: Mapping[str, Any] | None

    @property
    def state(self) -> str:
        """``decided`` in this review, ``reviewed`` before it, or ``waiting``."""
        return "decided" if self.decision is not None else "reviewed" if self.draft.reviewed else "waiting"


@dataclass(frozen=True, slots=True)
class Walk:
    """One contract on its way through a review. *path* is relative to the workspace."""

    feed: str
    path: str
    steps: tuple[Step, ...]
    owned: bool
    owner: Owner | None
    review: FieldReview | None

    @property
    def waiting(self) -> list[Step]:
        """The fields that nobody has decided about."""
        return [step for step in self.steps if step.state == "waiting"]

    @property
    def decided(self) -> list[Step]:
        """The fields that this review decides about."""
        return [step for step in self.steps if step.state == "decided"]

    def step(self, name: str) -> Step | None:
        """The named field; the first that waits, when there is no such name."""
        named = next((s for s in self.steps if s.draft.name == name), None)
        return named or next(iter(self.waiting), None)


@dataclass(frozen=True, slots=True)
class Result:
    """What a review comes to: the contract's new text, its diff for git, what is wrong in it, and the grants that follow."""

    before: str
    after: str
    diff: str
    problems: tuple[Problem, ...]
    grants: tuple[str, ...]
    role: str


def file_of(feed: str) -> Path:
    """The contract's file. Raises ContractError naming those there are."""
    return contract_file(engine.instance(), feed)


def left(feed: str) -> int:
    """How many fields of a contract nobody has reviewed."""
    path = file_of(feed)
    stat = path.stat()
    return len([d for d in _read(path, stat.st_mtime_ns, stat.st_size)[0] if not d.reviewed])


def walk(feed: str, review: FieldReview | None) -> Walk:
    """The contract as it lies there, with what *review* has decided. Raises ContractError when it cannot be read."""
    path = file_of(feed)
    stat = path.stat()
    found, owned = _read(path, stat.st_mtime_ns, stat.st_size)
    decisions = review.decisions if review else {}
    steps = [Step(d, decisions.get(d.name)) for d in found]
    steps.sort(key=lambda step: _STATES.index(step.state))
    owner = Owner(**decisions[OWNER]) if OWNER in decisions else None
    name = path.name.removesuffix(".odcs.yaml")
    return Walk(name, f"feeds/{path.name}", tuple(steps), owned, owner, review)


def result(walked: Walk, person: Named) -> Result:
    """The contract's text after the review, and what follows from it."""
    before = file_of(walked.feed).read_bytes().decode("utf-8")
    after = _after(walked, before, person)
    feed, problems = read_contract(after, walked.path)
    repository = Repository.at(engine.workspace().root)
    prefix = repository.checkout().prefix if repository else ""
    role, statements = _grants(feed)
    diff = unified({prefix + walked.path: before}, {prefix + walked.path: after})
    return Result(before, after, diff, tuple(problems), statements, role)


def decision_of(stored: Mapping[str, Any]) -> Decision:
    """A stored decision as the contract's room knows it."""
    return Decision(
        rights=frozenset(Right(r) for r in stored["rights"]),
        business_name=stored["business_name"],
        description=stored["description"],
        role=Role(stored["role"]) if stored["role"] else None,
        classification=Privacy(stored["classification"]),
        synonyms=tuple(stored["synonyms"]) or None,
    )


def suggestion(draft: FieldDraft) -> dict[str, Any]:
    """What the contract, or the draft's guesses, propose for a field."""
    return {
        "business_name": draft.business_name,
        "description": draft.description,
        "synonyms": list(draft.synonyms),
        "classification": str(draft.privacy),
        "role": str(draft.role or ""),
        "rights": sorted(str(right) for right in draft.rights),
    }


def try_decision(feed: str, field: str, stored: Mapping[str, Any], person: Named) -> None:
    """Raise ContractError when the decision would make the contract wrong."""
    path = file_of(feed)
    text = path.read_text(encoding="utf-8")
    decide_all(
        text, {field: decision_of(stored)}, reviewed_by=person.full_name, on=timezone.localdate(), file=path.name
    )


def try_owner(feed: str, owner: Owner) -> None:
    """Raise ContractError when the contract cannot name this person."""
    path = file_of(feed)
    name_owner(path.read_text(encoding="utf-8"), owner, path.name)


def _after(walked: Walk, before: str, person: Named) -> str:
    text = name_owner(before, walked.owner, walked.path) if walked.owner else before
    decisions = {s.draft.name: decision_of(s.decision) for s in walked.decided if s.decision is not None}
    if not decisions:
        return text
    return decide_all(text, decisions, reviewed_by=person.full_name, on=timezone.localdate(), file=walked.path)


def _grants(feed: Feed | None) -> tuple[str, tuple[str, ...]]:
    workspace = engine.workspace()
    source = workspace.settings.sources.get(feed.source) if feed is not None else None
    if feed is None or source is None:
        return "", ()
    role = login(source.options.get("url", "")) or "twain"
    try:
        return role, tuple(grants(feed, role, source.kind, workspace.feeds.values()))
    except ContractError:
        return role, ()


def grants_of_feed(feed: Feed) -> tuple[str, tuple[str, ...]]:
    """Twain's login in the feed's database, and the statements that let it read this feed and nothing else."""
    return _grants(feed)


@lru_cache(maxsize=256)
def _read(path: Path, _changed: int, _size: int) -> tuple[tuple[FieldDraft, ...], bool]:
    """A contract's fields, and whether it names an owner; read again when the file has changed."""
    text, name = path.read_text(encoding="utf-8"), f"feeds/{path.name}"
    return tuple(drafts(text, name)), has_owner(text, name)
