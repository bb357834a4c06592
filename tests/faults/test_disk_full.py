"""F4 through a whole send: the disk that holds the spool, the ledger, the journal or the history is full, and has room again.

A real file system of its own where this machine lets us mount one; else a limit that the kernel sets to every file the sender
writes, which fails a write half-way just as a full disk does. Both are tried for what is written while messages go.
"""

import json
import os
import resource
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from benchmarks._workspace import CAMPAIGN, make
from tests.acceptance.conftest import Demo
from twain.testing.relay import Relay

PEOPLE, PACE = 320, 100.0
PACED = f'limits = {{ "" = {{ per_second = {PACE} }} }}'
_ROOM = 24 << 20
_MOUNTED = ("mount", "-t", "tmpfs", "-o", f"size={_ROOM},mode=700", "tmpfs")


class Disk:
    """A small file system of its own. *fill* leaves *left* bytes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fill(self, sender: psutil.Process | None, left: int = 0) -> None:
        """Write until nothing more fits."""
        with (self.folder / "ballast").open("wb", buffering=0) as ballast:
            try:
                while ballast.write(bytes(64 << 10)):
                    pass
            except OSError:
                pass
        size = (self.folder / "ballast").stat().st_size
        os.truncate(self.folder / "ballast", max(size - left, 0))

    def free(self, sender: psutil.Process | None) -> None:
        """Make room again."""
        (self.folder / "ballast").unlink()

    def at_start(self, size: int) -> int | None:
        """The limit under which a process must begin, where that is the way to have no room."""
        return None


class Limit(Disk):
    """No file of the sender may grow beyond *left* bytes: what is written further fails, as on a full disk."""

    def fill(self, sender: psutil.Process | None, left: int = 0) -> None:
        self._limit(sender, left or 1)

    def free(self, sender: psutil.Process | None) -> None:
        self._limit(sender, resource.RLIM_INFINITY)

    def at_start(self, size: int) -> int | None:
        return size

    @staticmethod
    def _limit(sender: psutil.Process | None, size: int) -> None:
        for process in [sender, *sender.children(recursive=True)] if sender else []:
            hard = process.rlimit(resource.RLIMIT_FSIZE)[1]
            process.rlimit(resource.RLIMIT_FSIZE, (size, hard))


@contextmanager
def mounted(folder: Path, otherwise: type[Disk]) -> Iterator[Disk]:
    """A file system of its own at *folder*, where this machine lets us; else *otherwise*."""
    folder.mkdir()
    if subprocess.run([*_MOUNTED, folder], capture_output=True, check=False).returncode:
        yield otherwise(folder)
        return
    try:
        yield Disk(folder)
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture
def disk(request, tmp_path):
    if getattr(request, "param", "") == "a limit":
        (tmp_path / "small").mkdir()
        yield Limit(tmp_path / "small")
        return
    with mounted(tmp_path / "small", Limit) as made:
        yield made


@pytest.fixture
def history_disk(tmp_path):
    with mounted(tmp_path / "small", Forbidden) as made:
        yield made


class Forbidden(Disk):
    """A folder in which nothing may be written: what is left for those who may not mount."""

    def fill(self, sender: psutil.Process | None, left: int = 0) -> None:
        for folder in [self.folder, *(p for p in self.folder.rglob("*") if p.is_dir())]:
            folder.chmod(0o500)

    def free(self, sender: psutil.Process | None) -> None:
        for folder in [self.folder, *(p for p in self.folder.rglob("*") if p.is_dir())]:
            folder.chmod(0o700)


class Company:
    """A workspace, its relay, and a send in a process of its own."""

    def __init__(self, root: Path, relay: Relay, paths: str, control: str, pace: str = "") -> None:
        self.relay, self.here = relay, Demo(root, None)
        make(root, PEOPLE, port=relay.port, connections=2, control=f"{control}\n[paths]\n{paths}")
        self.here.edit("twain.toml", "connections = 2", f"connections = 2\n{pace}")

    def start(self, limit: int | None = None) -> subprocess.Popen:
        """``twain send`` on its own; with *limit* none of its files may become larger, from the first moment on."""
        command = [sys.executable, "-m", "twain", "send", CAMPAIGN, "--json"]
        if limit is not None:
            command = ["sh", "-c", f'ulimit -S -f {limit // 512}; exec "$@"', "sh", *command]
        return subprocess.Popen(
            command, cwd=self.here.root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ)
        )

    def refused(self, limit: int | None) -> dict:
        """A send that has to give up, with nobody mailed: what it said."""
        started = self.start(limit)
        try:
            out, _ = started.communicate(timeout=90)
        finally:
            started.kill()
            started.communicate()
        error = json.loads(out.strip().splitlines()[-1])["error"]
        assert (started.returncode, self.relay.received) == (6, []), error
        return error

    def goes_on(self) -> None:
        """With room again: resume what there is, or send; everybody gets it, once."""
        runs = self.here.twain("runs", "--json").json["runs"]
        answer = self.here.twain(*(("resume", runs[0]["run"]) if runs else ("send", CAMPAIGN)), "--json")
        assert answer.code == 0, answer.out
        self.everybody_once(answer.json)

    def everybody_once(self, books: dict) -> None:
        assert (books["state"], books["sent"], books["uncertain"]) == ("finished", PEOPLE, 0)
        assert Counter(self.relay.recipients().values()) == {1: PEOPLE}


@pytest.fixture
def relay():
    with Relay() as made:
        yield made


@pytest.fixture
def away(postgres_database, monkeypatch):
    """The ledger on a PostgreSQL, out of the small disk's reach: only what else lies there is hit."""
    monkeypatch.setenv("CONTROL_URL", postgres_database)
    return '[control]\nurl_env = "CONTROL_URL"'


def stands_still(relay: Relay, at_fill: int) -> None:
    """What was claimed before may go; then nothing does, however long it lasts."""
    assert not threading.Event().wait(3.0)  # longer than a window at this pace lasts
    assert len(relay.received) <= at_fill + 2 * PACE
    still = len(relay.received)
    assert not threading.Event().wait(0.7)
    assert len(relay.received) == still < PEOPLE, "it went on without being able to write down what it does"


def in_the_middle(company: Company, disk: Disk, *, stop: bool) -> tuple[dict, str]:
    """Send; without room from the 100th message on; then with room again. The books and what was said."""
    sending = company.start()
    try:
        assert company.relay.wait_for(100, 60), sending.communicate()
        sender = psutil.Process(sending.pid)
        disk.fill(sender)
        stands_still(company.relay, len(company.relay.received))
        assert sending.poll() is None, sending.communicate()
        if stop:
            sending.send_signal(signal.SIGTERM)
        disk.free(sender)
        out, err = sending.communicate(timeout=90)
    finally:
        sending.kill()
        sending.communicate()
    return json.loads(out.strip().splitlines()[-1]), err


@pytest.mark.parametrize("disk", ["a disk", "a limit"], indirect=True)
def test_no_room_for_ledger_and_journal_in_the_middle_of_a_send(tmp_path, disk, relay):
    company = Company(tmp_path / "w", relay, f'state = "{disk.folder}/state"', "", PACED)
    books, said = in_the_middle(company, disk, stop=False)
    assert f"{disk.folder}/state" in said, "it says which file has no room"
    assert "anything was lost" in said or "then resume" in said
    company.everybody_once(books)


def test_no_room_for_the_journal_alone_and_the_operator_stops_it(tmp_path, disk, relay, away):
    company = Company(tmp_path / "w", relay, f'state = "{disk.folder}/state"', away, PACED)
    books, said = in_the_middle(company, disk, stop=True)
    assert f"The journal {disk.folder}/state" in said
    assert (books["state"], books["uncertain"]) == ("paused", 0)
    assert books["sent"] == len(relay.received) < PEOPLE
    company.goes_on()


def test_no_room_for_the_spool_while_the_audience_is_frozen(tmp_path, disk, relay, away):
    company = Company(tmp_path / "w", relay, f'spool = "{disk.folder}/spool"', away)
    disk.fill(None, left=16 << 10)
    error = company.refused(disk.at_start(16 << 10))
    assert error["code"] == "T781"
    assert f"{disk.folder}/spool" in error["what"]
    assert "Make room there, then resume" in error["todo"]
    assert "Nothing was sent" in error["business"]
    assert [p for p in (disk.folder / "spool").rglob("*") if p.is_file()] == [], "nothing half-written stays"
    disk.free(None)
    company.goes_on()


def test_no_room_for_the_ledger_before_it_begins(tmp_path, disk, relay):
    company = Company(tmp_path / "w", relay, f'state = "{disk.folder}/state"', "")
    assert company.here.twain("runs").code == 0  # the ledger is made
    disk.fill(None)
    error = company.refused(disk.at_start(4096))
    assert str(disk.folder / "state") in error["what"]
    disk.free(None)
    company.goes_on()


def test_no_room_for_the_history_at_the_end_of_a_send(tmp_path, history_disk, relay):
    company = Company(tmp_path / "w", relay, f'history = "{history_disk.folder}/history"', "", PACED)
    sending = company.start()
    try:
        assert relay.wait_for(100, 60), sending.communicate()
        history_disk.fill(None)
        out, _ = sending.communicate(timeout=90)
    finally:
        sending.kill()
        sending.communicate()
    error = json.loads(out.strip().splitlines()[-1])["error"]
    assert (sending.returncode, error["code"]) == (6, "T711")
    assert f"The delivery history {history_disk.folder}/history cannot be written" in error["what"]
    assert "twain resume r" in error["todo"]
    assert len(relay.received) == PEOPLE
    history_disk.free(None)
    company.goes_on()
