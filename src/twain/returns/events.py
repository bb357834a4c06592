"""What recipients did (clicks, opens, views), kept before they are answered: a spool with group commit.

Whoever answers a recipient calls :meth:`EventSpool.keep`; it returns when the event is on the disk. Requests that come at the
same moment share one ``write`` and one ``fdatasync``: the first of them does it for all that are waiting, so that a busy second
costs few syncs and a quiet one no delay. A killed process has lost nothing that was answered:
its file is collected by its successor.

A record is ``length, crc32`` and its payload (JSON). A torn last record was never answered and is as if it had not been written.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import struct
import threading
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from twain.errors import LedgerUnavailable

_FRAME = struct.Struct("<II")
_LONGEST_AGENT = 200
_ROTATE_AT = 16 << 20  # bytes


@dataclass(frozen=True, slots=True)
class Event:
    """One thing somebody (or something) did with a message. *at* is epoch seconds.

    *agent* is the user agent, cut; *network* the address without its last part (/24, /48): enough to tell machines, too little
    to find a person. *link* is the link's number, -1 where there is none.
    """

    run_id: str
    shard: int
    row: int
    kind: str
    at: float
    link: int = -1
    agent: str = ""
    network: str = ""

    def packed(self) -> bytes:
        """The record, framed."""
        cut = {**asdict(self), "agent": self.agent[:_LONGEST_AGENT]}
        payload = json.dumps(cut, separators=(",", ":")).encode()
        return _FRAME.pack(len(payload), zlib.crc32(payload)) + payload


class _Batch:
    """Events that share one sync. *error* is what all of them get when it fails."""

    __slots__ = ("done", "error", "frames")

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.done = False
        self.error: OSError | None = None


class EventSpool:
    """One process's spool in *folder*. Any number of threads may keep events; closed files wait there to be collected."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._name = folder, name
        self._turn = threading.Condition()
        self._batch = _Batch()
        self._syncing = False
        self._number = 0
        self._size = 0
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = self._open()

    def keep(self, event: Event) -> None:
        """Return when *event* is on the disk. Raises LedgerUnavailable (T787) when it cannot be: then answer "try again"."""
        frame = event.packed()
        with self._turn:
            batch = self._batch
            batch.frames.append(frame)
            while self._syncing and not batch.done:
                self._turn.wait()
            if batch.done:
                return self._answer(batch)
            self._syncing, self._batch = True, _Batch()
        self._sync(batch)
        return self._answer(batch)

    def rotate(self) -> None:
        """Close the present file, if anything is in it, so that it can be collected; the next event begins a new one."""
        with self._turn:
            while self._syncing:
                self._turn.wait()
            if self._size:
                self._swap()

    def close(self) -> None:
        """End; what is kept can be collected."""
        with self._turn:
            while self._syncing:
                self._turn.wait()
            os.close(self._file)

    def _sync(self, batch: _Batch) -> None:
        """Write and sync one batch for everybody in it; nobody else writes meanwhile."""
        data = b"".join(batch.frames)
        try:
            written = os.write(self._file, data)
            if written < len(data):
                os.ftruncate(self._file, self._size)
                raise OSError(28, os.strerror(28))  # noqa: TRY301 — a short write is a full disk
            os.fdatasync(self._file)
            self._size += written
        except OSError as error:
            batch.error = error
        with self._turn:
            batch.done, self._syncing = True, False
            if self._size >= _ROTATE_AT:
                self._swap()
            self._turn.notify_all()

    def _answer(self, batch: _Batch) -> None:
        if batch.error is not None:
            raise LedgerUnavailable(
                f"Events cannot be kept in {self._folder}: {batch.error.strerror}.",
                todo="Make room on the disk, or check the folder's rights; recipients are asked to try again meanwhile.",
                code="T787",
            ) from batch.error

    def _swap(self) -> None:
        former = self._file
        self._number += 1
        self._file, self._size = self._open(), 0
        os.close(former)

    def _open(self) -> int:
        """A new file under a lock that ends with the process: whoever gets the lock knows that nobody writes to it."""
        path = self._folder / f"{self._name}-{self._number:06d}.events"
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
        fcntl.flock(opened, fcntl.LOCK_EX)
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return opened


def finished_files(folder: Path) -> list[Path]:
    """Files that nobody writes to any more (rotated, or their process is gone), oldest first."""
    return [path for path in sorted(folder.glob("*.events")) if _is_free(path)]


def read_events(path: Path) -> Iterator[Event]:
    """Every whole record of a file; the first torn or damaged one ends it: nobody was answered for it."""
    data, place = path.read_bytes(), 0
    while place + _FRAME.size <= len(data):
        length, crc = _FRAME.unpack_from(data, place)
        payload = data[place + _FRAME.size : place + _FRAME.size + length]
        if len(payload) < length or zlib.crc32(payload) != crc:
            return
        yield Event(**json.loads(payload))
        place += _FRAME.size + length


def _is_free(path: Path) -> bool:
    with contextlib.suppress(OSError), path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return True
    return False
