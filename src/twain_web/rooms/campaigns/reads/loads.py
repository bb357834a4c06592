"""The load on a source, asked of its database every few seconds at most, however many people look at a send's page."""

from __future__ import annotations

import threading
import time

from twain.flows.instance import Instance
from twain.flows.load import Load, asked_load, load_of

#: How old an answer may be. The page asks every two seconds, from each window that shows it.
SECONDS = 5.0

_known: dict[str, tuple[float, Load]] = {}
_asking = threading.Lock()


def load_now(instance: Instance, source: str) -> Load:
    """What the database said lately. While somebody else is asking it, and nothing is known yet: what this machine knows."""
    at, load = _known.get(source, (float("-inf"), None))
    if load is not None and time.monotonic() - at < SECONDS:
        return load
    if not _asking.acquire(blocking=False):
        return load or load_of(instance, source)
    try:
        load = asked_load(instance, source)
        _known[source] = (time.monotonic(), load)
    finally:
        _asking.release()
    return load
