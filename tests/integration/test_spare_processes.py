"""A reading process that is loaded ahead: it serves one session, knows nothing before, and never outlives its use."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import duckdb
import psutil
import pytest

from twain.feeds import spares
from twain.feeds.reading import open_source
from twain.ports import Source
from twain.records import Column, Limits, Statement, Tag
from twain.settings import SourceSettings

ONE = Statement("SELECT 1 AS one", {}, "duckdb", (Column("one", "integer"),))

DIES_AT_ONCE = """
import os
from twain.feeds import spares
spares.warm("duckdb")
print(spares._spares["duckdb"].process.pid, flush=True)
os._exit(1)
"""


@pytest.fixture
def shop(tmp_path: Path) -> Source:
    path = tmp_path / "shop.duckdb"
    duckdb.connect(str(path)).close()
    return open_source(SourceSettings("shop", "duckdb", {"path": str(path)}), {})


def _read(shop: Source) -> int:
    """One session; the id of the process that served it."""
    with shop.session(Tag("spring", "lena", "count"), Limits(timeout_seconds=60)) as session:
        assert session.table(ONE).to_pylist() == [{"one": 1}]
        return session.child.pid


def test_the_session_reads_in_the_process_that_is_there(shop, started):
    spares.warm("duckdb")
    spares.warm("duckdb")
    assert len(started) == 1
    assert _read(shop) == started[0]
    assert len(started) == 1


def test_it_serves_one_session_alone(shop, started):
    spares.warm("duckdb")
    first, second = _read(shop), _read(shop)
    assert [first, second] == started
    assert first != second


def _dies() -> None:
    process = spares._spares["duckdb"].process
    process.kill()
    process.wait(10)


def test_a_spare_that_died_is_no_loss(shop, started):
    spares.warm("duckdb")
    _dies()
    assert _read(shop) == started[1]
    spares.warm("duckdb")
    _dies()
    spares.warm("duckdb")
    assert _read(shop) == started[3]


def test_a_spare_of_another_kind_is_left_alone(shop, started):
    spares.warm("sqlite")
    assert _read(shop) == started[1]
    assert psutil.Process(started[0]).is_running()


def test_what_nobody_wants_ends(started, monkeypatch):
    monkeypatch.setattr(spares, "KEPT_SECONDS", 0.05)
    spares.warm("duckdb")
    deadline = time.monotonic() + 30
    while "duckdb" in spares._spares or psutil.pid_exists(started[0]):
        assert time.monotonic() < deadline


def test_it_knows_no_secret_and_holds_no_connection(started, monkeypatch):
    monkeypatch.setenv("TWAIN_SECRET", "c4n4ry")
    spares.warm("duckdb")
    there = psutil.Process(started[0])
    assert "c4n4ry" not in " ".join([*there.cmdline(), *there.environ(), *there.environ().values()])
    assert there.net_connections() == []


def test_it_ends_with_its_parent():
    said = subprocess.run([sys.executable, "-c", DIES_AT_ONCE], capture_output=True, text=True, check=False, timeout=60)
    pid = int(said.stdout)
    if psutil.pid_exists(pid):
        assert psutil.wait_procs([psutil.Process(pid)], timeout=30)[0]
