"""Copies of the whole ledger: any store into one SQLite file, and back.

What was sent after a backup was taken, and who unsubscribed, the backup cannot know. So it is written such that every
unfinished send in it is held, every lease is void, and no claim succeeds until suppression has been reconciled.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from itertools import islice
from pathlib import Path
from typing import Any

from twain.errors import LedgerError
from twain.ledger.driver import TABLES, Driver, Row, insertion
from twain.ledger.durable import put_in_place
from twain.ledger.migrations import migrate_sqlite

_BATCH = 5_000
_UNFINISHED = "('planned', 'checked', 'snapshotting', 'sending', 'paused', 'reconciling')"


def write_backup(driver: Driver, target: Path) -> None:
    """Copy every table to a new SQLite file, make it safe to restore, and move it to *target*."""
    partial = target.with_name(f".{target.name}.partial")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        partial.unlink(missing_ok=True)
        os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        with closing(sqlite3.connect(partial, isolation_level=None)) as copy:
            _fill(driver, copy)
        put_in_place(partial, target)
    except (OSError, sqlite3.Error) as error:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise LedgerError(
            f"The backup {target} could not be written ({error}).",
            todo="Check the folder and its free space.",
            code="T760",
        ) from error


def restore(driver: Driver, source: Path) -> None:
    """Fill an empty ledger from a backup; it then needs reconciling, and its unfinished sends are held.

    Raises LedgerError T761 when *source* is no backup, T762 when the ledger is not empty.
    """
    if not source.is_file():
        raise _no_backup(source, "there is no such file")
    try:
        with closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as kept:
            kept.row_factory = sqlite3.Row
            _refuse_other_version(kept, source)
            driver.copy_in((table, _rows(kept, table)) for table in TABLES)
    except sqlite3.DatabaseError as error:
        raise _no_backup(source, str(error)) from error


def _fill(driver: Driver, copy: sqlite3.Connection) -> None:
    copy.execute("pragma foreign_keys=off")
    copy.execute("begin")
    migrate_sqlite(copy)
    with driver.copy_out() as read:
        for table in TABLES:
            copy.execute(f"delete from {table}")
            _insert(copy, table, iter(read(table)))
    _make_safe(copy)
    copy.execute("commit")


def _insert(copy: sqlite3.Connection, table: str, rows: Iterator[Row]) -> None:
    while batch := list(islice(rows, _BATCH)):
        copy.executemany(insertion(table, batch[0].keys(), ":{0}"), [dict(row) for row in batch])


def _make_safe(copy: sqlite3.Connection) -> None:
    """Void leases, hold unfinished sends and say so in their timelines, and demand reconciling."""
    copy.execute("insert or replace into meta (key, value) values ('needs_reconciling', '1')")
    copy.execute("update shards set holder = null, expires_at = null")
    copy.execute(
        "insert into run_events (run_id, at, kind, business, technical, person) "
        "select id, unixepoch('now'), 'held', 'Held: the ledger was restored from a backup. Who got this message after the "
        "backup was taken is not known.', 'restored; was ' || state, 'backup' from runs where state in " + _UNFINISHED
    )
    copy.execute(f"update runs set state = 'held' where state in {_UNFINISHED}")


def _rows(kept: sqlite3.Connection, table: str) -> Iterator[Mapping[str, Any]]:
    return (dict(row) for row in kept.execute(f"select * from {table}"))


def _refuse_other_version(kept: sqlite3.Connection, source: Path) -> None:
    from_version = kept.execute("pragma user_version").fetchone()[0]
    with closing(sqlite3.connect(":memory:")) as fresh:
        migrate_sqlite(fresh)
        known = fresh.execute("pragma user_version").fetchone()[0]
    if from_version != known:
        raise _no_backup(source, f"its schema is number {from_version}, this Twain's is {known}")


def _no_backup(source: Path, why: str) -> LedgerError:
    return LedgerError(
        f"{source} cannot be restored: {why}.",
        todo="Give a file written by 'twain backup' of this version.",
        code="T761",
    )
