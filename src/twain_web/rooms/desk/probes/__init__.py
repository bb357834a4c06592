"""Automatic checks: each looks at one kind of thing and says whether what was asked for is there. One file each.

A file has ``EVERY``, how long a look is good for, and ``observe(instance, target, kind)``. A request's type names its probe; what
each must know is written down in :data:`twain.flows.request_types.PROBES`.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import timedelta

from twain.flows.instance import Instance
from twain.flows.request_types import PROBES, RequestType


@dataclass(frozen=True, slots=True)
class Observation:
    """What was seen. *there* None: it could not be looked, which is neither yes nor no.

    *words* for everybody, *technical* for IT. *asked* is False when only the workspace's files were read: that costs nothing.
    """

    there: bool | None
    words: str
    technical: str = ""
    asked: bool = True


def there(words: str, technical: str = "") -> Observation:
    """It was seen."""
    return Observation(True, words, technical)  # noqa: FBT003 — what the class's first line says


def missing(words: str, technical: str = "", *, asked: bool = True) -> Observation:
    """It was looked for, and is not there."""
    return Observation(False, words, technical, asked)  # noqa: FBT003


def unknown(words: str, technical: str = "", *, asked: bool = True) -> Observation:
    """It could not be looked."""
    return Observation(None, words, technical, asked)


@dataclass(frozen=True, slots=True)
class Probe:
    """One automatic check."""

    name: str
    every: timedelta
    observe: Callable[[Instance, Mapping[str, str], RequestType | None], Observation]


#: In a house that is only simulated: whether what a probe (by name) would look at, its target, is there.
World = Callable[[str, Mapping[str, str]], bool]
_world: ContextVar[World | None] = ContextVar("world", default=None)


@contextmanager
def simulated(world: World) -> Iterator[None]:
    """Within this block nothing real is looked at: *world* says what is there. What follows from it is not simulated."""
    token = _world.set(world)
    try:
        yield
    finally:
        _world.reset(token)


def probe(name: str) -> Probe:
    """A probe by name; KeyError when there is none."""
    if name not in PROBES:
        raise KeyError(name)
    module = importlib.import_module(f"{__name__}.{name}")
    found = Probe(name, module.EVERY, module.observe)
    world = _world.get()
    return found if world is None else replace(found, observe=_in(world, name))


def _in(world: World, name: str) -> Callable[[Instance, Mapping[str, str], RequestType | None], Observation]:
    def observe(_instance: Instance, target: Mapping[str, str], _kind: RequestType | None) -> Observation:
        return there("Simulated: it is there.") if world(name, target) else missing("Simulated: it is not there.")

    return observe
