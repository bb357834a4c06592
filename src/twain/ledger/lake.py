"""The delivery history (the lake): ``deliveries``, ``events``, ``checks`` as Parquet that belongs to IT, each with a contract.

No names and no addresses: recipient key, HMAC of the address, bundle hash, outcome. A settled shard is one file; ``compact``
makes key-sorted files of months. The manifest says which files are true.
"""

from __future__ import annotations

import os
import re
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from twain.errors import LedgerError
from twain.ledger.durable import file_digest, settle_file
from twain.ledger.happened import event_table, first_at, shards_of
from twain.ledger.manifest import Entry, Manifest
from twain.ledger.returned import bounce_table
from twain.ledger.tiers import worth_merging
from twain.ledger.verdicts import Checked, check_name, check_table
from twain.ledger.warm import ask
from twain.ports import Values
from twain.records import CameBack, Fate, HistoryTest, ShardOutcomes, Undelivered

_TIME = pa.timestamp("ms", tz="UTC")
DELIVERIES = pa.schema(
    [
        pa.field("run_id", pa.string(), nullable=False),
        pa.field("shard", pa.int32(), nullable=False),
        pa.field("row", pa.int32(), nullable=False),
        pa.field("campaign", pa.string(), nullable=False),
        pa.field("feed", pa.string(), nullable=False),
        pa.field("bundle", pa.string(), nullable=False),
        pa.field("channel", pa.string(), nullable=False),
        pa.field("lane", pa.string(), nullable=False),
        pa.field("key", pa.string(), nullable=False),
        pa.field("address_hash", pa.binary(), nullable=False),
        pa.field("arm", pa.string(), nullable=False),
        pa.field("fate", pa.string(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("reply_class", pa.string(), nullable=False),
        pa.field("reply", pa.string(), nullable=False),
        pa.field("at", _TIME, nullable=False),
    ]
)
_TESTS = {
    "mailed": ("deliveries", "fate = 'sent'"),
    "failed": ("deliveries", "fate = 'failed'"),
    "clicked": ("events", "kind = 'click' and not machine"),
}
_ADDRESS = re.compile(r"<[^<>]*@[^<>]*>|[^\s<>(),;:\"]+@[^\s<>(),;:\"]+")
_FATES = {int(fate): fate.name.lower() for fate in Fate}
_REPLY_CLASS = re.compile(r"^([245])\d\d(?:[ -]([245]\.\d{1,3}\.\d{1,3}))?")
_KEPT_FOR = 3600.0  # seconds an untrue file stays, for those who still read it
_GROUP = 20_480  # rows that must be read to find one key's: six times fewer than DuckDB's own choice, at no more space
_ORDER = {"deliveries": 'key, "at"', "events": 'key, "at"', "bounces": 'key, "at"', "checks": 'feed, "at"'}
_MAILED = (
    'select * from read_parquet($files, hive_partitioning = false) semi join messages using (run_id, shard, "row")'
)
_LAST = (
    "select * from read_parquet($files, hive_partitioning = false) semi join addresses using (address_hash) "
    'where "at" >= $since and fate = \'sent\' qualify row_number() over (partition by address_hash order by "at" desc) = 1'
)
_KNOWN_AS = (
    "select distinct address_hash, feed, key from read_parquet($files, hive_partitioning = false) "
    "semi join addresses using (address_hash)"
)
_Q = "select {what} from read_parquet($files, hive_partitioning = false) where {where}"


class Lake:
    """The delivery history in the folder *root*. Used by one thread at a time; any number of processes may write."""

    def __init__(self, root: Path, *, memory_mb: int = 256) -> None:
        self._root = root
        self._memory_mb = memory_mb
        self._manifest = Manifest(root)

    @property
    def root(self) -> Path:
        """The folder it lies in."""
        return self._root

    # ------------------------------------------------------------ writing

    def write(self, outcomes: ShardOutcomes, keys: Values, hashes: Values, arms: Values) -> tuple[str, str]:
        """Write one settled shard; returns its path (relative to the root) and SHA-256 when it is true and on disk.

        The same shard again is written over itself, or, when rows were resolved since, takes the former's place.
        """
        table = _deliveries(outcomes, keys, hashes, arms)
        while True:
            entry = self._write_shard(outcomes, table)
            if entry is not None:
                return entry.path, entry.sha256

    def rewrite(self, outcomes: ShardOutcomes) -> tuple[str, str]:
        """Like ``write``, with keys, hashes and arms from the shard's present file: for when the spool is gone.

        Raises LedgerError T771 when the shard is not in the history.
        """
        shard = outcomes.shard
        former = self._shard_rows(shard.run_id, shard.number)
        if former.num_rows != len(outcomes.fates):
            raise LedgerError(
                f"Batch {shard.number} of {shard.run_id} is not in the delivery history.",
                todo="Write it from its spool.",
                code="T771",
            )
        columns = [former.column(name).to_pylist() for name in ("key", "address_hash", "arm")]
        return self.write(outcomes, *columns)

    def write_events(self, name: str, events: pa.Table) -> tuple[str, str]:
        """Write events (schema EVENTS) under a *name* of the caller's; the same name again writes over itself.

        Returns the path and its SHA-256; an empty one when the file was merged with others meanwhile: then nothing is written.
        """
        table = event_table(events)
        month = _month(first_at(table))
        path = f"events/month={month}/{name}.parquet"
        if self._manifest.removed_at(path) is not None:
            return path, ""
        entry = self._write_file("events", path, month, table, shards_of(table))
        former = [e.path for e in self._manifest.entries("events") if e.path == path]
        self._manifest.change([entry], former, time.time())
        return entry.path, entry.sha256

    def write_checks(self, checked: Checked) -> tuple[str, str]:
        """Write one round of checks; the same round again writes over itself. Returns (path, SHA-256)."""
        table = check_table(checked)
        month = _month(datetime.fromtimestamp(checked.at, UTC))
        path = f"checks/month={month}/{check_name(table, checked.at)}.parquet"
        entry = self._write_file("checks", path, month, table, {})
        former = [e.path for e in self._manifest.entries("checks") if e.path == path]
        self._manifest.change([entry], former, time.time())
        return entry.path, entry.sha256

    def write_bounces(self, batch: int, mails: Sequence[CameBack]) -> tuple[str, str]:
        """Write one batch of mail that came back, unless it is there already, also merged. Returns (path, SHA-256)."""
        former = next((e for e in self._manifest.entries("bounces") if e.holds("batch", batch)), None)
        if former is not None:
            return former.path, former.sha256
        table = bounce_table(mails)
        month = _month(pc.min(table.column("at")).as_py())
        path = f"bounces/month={month}/{batch:012d}.parquet"
        entry = self._write_file("bounces", path, month, table, {**shards_of(table), "batch": [batch]})
        self._manifest.change([entry], [], time.time())
        return entry.path, entry.sha256

    def compact(self, *, now: float | None = None) -> int:
        """Merge the small files of each month of every table into one that is sorted; how many months had some.

        Which are small, :mod:`twain.ledger.tiers` says. Files that ceased to be true an hour ago are deleted.
        """
        moment = time.time() if now is None else now
        merged = sum(self._merge(files[0].month, files, moment) for files in worth_merging(self._entries()))
        self._sweep(moment)
        self._manifest.shorten(moment)
        return merged

    def scattered(self) -> int:
        """How many files could be merged with others."""
        return sum(len(files) for files in worth_merging(self._entries()))

    # ------------------------------------------------------------ reading

    def files(self, table: str = "deliveries", run_id: str | None = None) -> list[Path]:
        """The true files of a table, all or those with rows of one run."""
        entries = self._manifest.entries(table)
        return [self._root / e.path for e in entries if run_id is None or run_id in e.shards]

    def by_run(self, table: str) -> dict[str, list[Path]]:
        """Every send of a table → the true files that hold some of it."""
        found: dict[str, list[Path]] = defaultdict(list)
        for entry in self._manifest.entries(table):
            for run_id in entry.shards:
                found[run_id].append(self._root / entry.path)
        return found

    def keys(self, test: HistoryTest, feed: str, now: float) -> Iterator[pa.Array]:
        """Distinct keys of *feed* for which the test's kind holds, streamed in no order; its negation is the caller's."""
        table, condition = _TESTS[test.kind]
        since = 0.0 if test.within_days is None else now - test.within_days * 86400.0
        files = [e for e in self._manifest.entries(table) if feed in e.feeds and e.last_at >= since]
        if not files:
            return
        values: dict[str, Any] = {"feed": feed, "since": datetime.fromtimestamp(since, UTC)}
        where = f'{condition} and feed = $feed and "at" >= $since'
        if test.campaign is not None:
            where += " and campaign = $campaign"
            values["campaign"] = test.campaign
        yield from self._stream(_Q.format(what="distinct key", where=where), files, values)

    def contacts(
        self, since: float, *, channels: Sequence[str] = (), but_bundles: Sequence[str] = ()
    ) -> Iterator[pa.RecordBatch]:
        """Messages per address since epoch second *since*: ``address_hash``, ``messages``. Delivery unknown counts as had.

        *channels*: only these, or all; *but_bundles*: sends of these bundles do not count.
        """
        files = [e for e in self._manifest.entries("deliveries") if e.last_at >= since]
        where = "fate in ('sent', 'uncertain') and \"at\" >= $since and not list_contains($but, bundle)"
        where += " and (len($channels) = 0 or list_contains($channels, channel)) group by address_hash"
        values = {"since": datetime.fromtimestamp(since, UTC), "but": list(but_bundles), "channels": list(channels)}
        if files:
            yield from self._batches(_Q.format(what="address_hash, count(*) as messages", where=where), files, values)

    def of_key(self, key: str) -> list[dict[str, Any]]:
        """Every delivery to one recipient key, newest first; columns as in DELIVERIES."""
        found = self._table("key = $key", self._manifest.entries("deliveries"), {"key": key})
        return sorted(found.to_pylist(), key=lambda row: row["at"], reverse=True)

    def checks(self, feed: str, since: float) -> list[dict[str, Any]]:
        """Every check of one feed from epoch seconds *since* on, oldest first; columns as in CHECKS."""
        files = [e for e in self._manifest.entries("checks") if feed in e.feeds and e.last_at >= since]
        values = {"feed": feed, "since": datetime.fromtimestamp(since, UTC)}
        found = self._table('feed = $feed and "at" >= $since', files, values)
        return sorted(found.to_pylist(), key=lambda row: row["at"])

    def message(self, run_id: str, shard: int, row: int) -> list[dict[str, Any]]:
        """One message, or nothing while its shard is not in the history."""
        files = [e for e in self._manifest.entries("deliveries") if e.holds(run_id, shard)]
        where = 'run_id = $run and shard = $shard and "row" = $row'
        return list(self._table(where, files, {"run": run_id, "shard": shard, "row": row}).to_pylist())

    def mailed(self, messages: pa.Table) -> pa.Table:
        """The deliveries of *messages* (columns run_id, shard, row), in no order; those not in the history are missing."""
        wanted = shards_of(messages)
        files = [
            e for e in self._manifest.entries("deliveries") if any(e.holds(r, n) for r in wanted for n in wanted[r])
        ]
        if not files:
            return DELIVERIES.empty_table()
        with self._connected() as engine:
            engine.register("messages", messages)
            return engine.sql(_MAILED, params={"files": [str(self._root / e.path) for e in files]}).to_arrow_table()

    def events_since(self, at: float, run_ids: Sequence[str]) -> list[dict[str, Any]]:
        """What happened to messages of these sends from epoch seconds *at* on, in no order; columns as in EVENTS."""
        wanted = set(run_ids)
        files = [e for e in self._manifest.entries("events") if e.last_at >= at and wanted.intersection(e.shards)]
        if not files:
            return []
        values = {"runs": sorted(wanted), "since": datetime.fromtimestamp(at, UTC)}
        where = 'list_contains($runs, run_id) and "at" >= $since'
        return [row for b in self._batches(_Q.format(what="*", where=where), files, values) for row in b.to_pylist()]

    def address_hash(self, run_id: str, shard: int, row: int) -> bytes | None:
        """The 32-byte HMAC of the address a message went to, or None when it is not in the history."""
        found = self.message(run_id, shard, row)
        return bytes(found[0]["address_hash"]) if found else None

    def key_of_address(self, address_hash: bytes, feed: str) -> str | None:
        """The recipient key that an address (its 32-byte HMAC) was last mailed under, or None."""
        files = [e for e in self._manifest.entries("deliveries") if feed in e.feeds]
        found = self._table("address_hash = $hash and feed = $feed", files, {"hash": address_hash, "feed": feed})
        rows = sorted(found.to_pylist(), key=lambda row: row["at"])
        return str(rows[-1]["key"]) if rows else None

    def last_to(self, address_hash: bytes, since: float) -> dict[str, Any] | None:
        """The newest delivery to an address (its 32-byte HMAC) from epoch seconds *since* on, or None."""
        files = [e for e in self._manifest.entries("deliveries") if e.last_at >= since]
        values = {"hash": address_hash, "since": datetime.fromtimestamp(since, UTC)}
        rows = self._table("address_hash = $hash and \"at\" >= $since and fate = 'sent'", files, values).to_pylist()
        return max(rows, key=lambda row: row["at"], default=None)

    def last_to_each(self, hashes: Sequence[bytes], since: float) -> dict[bytes, dict[str, Any]]:
        """As :meth:`last_to`, of many addresses at once; those that nothing was sent to are missing."""
        files = [str(self._root / e.path) for e in self._manifest.entries("deliveries") if e.last_at >= since]
        if not files or not hashes:
            return {}
        with self._connected() as engine:
            engine.register("addresses", pa.table({"address_hash": pa.array(list(set(hashes)), pa.binary())}))
            values = {"files": files, "since": datetime.fromtimestamp(since, UTC)}
            found = engine.sql(_LAST, params=values).to_arrow_table().to_pylist()
        return {bytes(row["address_hash"]): row for row in found}

    def known_as(self, hashes: Sequence[bytes]) -> dict[bytes, set[tuple[str, str]]]:
        """Address hash → every (feed, key) that was ever mailed under it, of many addresses at once."""
        found: dict[bytes, set[tuple[str, str]]] = defaultdict(set)
        entries = self._manifest.entries("deliveries")
        if not entries or not hashes:
            return {}
        with self._connected() as engine:
            engine.register("addresses", pa.table({"address_hash": pa.array(list(set(hashes)), pa.binary())}))
            rows = engine.sql(_KNOWN_AS, params={"files": [str(self._root / e.path) for e in entries]}).fetchall()
        for address_hash, feed, key in rows:
            found[bytes(address_hash)].add((feed, key))
        return found

    def undelivered(self, run_id: str, fates: Iterable[Fate]) -> Iterator[Undelivered]:
        """People of a run with one of these fates, with their keys, by shard and row."""
        names = [fate.name.lower() for fate in fates]
        files = [e for e in self._manifest.entries("deliveries") if run_id in e.shards]
        where = "run_id = $run and list_contains($fates, fate)"
        table = self._table(where, files, {"run": run_id, "fates": names})
        for row in sorted(table.to_pylist(), key=lambda row: (row["shard"], row["row"])):
            fate = Fate[row["fate"].upper()]
            yield Undelivered(run_id, row["shard"], row["row"], row["key"], fate, row["reason"], row["reply"])

    def damaged(self) -> list[str]:
        """Paths of true files that are missing or not what their SHA-256 says."""
        entries = [e for table in (*_ORDER, "conversions", "holdouts") for e in self._manifest.entries(table)]
        return [
            e.path
            for e in entries
            if not (self._root / e.path).is_file() or file_digest(self._root / e.path) != e.sha256
        ]

    @staticmethod
    def contract(table: str = "deliveries") -> str:
        """The ODCS contract of a table, as YAML."""
        return resources.files("twain.ledger").joinpath(f"{table}.odcs.yaml").read_text(encoding="utf-8")

    # ------------------------------------------------------------ inside

    def _write_shard(self, outcomes: ShardOutcomes, table: pa.Table) -> Entry | None:
        """Write the file and make it true in place of what held its rows; None when somebody was faster."""
        shard, month = outcomes.shard, _month(datetime.fromtimestamp(outcomes.run.created_at, UTC))
        stem = f"deliveries/month={month}/{shard.run_id}-{shard.number:05d}"
        former = [e for e in self._manifest.entries("deliveries") if e.holds(shard.run_id, shard.number)]
        path = _next_path(stem, former)
        entry = self._write_file("deliveries", path, month, table, {shard.run_id: [shard.number]})
        if former and former[0].sha256 == entry.sha256:
            (self._root / path).unlink()
            return former[0]
        rest = [r for e in former if (r := self._without(e, shard.run_id, shard.number)) is not None]
        done = self._manifest.change([entry, *rest], [e.path for e in former], time.time())
        return entry if done else None

    def _without(self, entry: Entry, run_id: str, shard: int) -> Entry | None:
        """A compacted file without one shard's rows; None when nothing would be left."""
        shards = {run: [n for n in numbers if (run, n) != (run_id, shard)] for run, numbers in entry.shards.items()}
        shards = {run: numbers for run, numbers in shards.items() if numbers}
        if not shards:
            return None
        return self._sorted_file(
            entry.month, [entry], shards, "not (run_id = $run and shard = $shard)", (run_id, shard)
        )

    def _entries(self) -> list[Entry]:
        return [entry for table in _ORDER for entry in self._manifest.entries(table)]

    def _merge(self, month: str, files: list[Entry], now: float) -> int:
        shards: dict[str, set[int]] = defaultdict(set)
        for entry in files:
            for run, numbers in entry.shards.items():
                shards[run].update(numbers)
        kept = {run: sorted(numbers) for run, numbers in shards.items()}
        entry = self._sorted_file(month, files, kept, "true", None)
        return int(self._manifest.change([entry], [e.path for e in files], now))

    def _sorted_file(
        self,
        month: str,
        files: list[Entry],
        shards: Mapping[str, Sequence[int]],
        where: str,
        but: tuple[str, int] | None,
    ) -> Entry:
        """Rows of *files* in one new file, sorted by key, by DuckDB so that memory stays small."""
        table = files[0].table
        number = 1 + len(self._manifest.removed(f"{table}/month={month}/sorted-"))
        path = f"{table}/month={month}/sorted-{number:05d}-{files[0].sha256[:8]}.parquet"
        partial = self._partial(path)
        values = {"run": but[0], "shard": but[1]} if but else {}
        query = f"{_Q.format(what='*', where=where)} order by {_ORDER[table]}"
        with self._connected() as engine:
            engine.execute(
                f"copy ({query}) to '{str(partial).replace(chr(39), chr(39) * 2)}' "
                f"(format parquet, compression zstd, row_group_size {_GROUP})",
                {"files": [str(self._root / e.path) for e in files], **values},
            )
        rows = pq.read_metadata(partial).num_rows
        first, last = min(e.first_at for e in files), max(e.last_at for e in files)
        feeds = tuple(sorted({feed for e in files for feed in e.feeds}))
        digest = settle_file(partial, self._root / path)
        return Entry(table, path, digest, rows, month, first, last, feeds, dict(shards))

    def _write_file(
        self, table: str, path: str, month: str, rows: pa.Table, shards: Mapping[str, Sequence[int]]
    ) -> Entry:
        partial = self._partial(path)
        pq.write_table(rows, partial, compression="zstd")
        span = pc.min_max(rows.column("at")).as_py()
        digest = settle_file(partial, self._root / path)
        feeds = tuple(sorted(pc.unique(rows.column("feed")).to_pylist()))
        times = span["min"].timestamp(), span["max"].timestamp()
        return Entry(table, path, digest, rows.num_rows, month, *times, feeds, shards)

    def _partial(self, path: str) -> Path:
        target = self._root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        return target.with_name(f".{target.name}.{os.getpid()}.partial")

    def _shard_rows(self, run_id: str, shard: int) -> pa.Table:
        files = [e for e in self._manifest.entries("deliveries") if e.holds(run_id, shard)]
        table = self._table("run_id = $run and shard = $shard", files, {"run": run_id, "shard": shard})
        return table.sort_by("row")

    def _table(self, where: str, files: Sequence[Entry], values: Mapping[str, Any]) -> pa.Table:
        if not files:
            return DELIVERIES.empty_table()
        paths = [str(self._root / entry.path) for entry in files]
        return ask(_Q.format(what="*", where=where), {"files": paths, **values})

    def _stream(self, query: str, files: Sequence[Entry], values: Mapping[str, Any]) -> Iterator[pa.Array]:
        for batch in self._batches(query, files, values):
            yield batch.column(0)

    def _batches(self, query: str, files: Sequence[Entry], values: Mapping[str, Any]) -> Iterator[pa.RecordBatch]:
        """One connection per stream: a second query on it would end an open reader early."""
        paths = [str(self._root / entry.path) for entry in files]
        with self._connected() as engine:
            yield from engine.sql(query, params={"files": paths, **values}).to_arrow_reader()

    def _connected(self) -> duckdb.DuckDBPyConnection:
        engine = duckdb.connect(config={"memory_limit": f"{self._memory_mb}MB", "threads": 2})
        spill = self._root / ".spill"
        engine.execute("set temp_directory = $1", [str(spill)])
        return engine

    def _sweep(self, now: float) -> None:
        """Delete files that have been untrue for an hour, and what crashes left unfinished."""
        for file in self._root.glob("*/month=*/*.parquet"):
            at = self._manifest.removed_at(file.relative_to(self._root).as_posix())
            if at is not None and now - at >= _KEPT_FOR:
                file.unlink(missing_ok=True)
        for partial in self._root.glob("*/*/.*.partial"):
            if now - partial.stat().st_mtime >= _KEPT_FOR:
                partial.unlink(missing_ok=True)


def _deliveries(outcomes: ShardOutcomes, keys: Values, hashes: Values, arms: Values) -> pa.Table:
    run, shard, count = outcomes.run, outcomes.shard, len(outcomes.fates)
    distinct = set(outcomes.replies)  # many are told the same
    said = {reply: _ADDRESS.sub("<…>", reply) if "@" in reply else reply for reply in distinct}
    classes = {reply: _reply_class(reply) for reply in said.values()}
    replies = [said[reply] for reply in outcomes.replies]
    same = {
        "run_id": run.id,
        "shard": shard.number,
        "campaign": run.campaign,
        "feed": outcomes.feed,
        "bundle": run.bundle,
        "channel": run.channel,
        "lane": shard.lane,
    }
    columns: dict[str, Any] = {name: pa.repeat(value, count) for name, value in same.items()}
    columns |= {
        "row": np.arange(count),
        "key": keys,
        "address_hash": hashes,
        "arm": arms,
        "fate": [_FATES[fate] for fate in outcomes.fates],
        "reason": outcomes.reasons,
        "reply_class": [classes[reply] for reply in replies],
        "reply": replies,
        "at": (np.array(outcomes.times, np.float64) * 1000).astype(np.int64),
    }
    return pa.table(
        {name: _column(columns[name], DELIVERIES.field(name).type) for name in DELIVERIES.names}, DELIVERIES
    )


def _column(values: Any, kind: pa.DataType) -> pa.Array | pa.ChunkedArray:  # noqa: ANN401 — lists, numpy's or Arrow's own
    if isinstance(values, pa.Array | pa.ChunkedArray):
        return values.cast(kind)
    return pa.array(values, kind)


def _reply_class(reply: str) -> str:
    """The enhanced status code if there is one (RFC 3463), else the reply's first digit, else nothing."""
    match = _REPLY_CLASS.match(reply)
    return (match[2] or match[1]) if match else ""


def _next_path(stem: str, former: Sequence[Entry]) -> str:
    """The shard's fixed path; a later generation when there was one already."""
    if not former:
        return f"{stem}.parquet"
    match = re.search(r"\.g(\d+)\.parquet$", former[0].path)
    return f"{stem}.g{int(match[1]) + 1 if match else 2}.parquet"


def _month(moment: datetime) -> str:
    return moment.strftime("%Y-%m")
