"""What the ledger asks of a database: transactions with named queries, and the moment they happen in."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from twain.errors import LedgerError

Row = Mapping[str, Any]

#: The ledger's tables, in an order in which rows refer to earlier tables only.
TABLES = (
    "meta", "counters", "bundles", "approvals", "links", "runs", "run_events", "workers", "shards", "windows", "retries",
    "lanes", "suppression", "erasures", "returned_mail", "stops", "checks", "audit", "slots",
    "signups", "outgoing",
)  # fmt: skip
#: Tables that are never empty: a migration fills them.
FILLED = ("meta", "counters")


@dataclass(frozen=True, slots=True)
class Moment:
    """When a transaction happens.

    *tick* (seconds) is the clock of leases, pace and retries. Within one *era* it never jumps: on SQLite it is
    CLOCK_BOOTTIME and the era is the machine's boot; on Postgres it is the database's clock and there is one era.
    *wall* is epoch seconds, for what people mean by time: not before, not after.
    """

    tick: float
    wall: float
    era: str


class Transaction(Protocol):
    """One open transaction. Queries are named as in ``queries.sql``."""

    @property
    def moment(self) -> Moment: ...  # noqa: D102 — told by Moment
    def one(self, query: str, **values: object) -> Row | None:
        """Return the first row, or None."""

    def all(self, query: str, **values: object) -> list[Row]:
        """Return every row."""

    def run(self, query: str, **values: object) -> int:
        """Change rows; return how many."""

    def many(self, query: str, rows: Sequence[Mapping[str, object]]) -> int:
        """Run a change once per element; return how many rows changed in all."""

    def listed(self, values: Iterable[object]) -> object:
        """Make one value of a list, as the dialect's ``in`` takes it."""


class Driver(Protocol):
    """One database, one connection per thread, nothing shared across a fork."""

    def reading(self) -> AbstractContextManager[Transaction]:
        """One consistent read."""

    def writing(self) -> AbstractContextManager[Transaction]:
        """One durable change: committed when the block ends, undone when it raises."""

    def copy_out(self) -> AbstractContextManager[Callable[[str], Iterable[Row]]]:
        """Yield a reader of whole tables by name, all of one consistent state."""

    def copy_in(self, tables: Iterable[tuple[str, Iterator[Row]]]) -> None:
        """Fill an empty ledger's tables in one transaction; raises LedgerError T762 when it is not empty."""

    def close(self) -> None: ...  # noqa: D102 — what it says


def insertion(table: str, columns: Iterable[str], mark: str) -> str:
    """Spell an insert of named values; *mark* is the dialect's, with ``{0}`` for the name."""
    names = list(columns)
    return f"insert into {table} ({', '.join(names)}) values ({', '.join(mark.format(name) for name in names)})"


def not_empty() -> LedgerError:
    """Say that a backup can only be restored into a new ledger."""
    return LedgerError(
        "This ledger is not empty: a backup is restored into a new one only.",
        todo="Move the present one aside (rename the file, or the schema twain_ledger), then restore.",
        code="T762",
    )


class Connections:
    """One connection per thread; all of them are closed before a fork, so that no child ever inherits one.

    SQLite forbids carrying a connection across a fork, and two processes on one Postgres socket corrupt each other. A fork
    waits for running transactions of other threads: ``enter`` and ``leave`` stand around each.
    """

    def __init__(self) -> None:
        self._local = threading.local()
        self._all: weakref.WeakSet[Any] = weakref.WeakSet()
        self._busy: set[int] = set()
        self.idle = threading.Condition()
        _close_before_fork(self)

    def get(self, opener: Callable[[], Any]) -> Any:  # noqa: ANN401 — each driver has its own connections
        """This thread's connection, opened by *opener* when there is none."""
        held = getattr(self._local, "held", None)
        if held is None or held not in self._all:
            held = opener()
            self._local.held = held
            self._all.add(held)
        return held

    def drop(self) -> None:
        """Close this thread's connection; the next use opens a new one."""
        held = getattr(self._local, "held", None)
        if held is not None:
            self._local.held = None
            self._all.discard(held)
            held.close()

    def enter(self) -> None:
        """A transaction of this thread begins."""
        with self.idle:
            self._busy.add(threading.get_ident())

    def leave(self) -> None:
        """It has ended."""
        with self.idle:
            self._busy.discard(threading.get_ident())
            self.idle.notify_all()

    def close_all(self) -> None:
        """Close every connection, waiting for other threads' transactions to end first."""
        me = threading.get_ident()
        with self.idle:
            self.idle.wait_for(lambda: not self._busy - {me}, timeout=60.0)
            for held in list(self._all):
                held.close()
            self._all.clear()


def _close_before_fork(connections: Connections) -> None:
    reference = weakref.ref(connections)

    def close() -> None:
        alive = reference()
        if alive is not None:
            alive.close_all()

    os.register_at_fork(before=close)
