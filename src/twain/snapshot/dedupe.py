"""Duplicates by address, and people taken out by our own history: decided part by part, so that memory stays flat.

Two rows are duplicates when their addresses are equal in their form for comparison. Among those still in, the *lowest key*
gets the message. Keys that are whole numbers (an optional minus, at most 18 digits) come first, by value; all others after
them, by their UTF-8 bytes; rows with the same key keep the order in which the source gave them. That is one total order, so
the answer does not depend on the order of the rows.

Whoever opted out at an address, in whichever row, has opted out for every row of that address.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from twain.snapshot.partitions import PARTS, Partitions

_WHOLE_NUMBER = r"^-?[0-9]{1,18}$"

#: Row columns of the two spills: the row's number in the stream, its key, its address for comparison, and its opt-out.
ADDRESS_COLUMNS = ("row", "key", "compared", "opted_out")
KEY_COLUMNS = ("row", "key")


class Left(IntEnum):
    """Why a row of the stream is left out of the audience; ``IN`` is not left out. Names in lower case are the reasons."""

    IN = 0
    NO_ADDRESS = 1
    INVALID = 2
    CONSENT = 3
    HISTORY = 4
    DUPLICATE = 5
    HOLDOUT = 6
    LIMIT = 7
    CAP = 8


Fates = npt.NDArray[np.uint8]
"""A :class:`Left` per row of the stream."""


def settle_duplicates(addresses: Partitions, fates: Fates) -> None:
    """Mark in *fates* every row at an address somebody opted out of, and all but the lowest key at each address."""
    for part in addresses.parts():
        _settle_part(part, fates)


def _settle_part(part: pa.Table, fates: Fates) -> None:
    rows = part.column("row").to_numpy()
    same = part.column("compared").combine_chunks().dictionary_encode().indices.to_numpy()
    opted_out = np.zeros(int(same.max()) + 1, np.bool_)
    opted_out[same[part.column("opted_out").to_numpy()]] = True
    judged = (fates[rows] == Left.IN) | (fates[rows] == Left.HISTORY)  # an opt-out is the stronger reason
    fates[rows[opted_out[same] & judged]] = Left.CONSENT
    alive = fates[rows] == Left.IN
    crowded = np.bincount(same[alive], minlength=len(opted_out)) > 1
    rivals = np.flatnonzero(alive & crowded[same])
    if len(rivals):
        losers = _all_but_lowest(same[rivals], part.column("key").take(pa.array(rivals)).combine_chunks())
        fates[rows[rivals[losers]]] = Left.DUPLICATE


def _all_but_lowest(group: npt.NDArray[np.int32], keys: pa.StringArray) -> npt.NDArray[np.int64]:
    """Positions of all rows but the one with the lowest key in each group."""
    order = np.lexsort((*_key_order(keys), group))
    ordered = group[order]
    losers: npt.NDArray[np.int64] = order[1:][ordered[1:] == ordered[:-1]]
    return losers


def _key_order(keys: pa.StringArray) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Sort keys for ``lexsort``, least significant first: rank as text, value as number, is text."""
    number = pc.match_substring_regex(keys, _WHOLE_NUMBER)
    value = pc.if_else(number, keys, "0").cast(pa.int64()).to_numpy()
    rank = pc.rank(keys.cast(pa.binary()), tiebreaker="min").to_numpy().astype(np.int64)
    is_text = ~number.to_numpy(zero_copy_only=False)
    return rank, value, is_text


# ---------------------------------------------------------------- our own history


@contextmanager
def key_set(folder: Path, keys: Iterable[pa.Array]) -> Iterator[Partitions]:
    """A set of keys on disk, from arrays of them as they are streamed."""
    with Partitions(folder, "key") as known:
        for array in keys:
            texts = array if array.type == pa.string() else array.cast(pa.string())
            known.add(pa.record_batch([texts], names=["key"]))
        known.finish()
        yield known


def settle_history(people: Partitions, known: Partitions, fates: Fates, *, negated: bool) -> None:
    """Leave out whoever's key is not in *known* (or, *negated*, is in it)."""
    for number in range(PARTS):
        part, theirs = people.part(number), known.part(number)
        if part is None:
            continue
        rows = part.column("row").to_numpy()
        found = _are_in(part.column("key"), theirs)
        fates[rows[(found == negated) & (fates[rows] == Left.IN)]] = Left.HISTORY


def _are_in(keys: pa.ChunkedArray, theirs: pa.Table | None) -> npt.NDArray[np.bool_]:
    if theirs is None:
        return np.zeros(len(keys), np.bool_)
    found: npt.NDArray[np.bool_] = pc.is_in(keys, value_set=theirs.column("key").combine_chunks()).to_numpy()
    return found
