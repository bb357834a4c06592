"""``twain connect``: draft contracts from live tables. Everything is unreviewed, so Marketing sees none of it yet."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from twain.errors import ConfigError
from twain.feeds.draft import draft_contract
from twain.flows.instance import Instance
from twain.records import Owner


@dataclass(frozen=True, slots=True)
class Drafted:
    """One drafted contract: where it lies, how many fields wait for review; *kept* when a file was there already."""

    table: str
    file: str
    fields: int
    kept: bool


def connect(instance: Instance, source_name: str, tables: list[str], owner: Owner | None) -> list[Drafted]:
    """Draft one contract per table (all tables when none is named). Existing files are never overwritten."""
    live = instance.source(source_name).tables()
    known = {table.name.rpartition(".")[2].lower(): table for table in live} | {t.name.lower(): t for t in live}
    for name in tables:
        if name.lower() not in known:
            there = ", ".join(sorted(t.name for t in live)) or "nothing this role may read"
            raise ConfigError(f"{source_name} has no table {name!r}.", todo=f"There: {there}.")
    chosen = [known[name.lower()] for name in tables] or live
    folder = instance.root / "feeds"
    folder.mkdir(exist_ok=True)
    drafted = []
    for table in chosen:
        path = folder / f"{feed_name(table.name)}.odcs.yaml"
        kept = path.exists()
        if not kept:
            _write(path, draft_contract(source_name, table, live, owner))
        drafted.append(Drafted(table.name, str(path.relative_to(instance.root)), len(table.columns), kept))
    return drafted


def feed_name(table: str) -> str:
    """``InvoiceLine`` or ``sales.invoice_line`` → ``invoice_line``."""
    bare = table.rpartition(".")[2]
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", bare)
    return re.sub(r"[^a-z0-9_]+", "_", snake.lower()).strip("_") or "feed"


def _write(path: Path, text: str) -> None:
    temporary = path.with_suffix(".tmp")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)
