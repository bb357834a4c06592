"""What a changed contract would break, before it is in anybody's git: the workspace as it would be, on a copy of its files."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from twain.errors import ContractError
from twain.feeds.contract import SUFFIX, load_feeds, read_contract
from twain.flows.against import Change, compare
from twain.flows.instance import Instance
from twain.records import Feed, Problem

_COPIED = ("twain.toml", "policy.toml", "feeds", "campaigns", "audiences", "fragments")


@dataclass(frozen=True, slots=True)
class Proposal:
    """A changed contract, tried: the feed as it would be (None while *problems* has an error), and what changes by it."""

    feed: Feed | None
    problems: tuple[Problem, ...]
    change: Change | None
    feeds: dict[str, Feed]


def propose(instance: Instance, text: str, replaces: str = "") -> Proposal:
    """Try a contract's new *text* in the place of the feed that it names, or of *replaces*. Nothing in the workspace changes.

    Raises ContractError when there is no feed *replaces*.
    """
    if replaces and replaces not in instance.workspace.feeds:
        known = ", ".join(sorted(instance.workspace.feeds)) or "none yet"
        raise ContractError(f"There is no feed {replaces!r}.", todo=f"Feeds here: {known}.")
    feed, problems = read_contract(text, f"feeds/{replaces or 'changed'}{SUFFIX}")
    if feed is None:
        return Proposal(None, tuple(problems), None, {})
    with _copy(instance) as folder:
        (folder / "feeds" / f"{replaces}{SUFFIX}").unlink(missing_ok=True)
        (folder / "feeds" / f"{feed.name}{SUFFIX}").write_bytes(text.encode("utf-8"))
        feeds, found = load_feeds(folder / "feeds", folder)
        settings = replace(instance.settings, root=folder)
        workspace = replace(instance.workspace, settings=settings, feeds=feeds, problems=tuple(found))
        change = compare(replace(instance, workspace=workspace), instance.workspace.feeds)
    return Proposal(
        feeds.get(feed.name), tuple(p for p in found if p not in instance.workspace.problems), change, feeds
    )


@contextmanager
def _copy(instance: Instance) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="twain-proposal-") as made:
        folder = Path(made)
        for name in _COPIED:
            origin = instance.root / name
            if origin.is_dir():
                shutil.copytree(origin, folder / name)
            elif origin.exists():
                shutil.copy2(origin, folder / name)
        (folder / "feeds").mkdir(exist_ok=True)
        yield folder
