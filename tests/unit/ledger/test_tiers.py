"""Which files of the history are merged: however long small ones keep coming, few files stay and no row is written often."""

from __future__ import annotations

import random

import pytest

from twain.ledger.manifest import Entry
from twain.ledger.tiers import worth_merging


def file(rows: int, name: str = "", month: str = "2026-11", table: str = "events") -> Entry:
    return Entry(table, name or f"{rows}", "", rows, month, 0.0, 1.0, ())


def sizes(groups: list[list[Entry]]) -> list[list[int]]:
    return [[entry.rows for entry in files] for files in groups]


@pytest.mark.parametrize(
    ("there", "merged"),
    [
        ([], []),
        ([5], []),
        ([5, 5], [[5, 5]]),
        ([10, 1_000_000, 10], [[10, 10]]),
        ([1, 10, 10, 10], [[1, 10, 10, 10]]),
        ([1, 100], []),
        ([20, 21], []),
        ([20, 21, 41], [[20, 21, 41]]),
        ([1_000, 1_000, 1_000_000], [[1_000, 1_000]]),
        ([500_000, 500_000, 1_000_000], [[500_000, 500_000, 1_000_000]]),
        ([0, 0], [[0, 0]]),
    ],
    ids=str,
)
def test_small_files_are_merged_and_a_large_one_is_left_alone(there, merged):
    assert sizes(worth_merging(file(rows, f"{n}") for n, rows in enumerate(there))) == merged


def test_months_and_tables_stay_apart():
    there = [
        file(5, f"{table}{month}{n}", month, table)
        for table in ("events", "checks")
        for month in ("a", "b")
        for n in (1, 2)
    ]
    groups = worth_merging(there)
    assert sorted((files[0].table, files[0].month, len(files)) for files in groups) == [
        ("checks", "a", 2), ("checks", "b", 2), ("events", "a", 2), ("events", "b", 2),
    ]  # fmt: skip
    assert all(len({(entry.table, entry.month) for entry in files}) == 1 for files in groups)


@pytest.mark.parametrize("seed", range(4))
def test_a_month_of_small_files_is_few_files_and_each_row_is_written_a_few_times(seed):
    chance, there, came, written, most = random.Random(seed), [], 0, 0, 0
    for number in range(20_000):
        rows = chance.randint(1, 200)
        there.append(file(rows, f"{number}"))
        came += rows
        groups = worth_merging(there)
        if sum(map(len, groups)) > 64:
            (files,) = groups
            written += sum(entry.rows for entry in files)
            there = [one for one in there if one not in files] + [file(sum(e.rows for e in files), f"merged {number}")]
        most = max(most, len(there))
    assert sum(entry.rows for entry in there) == came
    assert most <= 64 + 14  # a doubling each, from 10 000 rows to what came
    assert written / came < 6  # it was 155: the whole month, every 65 files
