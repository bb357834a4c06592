"""Rows set aside by the hash of a text, so that equal texts meet again in one small part.

A run of rows is sorted by its hash's part and spilled; reading part *p* of every run gives all rows whose text hashes there:
a merge by ranges, whose memory is one part's, not the whole's. What is equal is then decided on the texts themselves, so a
collision of hashes costs nothing and decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from zlib import crc32

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from twain.snapshot.spill import Spill

PARTS = 64
_RUN_ROWS = 131_072


class Partitions:
    """Rows by the hash of their column *text* (string). Add batches of one schema, ``finish``, then read the parts."""

    def __init__(self, folder: Path, text: str) -> None:
        self._spill = Spill(folder)
        self._text = text
        self._waiting: list[pa.RecordBatch] = []
        self._rows = 0
        self._pieces: list[list[int]] = [[] for _ in range(PARTS)]

    def __enter__(self) -> Partitions:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._spill.__exit__(kind, error, trace)

    def add(self, batch: pa.RecordBatch) -> None:
        """Take rows in."""
        self._waiting.append(batch)
        self._rows += batch.num_rows
        if self._rows >= _RUN_ROWS:
            self.finish()

    def finish(self) -> None:
        """Spill what is still in memory."""
        if self._rows:
            self._spill_run(pa.Table.from_batches(self._waiting))
        self._waiting, self._rows = [], 0

    def _spill_run(self, run: pa.Table) -> None:
        parts = parts_of(run.column(self._text))
        order = np.argsort(parts, kind="stable")
        bounds = np.searchsorted(parts[order], np.arange(PARTS + 1))
        ordered = run.take(pa.array(order)).combine_chunks()
        for part in range(PARTS):
            first, last = int(bounds[part]), int(bounds[part + 1])
            if last > first:
                self._pieces[part].append(self._spill.add(ordered.slice(first, last - first)))

    def part(self, number: int) -> pa.Table | None:
        """All rows of one part, in the order in which they came; None when it has none."""
        pieces = self._pieces[number]
        return self._spill.read_many(pieces) if pieces else None

    def parts(self) -> Iterator[pa.Table]:
        """Every part that has rows."""
        for number in range(PARTS):
            table = self.part(number)
            if table is not None:
                yield table


def parts_of(texts: pa.ChunkedArray) -> npt.NDArray[np.uint8]:
    """The part (0 … PARTS-1) of each text."""
    hashes = np.fromiter(map(crc32, texts.cast(pa.binary()).to_pylist()), np.uint32, len(texts))
    # CRC-32 is linear: fold its high bits into the low ones, by which texts that differ in one place are still spread.
    parts: npt.NDArray[np.uint8] = ((hashes ^ (hashes >> 13) ^ (hashes >> 21)) % PARTS).astype(np.uint8)
    return parts
