"""One contract, three stores."""

from __future__ import annotations

from contextlib import closing

import psycopg
import pytest

from tests.conftest import fresh_database
from twain.ledger.stores import open_ledger
from twain.testing.ledger_suite import LedgerContract


class TestMemory(LedgerContract):
    @pytest.fixture
    def ledger(self, clock):
        with closing(open_ledger("memory://", clock=clock)) as ledger:
            yield ledger

    @pytest.fixture
    def empty(self, clock):
        with closing(open_ledger("memory://", clock=clock)) as ledger:
            yield ledger


class TestSqlite(LedgerContract):
    @pytest.fixture
    def ledger(self, clock, tmp_path):
        with closing(open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}", clock=clock)) as ledger:
            yield ledger

    @pytest.fixture
    def empty(self, clock, tmp_path):
        with closing(open_ledger(f"sqlite:///{tmp_path / 'empty.db'}", clock=clock)) as ledger:
            yield ledger


@pytest.fixture(scope="module")
def two_databases(postgres_url):
    with fresh_database(postgres_url) as one, fresh_database(postgres_url) as other:
        yield one, other


def fresh(url):
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute("drop schema if exists twain_ledger cascade")
    return url


class TestPostgres(LedgerContract):
    @pytest.fixture
    def ledger(self, clock, two_databases):
        with closing(open_ledger(fresh(two_databases[0]), clock=clock)) as ledger:
            yield ledger

    @pytest.fixture
    def empty(self, clock, two_databases):
        with closing(open_ledger(fresh(two_databases[1]), clock=clock)) as ledger:
            yield ledger
