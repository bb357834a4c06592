"""A company database as the flow sees it: guarded, limited, tagged, read in a child process.

``open_source`` → :class:`Database`; its ``session`` is one read transaction. Every statement passes the guard, and what runs
is the guard's own rendering of it, so that nothing hides between two parsers.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import pyarrow as pa

from twain.errors import ConfigError, SourceError, SourceLimit
from twain.feeds import conform, faults, guard, placeholders, sources
from twain.feeds.engine import Query
from twain.feeds.process import Child
from twain.feeds.slots import slot
from twain.ports import LiveColumn, LiveTable, Source
from twain.records import Feed, Limits, Statement, Tag
from twain.settings import SourceSettings

INTERACTIVE = frozenset({"count", "preview", "sample", "connect"})
BULK = frozenset({"send", "full-count", "conversions"})
#: Nobody waits for it, and it comes again and again: it leaves one of a database's connections to people and to sends.
BACKGROUND = frozenset({"watch", "conversions"})
_WAIT_BULK, _WAIT_BACKGROUND = 30.0, 120.0
_OWN = Tag("", "", "connect")
_Number = TypeVar("_Number", int, float)


def open_source(
    settings: SourceSettings, feeds: Mapping[str, Feed], *, clock: Callable[[], float] = time.time
) -> Source:
    """The source that *settings* name, for statements over *feeds* (those of other sources are left aside).

    Nothing is connected yet. Raises ConfigError when no such kind of database is known.
    """
    if not sources.known(settings.kind):
        raise ConfigError(
            f"sources.{settings.name}: there is no kind {settings.kind!r}.",
            todo=f"Known: {', '.join(sources.kinds())}.",
        )
    own = {name: feed for name, feed in feeds.items() if feed.source == settings.name}
    return Database(settings, own, clock)


class Database:
    """One company database, read only (``ports.Source``)."""

    def __init__(self, settings: SourceSettings, feeds: Mapping[str, Feed], clock: Callable[[], float]) -> None:
        self.name = settings.name
        self.dialect = settings.kind
        self._settings = settings
        self._feeds = feeds
        self._clock = clock

    @contextmanager
    def session(self, tag: Tag, limits: Limits) -> Iterator[Reading]:
        """Open one read transaction in a child process; everything read in it is one consistent state.

        Raises SourceUnavailable; SourceLimit when IT's hours or connections do not allow it now.
        """
        kept = within(self._settings, tag, limits)
        refuse_hours(self._settings, tag, self._clock())
        with self._child(tag, kept) as child:
            yield Reading(
                child, self._settings, tag, kept, guard.relations(self._feeds.values(), self.dialect), self.dialect
            )

    def tables(self) -> list[LiveTable]:
        """Every table and view that the role may read."""
        with self._child(_OWN, within(self._settings, _OWN, Limits(timeout_seconds=60.0))) as child:
            return [_live(raw) for raw in child.ask({"do": "tables"})["tables"]]

    def describe(self, relation: str) -> LiveTable:
        """One table, view, or ``(query)``. Raises SourceError (T301) when it is not there; GuardError for a query unfit."""
        with self._child(_OWN, within(self._settings, _OWN, Limits(timeout_seconds=60.0))) as child:
            return _described(child, self._settings, relation)

    @contextmanager
    def _child(self, tag: Tag, limits: Limits) -> Iterator[Child]:
        background = tag.purpose in BACKGROUND
        with slot(self._settings, _patience(tag, limits), application_name(tag), left_free=int(background)):
            child = Child(self._settings, application_name(tag), limits.memory_mb, limits.timeout_seconds)
            try:
                yield child
            finally:
                child.close()


@dataclass(slots=True)
class Reading:
    """One read transaction (``ports.Session``)."""

    child: Child
    settings: SourceSettings
    tag: Tag
    limits: Limits
    relations: frozenset[tuple[str, ...]]
    dialect: str
    _streaming: bool = False

    def table(self, statement: Statement) -> pa.Table:
        """Run a small statement and return its whole answer, in the types of its columns."""
        return pa.Table.from_batches(list(self.stream(statement)), schema=conform.schema(statement.columns))

    def stream(self, statement: Statement) -> Iterator[pa.RecordBatch]:
        """Run the statement and yield batches as they come; the row count is verified at the end.

        Leaving the stream early ends the query in the server, and this session with it.
        """
        query = self._query(statement)
        self._refuse_cost(query)
        return self._exclusive(self.child.stream({"do": "read", "query": query.packed()}))

    def cost(self, statement: Statement) -> float | None:
        """The planner's estimate, or None where the engine has none worth trusting."""
        return self._cost(self._query(statement))

    def describe(self, relation: str) -> LiveTable:
        """One table, view, or ``(query)``, on this connection; errors as of :meth:`Database.describe`."""
        self._refuse_streaming()
        return _described(self.child, self.settings, relation)

    def interrupt(self) -> None:
        """From another thread: end what runs, in the server too; asked a second time, end the reading process."""
        self.child.interrupt()

    def _cost(self, query: Query) -> float | None:
        cost: float | None = self.child.ask({"do": "cost", "query": query.packed()})["cost"]
        return cost

    def _query(self, statement: Statement) -> Query:
        if self._streaming:
            raise SourceError(
                f"Source {self.settings.name!r}: a stream is still open in this session.",
                todo="Read it to its end first.",
            )
        if not statement.columns:
            raise SourceError(f"Source {self.settings.name!r}: the statement names no columns.", todo="Name them.")
        tree = guard.check(statement.sql, statement.dialect, self.relations, source=self.settings.name)
        placeholders.refuse_unbound(tree, statement.params)
        sql = tree.sql(dialect=statement.dialect, comments=False)
        parts = placeholders.split(sql, statement.dialect, statement.params)
        return Query(parts, statement.params, statement.columns, comment(self.tag), self.limits.max_rows)

    def _refuse_streaming(self) -> None:
        if self._streaming:
            what = f"Source {self.settings.name!r}: a stream is still open in this session."
            raise SourceError(what, todo="Read it to its end first.")

    def _refuse_cost(self, query: Query) -> None:
        if self.limits.max_cost is None:
            return
        cost = self._cost(query)
        if cost is not None and cost > self.limits.max_cost:
            raise faults.too_costly(self.settings, cost, self.limits.max_cost)

    def _exclusive(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        self._streaming = True
        try:
            yield from batches
        finally:
            self._streaming = False


def _patience(tag: Tag, limits: Limits) -> float:
    """How long a reading waits for a connection, in seconds."""
    if tag.purpose in BACKGROUND:
        return _WAIT_BACKGROUND
    return min(limits.timeout_seconds, _WAIT_BULK) if tag.purpose in INTERACTIVE else _WAIT_BULK


def within(settings: SourceSettings, tag: Tag, limits: Limits) -> Limits:
    """What one reading may cost: the stricter of what is asked and what IT allows for this purpose."""
    allowed = settings.timeout_seconds
    if tag.purpose in INTERACTIVE - {"connect"}:
        allowed = min(allowed, settings.interactive_timeout_seconds)
    return Limits(
        timeout_seconds=min(limits.timeout_seconds, allowed),
        memory_mb=min(limits.memory_mb, settings.memory_mb),
        max_rows=_lower(limits.max_rows, settings.max_rows),
        max_cost=_lower(limits.max_cost, settings.max_cost),
    )


def _lower(first: _Number | None, second: _Number | None) -> _Number | None:
    return min((value for value in (first, second) if value is not None), default=None)


def refuse_hours(settings: SourceSettings, tag: Tag, now: float) -> None:
    """Bulk reads keep IT's hours, in the source's time zone; a span may cross midnight. Raises SourceLimit (T326)."""
    if settings.hours is None or tag.purpose not in BULK:
        return
    start, end = settings.hours
    local = datetime.fromtimestamp(now, ZoneInfo(settings.time_zone))
    clock = f"{local:%H:%M}"
    if (start <= clock < end) if start <= end else (clock >= start or clock < end):
        return
    raise SourceLimit(
        f"Source {settings.name!r} gives bulk reads between {start} and {end} ({settings.time_zone}) only; it is {clock}.",
        todo=f"Send after {start}, or ask IT to widen 'hours'.",
        business=f"IT opens this database for sends from {start} to {end}. The next opening is at {_next(local, start)}.",
        code="T326",
    )


def _next(local: datetime, start: str) -> str:
    day = local if f"{local:%H:%M}" < start else local + timedelta(days=1)
    return f"{day:%a %d %b} {start}"


def application_name(tag: Tag) -> str:
    """What IT sees in ``pg_stat_activity``: at most 63 bytes, printable ASCII."""
    said = " ".join(part for part in ("twain", tag.purpose, _plain(tag.campaign), _plain(tag.person)) if part)
    return said[:63]


def comment(tag: Tag) -> str:
    """The SQL comment in front of every query; nothing in a tag can end it."""
    return f"/* twain campaign={_plain(tag.campaign)} person={_plain(tag.person)} purpose={tag.purpose} */"


def _plain(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9@._+-]+", "-", text)[:60]


def _described(child: Child, settings: SourceSettings, relation: str) -> LiveTable:
    asked = f"({guard.own_query(relation[1:-1], settings.kind)})" if relation.startswith("(") else relation
    raw = child.ask({"do": "describe", "relation": asked})["table"]
    if raw is None:
        raise faults.as_error({"kind": "schema", "text": f"there is no {relation!r}"}, settings, 0.0)
    return _live({**raw, "name": relation})


def _live(raw: Mapping[str, Any]) -> LiveTable:
    return LiveTable(
        name=raw["name"],
        columns=tuple(LiveColumn(**column) for column in raw["columns"]),
        foreign_keys=tuple((own, table, other) for own, table, other in raw["foreign_keys"]),
        estimated_rows=raw["estimated_rows"],
        view=raw["view"],
    )
