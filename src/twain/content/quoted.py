r"""Quoted-printable (RFC 2045 §6.7) in pieces: text pre-encoded at compile time, values encoded as they come.

Every *piece* begins at the start of a wire line and leaves the next one there too: it ends in a soft break ``=\r\n`` or in
a hard line end. So pieces may be joined in any order, inside loops and conditions, and no wire line is ever longer than
76 octets. A ``.`` or ``From `` that would begin a wire line is encoded, so no dot-stuffing is needed after it
(RFC 5321 §4.5.2) and no mbox writer touches it.
"""

from __future__ import annotations

import binascii
import re

SOFT = b"=\r\n"
_ROOM = 75  # octets before the "=" of a soft break
_LITERAL = frozenset(range(33, 127)) - {61} | {9, 32}
_UNITS = tuple(bytes([n]) if n in _LITERAL else b"=%02X" % n for n in range(256))
_LINE_ENDS = re.compile(r"\r\n|\r|\n")
_RISKY_START = re.compile(rb"(?:^|\n)(?:\.|From )")

#: A value that is already its own encoding: short, printable ASCII, no "=", no dangerous start.
_plain = re.compile(r"[!-\-/-<>-EG-~][ -<>-~]{0,73}").fullmatch


def piece(text: str) -> bytes:
    """Encode constant *text* as one piece. Line ends of any kind become CRLF; lone surrogates become ``?``."""
    if not text:
        return b""
    lines = _LINE_ENDS.split(text)
    encoded = b"\r\n".join(_line(line.encode("utf-8", "replace"), hard=True) for line in lines[:-1])
    last = _line(lines[-1].encode("utf-8", "replace"), hard=False)
    return (encoded + b"\r\n" if len(lines) > 1 else b"") + (last + SOFT if last else b"")


def value(text: str) -> bytes:
    """Encode a value without its closing soft break; ``value(text) + SOFT`` is a piece (but for an empty value)."""
    if text.isascii() and _plain(text):
        return text.encode("ascii")
    if not text.isprintable() and ("\n" in text or "\r" in text):
        return _value_of_lines(text)
    data = text.encode("utf-8", "replace")
    encoded = binascii.b2a_qp(data, False, False)  # noqa: FBT003 — C function without keyword speed: quotetabs, istext
    if len(encoded) <= _ROOM:
        return _line(data, hard=False) if encoded[:1] in (b".", b"F") else encoded
    encoded = encoded.replace(b"=\n", SOFT)
    if len(encoded) - encoded.rfind(b"\n") - 1 > _ROOM or _RISKY_START.search(encoded):
        return _line(data, hard=False)  # its last line may fill the octet that our "=" needs
    return encoded


def _value_of_lines(text: str) -> bytes:
    lines = [line.encode("utf-8", "replace") for line in _LINE_ENDS.split(text)]
    encoded = [_line(line, hard=True) for line in lines[:-1]]
    return b"\r\n".join([*encoded, _line(lines[-1], hard=False)])


def _line(data: bytes, *, hard: bool) -> bytes:
    """One logical line as wire lines joined by soft breaks. *hard*: a line end follows, so no space may stand before it."""
    units = [_UNITS[n] for n in data]
    if hard and data[-1:] in (b" ", b"\t"):
        units[-1] = b"=%02X" % data[-1]
    wire: list[bytes] = []
    current: list[bytes] = []
    length = 0
    for index, unit in enumerate(units):
        encoded = unit if current else _start(data, index, unit)
        if length + len(encoded) > _ROOM:
            wire.append(b"".join(current))
            current, encoded = [], _start(data, index, unit)
            length = 0
        current.append(encoded)
        length += len(encoded)
    wire.append(b"".join(current))
    return SOFT.join(wire)


def _start(data: bytes, index: int, unit: bytes) -> bytes:
    if unit == b"." or (unit == b"F" and data[index : index + 5] == b"From "):
        return b"=%02X" % data[index]
    return unit
