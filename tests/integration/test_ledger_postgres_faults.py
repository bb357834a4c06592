"""F3: the ledger's Postgres is killed in the middle of a send, and comes back."""

from __future__ import annotations

import shutil
import signal
import tempfile
from contextlib import closing
from pathlib import Path

import psutil
import psycopg
import pytest

from tests.conftest import _start, fresh_database
from twain.errors import LedgerError, LedgerUnavailable
from twain.ledger.stores import open_ledger
from twain.records import Fate
from twain.testing.ledger_steps import FREE, all_of, claimed, leased, send_all, sending


@pytest.fixture(scope="module")
def server():
    folder = Path(tempfile.mkdtemp(prefix="twain-pg-"))
    folder.chmod(0o755)
    server = _start(folder / "data")
    yield server
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


def kill(server):
    """As a crash would: no checkpoint, no good-bye."""
    postmaster = psutil.Process(server.get_pid())
    postmaster.send_signal(signal.SIGQUIT)
    postmaster.wait(timeout=30)


def test_calls_fail_while_it_is_gone_and_go_on_by_themselves_after(server):
    with closing(open_ledger(server.get_uri())) as ledger:
        sending(ledger, rows=(1000,))
        lease = leased(ledger, seconds=600.0)
        first, second = claimed(ledger, lease, 100), claimed(ledger, lease, 100)
        ledger.settle(lease, first, all_of(first, Fate.SENT))
        kill(server)
        for asked in (
            lambda: ledger.claim(lease, limit=5, pace=FREE, channel_pace=FREE),
            lambda: ledger.settle(lease, second, all_of(second, Fate.SENT)),
            lambda: ledger.tally("r1"),
        ):
            with pytest.raises(LedgerUnavailable) as error:
                asked()
            assert "postgres:" not in str(error.value)
        server.ensure_postgres_running()
        ledger.settle(lease, second, all_of(second, Fate.SENT))
        assert claimed(ledger, lease, 10).rows == tuple(range(200, 210))
        ledger.release(lease)
        orphaned = leased(ledger, "w2")
        ledger.settle(orphaned, orphaned.orphans[0], [], unsent=orphaned.orphans[0].rows)
        ledger.release(orphaned)
        send_all(ledger, name="w3")
        tally = ledger.tally("r1")
        assert (tally.sent, tally.pending) == (1000, 0)


def test_a_connection_that_was_cut_is_replaced_without_a_word(postgres_url):
    with fresh_database(postgres_url) as url, closing(open_ledger(url)) as ledger:
        sending(ledger, rows=(10,))
        lease = leased(ledger)
        cut_all(url)
        assert claimed(ledger, lease, 4).rows == (0, 1, 2, 3)


def cut_all(url):
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'twain ledger'")


class Cut:
    """A cursor whose connection breaks right after a chosen statement has done its work."""

    def __init__(self, cursor, url, at):
        self._cursor, self._url, self._at = cursor, url, at

    def execute(self, query, *values):
        result = self._cursor.execute(query, *values)
        if query == self._at:
            cut_all(self._url)
            raise psycopg.OperationalError("the line broke")
        return result

    def __getattr__(self, name):
        return getattr(self._cursor, name)


def test_a_claim_whose_commit_was_in_doubt_is_handed_out_by_the_next_call(postgres_url):
    with fresh_database(postgres_url) as url, closing(open_ledger(url)) as ledger:
        sending(ledger, rows=(10,))
        lease = leased(ledger)
        session = ledger._driver._session()
        session.cursor = Cut(session.cursor, url, "commit")
        with pytest.raises(LedgerUnavailable):
            ledger.claim(lease, limit=4, pace=FREE, channel_pace=FREE)
        again = claimed(ledger, lease, 6)
        assert again.rows == (0, 1, 2, 3)
        assert claimed(ledger, lease).rows == (4, 5, 6, 7, 8, 9)


def test_a_settlement_whose_commit_was_in_doubt_can_be_repeated(postgres_url):
    with fresh_database(postgres_url) as url, closing(open_ledger(url)) as ledger:
        sending(ledger, rows=(10,))
        lease = leased(ledger)
        window = claimed(ledger, lease)
        session = ledger._driver._session()
        session.cursor = Cut(session.cursor, url, "commit")
        with pytest.raises(LedgerUnavailable):
            ledger.settle(lease, window, all_of(window, Fate.SENT))
        ledger.settle(lease, window, all_of(window, Fate.SENT))
        assert ledger.tally("r1").sent == 10


def test_a_newer_schema_is_refused(postgres_url):
    with fresh_database(postgres_url) as url:
        open_ledger(url).close()
        with psycopg.connect(url, autocommit=True) as admin:
            admin.execute("insert into twain_ledger.schema_version values (999)")
        with pytest.raises(LedgerError, match="999") as error:
            open_ledger(url)
        assert error.value.shown_code == "T701"


def test_nobody_there_is_said_without_the_password():
    with pytest.raises(LedgerUnavailable) as error:
        open_ledger("postgresql://twain:s3cret-canary@127.0.0.1:9/ledger")
    assert "s3cret-canary" not in f"{error.value!s}{error.value!r}"
