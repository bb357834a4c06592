"""Both stores are brought up to date once, however many start at the same moment; and all of them write one audit."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from twain.demo.start import copy_workspace

pytestmark = pytest.mark.timeout(300)
SCRIPT = Path(__file__).with_name("two_writers.py")


def environment(root: Path, **more: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "PYTHONPATH") if name in os.environ}
    return {**kept, "TWAIN_ROOT": str(root), "DJANGO_SETTINGS_MODULE": "twain_web.settings", **more}


@pytest.fixture(params=["sqlite", "postgres"])
def house(request, tmp_path):
    """A workspace that nobody has opened, on either store; its environment."""
    copy_workspace(tmp_path)
    if request.param == "sqlite":
        return environment(tmp_path)
    toml = tmp_path / "twain.toml"
    toml.write_text(toml.read_text() + '\n[control]\nurl_env = "TWAIN_TEST_CONTROL"\n')
    return environment(tmp_path, TWAIN_TEST_CONTROL=request.getfixturevalue("postgres_database"))


def test_two_starts_at_once_and_four_writers_keep_one_chain(house):
    running = [
        subprocess.Popen(
            [sys.executable, str(SCRIPT), name], env=house, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for name in ("first", "second")
    ]
    said = [process.communicate(timeout=200) for process in running]
    assert [process.returncode for process in running] == [0, 0], said
    done = subprocess.run(
        [sys.executable, "-m", "twain", "audit", "verify", "--json"],
        cwd=house["TWAIN_ROOT"], env=house, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    found = json.loads(done.stdout)
    assert (done.returncode, found["rows"], found["broken_at"]) == (0, 100, None), done.stdout + done.stderr


def test_on_postgres_the_house_has_a_schema_of_its_own(postgres_database, tmp_path):
    copy_workspace(tmp_path)
    toml = tmp_path / "twain.toml"
    toml.write_text(toml.read_text() + '\n[control]\nurl_env = "TWAIN_TEST_CONTROL"\n')
    env = environment(tmp_path, TWAIN_TEST_CONTROL=postgres_database)
    words = ["admin", "enter", "first", "--name", "First Person", "--email", "first@example.com", "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "twain", *words], cwd=tmp_path, env=env, capture_output=True, text=True, check=False,
        timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    with psycopg.connect(postgres_database) as db:
        rows = db.execute("SELECT table_schema, count(*) FROM information_schema.tables GROUP BY 1").fetchall()
        people = db.execute("SELECT username FROM house.people_person").fetchall()
    tables = dict(rows)
    assert people == [("first",)]
    assert tables["house"] > 10
    assert tables["twain_ledger"] > 5
    assert "public" not in tables
    assert not (tmp_path / ".twain" / "house.db").exists()
