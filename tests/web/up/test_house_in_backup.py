"""A backup has the house in it, as of one moment; what it cannot know is taken back when the house opens again."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from twain.demo.start import copy_workspace
from twain.errors import LedgerError
from twain.ledger.house import HOUSE_FILE, MEDIA_FOLDER, RESTORED_MARK, backup_house, restore_house

pytestmark = pytest.mark.timeout(300)
SCRIPT = Path(__file__).with_name("restored_house.py")


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A state folder with a small house: two tables that must always agree, and a picture."""
    folder = tmp_path / "state"
    (folder / MEDIA_FOLDER / "content").mkdir(parents=True)
    (folder / MEDIA_FOLDER / "content" / "a.png").write_bytes(b"picture")
    with closing(sqlite3.connect(folder / HOUSE_FILE)) as house:
        house.execute("PRAGMA journal_mode=WAL")
        house.execute("CREATE TABLE one (n INTEGER)")
        house.execute("CREATE TABLE two (n INTEGER)")
        house.commit()
    return folder


def _rows(file: Path) -> tuple[int, int]:
    with closing(sqlite3.connect(file)) as house:
        one, two = (house.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("one", "two"))
    return one, two


def test_the_copy_is_of_one_moment_while_somebody_writes(state, tmp_path):
    stop, written = threading.Event(), threading.Event()

    def write() -> None:
        with closing(sqlite3.connect(state / HOUSE_FILE, timeout=20)) as house:
            while not stop.is_set():
                with house:
                    house.executemany("INSERT INTO one VALUES (?)", [(n,) for n in range(200)])
                    house.executemany("INSERT INTO two VALUES (?)", [(n,) for n in range(200)])
                written.set()

    writer = threading.Thread(target=write)
    writer.start()
    assert written.wait(30)
    try:
        counts = []
        for number in range(5):
            target = tmp_path / f"kept{number}"
            target.mkdir()
            assert backup_house(state, target)
            counts.append(_rows(target / HOUSE_FILE))
    finally:
        stop.set()
        writer.join(30)
    assert all(one == two > 0 for one, two in counts), counts
    assert stat.S_IMODE((tmp_path / "kept0" / HOUSE_FILE).stat().st_mode) == 0o600
    assert (tmp_path / "kept0" / MEDIA_FOLDER / "content" / "a.png").read_bytes() == b"picture"
    assert not list((tmp_path / "kept0").glob(".*partial*"))


def test_it_comes_back_with_its_pictures_and_never_over_another(state, tmp_path):
    kept, empty = tmp_path / "kept", tmp_path / "empty"
    kept.mkdir()
    empty.mkdir()
    assert backup_house(state, kept)
    assert restore_house(kept, empty)
    assert _rows(empty / HOUSE_FILE) == (0, 0)
    assert (empty / MEDIA_FOLDER / "content" / "a.png").read_bytes() == b"picture"
    assert (empty / RESTORED_MARK).exists()
    with closing(sqlite3.connect(empty / HOUSE_FILE)) as house, house:
        house.execute("INSERT INTO one VALUES (1)")
    assert not restore_house(kept, empty)
    assert _rows(empty / HOUSE_FILE) == (1, 0)


def test_without_a_house_there_is_nothing_to_copy(tmp_path):
    assert not backup_house(tmp_path, tmp_path)
    assert not restore_house(tmp_path, tmp_path)


def test_a_damaged_copy_is_refused_and_leaves_nothing(tmp_path):
    kept, empty = tmp_path / "kept", tmp_path / "empty"
    kept.mkdir()
    empty.mkdir()
    (kept / HOUSE_FILE).write_bytes(b"not a database at all, but long enough to be one" * 50)
    with pytest.raises(LedgerError, match="could not be restored") as error:
        restore_house(kept, empty)
    assert error.value.shown_code == "T761"
    assert list(empty.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_said(state, tmp_path):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(LedgerError, match="could not be copied") as error:
        backup_house(state, tmp_path / "file")
    assert error.value.shown_code == "T760"


def test_a_restored_house_takes_back_what_may_have_happened_since(tmp_path):
    root, lost = tmp_path / "here", tmp_path / "lost"
    copy_workspace(root)
    env = {**os.environ, "TWAIN_ROOT": str(root), "DJANGO_SETTINGS_MODULE": "twain_web.settings"}

    def run(*words: str) -> str:
        done = subprocess.run(words, cwd=root, env=env, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    run(sys.executable, str(SCRIPT), "fill")
    assert '"house": true' in run(sys.executable, "-m", "twain", "backup", str(tmp_path / "kept"), "--json")
    shutil.move(root / ".twain", lost)
    (root / ".twain").mkdir()
    shutil.copy(lost / "suppression.key", root / ".twain")
    for file in lost.glob("*secret*"):
        shutil.copy(file, root / ".twain")
    assert '"house": true' in run(sys.executable, "-m", "twain", "restore", str(tmp_path / "kept"), "--json")
    said = run(sys.executable, str(SCRIPT), "look")
    assert said.split() == ["due:withdrawn", "later:scheduled", "sessions:0", "unbroken:True"]
    assert run(sys.executable, str(SCRIPT), "look").split()[1] == "later:scheduled"
