"""The ledger, whole: its parts on one driver. See ``ports.Ledger`` for the promises; ``open_ledger`` makes one."""

from __future__ import annotations

from pathlib import Path

from twain.ledger.campaigns import Campaigns
from twain.ledger.copying import restore, write_backup
from twain.ledger.erasures import Erasures
from twain.ledger.fates import Fates
from twain.ledger.leases import Leases
from twain.ledger.old_list import OldLists
from twain.ledger.outgoing import OutgoingBook
from twain.ledger.returned import ReturnedMail
from twain.ledger.runs import Runs
from twain.ledger.signups import Signups
from twain.ledger.slots import Slots
from twain.ledger.suppressions import Suppressions
from twain.ledger.windows import Windows


class StoredLedger(
    Campaigns,
    Runs,
    Leases,
    Windows,
    Fates,
    Suppressions,
    ReturnedMail,
    Erasures,
    Signups,
    OutgoingBook,
    OldLists,
    Slots,
):
    """Control state of the flow in SQLite, Postgres or (for tests) memory: one logic, one SQL, three drivers."""

    def backup(self, target: Path) -> None:
        """Write the whole ledger, as of one moment, to *target*: a SQLite file that ``restore`` reads into any store.

        The file is complete or not there. It carries the mark that suppression must be reconciled, so that no way of
        putting it back can send before that. Raises LedgerError T760 when it cannot be written.
        """
        write_backup(self._driver, target)

    def restore(self, source: Path) -> None:
        """Fill this (empty, new) ledger from a backup.

        Sends in it that were not over are held, and no claim succeeds until ``mark_restored(False, …)``. Raises
        LedgerError T761 when *source* is no backup, T762 when this ledger is not empty.
        """
        restore(self._driver, source)
