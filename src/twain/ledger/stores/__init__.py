"""Where the ledger is kept: ``open_ledger`` chooses the store by its URL."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from twain.errors import ConfigError
from twain.ledger.clock import SystemClock, read_boot_id
from twain.ledger.driver import Driver
from twain.ledger.stored import StoredLedger
from twain.ports import Clock

_STORES = {"sqlite": "sqlite", "postgresql": "postgres", "postgres": "postgres", "memory": "memory"}


def open_ledger(url: str, *, clock: Clock | None = None, grace: float = 5.0, boot_id: str = "") -> StoredLedger:
    """Open (and bring up to date) the ledger at *url*: ``sqlite:///path``, ``postgresql://…`` or ``memory://``.

    *grace* is the time in seconds after a lease's end before another worker may take it over; below 5 s only tests go.
    A *clock* is for tests: in production Postgres' own clock rules the leases, and CLOCK_BOOTTIME on SQLite. *boot_id*
    likewise stands for this boot of the machine. Raises LedgerUnavailable, LedgerError T701 (a newer schema), ConfigError.
    """
    return StoredLedger(_open_driver(url, clock, boot_id or read_boot_id()), clock or SystemClock(), grace)


def _open_driver(url: str, clock: Clock | None, boot_id: str) -> Driver:
    """Only the store that is used is loaded, and with it its driver."""
    scheme = url.partition("://")[0]
    if scheme not in _STORES:
        raise ConfigError(
            f"A ledger cannot be kept at a {scheme or 'nameless'!r} address.",
            todo="Use sqlite:///path/to/ledger.db or postgresql://… in [control] of twain.toml.",
        )
    opener: Callable[[str, Clock | None, str], Driver] = import_module(f"{__name__}.{_STORES[scheme]}").open_driver
    return opener(url, clock, boot_id)
