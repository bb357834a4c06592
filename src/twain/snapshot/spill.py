"""Spills: what a snapshot must set aside on disk while it runs, encrypted, in pieces that can be read again singly.

The key is made in memory and never stored, so whatever a crash leaves behind is noise. The file has no name any more once
it is open: the system frees it when the process ends, however it ends.
"""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

import pyarrow as pa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from twain.snapshot.spool import cannot_write

_PLAIN = pa.ipc.IpcWriteOptions(compression="lz4")


class Spill:
    """An encrypted file of Arrow pieces. ``add`` returns a piece's number; ``read`` brings it back."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._cipher = AESGCM(secrets.token_bytes(32))
        self._places: list[tuple[int, int]] = []
        self._end = 0
        try:
            self._file = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115 — closed by __exit__
        except OSError as error:
            raise cannot_write(folder, error) from error

    def __enter__(self) -> Spill:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def __len__(self) -> int:
        return len(self._places)

    def add(self, piece: pa.RecordBatch | pa.Table) -> int:
        """Set one piece aside. Raises LedgerUnavailable when the disk is full."""
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, piece.schema, options=_PLAIN) as writer:
            writer.write(piece)
        number = len(self._places)
        sealed = self._cipher.encrypt(_nonce(number), memoryview(sink.getvalue()).cast("B"), None)
        self._write(sealed)
        self._places.append((self._end, len(sealed)))
        self._end += len(sealed)
        return number

    def read(self, number: int) -> pa.Table:
        """One piece again."""
        start, length = self._places[number]
        sealed = os.pread(self._file.fileno(), length, start)
        plain = self._cipher.decrypt(_nonce(number), sealed, None)
        with pa.ipc.open_stream(pa.py_buffer(plain)) as reader:
            return reader.read_all()

    def read_many(self, numbers: Iterable[int]) -> pa.Table:
        """Several pieces as one table."""
        return pa.concat_tables([self.read(number) for number in numbers])

    def _write(self, sealed: bytes) -> None:
        left, at = memoryview(sealed), self._end
        try:
            while left:
                written = os.pwrite(self._file.fileno(), left, at)
                left, at = left[written:], at + written
        except OSError as error:
            raise cannot_write(self._folder, error) from error


def _nonce(number: int) -> bytes:
    """Each piece is written once under a key of this file's own, so its number is a nonce that never repeats."""
    return number.to_bytes(12, "big")
