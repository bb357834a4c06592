"""What recipients did (clicks, opens, views), kept before they are answered: a spool with group commit.

Whoever answers a recipient calls :meth:`EventSpool.keep`; it returns when the event is on the disk. Requests that come while the
disk is busy share the next ``write`` and ``fdatasync``: the first of them does it for all, so that a busy second costs few syncs
and a quiet one no delay. A killed process has lost nothing that was answered: its file is collected by whoever collects.

A record is ``length, crc32`` and its payload (a JSON list). A torn last record was never answered and is as if it had not been
written.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import struct
import threading
import time
import zlib
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from twain.errors import LedgerUnavailable

ROTATE_SECONDS = 5.0
_FRAME = struct.Struct("<II")
_LONGEST_AGENT = 200
_ROTATE_AT = 16 << 20  # bytes
_text = json.encoder.encode_basestring_ascii


class Event(NamedTuple):
    """One thing somebody (or something) did with a message. *at* is epoch seconds.

    *kind*: open, click, view, unsubscribe, canary (the link that nobody can see). *agent* is the user agent, cut; *network* the
    address without its last part (/24, /48): enough to tell machines, too little to find a person. *link* is the link's number,
    -1 where there is none. *signs* are what else the request said of itself: ``prefetch``.
    """

    run_id: str
    shard: int
    row: int
    kind: str
    at: float
    link: int = -1
    agent: str = ""
    network: str = ""
    signs: str = ""

    def packed(self) -> bytes:
        """The record, framed."""
        return packed(*self)


def packed(  # noqa: PLR0913, PLR0917 — an event's fields, in their order
    run_id: str, shard: int, row: int, kind: str, at: float, link: int, agent: str, network: str, signs: str
) -> bytes:
    """An event's record, framed, from its fields: *at* is kept to the microsecond.

    Written by hand: the encoder of the standard library takes a third of a whole request's time for it.
    """
    who = f"{_agent(agent)},{_text(network)},{_text(signs)}"
    micro = int(at * 1e6)  # a number of microseconds is written in half the time of a fraction of a second
    payload = f'[{_text(run_id)},{shard},{row},"{kind}",{micro}e-6,{link},{who}]'.encode("ascii")
    return _FRAME.pack(len(payload), zlib.crc32(payload)) + payload


@lru_cache(maxsize=1024)
def _agent(said: str) -> str:
    """A user agent as it stands in a record; kept, since few are said over and over."""
    return _text(said[:_LONGEST_AGENT])


class _Batch:
    """Events that share one sync. *error* is what all of them get when it fails; the gate opens when they may be answered."""

    __slots__ = ("error", "frames", "gate")

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.error: OSError | None = None
        self.gate = threading.Lock()
        self.gate.acquire()


class EventSpool:
    """One process's spool in *folder*; *name* is this process's own and never used twice.

    Any number of threads may keep events. A file is closed when it is large or five seconds old; closed files wait to be
    collected.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._name = folder, name
        self._lock = threading.Lock()  # the batch that gathers
        self._disk = threading.Lock()  # the file
        self._batch: _Batch | None = None
        self._file, self._path = -1, Path()
        self._number = 0
        self._size = 0
        self._opened_at = 0.0
        self._over = threading.Event()
        self._clerk: threading.Thread | None = None
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def keep(self, event: Event) -> None:
        """Return when *event* is on the disk. Raises LedgerUnavailable (T787) when it cannot be: then answer "try again"."""
        self.keep_all([event.packed()])

    def keep_all(self, records: Sequence[bytes]) -> None:
        """As :meth:`keep`, for records that were packed already: all of them, or none that anybody may be answered for."""
        with self._lock:
            batch = self._batch
            leads = batch is None
            if batch is None:
                batch = self._batch = _Batch()
            batch.frames.extend(records)
        if leads:
            self._lead(batch)
        else:
            with batch.gate:  # opened by whoever leads, and handed on from one to the next
                pass
        if batch.error is not None:
            raise self._refused(batch.error) from batch.error

    def rotate(self) -> None:
        """Close the present file, if there is one, so that it can be collected; the next event begins a new one."""
        with self._disk:
            self._end()

    def close(self) -> None:
        """End; what is kept can be collected."""
        self._over.set()
        if self._clerk is not None:
            self._clerk.join()
        self.rotate()

    # ------------------------------------------------------------ inside

    def _lead(self, batch: _Batch) -> None:
        """Write and sync one batch for everybody in it. Others may join it until the disk is free."""
        try:
            with self._disk:
                with self._lock:
                    self._batch = None
                self._write(batch)
        finally:
            batch.gate.release()

    def _write(self, batch: _Batch) -> None:
        data = b"".join(batch.frames)
        try:
            if self._file < 0:
                self._begin()
            if os.write(self._file, data) < len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))  # noqa: TRY301 — a short write is a full disk
            os.fdatasync(self._file)
        except OSError as error:
            batch.error = error
            self._abandon()
            return
        self._size += len(data)
        if self._size >= _ROTATE_AT or time.monotonic() - self._opened_at >= ROTATE_SECONDS:
            self._end()

    def _refused(self, error: OSError) -> LedgerUnavailable:
        return LedgerUnavailable(
            f"Events cannot be kept in {self._folder}: {error.strerror}.",
            todo="Make room on the disk, or check the folder's rights; recipients are asked to try again meanwhile.",
            code="T787",
        )

    def _begin(self) -> None:
        """A new file under a lock that ends with the process: whoever gets the lock knows that nobody writes to it.

        It gets its name only once it is locked: a collector must not take it for a dead process's in between.
        """
        path = self._folder / f"{self._name}-{self._number:06d}.events"
        draft = path.with_suffix(".new")
        opened = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(opened, fcntl.LOCK_EX)
            draft.rename(path)
            _sync_folder(self._folder)
        except OSError:
            os.close(opened)
            draft.unlink(missing_ok=True)
            raise
        self._number += 1
        self._file, self._path, self._size, self._opened_at = opened, path, 0, time.monotonic()
        if self._clerk is None:
            self._clerk = threading.Thread(target=self._close_old_ones, name="events", daemon=True)
            self._clerk.start()

    def _end(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _abandon(self) -> None:
        """After a failure this file takes no more: what the kernel dropped of it (or kept half) can't be told any more.

        What was answered before lies whole in front, and is collected; nobody was answered for the rest.
        """
        if self._file < 0:
            return
        with contextlib.suppress(OSError):
            os.ftruncate(self._file, self._size)
            if not self._size:
                self._path.unlink()
        self._end()

    def _close_old_ones(self) -> None:
        """So that the last events of a busy hour do not wait for the next one."""
        while not self._over.wait(ROTATE_SECONDS / 4):
            with self._disk:
                if time.monotonic() - self._opened_at >= ROTATE_SECONDS:
                    self._end()


def finished_files(folder: Path) -> list[Path]:
    """Files that nobody writes to any more (closed, or their process is gone), oldest first."""
    found = [(path.stat().st_mtime, path) for path in folder.glob("*.events") if _is_free(path)]
    return [path for _, path in sorted(found)]


def open_files(folder: Path) -> list[Path]:
    """Files that somebody still writes to; they may be read, not taken away."""
    return sorted(path for path in folder.glob("*.events") if not _is_free(path))


def read_events(path: Path) -> Iterator[Event]:
    """Every whole record of a file; the first torn or damaged one ends it: nobody was answered for it."""
    data, place = path.read_bytes(), 0
    while place + _FRAME.size <= len(data):
        length, crc = _FRAME.unpack_from(data, place)
        payload = data[place + _FRAME.size : place + _FRAME.size + length]
        if len(payload) < length or zlib.crc32(payload) != crc:
            return
        yield Event(*json.loads(payload))
        place += _FRAME.size + length


def _is_free(path: Path) -> bool:
    with contextlib.suppress(OSError), path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return True
    return False


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
