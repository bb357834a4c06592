"""Conversions as rows of the delivery history, the moments they are counted from, and who was held out to compare.

What a send came to is written whole, in one file, each time it is counted: the same again is the same file, and what is no
longer true (an order that was cancelled) goes. There is nothing of the company's row in it but its time and one number.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from twain.ledger.durable import settle_file
from twain.ledger.manifest import Entry, Manifest
from twain.ledger.warm import ask
from twain.records import Run

CONVERSIONS = pa.schema(
    [
        pa.field("run_id", pa.string(), nullable=False),
        pa.field("shard", pa.int32(), nullable=False),
        pa.field("row", pa.int32(), nullable=False),
        pa.field("campaign", pa.string(), nullable=False),
        pa.field("feed", pa.string(), nullable=False),
        pa.field("key", pa.string(), nullable=False),
        pa.field("arm", pa.string(), nullable=False),
        pa.field("counted_from", pa.string(), nullable=False),
        pa.field("value", pa.float64()),
        pa.field("at", pa.timestamp("ms", tz="UTC"), nullable=False),
    ]
)
HELD_OUT = pa.schema(
    [
        pa.field("run_id", pa.string(), nullable=False),
        pa.field("campaign", pa.string(), nullable=False),
        pa.field("feed", pa.string(), nullable=False),
        pa.field("key", pa.string(), nullable=False),
        pa.field("at", pa.timestamp("ms", tz="UTC"), nullable=False),
    ]
)
TABLE, HELD = "conversions", "holdouts"
_SENT = """
select key, shard, "row", arm, feed, epoch("at") as moment from read_parquet($files, hive_partitioning = false)
where run_id = $run and fate = 'sent' and key <> '' order by key, shard, "row", moment
"""
_CLICKED = """
select key, shard, "row", arm, feed, epoch("at") as moment from read_parquet($files, hive_partitioning = false)
where run_id = $run and kind = 'click' and not machine and key <> '' order by key, shard, "row", moment
"""
_UNSENT = """
select key, shard, "row", arm, feed, epoch("at") as moment from read_parquet($files, hive_partitioning = false)
where run_id = $run and fate <> 'sent' and key <> '' order by key, shard, "row", moment
"""
_HELD_OUT = """
select key, -1, -1, '', feed, epoch("at") as moment from read_parquet($files, hive_partitioning = false)
where run_id = $run and key <> '' order by key
"""
_OF_KEY = """
select run_id, campaign, arm, counted_from, value, epoch("at") as at from read_parquet($files, hive_partitioning = false)
where feed = $feed and key = $key order by "at" desc, run_id
"""
_GENERATION = re.compile(r"\.g(\d+)\.parquet$")
_SOURCES = {
    "sent": ("deliveries", _SENT),
    "unsent": ("deliveries", _UNSENT),
    "held out": (HELD, _HELD_OUT),
    "clicked": ("events", _CLICKED),
}


@dataclass(frozen=True, slots=True)
class Anchor:
    """One message of a person, and the moments (epoch seconds, in order) from which what they do counts for it."""

    key: str
    shard: int
    row: int
    arm: str
    feed: str
    at: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Converted:
    """What one person did after one message: when (epoch seconds) and, where there is one, its value."""

    anchor: Anchor
    at: float
    value: float | None = None


class ConversionBook:
    """Conversions of the history in the folder *root*."""

    def __init__(self, root: Path, *, memory_mb: int = 256) -> None:
        self._root = root
        self._memory_mb = memory_mb
        self._manifest = Manifest(root)

    def anchors(self, run_id: str, of: str) -> Iterator[Anchor]:
        """Messages of a send with the moments that count: ``sent``, or ``clicked`` by people; by key. Erased people have none.

        Also people to compare with: those it could not be sent to (``unsent``), and the ``held out``, from when it was frozen.
        """
        table, query = _SOURCES[of]
        files = [str(self._root / e.path) for e in self._manifest.entries(table) if run_id in e.shards]
        if not files:
            return
        with self._connected() as engine:
            answer = engine.execute(query, {"files": files, "run": run_id})
            for one, rows in groupby(_streamed(answer), key=lambda row: row[:5]):
                key, shard, row, arm, feed = one
                yield Anchor(key, shard, row, arm, feed, tuple(found[5] for found in rows))

    def of_key(self, feed: str, key: str) -> list[dict[str, Any]]:
        """What was counted for one person of a feed, newest first: the send, from when, its value; *at* in epoch seconds."""
        files = [str(self._root / e.path) for e in self._manifest.entries(TABLE) if feed in e.feeds]
        if not files or not key:
            return []
        return list(ask(_OF_KEY, {"files": files, "feed": feed, "key": key}).to_pylist())

    def write(self, run: Run, of: str, conversions: Sequence[Converted]) -> bool:
        """Make these the conversions of a send, in place of those that were; False when somebody was faster, or all is as it was.

        Rows of people who were erased meanwhile stay as they are: numbers without a key.
        """
        former = [e for e in self._manifest.entries(TABLE) if run.id in e.shards]
        table = pa.concat_tables([_table(run, of, conversions), *(self._nameless(e) for e in former)])
        if not table.num_rows:
            return bool(former) and self._manifest.change([], [e.path for e in former], _now())
        entry = self._file(run, table, TABLE, sorted(set(table.column("shard").to_pylist())))
        if any(e.sha256 == entry.sha256 for e in former):
            (self._root / entry.path).unlink()
            return False
        return self._manifest.change([entry], [e.path for e in former], _now())

    def write_held_out(self, run: Run, feed: str, keys: Sequence[str], at: float) -> None:
        """Keep who gets nothing of a send, in place of what a former attempt at its snapshot kept."""
        former = [e for e in self._manifest.entries(HELD) if run.id in e.shards]
        same = {"run_id": run.id, "campaign": run.campaign, "feed": feed}
        columns = {name: pa.repeat(value, len(keys)) for name, value in same.items()}
        moments = pa.array([int(at * 1000)] * len(keys), HELD_OUT.field("at").type)
        table = pa.table({**columns, "key": pa.array(keys, pa.string()), "at": moments}, HELD_OUT)
        self._manifest.change([self._file(run, table, HELD, [])], [e.path for e in former], _now())

    def _nameless(self, entry: Entry) -> pa.Table:
        table = pq.read_table(self._root / entry.path, schema=CONVERSIONS)
        return table.filter(pc.equal(table.column("key"), ""))

    def _file(self, run: Run, table: pa.Table, name: str, shards: Sequence[int]) -> Entry:
        month = datetime.fromtimestamp(run.created_at, UTC).strftime("%Y-%m")
        path = f"{name}/month={month}/{run.id}.g{self._generation(run, name)}.parquet"
        target = self._root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
        pq.write_table(table, partial, compression="zstd")
        span = pc.min_max(table.column("at")).as_py()
        feeds = tuple(sorted(pc.unique(table.column("feed")).to_pylist()))
        times = span["min"].timestamp(), span["max"].timestamp()
        entry = Entry(name, path, "", table.num_rows, month, *times, feeds, {run.id: shards})
        return replace(entry, sha256=settle_file(partial, target))

    def _generation(self, run: Run, name: str) -> int:
        """Above every one there has been: whoever reads a former file is not disturbed, and no path is used twice."""
        known = [*(e.path for e in self._manifest.entries(name)), *self._manifest.removed(f"{name}/")]
        mine = [path for path in known if f"/{run.id}.g" in path]
        numbers = [int(found[1]) for path in mine if (found := _GENERATION.search(path))]
        return max(numbers, default=0) + 1

    def _connected(self) -> duckdb.DuckDBPyConnection:
        engine = duckdb.connect(config={"memory_limit": f"{self._memory_mb}MB", "threads": 2})
        engine.execute("set temp_directory = $1", [str(self._root / ".spill")])
        return engine


def _streamed(found: duckdb.DuckDBPyConnection) -> Iterator[tuple[Any, ...]]:
    while rows := found.fetchmany(10_000):
        yield from rows


def _table(run: Run, of: str, conversions: Sequence[Converted]) -> pa.Table:
    rows = [
        {
            "run_id": run.id,
            "shard": one.anchor.shard,
            "row": one.anchor.row,
            "campaign": run.campaign,
            "feed": one.anchor.feed,
            "key": one.anchor.key,
            "arm": one.anchor.arm,
            "counted_from": of,
            "value": one.value,
            "at": int(one.at * 1000),
        }
        for one in sorted(conversions, key=lambda c: (c.anchor.key, c.anchor.shard, c.anchor.row, c.at, c.value or 0.0))
    ]
    return pa.Table.from_pylist(rows, CONVERSIONS)


def _now() -> float:
    return datetime.now(UTC).timestamp()
