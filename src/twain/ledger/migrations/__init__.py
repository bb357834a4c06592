"""The ledger's numbered migrations: forward only, each file ``NNNN_what.sql``, all pending ones in one transaction."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources


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
