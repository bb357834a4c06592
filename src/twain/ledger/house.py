"""The web's own tables and pictures in a backup: a file and a folder beside the ledger, copied whole, never read.

On PostgreSQL the house is a schema of the control store's database and goes with that database's own backups.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from twain.errors import LedgerError
from twain.ledger.durable import put_in_place

#: Names in the state folder, and in a backup.
HOUSE_FILE = "house.db"
MEDIA_FOLDER = "media"
#: Lies in the state folder from a restore until the house has opened, which then takes back what may have happened since.
RESTORED_MARK = "house-restored"


def backup_house(state: Path, target: Path) -> bool:
    """Copy the house as of one moment to the folder *target*, while it goes on; False when there is none in *state*.

    The database comes first: pictures are added before a row names them. Each file is complete or not there, and for its owner
    only. Raises LedgerError T760.
    """
    if not (state / HOUSE_FILE).is_file():
        return False
    partial = target / f".{HOUSE_FILE}.partial"
    try:
        partial.unlink(missing_ok=True)
        os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        _copy_database(state / HOUSE_FILE, partial)
        put_in_place(partial, target / HOUSE_FILE)
        _copy_pictures(state / MEDIA_FOLDER, target / MEDIA_FOLDER)
    except (OSError, sqlite3.Error) as error:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise LedgerError(
            f"The house's tables could not be copied to {target} ({error}).",
            todo="Check the folder and its free space.",
            code="T760",
        ) from error
    return True


def restore_house(origin: Path, state: Path) -> bool:
    """Put the house of the backup *origin* into the state folder; False when it has none, or when *state* has one already.

    A house that is there is never overwritten. Raises LedgerError T761 when the copy is no database or cannot be put there.
    """
    kept = origin / HOUSE_FILE
    if not kept.is_file() or (state / HOUSE_FILE).exists():
        return False
    partial = state / f".{HOUSE_FILE}.partial"
    try:
        _refuse_damaged(kept)
        _copy_pictures(origin / MEDIA_FOLDER, state / MEDIA_FOLDER)
        shutil.copyfile(kept, partial)
        partial.chmod(0o600)
        (state / RESTORED_MARK).touch(mode=0o600)
        put_in_place(partial, state / HOUSE_FILE)
    except (OSError, sqlite3.Error) as error:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise LedgerError(
            f"The house could not be restored from {kept} ({error}).",
            todo="Check the file and the free space; then run it again.",
            code="T761",
        ) from error
    return True


def _copy_database(origin: Path, copy: Path) -> None:
    """SQLite's own backup: pages that are written meanwhile are copied again, so the copy is of one moment."""
    with closing(sqlite3.connect(f"file:{origin}?mode=ro", uri=True)) as live, closing(sqlite3.connect(copy)) as kept:
        live.backup(kept)
        kept.execute("PRAGMA journal_mode=DELETE")


def _refuse_damaged(kept: Path) -> None:
    with closing(sqlite3.connect(f"file:{kept}?mode=ro", uri=True)) as copy:
        said = copy.execute("PRAGMA quick_check").fetchone()[0]
    if said != "ok":
        raise sqlite3.DatabaseError(said)


def _copy_pictures(origin: Path, target: Path) -> None:
    """Files are named by their own hash: what is there already is the same."""
    for file in sorted(origin.rglob("*")):
        copy = target / file.relative_to(origin)
        if not file.is_file() or file.is_symlink() or copy.exists():
            continue
        copy.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        partial = copy.with_name(f".{copy.name}.partial")
        shutil.copyfile(file, partial)
        put_in_place(partial, copy)
