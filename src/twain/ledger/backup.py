"""Backup and restore as an operator does them: a folder with the ledger and the suppression key, which belong together.

Without its key, suppression is a list of numbers that match nobody.
"""

from __future__ import annotations

import os
from pathlib import Path

from twain.errors import LedgerError
from twain.ledger.stores import open_ledger
from twain.ports import Ledger

LEDGER_FILE = "ledger.db"
KEY_FILE = "suppression.key"


def backup(ledger: Ledger, key_file: Path | None, target: Path) -> Path:
    """Copy the ledger and the suppression key to the folder *target*, while sends go on. Returns the folder.

    Both files are complete or not there, and for their owner only. *key_file* None: the key comes from elsewhere (the
    environment) and is backed up there. Raises LedgerError T760.
    """
    ledger.backup(target / LEDGER_FILE)
    try:
        if key_file is not None:
            _write_private(target / KEY_FILE, key_file.read_bytes())
    except OSError as error:
        raise LedgerError(
            f"The suppression key could not be copied to {target} ({error.strerror}).",
            todo="Check the folder and its free space.",
            code="T760",
        ) from error
    return target


def restore(url: str, key_file: Path | None, origin: Path) -> None:
    """Fill the new, empty ledger at *url* from the folder *origin*, and put the suppression key back.

    Afterwards nothing can be sent until suppression is reconciled, and unfinished sends are held. Raises LedgerError T761
    (no backup) and T762 (the ledger is not empty); the key is touched only when the ledger was restored.
    """
    kept = origin / KEY_FILE
    if not (origin / LEDGER_FILE).is_file() or (key_file is not None and not kept.is_file()):
        raise LedgerError(
            f"{origin} is no backup.", todo=f"Give a folder with {LEDGER_FILE} and {KEY_FILE}.", code="T761"
        )
    ledger = open_ledger(url)
    try:
        ledger.restore(origin / LEDGER_FILE)
    finally:
        ledger.close()
    if key_file is not None:
        _write_private(key_file, kept.read_bytes())


def _write_private(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    partial.unlink(missing_ok=True)
    handle = os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
