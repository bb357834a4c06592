"""A ledger in memory, for tests: the same SQL on one in-memory database. It survives nothing, and says so."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from twain.ledger.clock import SystemClock
from twain.ledger.driver import Row, Transaction
from twain.ledger.stores.sqlite import SqliteDriver
from twain.ports import Clock


class MemoryDriver:
    """One in-memory database, shared by the threads of one process and used by one of them at a time."""

    durable = False

    def __init__(self, clock: Clock, boot_id: str) -> None:
        self._turn = threading.RLock()
        self._inner = SqliteDriver(None, clock, boot_id)

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """One consistent read."""
        with self._turn, self._inner.reading() as tx:
            yield tx

    @contextmanager
    def writing(self) -> Iterator[Transaction]:
        """One change; gone with the process."""
        with self._turn, self._inner.writing() as tx:
            yield tx

    @contextmanager
    def copy_out(self) -> Iterator[Callable[[str], Iterable[Row]]]:
        """Yield a reader of whole tables."""
        with self._turn, self._inner.copy_out() as read:
            yield read

    def copy_in(self, tables: Iterable[tuple[str, Iterator[Row]]]) -> None:
        """Fill an empty ledger's tables."""
        with self._turn:
            self._inner.copy_in(tables)

    def close(self) -> None:
        """Forget everything."""
        self._inner.close()


def open_driver(url: str, clock: Clock | None, boot_id: str) -> MemoryDriver:  # noqa: ARG001 — there is only one
    """The store of ``memory://``."""
    return MemoryDriver(clock or SystemClock(), boot_id)
