"""F4 and the rest of what befalls a file: a full disk, a fork, a newer schema, a folder that is none."""

from __future__ import annotations

import multiprocessing
import resource
import sqlite3
import stat
from contextlib import closing

import pytest

from twain.errors import ConfigError, LedgerError, LedgerUnavailable
from twain.ledger.stores import open_ledger
from twain.records import Fate, Lease, Window
from twain.testing.ledger_steps import FREE, a_worker, all_of, claimed, leased, send_all, sending

FORK = multiprocessing.get_context("fork")


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path / 'ledger.db'}"


def fill(url, answers):
    """Claim and settle until the disk is full; tell how far it went."""
    with closing(open_ledger(url)) as ledger:
        lease = leased(ledger)
        resource.setrlimit(resource.RLIMIT_FSIZE, (220_000, 220_000))
        sent = 0
        try:
            while True:
                window = claimed(ledger, lease, 50)
                ledger.settle(lease, window, all_of(window, Fate.SENT, reply="250 " + "x" * 190))
                sent += len(window.rows)
        except LedgerUnavailable as error:
            answers.put((sent, error.shown_code, str(error)))


def test_when_the_disk_is_full_claims_stop_and_nothing_is_lost(url):
    with closing(open_ledger(url)) as ledger:
        sending(ledger, rows=(40_000,))
        ledger.close()
        answers = FORK.Queue()
        child = FORK.Process(target=fill, args=(url, answers))
        child.start()
        sent, code, said = answers.get(timeout=60)
        child.join(timeout=10)
        assert sent > 0
        assert code in {"T710", "T711"}
        assert "space" in said
        tally = ledger.tally("r1")
        assert tally.sent == sent
        assert tally.audience == tally.sent + tally.pending == 40_000


def test_a_full_database_says_so(url, tmp_path):
    with closing(open_ledger(url)) as ledger:
        sending(ledger, rows=(100,))
        connection = ledger._driver._connections.get(None).connection
        pages = connection.execute("pragma page_count").fetchone()[0]
        connection.execute(f"pragma max_page_count = {pages}")
        links = dict.fromkeys(range(1000), "https://example.com/" + "x" * 900)
        with pytest.raises(LedgerUnavailable, match="disk is full") as error:
            ledger.remember_links("b", links)
        assert error.value.shown_code == "T711"
        ledger.close()
        assert send_all(ledger) == 100


def race(url, name, answers):
    with closing(open_ledger(url)) as ledger:
        rows = []
        while isinstance(lease := ledger.lease("r1", a_worker(name)), Lease):
            while isinstance(window := ledger.claim(lease, limit=40, pace=FREE, channel_pace=FREE), Window):
                rows += [(window.shard, row) for row in window.rows]
                ledger.settle(lease, window, all_of(window, Fate.SENT))
            ledger.release(lease)
        answers.put(rows)


def test_processes_share_a_file_and_no_row(url):
    with closing(open_ledger(url)) as ledger:
        sending(ledger, rows=(300, 300, 300, 300))
        answers = FORK.Queue()
        children = [FORK.Process(target=race, args=(url, f"w{n}", answers)) for n in range(3)]
        for child in children:
            child.start()
        rows = [row for _ in children for row in answers.get(timeout=60)]
        for child in children:
            child.join(timeout=10)
        assert len(rows) == len(set(rows)) == 1200
        assert ledger.tally("r1").sent == 1200


def claim_as_child(ledger, answers):
    lease = leased(ledger, "child")
    answers.put(claimed(ledger, lease).rows)
    ledger.close()


def test_a_ledger_survives_a_fork_on_both_sides(url):
    with closing(open_ledger(url)) as ledger:
        sending(ledger, rows=(3, 4))
        mine = leased(ledger, "parent")
        answers = FORK.Queue()
        child = FORK.Process(target=claim_as_child, args=(ledger, answers))
        child.start()
        assert answers.get(timeout=30) == (0, 1, 2, 3)
        child.join(timeout=10)
        assert child.exitcode == 0
        assert claimed(ledger, mine).rows == (0, 1, 2)


def test_the_file_is_for_its_owner_only_and_durable(url, tmp_path):
    with closing(open_ledger(url)) as ledger:
        assert stat.S_IMODE((tmp_path / "ledger.db").stat().st_mode) == 0o600
        ledger.stops()
        connection = ledger._driver._connections.get(None).connection
        assert connection.execute("pragma synchronous").fetchone()[0] == 2
        assert connection.execute("pragma journal_mode").fetchone()[0] == "wal"


def test_a_newer_schema_is_refused(url, tmp_path):
    open_ledger(url).close()
    with closing(sqlite3.connect(tmp_path / "ledger.db")) as raw:
        raw.execute("pragma user_version = 999")
    with pytest.raises(LedgerError, match="999") as error:
        open_ledger(url)
    assert error.value.shown_code == "T701"


def test_what_is_no_ledger_is_left_alone(tmp_path):
    letter = tmp_path / "letter.txt"
    letter.write_text("Dear all, " * 2000)
    with pytest.raises(LedgerUnavailable):
        open_ledger(f"sqlite:///{letter}")
    assert letter.read_text() == "Dear all, " * 2000
    with pytest.raises(LedgerUnavailable):
        open_ledger(f"sqlite:///{letter}/ledger.db")


@pytest.mark.parametrize("url", ["mysql://root@localhost/x", "sqlite://", "nonsense"])
def test_other_addresses_are_refused_in_words(url):
    with pytest.raises(ConfigError, match="cannot be kept"):
        open_ledger(url)
