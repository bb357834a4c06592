"""Which files of the delivery history are true: one line of JSON per change, appended under a lock and synced.

A file that no line names is not part of the history, whatever it holds: a crash between writing a file and naming it
loses nothing, since its writer does both again. A torn last line is no line. What is more than a month old stands in two lines at
the beginning (:mod:`twain.ledger.shortening`).
"""

from __future__ import annotations

import fcntl
import json
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import IO, Any

from twain.ledger.durable import put_in_place
from twain.ledger.shortening import head_lines, older_than, read_head

_MONTH = 30 * 86_400.0  # seconds
_WORTH_IT = 4_000_000  # bytes


@dataclass(frozen=True, slots=True)
class Entry:
    """One true file. *path* is relative to the history's root; times are epoch seconds of its first and last row.

    *shards*: run id → numbers of the shards whose rows it holds.
    """

    table: str
    path: str
    sha256: str
    rows: int
    month: str
    first_at: float
    last_at: float
    feeds: tuple[str, ...]
    shards: Mapping[str, Sequence[int]] = field(default_factory=dict)

    def holds(self, run_id: str, shard: int) -> bool:
        """Whether this shard's rows are in it."""
        return shard in self.shards.get(run_id, ())


class _Read:
    """What has been read of one ``manifest.jsonl``: shared by all who ask in this process, so that each line is read once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lock = threading.RLock()
        self.forget()

    def forget(self) -> None:
        self.read_to, self.last, self.inode = 0, b"", 0
        self.entries: dict[str, Entry] = {}
        self.removed: dict[str, float] = {}

    def catch_up(self) -> None:
        """Read the lines that came since the last time; all of them when the file is another one, as after a restore."""
        try:
            file = self.path.open("rb")
        except FileNotFoundError:
            self.forget()
            return
        with file:
            file.seek(self.read_to - len(self.last))
            if self.inode != os.fstat(file.fileno()).st_ino or file.read(len(self.last)) != self.last:
                self.forget()
                self.inode = os.fstat(file.fileno()).st_ino
                file.seek(0)
            for line in file:
                if not line.endswith(b"\n"):
                    return
                self.read_to, self.last = self.read_to + len(line), line
                self.apply(line)

    def apply(self, line: bytes) -> None:
        try:
            change: dict[str, Any] = json.loads(line)
        except ValueError:
            return  # torn by a crash; its writer has written it again
        self.removed.update(change.get("removed", {}))
        for path in change["remove"]:
            self.entries.pop(path, None)
            self.removed[path] = change["at"]
        for raw in change["add"]:
            entry = Entry(**{**raw, "feeds": tuple(raw["feeds"])})
            self.entries[entry.path] = entry
            self.removed.pop(entry.path, None)


@cache
def _reading(path: Path) -> _Read:
    return _Read(path)


class Manifest:
    """The list of true files, in ``manifest.jsonl``. From any thread."""

    def __init__(self, root: Path) -> None:
        self._path = root / "manifest.jsonl"
        self._read = _reading(self._path.absolute())

    def entries(self, table: str) -> list[Entry]:
        """Every true file of a table, oldest entry first."""
        with self._read.lock:
            self._read.catch_up()
            return [entry for entry in self._read.entries.values() if entry.table == table]

    def removed_at(self, path: str) -> float | None:
        """When a file that was true ceased to be, in epoch seconds; None for any other."""
        with self._read.lock:
            self._read.catch_up()
            return self._read.removed.get(path)

    def removed(self, beginning: str) -> list[str]:
        """Files that were true once and whose path begins so."""
        with self._read.lock:
            self._read.catch_up()
            return [path for path in self._read.removed if path.startswith(beginning)]

    def change(self, add: Sequence[Entry], remove: Sequence[str], now: float) -> bool:
        """Make *add* true and *remove* (paths) untrue at once. False, and nothing done, if one of *remove* is gone already."""
        with self._locked() as file, self._read.lock:
            self._read.catch_up()
            if any(path not in self._read.entries for path in remove):
                return False
            line = {"at": now, "add": [asdict(entry) for entry in add], "remove": list(remove)}
            file.seek(0, os.SEEK_END)
            torn = file.tell() > self._read.read_to
            file.write((b"\n" if torn else b"") + json.dumps(line, sort_keys=True).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
            self._read.catch_up()
        return True

    def shorten(self, now: float, *, least: int = _WORTH_IT) -> bool:
        """Put two lines in place of all that is older than a month at *now*, once that is *least* bytes, and half of the file.

        Whatever dies meanwhile, the file is the former one or the new one, whole.
        """
        if not self._path.exists() or self._path.stat().st_size < least:
            return False
        with self._locked(), self._read.lock, self._path.open("rb") as file:
            head, end = read_head(file), older_than(file, now - _MONTH)
            if end - head.size < max(least, os.fstat(file.fileno()).st_size - end):
                return False
            partial = self._path.with_name(f".{self._path.name}.partial")
            with partial.open("wb") as short:
                short.writelines(head_lines(head.place_of(end), now - _MONTH, self._summary(file, end, now - _MONTH)))
                short.writelines(line for line in file if line.endswith(b"\n"))
            put_in_place(partial, self._path)
        return True

    def _summary(self, file: IO[bytes], end: int, at: float) -> bytes:
        """One line that says what the lines before *end* came to. The file is at *end* afterwards."""
        state = _Read(self._path)
        file.seek(0)
        while file.tell() < end:
            state.apply(file.readline())
        removed = {path: when for path, when in state.removed.items() if when >= at - _MONTH}
        came_to = {"add": [asdict(e) for e in state.entries.values()], "at": at, "remove": [], "removed": removed}
        return json.dumps(came_to, sort_keys=True).encode() + b"\n"

    @contextmanager
    def _locked(self) -> Iterator[IO[bytes]]:
        """The file, at whose end nobody else writes. While we waited for it, it may have been shortened: then the new one."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        while True:
            with self._path.open("ab") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                if self._path.exists() and os.path.samestat(os.fstat(file.fileno()), self._path.stat()):
                    yield file
                    return
