"""What we cost one of IT's databases at this moment: connections in use and how long each has been, with their names.

A connection of ours is a child process that holds one of the source's slots; the kernel says who holds them, so the figures are
true even of a process that died a moment ago. On PostgreSQL the same names stand in ``pg_stat_activity.application_name``.
"""

from __future__ import annotations

from dataclasses import dataclass

from twain.feeds.slots import in_use
from twain.flows.instance import Instance


@dataclass(frozen=True, slots=True)
class Query:
    """One connection of ours: its *application* name, and how many seconds it has been open."""

    application: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Load:
    """All connections of this machine to one source, the oldest first, and how many IT allows."""

    source: str
    connections: int
    allowed: int
    queries: tuple[Query, ...]


def load_of(instance: Instance, source: str) -> Load:
    """The load on one source now. Asks the machine, not the database: looking costs IT nothing."""
    settings, now = instance.source_settings(source), instance.clock.now()
    queries = tuple(Query(held.application, max(0.0, now - held.since)) for held in in_use(settings))
    return Load(source, len(queries), settings.max_connections, queries)
