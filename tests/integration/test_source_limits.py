"""What only a real engine shows: who is seen in the server, what is left running, how much memory a long stream takes."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from contextlib import closing
from datetime import datetime

import duckdb
import psutil
import psycopg
import pytest

from tests.conftest import READER_PASSWORD, fresh_database, make_reader, with_parts
from twain.errors import ConfigError, SourceBusy, SourceError, SourceLimit, SourceUnavailable, TwainError
from twain.feeds import reading
from twain.feeds.reading import Reading, open_source
from twain.records import Column, Limits, Statement, Tag
from twain.settings import SourceSettings
from twain.testing.source_suite import SLOW, TAG, feed, opened

N = Column("n", "integer")


@pytest.fixture(scope="module")
def server(postgres_url):
    with fresh_database(postgres_url) as url, psycopg.connect(url, autocommit=True) as owner:
        owner.execute(
            "CREATE SCHEMA inner_data; CREATE TYPE inner_data.tier AS ENUM ('gold', 'silver');"
            "CREATE TABLE inner_data.people AS SELECT i::bigint AS id, 'n' || i AS name, gen_random_uuid() AS token,"
            " 'gold'::inner_data.tier AS tier, timestamp '2024-07-01 12:00' AS local FROM generate_series(1, 100) i;"
            "CREATE TABLE inner_data.numbers AS SELECT i AS n FROM generate_series(1, 3000) i;"
            "CREATE VIEW people AS SELECT * FROM inner_data.people; CREATE VIEW numbers AS SELECT * FROM inner_data.numbers;"
            "ANALYZE inner_data.people; ANALYZE inner_data.numbers"
        )
        yield owner, make_reader(owner, url, "people", "numbers"), url


def settings(url, **more):
    return SourceSettings("shop", "postgres", {"url": url}, **more)


def ask(sql, *columns, dialect="postgres", **params):
    return Statement(sql, params, dialect, columns or (N,))


def activity(owner, pid=None):
    rows = owner.execute(
        "SELECT application_name, query, state, pid FROM pg_stat_activity WHERE usename LIKE 'reader%'"
    ).fetchall()
    return [row for row in rows if pid is None or row[3] == pid]


def eventually(true, seconds=10.0):
    """Wait for another process to be seen doing something."""
    deadline, pause = time.monotonic() + seconds, threading.Event()
    while not (found := true()) and time.monotonic() < deadline:
        pause.wait(0.02)
    return found


# ------------------------------------------------------------ Postgres


def test_it_sees_who_reads_for_which_campaign(server):
    owner, reader, _ = server
    tag = Tag("spring */ DROP TABLE x; --\n", "priya@example.com", "send")
    with opened(settings(reader)).session(tag, Limits()) as session:
        stream = session.stream(ask("SELECT a.n FROM numbers a, numbers b, numbers c"))
        with closing(stream):
            next(stream)
            [(name, query, _, _)] = activity(owner)
    assert name.startswith("twain send spring-DROP-TABLE-x-")
    assert len(name) <= 63
    assert "/* twain campaign=spring-DROP-TABLE-x---- person=priya@example.com purpose=send */" in query


@pytest.mark.parametrize("way", ["cancel", "kill"])
def test_nothing_keeps_running_in_the_server(server, way):
    owner, reader, _ = server
    with opened(settings(reader)).session(TAG, Limits()) as session:
        stream = session.stream(ask("SELECT a.n FROM numbers a, numbers b, numbers c"))
        next(stream)
        assert activity(owner)
        if way == "kill":
            psutil.Process(session.child.pid).kill()
            with pytest.raises(SourceUnavailable):
                list(stream)
        stream.close()
        assert eventually(lambda: not activity(owner))


def test_a_count_that_never_answers_leaves_the_server_too_when_its_child_is_killed(server):
    owner, reader, _ = server
    with opened(settings(reader)).session(TAG, Limits()) as session:
        child = psutil.Process(session.child.pid)

        def kill_when_it_runs():
            eventually(lambda: any(state == "active" for _, _, state, _ in activity(owner)))
            child.kill()

        killer = threading.Thread(target=kill_when_it_runs)
        killer.start()
        with pytest.raises(SourceUnavailable):
            session.table(ask(SLOW))
        killer.join()
        assert eventually(lambda: not activity(owner))  # client_connection_check_interval


def test_a_frozen_child_is_killed_by_its_parent(server):
    _, reader, _ = server
    with opened(settings(reader)).session(TAG, Limits(timeout_seconds=0.5)) as session:
        process = psutil.Process(session.child.pid)
        process.suspend()
        began = time.monotonic()
        with pytest.raises(SourceLimit):
            session.table(ask("SELECT COUNT(*) FROM people"))
        assert time.monotonic() - began < 6.0
        assert not process.is_running()


def test_enums_uuids_and_naive_moments_read_as_the_contract_says(server):
    _, reader, _ = server
    berlin = opened(settings(reader, time_zone="Europe/Berlin"))
    columns = (Column("token", "string"), Column("tier", "string"), Column("local", "timestamp"))
    with berlin.session(TAG, Limits()) as session:
        sql = "SELECT token, tier, local FROM people WHERE tier = %(p0)s AND id = %(p1)s"
        [row] = session.table(ask(sql, *columns, p0="gold", p1=1)).to_pylist()
        assert (len(row["token"]), row["tier"], row["local"].isoformat()) == (36, "gold", "2024-07-01T10:00:00+00:00")
        again = ask("SELECT COUNT(*) FROM people WHERE token = %(p0)s", p0=row["token"])
        assert session.table(again).to_pylist() == [{"n": 1}]


def test_the_planner_s_cost_is_shown_and_can_be_capped(server):
    _, reader, _ = server
    heavy, light = ask("SELECT a.n FROM numbers a, numbers b"), ask("SELECT COUNT(*) FROM people")
    with opened(settings(reader, max_cost=1000.0)).session(TAG, Limits()) as session:
        assert 0 < session.cost(light) < 1000 < session.cost(heavy)
        assert session.table(light).num_rows == 1
        with pytest.raises(SourceLimit) as caught:
            list(session.stream(heavy))
        assert caught.value.shown_code == "T324"


def test_a_superuser_s_login_is_refused(server):
    _, _, url = server
    with pytest.raises(SourceError) as caught, opened(settings(url)).session(TAG, Limits()):
        pass
    assert caught.value.shown_code == "T304"
    assert "SELECT on the feeds' views" in caught.value.todo
    demo = SourceSettings("shop", "postgres", {"url": url, "allow_superuser": "demo"})
    with opened(demo).session(TAG, Limits()) as session:
        assert session.table(ask("SELECT COUNT(*) FROM people")).to_pylist() == [{"n": 100}]


def test_a_column_dropped_between_two_sends_is_a_changed_schema(server):
    owner, reader, _ = server
    owner.execute(
        "CREATE TABLE inner_data.shoes (n INT, size INT); CREATE VIEW shoes AS SELECT * FROM inner_data.shoes"
    )
    owner.execute("GRANT SELECT ON shoes TO PUBLIC")
    source = open_source(settings(reader), {"shoes": feed("shoes", "shop")})
    with source.session(TAG, Limits()) as session:
        assert session.table(ask("SELECT size FROM shoes")).num_rows == 0
    owner.execute("DROP VIEW shoes; CREATE VIEW shoes AS SELECT n FROM inner_data.shoes")
    with source.session(TAG, Limits()) as session, pytest.raises(SourceError) as caught:
        session.table(ask("SELECT size FROM shoes"))
    assert caught.value.shown_code == "T301"
    owner.execute("DROP VIEW shoes; DROP TABLE inner_data.shoes")


def test_a_table_locked_by_a_migration_is_said_to_be_locked(server):
    _, reader, url = server
    with psycopg.connect(url) as migration:
        migration.execute("LOCK TABLE inner_data.people IN ACCESS EXCLUSIVE MODE")
        with opened(settings(reader)).session(TAG, Limits(timeout_seconds=0.8)) as session:
            with pytest.raises(TwainError) as caught:
                session.table(ask("SELECT COUNT(*) FROM people"))
            assert caught.value.shown_code in {"T311", "T321"}
            assert caught.value.business != caught.value.what
        migration.rollback()


def test_a_connection_ended_by_it_is_unavailable_and_the_next_one_works(server):
    owner, reader, _ = server
    source = opened(settings(reader))
    with source.session(TAG, Limits()) as session:
        owner.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename LIKE 'reader%'")
        with pytest.raises(SourceUnavailable):
            session.table(ask("SELECT COUNT(*) FROM people"))
    with source.session(TAG, Limits()) as session:
        assert session.table(ask("SELECT COUNT(*) FROM people")).to_pylist() == [{"n": 100}]


def test_no_error_shows_a_secret(server):
    _, reader, _ = server
    wrong = (
        with_parts(reader, host="/nowhere"),
        with_parts(reader, user="nobody"),
        with_parts(reader, dbname="no_such_db"),
        f"postgresql://reader:{READER_PASSWORD}@[bad/x?host",
        f"host=/nowhere user=x password={READER_PASSWORD}",
        f"nonsense {READER_PASSWORD}",
    )
    for url in wrong:
        source = opened(settings(url))
        with pytest.raises(TwainError) as caught, source.session(TAG, Limits()):
            pass
        shown = (
            f"{caught.value} {caught.value!r} {caught.value.business} {caught.value.todo} {source!r} {settings(url)!r}"
        )
        assert READER_PASSWORD not in shown
        assert "/nowhere" not in shown


def test_neither_the_command_line_nor_the_environment_of_the_child_holds_a_secret(server, monkeypatch):
    _, reader, _ = server
    monkeypatch.setenv("SHOP_URL", reader)
    with opened(settings(reader)).session(TAG, Limits()) as session:
        process = psutil.Process(session.child.pid)
        assert READER_PASSWORD not in " ".join(process.cmdline())
        assert READER_PASSWORD not in repr(process.environ())


# ------------------------------------------------------------ limits that need no server


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    path = tmp_path_factory.mktemp("large") / "shop.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute("CREATE TABLE people AS SELECT i AS id, 'customer number ' || i AS name FROM range(1500000) r (i)")
        con.execute("CREATE TABLE numbers AS SELECT i AS n FROM range(3000) r (i)")
    return SourceSettings("shop", "duckdb", {"path": str(path)})


def test_a_long_stream_takes_no_more_memory_than_a_short_one(large):
    columns = (Column("id", "integer"), Column("name", "string"))
    own = psutil.Process()
    with opened(large).session(TAG, Limits()) as session:
        child = psutil.Process(session.child.pid)
        rows, seen = 0, []
        for batch in session.stream(ask("SELECT id, name FROM people", *columns, dialect="duckdb")):
            rows += batch.num_rows
            seen.append((own.memory_info().rss + child.memory_info().rss) >> 20)
    assert rows == 1_500_000
    tenth = len(seen) // 10
    assert max(seen) - seen[tenth] < 60  # megabytes, while 90 % of the rows passed


def test_memory_beyond_the_limit_is_refused(large):
    sql = "SELECT COUNT(*) FROM (SELECT name, id FROM people GROUP BY name, id HAVING COUNT(*) > 0) q"
    small = SourceSettings("shop", "duckdb", large.options, memory_mb=16)
    with opened(small).session(TAG, Limits()) as session, pytest.raises(SourceLimit) as caught:
        session.table(ask(sql, dialect="duckdb"))
    assert caught.value.shown_code == "T322"


def test_connections_are_counted_over_processes(large):
    one = SourceSettings("shop", "duckdb", large.options, max_connections=1, interactive_timeout_seconds=0.3)
    count = Tag("spring", "priya", "count")
    with opened(one).session(TAG, Limits()) as session:
        assert isinstance(session, Reading)
        pid = os.fork()
        if pid == 0:  # another process, with nothing of this one's but its settings
            os._exit(_code_of(one, count))
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 25
    with opened(one).session(count, Limits()) as session:
        assert session.table(ask("SELECT COUNT(*) FROM numbers", dialect="duckdb")).to_pylist() == [{"n": 3000}]


def test_work_that_nobody_waits_for_leaves_a_connection_to_people(large, monkeypatch):
    monkeypatch.setattr(reading, "_WAIT_BACKGROUND", 0.1)
    two = SourceSettings("shop", "duckdb", large.options, max_connections=2, interactive_timeout_seconds=0.3)
    look, count = Tag("catalogue", "twain", "watch"), Tag("spring", "priya", "count")
    with opened(two).session(look, Limits()):
        with pytest.raises(SourceBusy) as caught, opened(two).session(look, Limits()):
            pass
        assert caught.value.shown_code == "T325"
        with opened(two).session(count, Limits()), pytest.raises(SourceBusy), opened(two).session(count, Limits()):
            pass
    with opened(SourceSettings("shop", "duckdb", large.options, max_connections=1)).session(look, Limits()) as session:
        assert session.dialect == "duckdb"  # where IT gives one connection, everybody shares it


def _code_of(source_settings, tag):
    try:
        with opened(source_settings).session(tag, Limits()):
            return 0
    except SourceLimit as limit:
        return 25 if limit.shown_code == "T325" else 1


@pytest.mark.parametrize(
    ("hours", "zone", "moment", "opens"),
    [
        (("22:00", "06:00"), "UTC", "2024-06-01T23:00:00+00:00", True),
        (("22:00", "06:00"), "UTC", "2024-06-01T05:59:00+00:00", True),
        (("22:00", "06:00"), "UTC", "2024-06-01T06:00:00+00:00", False),
        (("08:00", "10:00"), "Europe/Berlin", "2024-06-01T07:00:00+00:00", True),
        (("08:00", "10:00"), "Europe/Berlin", "2024-06-01T09:00:00+00:00", False),
    ],
)
def test_bulk_reads_keep_it_s_hours_and_counts_do_not(large, hours, zone, moment, opens):
    at = datetime.fromisoformat(moment).timestamp()
    timed = SourceSettings("shop", "duckdb", large.options, hours=hours, time_zone=zone)
    source = open_source(timed, {}, clock=lambda: at)
    if opens:
        with source.session(TAG, Limits()) as session:
            assert session.dialect == "duckdb"
    else:
        with pytest.raises(SourceLimit) as caught, source.session(TAG, Limits()):
            pass
        assert caught.value.shown_code == "T326"
        assert hours[0] in caught.value.business


def test_an_unknown_kind_of_database_is_named():
    with pytest.raises(ConfigError, match="oracle"):
        open_source(SourceSettings("shop", "oracle", {}), {})


def test_a_missing_option_is_named():
    with pytest.raises(ConfigError, match="path"), opened(SourceSettings("shop", "duckdb", {})).session(TAG, Limits()):
        pass


def test_a_file_that_is_no_database_is_unavailable(tmp_path):
    path = tmp_path / "not.db"
    path.write_text("this is not a database, by a long way " * 100)
    for kind in ("duckdb", "sqlite"):
        source = opened(SourceSettings("shop", kind, {"path": str(path)}))
        with pytest.raises(SourceUnavailable), source.session(TAG, Limits()):
            pass


def test_a_duckdb_file_that_is_being_written_is_said_to_be_locked(large):
    code = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", code, large.options["path"]]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as writer:
        writer.stdout.readline()
        with pytest.raises(SourceUnavailable) as caught, opened(large).session(TAG, Limits()):
            pass
        writer.stdin.close()
    assert caught.value.shown_code == "T311"
