"""The flow, opened for the web: one instance per thread, the workspace read again when its files change.

What the house's people have made (audiences, who they are) is laid over the workspace's files, so that every flow sees both.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from django.conf import settings

from twain.errors import TwainError
from twain.flows.instance import Instance
from twain.flows.policy import Person
from twain.flows.repository import new_faults
from twain.flows.workspace import Workspace, load_workspace
from twain.ledger.clock import SystemClock
from twain.ledger.lake import Lake
from twain.ledger.stores import open_ledger
from twain.ports import Clock, Ledger
from twain.records import Problem
from twain.vault import Vault

T = TypeVar("T")

_LOOKED_AT = ("twain.toml", "policy.toml", "feeds", "audiences", "campaigns", "fragments", "requests", "trackers")

#: Rooms put in here what they lay over the workspace: named rules, and the people who may approve.
AUDIENCES: list[Callable[[], Mapping[str, Mapping[str, Any]]]] = []
PEOPLE: list[Callable[[], Mapping[str, Person]]] = []

_here = threading.local()
_workspace: tuple[tuple[float, ...], Workspace] | None = None
_faults: tuple[Problem, ...] = ()
_reading = threading.Lock()


def workspace() -> Workspace:
    """The workspace as its files stand now; while something new is wrong in them, as they last were (:func:`workspace_faults`).

    Raises the files' error only when they could not be read once since the house was opened.
    """
    global _workspace, _faults  # noqa: PLW0603 — one cache for all threads, under its lock
    stamp = _stamp(settings.TWAIN.root)
    with _reading:
        if _workspace is None:
            _workspace = (stamp, load_workspace(settings.TWAIN.root))
        elif _workspace[0] != stamp:
            fresh, _faults = _read_again(_workspace[1])
            _workspace = (stamp, fresh)
        return _workspace[1]


def workspace_faults() -> tuple[Problem, ...]:
    """Why the files as they stand now are not in force; empty when they are."""
    workspace()
    return _faults


def _read_again(good: Workspace) -> tuple[Workspace, tuple[Problem, ...]]:
    try:
        fresh = load_workspace(settings.TWAIN.root)
    except TwainError as error:
        return good, (Problem.of(error),)
    faults = new_faults(good.problems, fresh.problems)
    return (good, faults) if faults else (fresh, ())


def instance(person: Any = None) -> Instance:  # noqa: ANN401 — a Person of the house, a name, or nobody
    """The instance of this thread, acting as *person*; the house's own audiences and people are laid over the files."""
    return Instance(_overlaid(workspace(), str(getattr(person, "username", person) or "twain")), *_stores())


def ledger() -> Ledger:
    """This thread's ledger alone, for what needs neither the workspace nor the house's people: no query of the house."""
    return _stores()[0]


def _stores() -> tuple[Ledger, Lake, Vault, Clock]:
    if getattr(_here, "stores", None) is None:
        stated = settings.TWAIN
        clock: Clock | None = getattr(_here, "clock", None)
        opened = open_ledger(stated.control_url, clock=clock)
        _here.stores = (opened, Lake(stated.history), Vault.open(stated), clock or SystemClock())
    stores: tuple[Ledger, Lake, Vault, Clock] = _here.stores
    return stores


def run_on(clock: Clock | None) -> None:
    """Have this thread's flow go by another clock; None is the machine's own again. For a house that is only simulated."""
    close()
    _here.clock = clock


def close() -> None:
    """Close this thread's stores; the next use opens them again. For tests and for threads that end."""
    stores, _here.stores = getattr(_here, "stores", None), None
    if stores is not None:
        stores[0].close()


class _WhenAsked(Mapping[str, T]):
    """A mapping that is read when somebody looks into it: most pages need neither audiences nor people."""

    def __init__(self, read: Callable[[], Mapping[str, T]]) -> None:
        self._read = read
        self._known: Mapping[str, T] | None = None

    def _all(self) -> Mapping[str, T]:
        if self._known is None:
            self._known = self._read()
        return self._known

    def __getitem__(self, name: str) -> T:
        return self._all()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())


def _overlaid(files: Workspace, person: str) -> Workspace:
    return replace(
        files,
        settings=replace(files.settings, person=person),
        audiences=_WhenAsked(lambda: {**_read(AUDIENCES), **files.audiences}),
        policy=replace(files.policy, people=_WhenAsked(lambda: _joined(_read(PEOPLE), files.policy.people))),
    )


def _read(sources: Iterable[Callable[[], Mapping[str, T]]]) -> dict[str, T]:
    return {name: one for source in sources for name, one in source().items()}


def _joined(house: Mapping[str, Person], files: Mapping[str, Person]) -> dict[str, Person]:
    """Somebody known to both has the roles of both; the file's name and title win, because IT versioned them."""
    joined = dict(house)
    for name, one in files.items():
        known = house.get(name)
        roles = (*one.roles, *(r for r in known.roles if r not in one.roles)) if known else one.roles
        joined[name] = replace(one, roles=roles)
    return joined


def _stamp(root: Path) -> tuple[float, ...]:
    """When anything that is read was last changed, and how much of it there is."""
    times = list(_changed(str(root), _LOOKED_AT))
    return (max(times, default=0.0), sum(times), float(len(times)))


def _changed(folder: str, wanted: Collection[str] = ()) -> Iterator[float]:
    """When each file and folder below was last changed. Asked at every page: so by ``scandir``, not by paths."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if wanted and entry.name not in wanted:
                continue
            with suppress(FileNotFoundError):
                if entry.is_dir():
                    yield from _changed(entry.path)
                if not (wanted and entry.is_dir()):
                    yield entry.stat().st_mtime
