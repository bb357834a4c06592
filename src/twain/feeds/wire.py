"""Frames between a reading process and its child: one byte of kind, eight bytes of length (big-endian), the payload.

JSON carries commands and answers; Arrow schemas and record batches travel as their own IPC messages, uncopied.
"""

from __future__ import annotations

import json
import os
import select
import struct
import time
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from twain.records import Scalar

COMMAND = b"C"
READY = b"R"
SCHEMA = b"S"
BATCH = b"B"
END = b"E"
FAULT = b"X"

_HEAD = struct.Struct(">cQ")
_CHUNK = 1 << 20


class Closed(Exception):
    """The other side has gone."""


class Late(Exception):
    """Nothing came before the deadline."""


def send(fd: int, kind: bytes, payload: bytes | memoryview) -> None:
    """Write one frame, whole. Raises Closed when nobody reads any more."""
    try:
        _write(fd, memoryview(_HEAD.pack(kind, len(payload))))
        _write(fd, memoryview(payload))
    except OSError as error:
        raise Closed from error


def send_json(fd: int, kind: bytes, value: Mapping[str, Any]) -> None:
    """Write one frame of JSON."""
    send(fd, kind, json.dumps(value).encode())


def receive(fd: int, deadline: float | None = None) -> tuple[bytes, bytes]:
    """The next frame: (kind, payload). *deadline* is of ``time.monotonic()``. Raises Late, or Closed at the pipe's end."""
    kind, length = _HEAD.unpack(_read(fd, _HEAD.size, deadline))
    return kind, _read(fd, length, deadline)


def _write(fd: int, rest: memoryview) -> None:
    while rest:
        rest = rest[os.write(fd, rest[:_CHUNK]) :]


def _read(fd: int, length: int, deadline: float | None) -> bytes:
    got = bytearray()
    while len(got) < length:
        _await(fd, deadline)
        piece = os.read(fd, min(length - len(got), _CHUNK))
        if not piece:
            raise Closed
        got += piece
    return bytes(got)


def _await(fd: int, deadline: float | None) -> None:
    if deadline is None:
        return
    if not select.select([fd], [], [], max(0.0, deadline - time.monotonic()))[0]:
        raise Late


def pack_scalar(value: Scalar) -> Mapping[str, Any]:
    """A bound parameter as JSON that keeps its type."""
    if isinstance(value, datetime):
        return {"datetime": value.isoformat()}
    if isinstance(value, date):
        return {"date": value.isoformat()}
    return {"plain": value}


def unpack_scalar(packed: Mapping[str, Any]) -> Scalar:
    """The bound parameter again."""
    if "datetime" in packed:
        return datetime.fromisoformat(packed["datetime"])
    if "date" in packed:
        return date.fromisoformat(packed["date"])
    value: Scalar = packed["plain"]
    return value
