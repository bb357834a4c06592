"""Which files of the delivery history are worth merging: small ones often, large ones seldom.

Size-tiered compaction, as log-structured stores do it (O'Neil et al., "The log-structured merge-tree", 1996): a file is written
anew only together with at least as many rows from others. So a month in which small files never stop coming has one larger file
per doubling of its rows at most, and each row is written a few times in all, in place of once a quarter of an hour.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from twain.ledger.manifest import Entry


def worth_merging(entries: Iterable[Entry]) -> list[list[Entry]]:
    """Groups of files (of any tables and months) of which each is better one: two files or more, smallest first."""
    months: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    for entry in entries:
        months[entry.table, entry.month].append(entry)
    chosen = (_smaller(sorted(files, key=lambda e: e.rows)) for files in months.values())
    return [files for files in chosen if len(files) > 1]


def _smaller(files: list[Entry]) -> list[Entry]:
    """Those up to the last that is no larger than all before it together."""
    before, end = 0, 0
    for number, entry in enumerate(files):
        if entry.rows <= before:
            end = number + 1
        before += entry.rows
    return files[:end]
