"""The journal: what this worker has begun and what it was answered, in a file that survives ``kill -9``.

Records are appended by one ``write()`` per burst and never synced: the kernel keeps them when the process dies. When the
whole machine dies they may be gone, which is why a journal counts only on the boot it was written in.

A record is ``length, crc32, kind`` and its payload; a torn last record is as if it had not been written, and nothing was
sent on the strength of it. Kinds: ``H`` header (JSON: worker, boot, pid), ``B`` rows begun, ``A`` answers.
"""

from __future__ import annotations

import errno
import json
import os
import struct
import zlib
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path

from twain.errors import LedgerUnavailable
from twain.records import Fate, Outcome, Window, Worker

_FRAME = struct.Struct("<IIB")
_KEY = struct.Struct("<8sIQQI")
_ANSWER = struct.Struct("<IBdBH")
_HEADER, _BEGUN, _ANSWERED = b"HBA"

Key = tuple[bytes, int, int, int]
"""Run (hashed), shard, window, fence."""


@dataclass(slots=True)
class Told:
    """What a journal tells of one window."""

    begun: set[int] = field(default_factory=set)
    answers: dict[int, Outcome] = field(default_factory=dict)


def key_of(window: Window) -> Key:
    """What identifies a window in a journal."""
    return blake2b(window.run_id.encode(), digest_size=8).digest(), window.shard, window.id, window.fence


class Journal:
    """Append-only; one writer. Raises LedgerUnavailable (T711) when the file cannot be written, and then nothing was."""

    def __init__(self, worker: Worker) -> None:
        self.path = Path(worker.journal)
        self.size = 0
        self._worker = worker
        self._file = self._open(self.path)
        self._append(self._header())

    def begun(self, rows: Mapping[Key, Sequence[int]]) -> None:
        """Say that these rows of these windows are about to be handed out. On the file when it returns."""
        self._append(b"".join(_begun_record(key, some) for key, some in rows.items()))

    def answered(self, answers: Mapping[Key, Sequence[Outcome]]) -> None:
        """Keep these answers. On the file when it returns."""
        self._append(b"".join(_answer_record(key, some) for key, some in answers.items()))

    def rewrite(self, windows: Mapping[Key, Told]) -> None:
        """Forget everything but these open windows: a new file takes the old one's place in one step."""
        fresh = self.path.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        old = self._file
        self._file, self.size = self._open(fresh), 0
        try:
            self._append(self._header() + b"".join(_told_records(key, told) for key, told in windows.items()))
            fresh.replace(self.path)
        except BaseException:
            os.close(self._file)
            self._file = old
            fresh.unlink(missing_ok=True)
            raise
        os.close(old)

    def close(self, *, forget: bool) -> None:
        """End; with *forget* (every window settled) the file goes too."""
        os.close(self._file)
        if forget:
            self.path.unlink(missing_ok=True)

    def _header(self) -> bytes:
        worker = {"worker": self._worker.id, "boot": self._worker.boot_id, "pid": self._worker.pid}
        return _record(_HEADER, json.dumps(worker).encode())

    def _append(self, data: bytes) -> None:
        """Write all of *data* or, as far as readers can tell, nothing: a short write is taken back."""
        try:
            written = os.write(self._file, data)
        except OSError as error:
            raise self._unwritable(error) from error
        if written < len(data):
            os.ftruncate(self._file, self.size)
            raise self._unwritable(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
        self.size += written

    def _open(self, path: Path) -> int:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            opened = os.open(path, flags, 0o600)
        except OSError as error:
            raise self._unwritable(error) from error
        self.size = os.fstat(opened).st_size
        return opened

    def _unwritable(self, error: OSError) -> LedgerUnavailable:
        full = error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
        return LedgerUnavailable(
            f"The journal {self.path} cannot be written: {error.strerror}.",
            todo="Make room on the disk; sending has stopped before anything was lost and goes on by itself."
            if full
            else "Check the folder's rights; sending has stopped before anything was lost.",
            code="T711",
        )


def read_journal(worker: Worker, boot_id: str) -> dict[Key, Told] | None:
    """What *worker*'s journal tells, by window.

    None when it cannot be trusted to be complete: missing, another machine's, or from before a reboot.
    """
    if worker.boot_id != boot_id:
        return None
    try:
        data = Path(worker.journal).read_bytes()
    except OSError:
        return None
    told: dict[Key, Told] = {}
    known = False
    for kind, payload in _records(data):
        if kind == _HEADER:
            header = json.loads(payload)
            known = known or (header["worker"] == worker.id and header["boot"] == boot_id)
        elif kind == _BEGUN:
            _read_begun(payload, told)
        else:
            _read_answers(payload, told)
    return told if known else None


def _record(kind: int, payload: bytes) -> bytes:
    return _FRAME.pack(len(payload), zlib.crc32(payload), kind) + payload


def _begun_record(key: Key, rows: Sequence[int]) -> bytes:
    return _record(_BEGUN, _KEY.pack(*key, len(rows)) + array("I", rows).tobytes())


def _answer_record(key: Key, answers: Sequence[Outcome]) -> bytes:
    parts = [_KEY.pack(*key, len(answers))]
    reason, reply = "", ""
    lengths, words = (0, 0), b""
    for row, fate, why, said, at in answers:
        if said != reply or why != reason:  # what many are told is encoded once
            reason, reply = why, said
            encoded = why.encode()[:255], said.encode()[:65_535]
            lengths, words = (len(encoded[0]), len(encoded[1])), b"".join(encoded)
        parts += (_ANSWER.pack(row, fate, at, *lengths), words)
    return _record(_ANSWERED, b"".join(parts))


def _told_records(key: Key, told: Told) -> bytes:
    return _begun_record(key, sorted(told.begun)) + _answer_record(key, list(told.answers.values()))


def _records(data: bytes) -> Iterable[tuple[int, bytes]]:
    """Whole records from the start; the first torn or damaged one ends them."""
    place = 0
    while place + _FRAME.size <= len(data):
        length, crc, kind = _FRAME.unpack_from(data, place)
        payload = data[place + _FRAME.size : place + _FRAME.size + length]
        if len(payload) < length or zlib.crc32(payload) != crc or kind not in b"HBA":
            return
        yield kind, payload
        place += _FRAME.size + length


def _read_begun(payload: bytes, told: dict[Key, Told]) -> None:
    *key, _ = _KEY.unpack_from(payload)
    rows = array("I")
    rows.frombytes(payload[_KEY.size :])
    told.setdefault(_as_key(key), Told()).begun.update(rows)


def _read_answers(payload: bytes, told: dict[Key, Told]) -> None:
    *key, count = _KEY.unpack_from(payload)
    answers = told.setdefault(_as_key(key), Told()).answers
    place = _KEY.size
    for _ in range(count):
        row, fate, at, reason, reply = _ANSWER.unpack_from(payload, place)
        place += _ANSWER.size
        words, place = payload[place : place + reason].decode("utf-8", "replace"), place + reason
        said, place = payload[place : place + reply].decode("utf-8", "replace"), place + reply
        answers[row] = Outcome(row, Fate(fate), words, said, at)


def _as_key(parts: Sequence[object]) -> Key:
    run, shard, window, fence = parts
    assert isinstance(run, bytes)  # noqa: S101 — the struct says so
    return run, int(str(shard)), int(str(window)), int(str(fence))
