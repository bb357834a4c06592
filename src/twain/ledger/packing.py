"""How a window is kept in one row: its rows' numbers, one byte per fate, and everything else compressed together."""

from __future__ import annotations

import zlib
from array import array
from collections.abc import Sequence

from twain.records import Outcome

UNSENT = 0  # the fate byte of a row that goes back to be claimed again

_TIME_BASE = 8  # bytes of the first time, in front of the offsets
_NOTHING = (0, 0, "", "", 0.0)  # an unsent row's outcome
_NEVER = -1.0  # the offset of a row that has no time


def pack_rows(rows: Sequence[int]) -> bytes | None:
    """Row numbers as 32-bit integers, or None when they are simply consecutive."""
    return None if is_consecutive(rows) else array("I", rows).tobytes()


def is_consecutive(rows: Sequence[int]) -> bool:
    """Whether each row is the one after the row before it. The ends alone do not tell: 0, 2, 1, 3 is not."""
    return tuple(rows) == tuple(range(rows[0], rows[0] + len(rows)))


def unpack_rows(first: int, count: int, packed: bytes | None) -> tuple[int, ...]:
    """The inverse of ``pack_rows``."""
    return tuple(range(first, first + count)) if packed is None else tuple(array("I", bytes(packed)))


def pack_attempts(attempts: Sequence[int]) -> bytes | None:
    """Earlier deferrals per row as 16-bit integers, or None when there are none."""
    return array("H", attempts).tobytes() if any(attempts) else None


def unpack_attempts(count: int, packed: bytes | None) -> tuple[int, ...]:
    """The inverse of ``pack_attempts``."""
    return (0,) * count if packed is None else tuple(array("H", bytes(packed)))


def pack_detail(outcomes: Sequence[Outcome | None]) -> bytes:
    """Times, reasons and replies of a window's rows, in its order; None for an unsent row.

    Times are 32-bit offsets from the first one: within an hour they are good to a millisecond.
    """
    _, _, reasons, replies, times = zip(*[o or _NOTHING for o in outcomes], strict=True)
    base = min(times) or min(filter(None, times), default=0.0)
    offsets = array("f", [t - base if t else _NEVER for t in times])
    text = f"{_joined(reasons)}\x00{_joined(replies)}".encode("utf-8", "replace")
    return array("d", [base]).tobytes() + offsets.tobytes() + zlib.compress(text, 1)


def unpack_detail(count: int, packed: bytes) -> tuple[list[float], list[str], list[str]]:
    """Times, reasons and replies: the inverse of ``pack_detail``."""
    end = _TIME_BASE + 4 * count
    base = array("d", packed[:_TIME_BASE])[0]
    times = [base + offset if offset != _NEVER else 0.0 for offset in array("f", packed[_TIME_BASE:end])]
    reasons, replies = zlib.decompress(packed[end:]).decode("utf-8").split("\x00")
    return times, reasons.split("\n"), replies.split("\n")


def _joined(words: Sequence[str]) -> str:
    """One line per word. A word that holds our separators (no cleaned reply does) loses them."""
    text = "\n".join(words)
    if text.count("\n") != len(words) - 1 or "\x00" in text:
        text = "\n".join(word.replace("\n", " ").replace("\x00", " ") for word in words)
    return text
