"""SQLite under the ledger: WAL, ``synchronous=FULL``, ``BEGIN IMMEDIATE`` for every change."""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import cast
from urllib.parse import unquote

from twain.errors import ConfigError, LedgerUnavailable
from twain.ledger.clock import SystemClock
from twain.ledger.driver import (
    FILLED,
    TABLES,
    Connections,
    Moment,
    Row,
    Transaction,
    insertion,
    not_empty,
)
from twain.ledger.migrations import migrate_sqlite
from twain.ledger.queries import load_queries
from twain.ports import Clock

#: Whoever finds the file made connects only after its maker has closed it.
_creating = threading.Lock()


class SqliteSession:
    """One thread's connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def close(self) -> None:
        """Close it; a second time does nothing."""
        self.connection.close()


class SqliteTransaction:
    """Named queries on one connection, inside one transaction."""

    def __init__(self, connection: sqlite3.Connection, queries: Mapping[str, str], moment: Moment) -> None:
        self._connection = connection
        self._queries = queries
        self.moment = moment

    def one(self, query: str, **values: object) -> Row | None:
        """Return the first row, or None."""
        cursor = self._connection.execute(self._queries[query], values)
        row = cursor.fetchone()
        cursor.close()
        return cast("Row | None", row)

    def all(self, query: str, **values: object) -> list[Row]:
        """Return every row."""
        return cast("list[Row]", self._connection.execute(self._queries[query], values).fetchall())

    def run(self, query: str, **values: object) -> int:
        """Change rows; return how many."""
        return self._connection.execute(self._queries[query], values).rowcount

    def many(self, query: str, rows: Sequence[Mapping[str, object]]) -> int:
        """Run a change once per element; return how many rows changed in all."""
        return self._connection.executemany(self._queries[query], rows).rowcount

    def listed(self, values: Iterable[object]) -> object:
        """Make JSON of a list, for ``json_each``."""
        return json.dumps(list(values))


class SqliteDriver:
    """One file (or, with *path* None, one memory) holding the ledger. Leases run on CLOCK_BOOTTIME."""

    def __init__(self, path: Path | None, clock: Clock, boot_id: str, *, busy_seconds: float = 30.0) -> None:
        self._path = path
        self._clock = clock
        self._era = boot_id
        self._busy_seconds = busy_seconds
        self._queries = load_queries("lite")
        self._connections = Connections()
        try:
            self._migrate()
        except BaseException:
            self.close()
            raise

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """One consistent read."""
        with self._transaction("begin") as tx:
            yield tx

    @contextmanager
    def writing(self) -> Iterator[Transaction]:
        """One durable change."""
        with self._transaction("begin immediate") as tx:
            yield tx

    @contextmanager
    def copy_out(self) -> Iterator[Callable[[str], Iterable[Row]]]:
        """Yield a reader of whole tables, all of one consistent state."""
        with self._guarded() as connection:
            connection.execute("begin")
            try:
                yield lambda table: cast("Iterable[Row]", connection.execute(f"select * from {table}"))
            finally:
                connection.execute("rollback")

    def copy_in(self, tables: Iterable[tuple[str, Iterator[Row]]]) -> None:
        """Fill an empty ledger's tables in one transaction; raises LedgerError T762 when it is not empty."""
        with self._guarded() as connection, _immediate(connection):
            if any(connection.execute(f"select 1 from {t} limit 1").fetchone() for t in TABLES if t not in FILLED):
                raise not_empty()
            for table, rows in tables:
                if table in FILLED:
                    connection.execute(f"delete from {table}")
                while batch := list(islice(rows, 5_000)):
                    connection.executemany(insertion(table, batch[0].keys(), ":{0}"), batch)

    def close(self) -> None:
        """Close every thread's connection."""
        self._connections.close_all()

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[SqliteTransaction]:
        with self._guarded() as connection, _immediate(connection, begin):
            yield SqliteTransaction(connection, self._queries, self._moment())

    def _moment(self) -> Moment:
        return Moment(self._clock.boottime(), self._clock.now(), self._era)

    @contextmanager
    def _guarded(self) -> Iterator[sqlite3.Connection]:
        """This thread's connection, SQLite's complaints said in our words."""
        self._connections.enter()
        try:
            yield cast("SqliteSession", self._connections.get(self._open)).connection
        except sqlite3.OperationalError as error:
            raise unavailable(self._path, error) from error
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.IntegrityError | sqlite3.ProgrammingError):
                raise
            raise unavailable(self._path, error) from error
        finally:
            self._connections.leave()

    def _open(self) -> SqliteSession:
        if self._path is not None:
            _make_private(self._path)
        connection = sqlite3.connect(
            self._path or ":memory:", timeout=self._busy_seconds, isolation_level=None, check_same_thread=False
        )
        connection.row_factory = sqlite3.Row
        connection.execute("pragma journal_mode=wal")
        connection.execute("pragma synchronous=full")
        connection.execute("pragma foreign_keys=on")
        return SqliteSession(connection)

    def _migrate(self) -> None:
        with self._guarded() as connection, _immediate(connection):
            migrate_sqlite(connection)


@contextmanager
def _immediate(connection: sqlite3.Connection, begin: str = "begin immediate") -> Iterator[None]:
    connection.execute(begin)
    try:
        yield
        connection.execute("commit")
    except BaseException:
        if connection.in_transaction:
            connection.execute("rollback")
        raise


def unavailable(path: Path | None, error: Exception) -> LedgerUnavailable:
    """SQLite's complaint in our words: what happened, to which file, what to do."""
    where = path or "memory"
    if getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_FULL:
        return LedgerUnavailable(
            f"The ledger {where} cannot grow: the disk is full.",
            todo="Free some space; sending stopped before anything was lost and can be resumed.",
            code="T711",
        )
    return LedgerUnavailable(
        f"The ledger {where} cannot be read or written ({error}).",
        todo="Check that its folder exists, is writable and has space; then resume.",
    )


def _make_private(path: Path) -> None:
    """The ledger holds sealed keys: its file is for Twain's own user only.

    One that is there is never opened here. POSIX drops all of a process's locks on a file when any descriptor of it is closed
    (sqlite.org/howtocorrupt.html, 2.2): another process would take our open connections for gone, delete the log that they
    write to, and they would neither see nor be seen any more.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _creating:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        return
    except OSError as error:
        raise unavailable(path, error) from error


def open_driver(url: str, clock: Clock | None, boot_id: str) -> SqliteDriver:
    """The store of a ``sqlite:///path`` URL. Raises ConfigError when it has no path."""
    path = unquote(url.partition(":///")[2])
    if not path:
        raise ConfigError(
            "A ledger cannot be kept at an address without a path.",
            todo="Use sqlite:///path/to/ledger.db in [control].",
        )
    return SqliteDriver(Path(path), clock or SystemClock(), boot_id)
