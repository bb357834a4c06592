"""``twain connect``: draft contracts from live tables. Everything is unreviewed, so Marketing sees none of it yet."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from twain.errors import ConfigError, ContractError
from twain.feeds.draft import draft_contract, feed_names
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
    names, drafted = feed_names(live), []
    for table in chosen:
        path = folder / f"{names[table.name]}.odcs.yaml"
        kept = path.exists()
        if not kept:
            _write(path, draft_contract(source_name, table, live, owner))
        drafted.append(Drafted(table.name, str(path.relative_to(instance.root)), len(table.columns), kept))
    return drafted


def contract_file(instance: Instance, feed: str) -> Path:
    """The file of a feed, by its name in any case. Raises ContractError naming those there are."""
    files = sorted((instance.root / "feeds").glob("*.odcs.yaml"))
    names = {path.name.removesuffix(".odcs.yaml"): path for path in files}
    found = names.get(feed) or {name.casefold(): path for name, path in names.items()}.get(feed.casefold())
    if found is None:
        known = ", ".join(names) or "none yet"
        raise ContractError(
            f"There is no feed {feed!r}.", todo=f"Feeds here: {known}. Draft one: twain connect <source>."
        )
    return found


def _write(path: Path, text: str) -> None:
    temporary = path.with_suffix(".tmp")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)
