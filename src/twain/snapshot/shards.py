"""The frozen audience, cut into shards: rows of one lane, one not-before and the same quiet hours, at most 10 000 to a file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from twain.records import Shard
from twain.snapshot.spool import SHARD_ROWS, sync_attempt, write_shard

#: When waiting rows of all groups together take more than this, the largest group goes out as a shorter shard.
_WAITING_BYTES = 48 * 1024 * 1024
_KNOWN_DOMAINS = 100_000

T = TypeVar("T")
Hours = tuple[float, str]
"""Not-before (epoch seconds; 0 = at once), and the quiet hours (JSON; empty = none)."""
Group = tuple[str, Hours]
"""Lane, and when its people may be mailed."""


@dataclass(slots=True)
class _Waiting:
    tables: list[pa.Table] = field(default_factory=list)
    rows: int = 0
    bytes: int = 0

    def add(self, table: pa.Table) -> None:
        self.tables.append(table)
        self.rows += table.num_rows
        self.bytes += table.nbytes


class ShardWriter:
    """Takes rows in, writes shards. ``finish`` returns them all, numbered from 1 in the order they were written."""

    def __init__(
        self,
        folder: Path,
        data_key: bytes,
        run_id: str,
        lane: Callable[[str], str],
        not_before: Callable[[str], float] | None,
        quiet: Callable[[str], str] | None = None,
    ) -> None:
        self._folder, self._key, self._run_id = folder, data_key, run_id
        self._lane, self._not_before, self._quiet = lane, not_before, quiet
        self._lanes: dict[str, str] = {}
        self._times: dict[str, Hours] = {}
        self._waiting: dict[Group, _Waiting] = {}
        self._shards: list[Shard] = []

    def add(self, table: pa.Table) -> None:
        """Take in rows whose columns begin with SHARD_FIELDS."""
        for group, rows in self._grouped(table):
            waiting = self._waiting.setdefault(group, _Waiting())
            waiting.add(rows)
            if waiting.rows >= SHARD_ROWS:
                self._write_full(group)
        while sum(w.bytes for w in self._waiting.values()) > _WAITING_BYTES:
            self._write_rest(max(self._waiting, key=lambda g: self._waiting[g].bytes))

    def finish(self) -> list[Shard]:
        """Write what is still waiting, and make all of it durable."""
        for group in sorted(self._waiting):
            self._write_rest(group)
        sync_attempt(self._folder)
        return self._shards

    def _write_full(self, group: Group) -> None:
        table = pa.concat_tables(self._waiting.pop(group).tables)
        full = table.num_rows - table.num_rows % SHARD_ROWS
        for start in range(0, full, SHARD_ROWS):
            self._write(group, table.slice(start, SHARD_ROWS))
        if table.num_rows > full:
            self._waiting.setdefault(group, _Waiting()).add(table.slice(full))

    def _write_rest(self, group: Group) -> None:
        self._write(group, pa.concat_tables(self._waiting.pop(group).tables))

    def _write(self, group: Group, table: pa.Table) -> None:
        lane, (not_before, quiet) = group
        shard = write_shard(
            self._folder,
            table.combine_chunks(),
            self._key,
            run_id=self._run_id,
            number=len(self._shards) + 1,
            lane=lane,
            not_before=not_before,
            quiet=quiet,
        )
        self._shards.append(shard)

    # ------------------------------------------------------------ who goes together

    def _grouped(self, table: pa.Table) -> list[tuple[Group, pa.Table]]:
        lanes, lane_names = self._lane_codes(table.column("address").combine_chunks())
        times, moments = self._time_codes(table)
        codes, inverse = np.unique(lanes * len(moments) + times, return_inverse=True)
        groups = [(lane_names[code // len(moments)], moments[code % len(moments)]) for code in codes.tolist()]
        if len(groups) == 1:
            return [(groups[0], table)]
        return [(group, table.take(pa.array(np.flatnonzero(inverse == i)))) for i, group in enumerate(groups)]

    def _lane_codes(self, addresses: pa.StringArray) -> tuple[npt.NDArray[np.int64], list[str]]:
        """A lane depends on the domain alone, so each domain is asked about once."""
        domains = pc.list_element(pc.split_pattern(addresses, "@"), 1).dictionary_encode()
        if len(self._lanes) > _KNOWN_DOMAINS:
            self._lanes.clear()
        lanes = [self._lane_of(domain) for domain in domains.dictionary.to_pylist()]
        return _recoded(domains.indices, lanes)

    def _lane_of(self, domain: str) -> str:
        if domain not in self._lanes:
            self._lanes[domain] = self._lane(f"postmaster@{domain}")
        return self._lanes[domain]

    def _time_codes(self, table: pa.Table) -> tuple[npt.NDArray[np.int64], list[Hours]]:
        if self._not_before is None and self._quiet is None:
            return np.zeros(table.num_rows, np.int64), [(0.0, "")]
        zones = pa.nulls(table.num_rows, pa.string())
        if "timezone" in table.column_names:
            zones = table.column("timezone").cast(pa.string()).combine_chunks()
        zones = pc.fill_null(zones, "").dictionary_encode()
        return _recoded(zones.indices, [self._time_of(zone) for zone in zones.dictionary.to_pylist()])

    def _time_of(self, zone: str) -> Hours:
        if zone not in self._times:
            not_before = self._not_before(zone) if self._not_before else 0.0
            self._times[zone] = (not_before, self._quiet(zone) if self._quiet else "")
        return self._times[zone]


def _recoded(indices: pa.Array, values: list[T]) -> tuple[npt.NDArray[np.int64], list[T]]:
    """Codes over distinct *values* from indices into values that repeat."""
    distinct = list(dict.fromkeys(values))
    places = {value: place for place, value in enumerate(distinct)}
    codes = np.array([places[value] for value in values], np.int64)
    return codes[indices.to_numpy()], distinct
