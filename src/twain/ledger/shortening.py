"""The history's manifest kept as long as a month's changes: two lines at its beginning stand for all that is older.

The first says how much they stand for, the second which files were true then. Whoever reads the manifest on from a place
(:mod:`twain.ledger.news`) has a month's time for it: a *place* counts every byte there ever was, a *position* those of the file.
"""

from __future__ import annotations

import json
import math
import os
from dataclasses import dataclass
from typing import IO

_HEAD = b'{"place":'  # no other line begins so: their names stand in alphabetical order


@dataclass(frozen=True, slots=True)
class Head:
    """What a shortened manifest begins with: *size* bytes, which stand for the first *place* bytes there were. Zeros before."""

    place: int = 0
    size: int = 0

    def place_of(self, position: int) -> int:
        """The place of a byte of the file; what stands in the head counts as its end."""
        return self.place + max(0, position - self.size)

    def position_of(self, place: int) -> int:
        """Where a place is now; of what was shortened, the end of the head."""
        return self.size + max(0, place - self.place)


def read_head(file: IO[bytes]) -> Head:
    """The head of an open manifest, which is at any position afterwards."""
    file.seek(0)
    if file.read(len(_HEAD)) != _HEAD:
        return Head()
    file.seek(0)
    first = file.readline()
    told = json.loads(first)
    return Head(told["place"], len(first) + told["skip"])


def head_lines(place: int, at: float, summary: bytes) -> list[bytes]:
    """The two lines; *summary*, the second, is a change that adds everything that is true at *place*."""
    return [_HEAD + f' {place}, "skip": {len(summary)}, "add": [], "at": {at!r}, "remove": []}}\n'.encode(), summary]


def older_than(file: IO[bytes], since: float) -> int:
    """The position of the first line that was written at *since* or later; lines stand in the order of their times."""
    low, high = read_head(file).size, os.fstat(file.fileno()).st_size
    while low < high:  # every line before low is older, every line that begins at high or behind it is not
        middle = (low + high) // 2
        start = _line_from(file, middle, low)
        line = file.readline() if start < high else b""
        if not line:
            high = middle
        elif _written(line) >= since:
            high = start
        else:
            low = start + len(line)
    return low


def _line_from(file: IO[bytes], position: int, low: int) -> int:
    """Where the first line begins that begins at *position* or behind it; one begins at *low*."""
    file.seek(max(low, position - 1))
    if position > low:
        file.readline()
    return file.tell()


def _written(line: bytes) -> float:
    """When; what a crash has torn is as good as new, and stays."""
    try:
        return float(json.loads(line)["at"])
    except ValueError:
        return math.inf
