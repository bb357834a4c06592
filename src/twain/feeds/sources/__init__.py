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


def kinds() -> list[str]:
    """Every kind of database that can be opened here, by name, without loading any driver."""
    own = {module.name for module in pkgutil.iter_modules(__path__)}
    return sorted(own | {entry.name for entry in entry_points(group=GROUP)})


def opener(kind: str) -> Callable[[Work], Engine]:
    """The kind's ``open_engine``. Raises KeyError when there is no such kind."""
    for entry in entry_points(group=GROUP):
        if entry.name == kind:
            loaded: Callable[[Work], Engine] = entry.load().open_engine
            return loaded
    if kind not in {module.name for module in pkgutil.iter_modules(__path__)}:
        raise KeyError(kind)
    found: Callable[[Work], Engine] = import_module(f"{__name__}.{kind}").open_engine
    return found
