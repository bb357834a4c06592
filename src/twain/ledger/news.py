"""What is new in the delivery history: its manifest read on from a place, every row told once.

A place in it (a number of bytes, of all there ever were) says exactly what was read; whoever is more than a month behind hears
nothing of what is older. A line that only adds a file brings rows; one that also takes files away has merged, erased or resolved:
rows that were told before, but for fates that changed.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from twain.ledger.manifest import Entry, Manifest
from twain.ledger.shortening import read_head

_LINES = 500
_RESOLVED = re.compile(r"-\d{5}\.g\d+\.parquet$")
Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class News:
    """The rows that one line of the manifest brought, by table, and the place to read on from."""

    after: int
    rows: Mapping[str, Rows] = field(default_factory=dict)


def end_of_history(root: Path) -> int:
    """The place after everything that is there: whoever begins here hears only of what comes."""
    path = root / "manifest.jsonl"
    if not path.exists():
        return 0
    with path.open("rb") as file:
        head = read_head(file)
        file.seek(0)
        return head.place_of(file.read().rfind(b"\n") + 1)


def history_size(root: Path) -> int:
    """The place of the manifest's end: behind what was read means news, or a line that a crash tore."""
    path = root / "manifest.jsonl"
    if not path.exists():
        return 0
    with path.open("rb") as file:
        return read_head(file).place_of(os.fstat(file.fileno()).st_size)


def read_news(root: Path, after: int, tables: Collection[str]) -> News:
    """The next line with rows of *tables*, or the place up to which there are none (at most 500 lines on).

    A history that is shorter than *after* was put back from a backup: what it holds was told before.
    """
    path = root / "manifest.jsonl"
    size = history_size(root)
    if size <= after:
        return News(min(size, after))
    with path.open("rb") as file:
        head = read_head(file)
        after = max(after, head.place)
        file.seek(head.position_of(after))
        for _, line in zip(range(_LINES), file, strict=False):
            if not line.endswith(b"\n"):
                break
            after += len(line)
            rows = _rows_of(root, line, tables)
            if rows:
                return News(after, rows)
    return News(after)


def _rows_of(root: Path, line: bytes, tables: Collection[str]) -> dict[str, Rows]:
    try:
        change = json.loads(line)
    except ValueError:
        return {}  # torn by a crash; its writer has written it again
    added = [Entry(**{**raw, "feeds": tuple(raw["feeds"])}) for raw in change["add"]]
    found: dict[str, Rows] = {}
    for entry in added:
        if entry.table in tables:
            rows = _resolved(root, entry, change["remove"]) if change["remove"] else _rows(root, entry)
            if rows:
                found.setdefault(entry.table, []).extend(rows)
    return found


def _rows(root: Path, entry: Entry) -> Rows:
    """A file's rows; once it was merged and swept away, those rows of what it was merged into."""
    path = root / entry.path
    if path.is_file():
        return list(pq.read_table(path).to_pylist())
    return [row for later in Manifest(root).entries(entry.table) for row in _its_rows(root, entry, later)]


def _its_rows(root: Path, former: Entry, later: Entry) -> Iterator[dict[str, Any]]:
    path = root / later.path
    shared = [(run, n) for run, numbers in former.shards.items() for n in numbers if later.holds(run, n)]
    if path.is_file() and (shared or former.table == "bounces"):
        yield from pq.read_table(path, filters=_which(former, shared)).to_pylist()


def _which(former: Entry, shared: Sequence[tuple[str, int]]) -> pc.Expression:
    if former.table == "events":
        return pc.starts_with(pc.field("id"), f"{Path(former.path).stem}.")
    if former.table == "deliveries":
        matches = [(pc.field("run_id") == run) & (pc.field("shard") == number) for run, number in shared]
        together = matches[0]
        for one in matches[1:]:
            together |= one
        return together
    first, last = (pa.scalar(datetime.fromtimestamp(at, UTC), pa.timestamp("ms", "UTC")) for at in _span(former))
    return (pc.field("at") >= first) & (pc.field("at") <= last)


def _span(entry: Entry) -> tuple[float, float]:
    return entry.first_at, entry.last_at


def _resolved(root: Path, entry: Entry, former: Sequence[str]) -> Rows:
    """Rows of a batch that was written again because somebody's fate is known now; nothing of a merged file."""
    befores = [root / path for path in former]
    if entry.table != "deliveries" or not _RESOLVED.search(entry.path) or not all(b.is_file() for b in befores):
        return []
    (run, numbers), *others = entry.shards.items()
    path = root / entry.path
    if others or len(numbers) != 1 or not path.is_file():
        return []
    mine = (pc.field("run_id") == run) & (pc.field("shard") == numbers[0])
    known = {row["row"]: row["fate"] for b in befores for row in pq.read_table(b, filters=mine).to_pylist()}
    return [row for row in pq.read_table(path).to_pylist() if known.get(row["row"]) not in (None, row["fate"])]
