"""What we cost one of IT's databases at this moment: connections in use, how long each is open, how long its query runs.

PostgreSQL is asked itself: it knows our connections of every machine. Elsewhere, and when it has no answer, this machine tells: a
connection of ours is a child process that holds one of the source's slots, and the kernel says who holds them, so the figures are
true even of a process that died a moment ago.
"""

from __future__ import annotations

from dataclasses import dataclass

from twain.feeds.activity import seen_by
from twain.feeds.slots import in_use
from twain.flows.instance import Instance


@dataclass(frozen=True, slots=True)
class Query:
    """One connection of ours: its *application* name, how many seconds it has been open, and how many its query has run.

    *running* is None when no query runs on it just now, or when only this machine was asked.
    """

    application: str
    seconds: float
    running: float | None = None


@dataclass(frozen=True, slots=True)
class Load:
    """All connections of ours to one source, the oldest first, and how many IT allows one machine.

    *by_database*: the database itself has said so, of all machines; else it is what this machine knows.
    """

    source: str
    connections: int
    allowed: int
    queries: tuple[Query, ...]
    by_database: bool = False

    @property
    def longest(self) -> float | None:
        """Seconds that the oldest query has been running; None when none is."""
        return max((query.running for query in self.queries if query.running is not None), default=None)


def load_of(instance: Instance, source: str) -> Load:
    """The load on one source now. Asks the machine, not the database: looking costs IT nothing."""
    settings, now = instance.source_settings(source), instance.clock.now()
    queries = tuple(Query(held.application, max(0.0, now - held.since)) for held in in_use(settings))
    return Load(source, len(queries), settings.max_connections, queries)


def asked_load(instance: Instance, source: str) -> Load:
    """The load as the database itself tells, where it can and may be asked; else as :func:`load_of`.

    Costs a short connection: ask every few seconds at most. While reads are stopped, nobody is asked.
    """
    here = load_of(instance, source)
    stopped = {"all", f"source:{source}"} & {stop.scope for stop in instance.ledger.stops()}
    seen = None if stopped else seen_by(instance.source_settings(source))
    if seen is None:
        return here
    queries = tuple(Query(one.application, one.open, one.running) for one in seen)
    return Load(source, len(queries), here.allowed, queries, by_database=True)
