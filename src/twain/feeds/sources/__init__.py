"""Company databases, one file per kind, found by folder; third parties join by the entry-point group ``twain.sources``.

A kind is a module with ``open_engine(work) -> Engine``. Only the child process loads it, and with it the driver.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import entry_points

from twain.feeds.engine import Engine, Work

GROUP = "twain.sources"


def known(kind: str) -> bool:
    """Whether such a database can be opened here; no driver is loaded to find out."""
    return kind in _own() or kind in kinds()  # the second reads every installed package's metadata


def kinds() -> list[str]:
    """Every kind of database that can be opened here, by name."""
    return sorted(_own() | {entry.name for entry in entry_points(group=GROUP)})


def opener(kind: str) -> Callable[[Work], Engine]:
    """The kind's ``open_engine``; our own before a third party's. Raises KeyError when there is no such kind."""
    if kind in _own():
        found: Callable[[Work], Engine] = import_module(f"{__name__}.{kind}").open_engine
        return found
    others = {entry.name: entry for entry in entry_points(group=GROUP)}
    loaded: Callable[[Work], Engine] = others[kind].load().open_engine
    return loaded


def _own() -> set[str]:
    return {module.name for module in pkgutil.iter_modules(__path__)}
