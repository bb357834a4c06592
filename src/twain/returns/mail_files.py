"""Mails out of files: one mail, an mbox, a Maildir, a folder of ``.eml`` files. Read only; nothing is changed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from twain.returns.mail_parts import MAX_BYTES

_LINE = 1 << 16


def read_mails(path: Path) -> Iterator[bytes]:
    """Every mail there is, at most ``MAX_BYTES`` of each. Raises OSError when *path* cannot be read."""
    if path.is_dir():
        for file in _files(path):
            with file.open("rb") as opened:
                yield opened.read(MAX_BYTES)
        return
    with path.open("rb") as opened:
        yield from _mbox(opened) if opened.peek(5)[:5] == b"From " else iter((opened.read(MAX_BYTES),))


def read_stream(stream: BinaryIO) -> bytes:
    """One mail from a pipe. All of it is taken, so that whoever writes is not broken off; ``MAX_BYTES`` are kept."""
    kept = stream.read(MAX_BYTES)
    while stream.read(_LINE):
        pass
    return kept


def _files(folder: Path) -> list[Path]:
    maildir = (folder / "new").is_dir() and (folder / "cur").is_dir()
    folders = [folder / "new", folder / "cur"] if maildir else [folder]
    found = [Path(entry.path) for one in folders for entry in os.scandir(one) if entry.is_file(follow_symlinks=False)]
    return sorted(file for file in found if not file.name.startswith("."))


def _mbox(opened: BinaryIO) -> Iterator[bytes]:
    """RFC 4155: a mail begins with a line ``From `` after an empty one; ``>From `` in it is taken back."""
    lines: list[bytes] = []
    size, empty = 0, True
    while line := opened.readline(_LINE):
        if empty and line.startswith(b"From "):
            if lines:
                yield b"".join(lines)
            lines, size = [], 0
        elif size < MAX_BYTES:
            lines.append(line[1:] if line.startswith(b">From ") else line)
            size += len(line)
        empty = line in (b"\n", b"\r\n")
    if lines:
        yield b"".join(lines)
