"""The spool: shards of a frozen audience as encrypted Arrow files.

A file is ``TWS1``, a 12-byte nonce, and an Arrow IPC stream (LZ4) under AES-256-GCM with the run's data key. The run, the
shard's number and its rows are authenticated with it, so that no file can stand in for another. Files appear whole
(temporary file, rename), readable by Twain's user only; each attempt at a snapshot has a folder of its own, which is synced
before anybody is told of it.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
import shutil
from pathlib import Path

import pyarrow as pa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from twain.errors import LedgerError, LedgerUnavailable
from twain.records import SHARD_FIELDS, Shard

SHARD_ROWS = 10_000
_MAGIC = b"TWS1"
_NONCE = 12
_RUN_ID = re.compile(r"[a-z0-9]{1,16}")
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_LZ4 = pa.ipc.IpcWriteOptions(compression="lz4")


def begin_attempt(spool: Path, run_id: str) -> Path:
    """Make a new, empty folder (0700) for one attempt at this run's snapshot. Raises LedgerError."""
    folder = _run_folder(spool, run_id) / secrets.token_hex(4)
    try:
        spool.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.parent.mkdir(mode=0o700, exist_ok=True)
        folder.mkdir(mode=0o700)
    except OSError as error:
        raise cannot_write(folder, error) from error
    return folder


def discard(spool: Path, run_id: str) -> None:
    """Remove every file of this run from the spool: attempts that were not committed, or a run that is over."""
    shutil.rmtree(_run_folder(spool, run_id), ignore_errors=True)


def discard_attempt(folder: Path) -> None:
    """Remove one attempt's files, and the run's folder when nothing else is in it."""
    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.parent.rmdir()
    except OSError:
        return  # another attempt lies there


def write_shard(
    folder: Path,
    table: pa.Table,
    key: bytes,
    *,
    run_id: str,
    number: int,
    lane: str,
    not_before: float = 0.0,
    quiet: str = "",
) -> Shard:
    """Seal one shard into *folder*; durable only after :func:`sync_attempt`.

    *table* begins with SHARD_FIELDS and has at most 10 000 rows. Raises LedgerUnavailable when the disk is full, LedgerError
    when it cannot be written; no file is left behind then.
    """
    sealed = _seal(table, key, _context(run_id, number, table.num_rows))
    path = folder / f"{number:06d}.shard"
    try:
        _write_whole(path, sealed)
    except OSError as error:
        raise cannot_write(path, error) from error
    digest = hashlib.sha256()
    for part in sealed:
        digest.update(part)
    return Shard(run_id, number, table.num_rows, lane, str(path.absolute()), digest.hexdigest(), not_before, quiet)


def read_shard(shard: Shard, key: bytes) -> pa.Table:
    """Open one shard, verified. Raises LedgerError when it is missing, damaged, swapped, or the key is another run's."""
    try:
        sealed = Path(shard.path).read_bytes()
    except OSError as error:
        raise LedgerError(
            f"Shard {shard.number} of run {shard.run_id} cannot be read: {shard.path} ({error.strerror}).",
            todo="Check that the spool is mounted and belongs to Twain's user.",
            code="T782",
        ) from error
    if hashlib.sha256(sealed).hexdigest() != shard.sha256 or not sealed.startswith(_MAGIC):
        raise _damaged(shard, "its contents are not those that were written")
    table = _unseal(shard, memoryview(sealed), key)
    if table.num_rows != shard.rows or table.schema.names[: len(SHARD_FIELDS)] != [f.name for f in SHARD_FIELDS]:
        raise _damaged(shard, "its rows are not those of the manifest")
    return table


def _seal(table: pa.Table, key: bytes, context: bytes) -> tuple[bytes, bytes]:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=_LZ4) as writer:
        writer.write_table(table)
    nonce = secrets.token_bytes(_NONCE)
    return _MAGIC + nonce, AESGCM(key).encrypt(nonce, memoryview(sink.getvalue()).cast("B"), context)


def _unseal(shard: Shard, sealed: memoryview, key: bytes) -> pa.Table:
    body = len(_MAGIC) + _NONCE
    try:
        context = _context(shard.run_id, shard.number, shard.rows)
        plain = AESGCM(key).decrypt(sealed[len(_MAGIC) : body], sealed[body:], context)
        with pa.ipc.open_stream(pa.py_buffer(plain)) as reader:
            return reader.read_all()
    except (InvalidTag, ValueError, pa.ArrowException) as error:
        raise _damaged(shard, "it is not this shard, or the key is not its run's") from error


def _context(run_id: str, number: int, rows: int) -> bytes:
    return f"twain/shard\0{run_id}\0{number}\0{rows}".encode("ascii")


def _run_folder(spool: Path, run_id: str) -> Path:
    if _RUN_ID.fullmatch(run_id) is None:
        raise LedgerError(f"{run_id!r} is not a run's id.", todo="Run ids are 1 to 16 of a-z and 0-9.", code="T786")
    return spool / run_id


def _write_whole(path: Path, parts: tuple[bytes, ...]) -> None:
    """Write *parts* to a new file 0600 that appears whole or not at all. Raises OSError."""
    draft = path.with_suffix(".part")
    try:
        file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(file, "wb", buffering=0) as out:
            for part in parts:
                _write_all(out.fileno(), part)
        draft.rename(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise


def _write_all(file: int, part: bytes) -> None:
    left = memoryview(part)
    while left:
        left = left[os.write(file, left) :]


def sync_attempt(folder: Path) -> None:
    """Make every file of an attempt survive a power cut, before its manifest is committed. Raises LedgerError.

    All at the end, because the first sync takes most of the others' work with it.
    """
    try:
        for path in (*folder.iterdir(), folder, folder.parent, folder.parent.parent):
            _sync(path)
    except OSError as error:
        raise cannot_write(folder, error) from error


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def cannot_write(path: Path, error: OSError) -> LedgerError:
    """What a failed write into the spool means: LedgerUnavailable when room is short, LedgerError otherwise."""
    if error.errno in _FULL:
        return LedgerUnavailable(
            f"The spool's disk is full: {path} could not be written.",
            todo="Make room there, then resume; nothing was sent, and the unfinished files are removed.",
            business="The server's disk is full, so the audience could not be saved. Nothing was sent.",
            code="T781",
        )
    return LedgerError(
        f"The spool cannot be written: {path} ({error.strerror}).",
        todo="Check that the folder exists and belongs to Twain's user.",
        code="T780",
    )


def _damaged(shard: Shard, why: str) -> LedgerError:
    return LedgerError(
        f"Shard {shard.number} of run {shard.run_id} is damaged: {why} ({shard.path}).",
        todo="Restore the file from where it was copied, or cancel the run: nobody in it can be sent to.",
        code="T783",
    )
