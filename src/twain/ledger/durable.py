"""Files that are on disk when we say so: synced, renamed into place, and known by their SHA-256."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path


def settle_file(partial: Path, target: Path) -> str:
    """Put a file in its place; its SHA-256."""
    digest = file_digest(partial)
    put_in_place(partial, target)
    return digest


def put_in_place(partial: Path, target: Path) -> None:
    """Sync, rename, sync the folder: afterwards *target* is whole, whatever happens."""
    _sync(partial)
    partial.replace(target)
    _sync(target.parent)


def file_digest(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
