"""The house is killed at each step of a launch, and a send's process in the middle of it: nobody is lost, nobody mailed twice."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.house_workspace import ROOT
from twain.demo.sink_session import Received
from twain.demo.start import copy_workspace
from twain.flows.account import report
from twain.flows.instance import open_instance
from twain.testing.relay import Relay

POINTS = ("before anything", "the id is noted", "the run is made", "the launch says running", "before its process",
          "its process has just begun", "its end is not noted")  # fmt: skip
PROJECT = Path(__file__).parents[3]
CAMPAIGN = """
title = "Killed"
owner = { name = "Lena Test", title = "" }
feed = "customers"
channel = "mail"
audience = "gold-in-berlin"
[message]
subject = "Once, {{ first_name | default: 'friend' }}"
from = { address = "news@mail.nordlicht.example", name = "Nordlicht" }
postal_address = "Berlin"
"""
BODY = "<p>Hello</p><p><a href='{{ unsubscribe_url }}'>Unsubscribe</a></p>"


@pytest.fixture(scope="module")
def launched(tmp_path_factory: pytest.TempPathFactory, company: None) -> Path:
    """A workspace whose campaign is approved and launched; each test works in a copy of it."""
    root = tmp_path_factory.mktemp("launched") / "house"
    copy_workspace(root)
    (root / "data").mkdir(exist_ok=True)
    shutil.copyfile(ROOT / "data" / "shop.duckdb", root / "data" / "shop.duckdb")
    folder = root / "campaigns" / "killed"
    folder.mkdir(parents=True)
    (folder / "campaign.toml").write_text(CAMPAIGN)
    (folder / "body.html").write_text(BODY)
    prepared = _run(root, "prepare")
    assert prepared.returncode == 0, prepared.stderr
    return root


@pytest.fixture
def house(tmp_path: Path, launched: Path) -> Callable[[int], Path]:
    """A workspace of its own whose channel leads to a port."""

    def made(port: int) -> Path:
        root = tmp_path / "house"
        shutil.copytree(launched, root)
        toml = root / "twain.toml"
        toml.write_text(re.sub(r"^port = \d+", f"port = {port}", toml.read_text(), count=1, flags=re.MULTILINE))
        return root

    return made


def _run(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.web.campaigns.killed_house", *words],
        cwd=PROJECT, env={**os.environ, "TWAIN_ROOT": str(root), "DJANGO_SETTINGS_MODULE": "twain_web.settings"},
        capture_output=True, text=True, check=False, timeout=100,
    )  # fmt: skip


@pytest.mark.parametrize("where", POINTS)
def test_a_house_killed_anywhere_loses_and_doubles_nothing(where: str, house: Callable[[int], Path]):
    with Relay() as relay:
        root = house(relay.port)
        killed = _run(root, "work", where)
        assert killed.returncode == -signal.SIGKILL, killed.stderr
        done = _run(root, "work", "nowhere")
        assert done.returncode == 0, done.stderr
        run_id, state = done.stdout.split()
        assert state == "finished"
        with open_instance(root) as instance:
            assert [run.id for run in instance.ledger.runs()] == [run_id]
            books = report(instance, instance.ledger.run(run_id))
        assert books.accounted_for
        assert books.tally.sent == books.funnel.audience == len(relay.recipients()) > 0
        assert set(relay.recipients().values()) == {1}


def test_a_send_whose_process_is_killed_is_taken_up_again(house: Callable[[int], Path]):
    with Relay() as relay:
        root = house(relay.port)
        seen: list[int] = []

        def kill_once(message: Received) -> None:
            if not seen:
                seen.append(1)
                os.kill(_sender(root), signal.SIGKILL)

        relay.on_arrival = kill_once
        done = _run(root, "work", "nowhere")
        assert done.returncode == 0, done.stderr
        run_id, state = done.stdout.split()
        assert state == "finished"
        with open_instance(root) as instance:
            books = report(instance, instance.ledger.run(run_id))
        assert seen
        assert books.accounted_for
        assert books.tally.sent + books.tally.uncertain == books.funnel.audience
        assert all(times == 1 for times in relay.recipients().values())


def _sender(root: Path) -> int:
    """The process id of ``twain resume`` in this workspace."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
            if b"resume" in words and (folder / "cwd").readlink() == root:
                return int(folder.name)
        except OSError:
            continue
    raise AssertionError("nobody sends")
