"""Both control stores brought up to date before anything is served: the ledger first, then the house's own tables.

Two starts at once must not race: SQLite is guarded by a lock file beside the databases, PostgreSQL by an advisory lock.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import connection

from twain.ledger.house import RESTORED_MARK
from twain.ledger.stores import open_ledger

_LOCK = 7_489_412  # any constant of ours, beside the ledger's own
_SCHEMA = "house"


def prepare() -> None:
    """Migrate the ledger and the house, and make the cache's table. Idempotent; waits while another start does the same.

    Raises LedgerError when the ledger was written by a newer Twain, LedgerUnavailable when the store does not answer.
    """
    with _one_at_a_time():
        open_ledger(settings.TWAIN.control_url).close()
        _make_schema()
        call_command("migrate", verbosity=0, interactive=False)
        call_command("createcachetable", verbosity=0)
        _after_a_restore(settings.TWAIN.state / RESTORED_MARK)
    connection.close()


def _after_a_restore(mark: Path) -> None:
    """What the backup cannot know has happened since: launches of its time may have gone, people may have been let in no more."""
    if not mark.exists():
        return
    from twain_web.rooms.campaigns.public import withdraw_what_was_due  # noqa: PLC0415 — rooms are there after setup
    from twain_web.rooms.people.public import end_all_sessions  # noqa: PLC0415

    withdraw_what_was_due()
    end_all_sessions()
    mark.unlink()


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    if connection.vendor == "postgresql":
        with _advisory_lock():
            yield
    else:
        with _file_lock(settings.TWAIN.state / "migrate.lock"):
            yield


@contextmanager
def _advisory_lock() -> Iterator[None]:
    """Held by the connection that migrates: when that breaks, the lock is gone too."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
    yield
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])


@contextmanager
def _file_lock(path: Path) -> Iterator[None]:
    with path.open("a", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _make_schema() -> None:
    """The schema ``house``, unless IT has made it already (then no right to create one is needed)."""
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", [_SCHEMA])
        if cursor.fetchone() is None:
            cursor.execute(f"CREATE SCHEMA {_SCHEMA}")
