"""A copy of a loaded interpreter is a process like one that was started: what it is told, what it has, how it ends."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests import interpreters

_COMMAND = [sys.executable, "-m", "tests.told_back"]


@pytest.fixture
def in_earnest(monkeypatch):
    """Have interpreters started in earnest: ``in_earnest(True)``; or copied: ``in_earnest(False)``."""
    monkeypatch.setattr(interpreters, "WORTH_IT", 0)

    def choose(chosen: bool) -> None:
        (interpreters.in_earnest.set if chosen else interpreters.in_earnest.clear)()

    yield choose
    interpreters.in_earnest.clear()


@pytest.fixture(params=[{}, {"start_new_session": True}, {"stderr": subprocess.STDOUT}], ids=str)
def how(request, tmp_path):
    (tmp_path / "here").mkdir()
    environment = {**os.environ, "OF_ITS_OWN": "Grüße", "PYTHONPATH": str(Path.cwd())}
    return {"cwd": tmp_path / "here", "env": environment, "input": "read me", "stdout": subprocess.PIPE, "text": True,
            "stderr": subprocess.PIPE, **request.param}  # fmt: skip


def test_it_is_told_what_a_process_is_told_and_has_nothing_more(in_earnest, how):
    seen = []
    for earnest in (True, False):
        in_earnest(earnest)
        done = subprocess.run([*_COMMAND, "7", "two words", "ü"], check=False, **how)
        *words, said = sorted(
            done.stdout.splitlines()
        )  # both streams in one pipe: who writes first is not the question
        seen.append((done.returncode, json.loads(said), words, done.stderr))
    assert seen[0] == seen[1]
    assert seen[0][0] == 7
    assert seen[0][1]["child_of"] == os.getpid()


def test_what_it_inherits_it_has_under_the_same_number(in_earnest):
    seen = []
    for earnest in (True, False):
        in_earnest(earnest)
        reading, writing = os.pipe()
        done = subprocess.run([*_COMMAND, "0"], pass_fds=(writing,), capture_output=True, input=b"", check=True)
        os.close(reading)
        os.close(writing)
        seen.append((writing in json.loads(done.stdout)["open"], len(json.loads(done.stdout)["open"])))
    assert seen[0] == seen[1]
    assert seen[0][0]


def test_it_is_killed_for_good(in_earnest):
    in_earnest(False)
    with subprocess.Popen(_COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as waits:
        assert waits.poll() is None
        waits.kill()
        assert waits.wait(20) == -signal.SIGKILL
    with pytest.raises(ProcessLookupError):
        os.kill(waits.pid, 0)


def test_what_cannot_be_copied_is_started_in_earnest(in_earnest):
    in_earnest(False)
    assert subprocess.run([sys.executable, "-c", "raise SystemExit(3)"], check=False).returncode == 3
    with pytest.raises(FileNotFoundError):
        subprocess.run([*_COMMAND, "0"], cwd="/nowhere/at/all", check=False)
