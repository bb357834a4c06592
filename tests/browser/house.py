"""A real house for browser tests: the demo company, its main campaign sent, and ``twain up --demo`` on free ports."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.house_template import migrated
from twain.demo.start import copy_workspace, ensure_data, free_port

CUSTOMERS = 3_000
_OPENS_IN_SECONDS = 150
_PROJECT = Path(__file__).parents[2]
_JONAS = ("-c", "user.name=Jonas Weber", "-c", "user.email=jonas.weber@nordlicht.example")


@dataclass(frozen=True)
class House:
    """A house that answers: its address, the demo's inbox, its workspace, each person's password."""

    url: str
    inbox: str
    root: Path
    passwords: dict[str, str]
    commit: str

    def twain(self, *words: str, person: str = "lhoffmann") -> str:
        """Run a command in the workspace; what it printed. For what a test needs but does not show."""
        done = ran(self.root, *words, person=person)
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout

    def seeded(self, module: str, *words: str) -> str:
        """Run one of the seeds beside this file in the house: what other tests show is not done again by hand."""
        done = subprocess.run(
            [sys.executable, "-m", f"tests.browser.{module}", *words],
            cwd=_PROJECT, env={**os.environ, "TWAIN_ROOT": str(self.root), "TWAIN_DEMO": "1"},
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout


def ran(root: Path, *words: str, person: str = "lhoffmann") -> subprocess.CompletedProcess[str]:
    """A command in any workspace, however it ends."""
    environment = {**_environment(root), "TWAIN_PERSON": person, "TWAIN_DEMO": "1"}
    return subprocess.run(
        [sys.executable, "-m", "twain", *words],
        cwd=root, env=environment, capture_output=True, text=True, check=False, timeout=100,
    )  # fmt: skip


@contextmanager
def open_house(root: Path) -> Iterator[House]:
    """Build the company, send its main campaign, open the house; everything ends with the block."""
    copy_workspace(root)
    _own_mail_port(root / "twain.toml")
    _holds_rest_shortly(root / "twain.toml")
    _takes_leads(root)
    commit = _checked_in(root)
    migrated(root / ".twain")
    ensure_data(root, CUSTOMERS, 7)
    _run(root, "start", "--once", "--customers", str(CUSTOMERS), "--folder", str(root), "--json")
    log = root.with_name(f"{root.name}.log")
    with log.open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "twain", "up", "--demo", "--port", "0", "--json"],
            cwd=root, env=_environment(root), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, text=True,
        )  # fmt: skip
        try:
            yield _opened(process, root, log, commit)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)
            process.stdout.close()


def _opened(process: subprocess.Popen[str], root: Path, log: Path, commit: str) -> House:
    # Whatever it prints ends this line, and so does its death; a house that says nothing at all is ended.
    patience = threading.Timer(_OPENS_IN_SECONDS, process.kill)
    patience.start()
    line = process.stdout.readline()
    patience.cancel()
    assert '"teams"' in line, f"The house did not open. It said:\n{line}{log.read_text()}"
    said = json.loads(line)
    passwords = {one["username"]: team["password"] for team in said["teams"] for one in team["people"]}
    return House(said["url"], said["inbox"], root, passwords, commit)


def _holds_rest_shortly(toml: Path) -> None:
    toml.write_text(toml.read_text() + '\n[delivery]\ncheck_again = "5s"\n')


def _takes_leads(root: Path) -> None:
    """A table of IT's, with a unique key, that the newsletter's leads go to."""
    (root / "data").mkdir(exist_ok=True)
    with closing(sqlite3.connect(root / "data" / "crm.sqlite")) as crm:
        crm.execute("create table leads (lead_id text primary key, email text, first_name text, confirmed_at text)")
    columns = '{ email = "email", first_name = "first_name", confirmed_at = "confirmed_at" }'
    with (root / "twain.toml").open("a") as toml:
        toml.write('\n[intakes.crm]\nkind = "table"\nengine = "sqlite"\npath = "data/crm.sqlite"\nowner = "pnair"\n')
        toml.write(f'table = "leads"\nid = "lead_id"\ncolumns = {columns}\n')
    form = root / "forms" / "newsletter.toml"
    form.write_text(form.read_text().replace('# intake = "crm"', 'intake = "crm"'))


def _own_mail_port(toml: Path) -> None:
    """Two test processes begin at the same moment: each takes a port that only the kernel knows, before it is needed."""
    toml.write_text(re.sub(r"^port = \d+", f"port = {free_port(0)}", toml.read_text(), count=1, flags=re.MULTILINE))


def _checked_in(root: Path) -> str:
    """The workspace is a git checkout, as IT keeps it; its first commit."""

    def git(*words: str) -> str:
        return subprocess.run(
            ["git", "-C", str(root), *words], check=True, capture_output=True, text=True
        ).stdout.strip()

    git("init", "--quiet", "--initial-branch=main")
    git("add", ".")
    git(*_JONAS, "commit", "--quiet", "-m", "The workspace as it is")
    return git("rev-parse", "HEAD")


def _run(root: Path, *words: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "twain", *words],
        cwd=root, env=_environment(root), capture_output=True, text=True, check=False, timeout=110,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr + done.stdout


def _environment(root: Path) -> dict[str, str]:
    """Little of this machine's: what a fresh terminal has."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "PYTHONPATH", "TMPDIR") if name in os.environ}
    return {**kept, "TWAIN_ROOT": str(root), "TWAIN_PERSON": "lhoffmann"}
