"""Suppressions as files: read from CSV with the exact line of each problem, written so that no cell can act as a formula.

A file to read has a heading with ``address`` (or ``email``) or, from an export of ours, ``address_hash``; ``reason`` and ``at``
are taken over when they are there, and so are ``scope`` (``all``, ``channel:<name>``, ``topic:<name>``), ``until`` (the end of a
pause) and ``own`` (``yes``: the person's own wish, theirs to take back). A file without any heading is read as one address to a
line. It is read as a stream, with limits on its size, its lines and their number, so that no upload can fill the memory.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import BinaryIO, Literal, TextIO

from twain.errors import Place
from twain.records import Problem, Suppression

MAX_BYTES = 1 << 30
MAX_LINE = 10_000
HEADING = ("address_hash", "reason", "origin", "at", "scope", "until", "own")
_ADDRESS = frozenset({"address", "email", "e-mail", "e_mail", "mail", "email_address", "address_hash"})
_PACKED = (b"\x1f\x8b", b"PK\x03\x04", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd", b"7z\xbc\xaf")
_FORMULA = re.compile(r"^\s*[=+\-@|%＝＋－＠]")  # the wide ones start formulas too, where people write Japanese
_SCOPE = re.compile(r"all|(?:channel|topic):[^\s:\x00-\x1f\x7f][^:\x00-\x1f\x7f]{0,79}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")

SCOPES = "Write all, channel:<name> or topic:<name>."

HashOf = Callable[[str], bytes | None]
"""An address as somebody wrote it → its 32-byte HMAC; None when it is not an address."""


@dataclass(frozen=True, slots=True)
class _File:
    name: str
    hash_of: HashOf
    reason: str
    origin: str
    at: float


def read_suppressions(
    file: BinaryIO, *, name: str, hash_of: HashOf, reason: str, origin: str, at: float
) -> Iterator[Suppression | Problem]:
    """Each good line as a Suppression, each bad one as a Problem with its line; lazily.

    *reason* and *at* (epoch seconds) hold where the file does not say. A packed or too large file (T130) or an endless line
    (T133) ends the reading; any other problem (T131 not UTF-8, T132 not CSV, T134 no address, T135 no time, T862 no scope) is
    one line's.
    """
    known = _File(name, hash_of, reason, origin, at)
    heading: Mapping[str, int] | None = None
    for number, cells in _rows(file, name):
        if isinstance(cells, Problem):
            yield cells
            continue
        if heading is None:
            heading = _heading(cells)
            if heading is not None:
                continue
            heading = {"address": 0}
        if any(cell.strip() for cell in cells):
            yield _suppression(known, number, cells, heading)


def write_suppressions(out: TextIO, suppressions: Iterable[Suppression]) -> int:
    """Write them as CSV (RFC 4180): hash in hex, reason, origin, time in ISO 8601 UTC, scope, end, whose. Returns how many."""
    writer, count = csv.writer(out), 0
    writer.writerow(HEADING)
    for entry in suppressions:
        ends = "" if entry.until is None else _written(entry.until)
        told = [entry.address_hash.hex(), harmless(entry.reason), harmless(entry.origin), _written(entry.at)]
        writer.writerow([*told, harmless(entry.scope), ends, "yes" if entry.own else ""])
        count += 1
    return count


def is_scope(text: str) -> bool:
    """Whether a text says what a suppression is for: ``all``, ``channel:<name>`` or ``topic:<name>``."""
    return _SCOPE.fullmatch(text) is not None


def _written(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")


def harmless(cell: str) -> str:
    """The cell as text to any spreadsheet: an apostrophe before what would start a formula, control characters out."""
    plain = _CONTROL.sub(" ", cell)
    return f"'{plain}" if _FORMULA.match(plain) else plain


# ---------------------------------------------------------------- lines


def _rows(file: BinaryIO, name: str) -> Iterator[tuple[int, list[str] | Problem]]:
    delimiter = ""
    for number, line in _lines(file, name):
        if isinstance(line, Problem):
            yield number, line
            continue
        delimiter = delimiter or (";" if ";" in line and "," not in line else ",")
        try:
            yield number, next(csv.reader([line], strict=True, delimiter=delimiter))
        except (csv.Error, StopIteration) as error:
            said = str(error) or "empty"
            yield (
                number,
                _problem(name, number, "T132", f"The line is not CSV ({said})", "Close every quote on its line."),
            )


def _lines(file: BinaryIO, name: str) -> Iterator[tuple[int, str | Problem]]:
    """Numbered lines that are not blank; a Problem in the place of one that can't be read."""
    read, number = 0, 0
    while raw := file.readline(MAX_LINE + 1):
        number += 1
        read += len(raw)
        end = _ends_file(name, number, raw, read)
        if end is not None:
            yield number, end
            return
        if len(raw) > MAX_LINE:
            yield number, _problem(name, number, "T133", f"The line is longer than {MAX_LINE} bytes", "Cut it.")
            return
        text = _decoded(raw)
        if text is None:
            yield number, _problem(name, number, "T131", "The line is not UTF-8 text", "Save the file as CSV UTF-8.")
        elif text.strip():
            yield number, text


def _ends_file(name: str, number: int, raw: bytes, read: int) -> Problem | None:
    if number == 1 and raw.startswith(_PACKED):
        return _problem(
            name, None, "T130", "The file is packed or a spreadsheet", "Unpack it, or save it as CSV UTF-8."
        )
    if read > MAX_BYTES:
        return _problem(name, number, "T130", f"The file is larger than {MAX_BYTES >> 20} MB", "Split it.")
    return None


def _decoded(raw: bytes) -> str | None:
    try:
        text = raw.decode("utf-8-sig" if raw.startswith(b"\xef\xbb\xbf") else "utf-8")
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text.rstrip("\r\n")


def _heading(cells: list[str]) -> Mapping[str, int] | None:
    """Column places by name when this first row is a heading."""
    names = [cell.strip().lower() for cell in cells]
    return {n: i for i, n in reversed(list(enumerate(names)))} if _ADDRESS.intersection(names) else None


def _suppression(known: _File, number: int, cells: list[str], heading: Mapping[str, int]) -> Suppression | Problem:
    column = next((n for n in ("address_hash", *sorted(_ADDRESS)) if n in heading), "address")
    value = _cell(cells, heading, column)
    digest = _unhex(value) if column == "address_hash" else known.hash_of(value)
    if digest is None:
        shown = harmless(value)[:80]
        todo = "Correct or remove the line; all others are taken over."
        return _problem(known.name, number, "T134", f"{shown!r} is not an address", todo)
    at = _moment(_cell(cells, heading, "at"), known.at)
    until = _moment(ends, 0.0) if (ends := _cell(cells, heading, "until")) else None
    if at is None or (ends and until is None):
        return _problem(known.name, number, "T135", "The time is not ISO 8601", "Write it like 2026-05-01T12:00:00Z.")
    scope = _as_written(_cell(cells, heading, "scope")) or "all"
    if not is_scope(scope):
        return _problem(known.name, number, "T862", f"{harmless(scope)[:80]!r} is not a scope", SCOPES)
    reason = _CONTROL.sub(" ", _as_written(_cell(cells, heading, "reason")))[:200] or known.reason
    own = _cell(cells, heading, "own").lower() == "yes"
    return Suppression(digest, reason, known.origin, at, scope=scope, until=until, own=own)


def _cell(cells: list[str], heading: Mapping[str, int], name: str) -> str:
    place = heading.get(name)
    return cells[place].strip() if place is not None and place < len(cells) else ""


def _as_written(text: str) -> str:
    """The text as it was before :func:`harmless`."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text[1:]) else text


def _unhex(text: str) -> bytes | None:
    try:
        raw = bytes.fromhex(text)
    except ValueError:
        return None
    return raw if len(raw) == 32 else None


def _moment(text: str, otherwise: float) -> float | None:
    if not text:
        return otherwise
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _problem(
    name: str, line: int | None, code: str, what: str, todo: str, severity: Literal["error"] = "error"
) -> Problem:
    return Problem(severity, code, f"{what}.", todo, Place(name, line))
