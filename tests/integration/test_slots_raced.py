"""Many who book at once: whole or not at all, and never together more than there is, on SQLite and on PostgreSQL."""

from __future__ import annotations

import threading

import pytest

from twain.ledger.stores import open_ledger
from twain.records.slots import Slot

HOUR, MOST = 495_000, 1000.0
BOUNDS = {("channel:mail", HOUR): MOST}


def _slot(name: str, amount: float) -> Slot:
    begins = HOUR * 3600.0
    return Slot(name, name, "mail", begins, begins + 3600, int(amount), {("channel:mail", HOUR): amount}, "it", begins)


@pytest.fixture(params=["sqlite", "postgres"])
def url(request, tmp_path):
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'ledger.db'}"
    return request.getfixturevalue("postgres_database")


def test_what_is_booked_at_once_never_passes_the_limit(url):
    ledger = open_ledger(url)
    refused: list[str] = []

    def book(number: int) -> None:
        for turn in range(4):
            name = f"s{number}-{turn}"
            if ledger.book_slot(_slot(name, 90.0), BOUNDS):
                refused.append(name)

    bookers = [threading.Thread(target=book, args=(number,)) for number in range(4)]
    for one in bookers:
        one.start()
    for one in bookers:
        one.join(60)
    booked = ledger.slots()
    assert (len(booked), len(refused)) == (11, 5)  # 11 times 90 is the most that a thousand hold
    assert sum(slot.loads["channel:mail", HOUR] for slot in booked) <= MOST
    assert ledger.release_slot(booked[0].id)
    assert ledger.book_slot(_slot("later", 90.0), BOUNDS) == []
    ledger.close()
