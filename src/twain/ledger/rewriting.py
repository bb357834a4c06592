"""The delivery history written anew: people erased from it, rows that are too old dropped.

A file is replaced whole through the manifest, and the old one is deleted at once: whoever was erased is not to be found for
another hour. Whoever reads it in that moment is told that a file is gone, and asks again. A row of somebody erased stays as
a number: without key and hash, so that every send's count still adds up.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq

from twain.ledger.durable import settle_file
from twain.ledger.manifest import Entry, Manifest

#: What stands in place of an erased address's HMAC.
NOBODY = b"\0" * 32
_TABLES = ("deliveries", "bounces", "events", "conversions", "holdouts")
_GENERATION = re.compile(r"(?:\.g(\d+))?\.parquet$")
_TRIES = 10  # somebody else may replace the same file at the same time


@dataclass(frozen=True, slots=True)
class Subject:
    """Somebody as the history knows them: HMACs of their addresses, and (feed, key) pairs."""

    hashes: tuple[bytes, ...]
    keys: tuple[tuple[str, str], ...]

    @property
    def values(self) -> dict[str, Any]:
        """As values of a query."""
        return {"hashes": list(self.hashes), "people": [f"{feed}\n{key}" for feed, key in self.keys]}


_BY_KEY = "list_contains($people, feed || chr(10) || key)"
_BY_BOTH = f"(list_contains($hashes, address_hash) or {_BY_KEY})"
_IS = {"deliveries": _BY_BOTH, "bounces": _BY_BOTH, "events": _BY_KEY, "conversions": _BY_KEY, "holdouts": _BY_KEY}
_NAMELESS = "if({him}, '', key) as key, if({him}, $nobody, address_hash) as address_hash"
_WITHOUT = {
    "deliveries": f"* replace ({_NAMELESS})",
    "bounces": f"* replace ({_NAMELESS}, if({{him}}, '', words) as words)",
    "events": "* replace (if({him}, '', key) as key, if({him}, '', client) as client)",
    "conversions": "* replace (if({him}, '', key) as key)",
    "holdouts": "* replace (if({him}, '', key) as key)",
}


class Rewriter:
    """Replaces files of the history in the folder *root*."""

    def __init__(self, root: Path, *, memory_mb: int = 256) -> None:
        self._root = root
        self._memory_mb = memory_mb
        self._manifest = Manifest(root)

    def known_as(self, subject: Subject) -> tuple[set[bytes], set[tuple[str, str]]]:
        """Address hashes and (feed, key) pairs of every delivery to somebody, and of everything they were held out of."""
        entries = self._manifest.entries("deliveries")
        query = f"select distinct feed, key, address_hash from {{files}} where {_IS['deliveries']}"
        rows = list(self._rows(query, entries, subject.values))
        held = f"select distinct feed, key from {{files}} where {_IS['holdouts']}"
        out = self._rows(held, self._manifest.entries("holdouts"), _asked("holdouts", subject))
        return {bytes(row[2]) for row in rows}, {(row[0], row[1]) for row in (*rows, *out)}

    def people(self) -> Iterator[tuple[str, str]]:
        """Every (feed, key) the history names."""
        entries = [entry for table in _TABLES for entry in self._manifest.entries(table)]
        if not entries:
            return
        query = "select distinct feed, key from read_parquet($files, union_by_name = true, hive_partitioning = false)"
        with self._connected() as engine:
            found = engine.execute(f"{query} where key <> ''", {"files": [str(self._root / e.path) for e in entries]})
            while rows := found.fetchmany(10_000):
                yield from rows

    def count(self, subject: Subject) -> int:
        """How many rows of the history name somebody."""
        return sum(self._count(table, self._manifest.entries(table), subject) for table in _TABLES)

    def erase(self, subject: Subject) -> int:
        """Take somebody out of every file; returns how many rows named them."""
        return sum(self._erase(table, subject) for table in _TABLES)

    def drop_before(self, table: str, moment: float) -> int:
        """Drop the rows of a table that are older than epoch second *moment*; returns how many."""
        old = [entry for entry in self._manifest.entries(table) if entry.first_at < moment]
        return sum(self._drop(entry, moment) for entry in old)

    # ------------------------------------------------------------ inside

    def _erase(self, table: str, subject: Subject) -> int:
        changed = 0
        for _ in range(_TRIES):
            naming = [e for e in self._manifest.entries(table) if self._count(table, [e], subject)]
            if not naming:
                break
            for entry in naming:
                rows = self._count(table, [entry], subject)
                what = _WITHOUT[table].format(him=_IS[table])
                values = _asked(table, subject) | ({"nobody": NOBODY} if _IS[table] is _BY_BOTH else {})
                changed += rows if self._replace(entry, what, "true", values) else 0
        return changed

    def _drop(self, entry: Entry, moment: float) -> int:
        if entry.last_at < moment:
            return entry.rows if self._swap(entry, []) else 0
        values = {"moment": datetime.fromtimestamp(moment, UTC)}
        (left,) = next(self._rows('select count(*) from {files} where "at" >= $moment', [entry], values))
        return entry.rows - left if self._replace(entry, "*", '"at" >= $moment', values, first_at=moment) else 0

    def _count(self, table: str, entries: Sequence[Entry], subject: Subject) -> int:
        if not entries:
            return 0
        query = f"select count(*) from {{files}} where {_IS[table]}"
        (number,) = next(self._rows(query, entries, _asked(table, subject)))
        return int(number)

    def _replace(
        self, entry: Entry, what: str, where: str, values: Mapping[str, Any], *, first_at: float | None = None
    ) -> bool:
        """Write *entry*'s rows anew and make them true in its place; False when somebody was faster."""
        path = _next_generation(entry.path)
        target = self._root / path
        partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
        source = f"select {what} from read_parquet($files, hive_partitioning = false) where {where}"
        place = str(partial).replace("'", "''")
        with self._connected() as engine:
            engine.execute(
                f"copy ({source}) to '{place}' (format parquet, compression zstd)",
                {"files": [str(self._root / entry.path)], **values},
            )
        rows = pq.read_metadata(partial).num_rows
        made = replace(entry, path=path, rows=rows, sha256=settle_file(partial, target))
        return self._swap(entry, [made if first_at is None else replace(made, first_at=first_at)])

    def _swap(self, entry: Entry, made: list[Entry]) -> bool:
        if self._manifest.change(made, [entry.path], time.time()):
            (self._root / entry.path).unlink(missing_ok=True)
            return True
        for new in made:
            (self._root / new.path).unlink(missing_ok=True)
        return False

    def _rows(self, query: str, entries: Sequence[Entry], values: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
        if not entries:
            return
        spoken = query.format(files="read_parquet($files, hive_partitioning = false)")
        with self._connected() as engine:
            yield from engine.execute(
                spoken, {"files": [str(self._root / e.path) for e in entries], **values}
            ).fetchall()

    def _connected(self) -> duckdb.DuckDBPyConnection:
        engine = duckdb.connect(config={"memory_limit": f"{self._memory_mb}MB", "threads": 2})
        engine.execute("set temp_directory = $1", [str(self._root / ".spill")])
        return engine


def _asked(table: str, subject: Subject) -> dict[str, Any]:
    """The values that the table's condition has places for."""
    return subject.values if _IS[table] is _BY_BOTH else {"people": subject.values["people"]}


def _next_generation(path: str) -> str:
    match = _GENERATION.search(path)
    number = int(match[1] or 1) + 1 if match else 2
    return f"{_GENERATION.sub('', path)}.g{number}.parquet"
