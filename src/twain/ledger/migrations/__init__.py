"""The ledger's numbered migrations: forward only, each file ``NNNN_what.sql``, all pending ones in one transaction."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

from twain.errors import LedgerError

SQLITE_WORDS = {"blob": "blob", "real": "real", "big": "integer", "serial": "integer primary key autoincrement"}


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of the schema: its number, its name, and its statements in order."""

    number: int
    name: str
    statements: tuple[str, ...]


def load_migrations(words: Mapping[str, str]) -> list[Migration]:
    """Every migration in order; *words* gives a database's own names for ``blob``, ``real``, ``big`` and ``serial``."""
    files = (f for f in resources.files(__name__).iterdir() if f.name.endswith(".sql"))
    return [_parse(f.name, f.read_text(encoding="utf-8"), words) for f in sorted(files, key=lambda f: f.name)]


def _parse(file: str, text: str, words: Mapping[str, str]) -> Migration:
    number, name = file.removesuffix(".sql").split("_", 1)
    bare = re.sub(r"^\s*--.*$", "", text, flags=re.MULTILINE)
    spoken = re.sub(r"\{(\w+)\}", lambda match: words[match[1]], bare)
    statements = tuple(part.strip() for part in spoken.split(";") if part.strip())
    return Migration(int(number), name, statements)


def migrate_sqlite(connection: sqlite3.Connection) -> None:
    """Bring the schema up to date inside the caller's transaction; raises LedgerError when it is newer than we are."""
    migrations = load_migrations(SQLITE_WORDS)
    version = connection.execute("pragma user_version").fetchone()[0]
    refuse_newer(version, migrations[-1].number)
    for migration in migrations:
        if migration.number > version:
            for statement in migration.statements:
                connection.execute(statement)
    connection.execute(f"pragma user_version = {migrations[-1].number}")


def refuse_newer(version: int, known: int) -> None:
    """Raise LedgerError when a newer Twain has already changed the schema."""
    if version > known:
        raise LedgerError(
            f"The ledger's schema is number {version}; this Twain knows {known}.",
            todo="Run the newer Twain that made it, or restore a backup taken before the upgrade.",
            code="T701",
        )
