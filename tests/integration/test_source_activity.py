"""What we cost a PostgreSQL of the company's, as it says itself: our connections, and how long their queries run."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import psycopg
import pytest

from tests.conftest import make_reader
from twain.demo.start import copy_workspace
from twain.feeds.activity import seen_by
from twain.feeds.reading import open_source
from twain.feeds.slots import slot
from twain.flows.instance import Instance, open_instance
from twain.flows.load import asked_load
from twain.records import Limits, Stop, Tag
from twain.settings import SourceSettings


@pytest.fixture
def shop(postgres_database: str) -> SourceSettings:
    with psycopg.connect(postgres_database, autocommit=True) as owner:
        owner.execute("CREATE TABLE people (key bigint PRIMARY KEY)")
        url = make_reader(owner, postgres_database, "people")
    return SourceSettings("shop", "postgres", {"url": url}, max_connections=3)


@contextmanager
def running(url: str, application: str, admin: str) -> Iterator[None]:
    """A query that runs until the end of the block; begun when the server says so."""
    connection = psycopg.connect(url, autocommit=True, application_name=application)

    def query() -> None:
        with pytest.raises(psycopg.errors.QueryCanceled):
            connection.execute("SELECT pg_sleep(300)")

    thread = threading.Thread(target=query)
    thread.start()
    asked = "SELECT count(*) FROM pg_stat_activity WHERE pid = %s AND state = 'active' AND query LIKE '%%pg_sleep%%'"
    with psycopg.connect(admin, autocommit=True) as server:
        while server.execute(asked, [connection.info.backend_pid]).fetchone() == (0,):
            assert thread.is_alive()
    try:
        yield
    finally:
        connection.cancel_safe()
        thread.join(30)
        connection.close()


def test_a_session_of_ours_is_seen_with_its_name(shop):
    assert seen_by(shop) == ()
    with open_source(shop, {}).session(Tag("spring", "lena", "send"), Limits(timeout_seconds=60)):
        (one,) = seen_by(shop)
        assert one.application == "twain send spring lena"
        assert one.open > 0
        assert one.running is None  # it waits for us
    assert seen_by(shop) == ()


def test_a_query_that_runs_shows_how_long(shop, postgres_database):
    with running(shop.options["url"], "twain send spring lena", postgres_database):
        (first,) = seen_by(shop)
        (second,) = seen_by(shop)
    assert 0 <= first.running < second.running <= second.open


def test_what_is_not_ours_is_not_counted(shop, postgres_database):
    with (
        psycopg.connect(shop.options["url"], application_name="psql"),
        psycopg.connect(shop.options["url"], application_name="twain ledger"),
        psycopg.connect(postgres_database, application_name="twain send other somebody"),
    ):
        assert seen_by(shop) == ()


def test_looking_keeps_to_the_connections_that_it_allows(shop):
    one = replace(shop, max_connections=1)
    with slot(one, 0.0, "twain send"):
        assert seen_by(one) is None
    assert seen_by(one) == ()


def test_a_database_that_does_not_answer_or_cannot_say(shop, tmp_path):
    away = replace(shop, options={"url": f"postgresql://nobody@/none?host={tmp_path}"})
    assert seen_by(away) is None
    assert seen_by(SourceSettings("shop", "duckdb", {"path": "x"})) is None


@pytest.fixture
def instance(tmp_path, shop) -> Iterator[Instance]:
    copy_workspace(tmp_path)
    with open_instance(tmp_path) as opened:
        settings = replace(opened.settings, sources={"shop": shop})
        yield replace(opened, workspace=replace(opened.workspace, settings=settings))


def test_the_load_is_the_databases_own_where_it_may_be_asked(instance, shop, postgres_database):
    with running(shop.options["url"], "twain send spring lena", postgres_database):
        load = asked_load(instance, "shop")
    assert (load.by_database, load.connections, load.allowed) == (True, 1, 3)
    assert load.longest == load.queries[0].running > 0


def test_while_reads_are_stopped_nobody_is_asked(instance, shop, postgres_database):
    with running(shop.options["url"], "twain send spring lena", postgres_database):
        instance.ledger.set_stop(Stop("source:shop", "priya", "index rebuild", 0.0))
        load = asked_load(instance, "shop")
    assert (load.by_database, load.connections, load.longest) == (False, 0, None)
