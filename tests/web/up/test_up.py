"""``twain up`` from outside: it opens, keeps its processes running, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from twain.demo.start import copy_workspace, ensure_data, free_port
from twain.flows.instance import open_instance

pytestmark = pytest.mark.timeout(300)  # whole houses are opened here, on machines that do other things too
WEAK = "changeme-changeme-changeme-changeme-0123456789"


def environment(root: Path, **more: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "PYTHONPATH") if name in os.environ}
    return {**kept, "TWAIN_ROOT": str(root), "TWAIN_PERSON": "lhoffmann", **more}


def twain(root: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "twain", *words],
        cwd=root, env=environment(root, **more), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        timeout=200,
    )  # fmt: skip


@pytest.fixture
def root(tmp_path):
    """The demo's workspace on ports that nobody has."""
    copy_workspace(tmp_path)
    toml = tmp_path / "twain.toml"
    toml.write_text(re.sub(r"^port = \d+", f"port = {free_port(0)}", toml.read_text(), count=1, flags=re.MULTILINE))
    return tmp_path


@contextmanager
def opened(root: Path, *words: str) -> Iterator[tuple[subprocess.Popen[str], dict]]:
    """``twain up --json`` and what it said; ended at last."""
    log = (root / "up.log").open("w")
    process = subprocess.Popen(
        [sys.executable, "-m", "twain", "up", "--json", "--port", "0", *words],
        cwd=root, env=environment(root), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True,
    )  # fmt: skip
    try:
        yield process, json.loads(process.stdout.readline())
    finally:
        process.terminate()
        process.wait(40)
        process.stdout.close()
        log.close()


def alive(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/health/ready", timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


def until(what, seconds: float = 120) -> None:
    """Ask again and again; the machine decides how long it takes."""
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it did not come to be"


def family(process: subprocess.Popen[str]) -> list[psutil.Process]:
    return psutil.Process(process.pid).children(recursive=True)


def suppressed(root: Path) -> int:
    with open_instance(root) as instance:
        return len(list(instance.ledger.suppressions()))


def gone(processes: list[psutil.Process]) -> bool:
    return not psutil.wait_procs(processes, timeout=0.2)[1]


def test_the_demo_opens_obeys_a_click_and_leaves_nothing_behind(root):
    ensure_data(root, 60, 7)
    with opened(root, "--demo") as (process, said):
        assert [team["side"] for team in said["teams"]] == ["marketing", "it"]
        assert said["teams"][0]["password"] != said["teams"][1]["password"]
        assert alive(said["url"])
        assert urllib.request.urlopen(said["inbox"], timeout=10).status == 200
        children = family(process)
        assert len(children) >= 5  # the server and its worker, the reconcilers, the desk and its sink
        _one_click_unsubscribes(root, said)
        process.send_signal(signal.SIGINT)
        assert process.wait(40) == 0
        until(lambda: gone(children), 10)
        assert not alive(said["url"])
        assert "Traceback" not in (root / "up.log").read_text()


def _one_click_unsubscribes(root: Path, said: dict) -> None:
    """RFC 8058 from end to end: the message's own link, no cookie, no form; a link with a letter changed does nothing."""
    assert twain(root, "send", "summer-thanks", "--limit", "3").returncode == 0
    links = []

    def arrived() -> bool:
        try:
            text = urllib.request.urlopen(f"{said['inbox']}1/source", timeout=5).read().decode()
        except urllib.error.HTTPError:
            return False
        links[:] = re.findall(r"List-Unsubscribe: <(http[^>]+/u/[^>]+)>", text.replace("\r\n ", ""))
        return bool(links)

    until(arrived)
    assert links[0].startswith(said["url"])
    forged = links[0][:-1] + ("A" if links[0][-1] != "A" else "B")
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(forged, data=b"List-Unsubscribe=One-Click", timeout=10)
    assert suppressed(root) == 0
    assert urllib.request.urlopen(links[0], data=b"List-Unsubscribe=One-Click", timeout=10).status == 200
    assert suppressed(root) == 1


def test_a_house_outside_the_demo_from_its_opening_to_its_sudden_end(root):
    """Nobody is there and nobody is named; its port is its own; a child that dies is started again; none outlives it."""
    with opened(root) as (process, said):
        assert said["teams"] == []
        assert said["inbox"] is None
        assert twain(root, "admin", "roles", "lhoffmann").returncode == 2
        assert "is taken" in refused(root, "--port", said["url"].rsplit(":", 1)[1])
        server = next(child for child in family(process) if "web" in child.cmdline())
        server.kill()
        until(lambda: "starts again" in (root / "up.log").read_text())
        until(lambda: alive(said["url"]))
        assert not server.is_running()
        children = family(process)
        process.kill()
        process.wait(10)
        until(lambda: gone(children))
        assert not alive(said["url"])


# ---------------------------------------------------------------- what it refuses


def refused(root: Path, *words: str, **more: str) -> str:
    done = twain(root, "up", "--json", *words, **more)
    assert done.returncode == 2, done.stdout + done.stderr
    error = json.loads(done.stdout)["error"]
    return f"{error['code']} {error['what']} {error['todo']}"


@pytest.mark.parametrize("secret", [WEAK, "t00-l1ttle", "a" * 64, ""])
def test_a_default_or_weak_secret_does_not_open_the_house(root, secret):
    """Superset CVE-2023-27524."""
    toml = root / "twain.toml"
    toml.write_text(toml.read_text() + '\n[secret]\nenv = "TWAIN_TEST_SECRET"\n')
    said = refused(root, TWAIN_TEST_SECRET=secret)
    assert said.startswith(("T121", "T120"))
    assert "openssl rand" in said
    assert not secret or secret not in said


def test_the_demo_comes_into_no_production(root):
    toml = root / "twain.toml"
    toml.write_text(toml.read_text().replace("enabled = false", "enabled = true"))
    assert "production" in refused(root, "--demo")


def test_the_demo_listens_on_this_machine_alone(root):
    assert "does not listen" in refused(root, "--demo", "--host", "0.0.0.0")


BROKEN = """
import importlib.abc
import sys


class Breaks(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "twain_web.wsgi":
            raise ImportError("the test broke it")


sys.meta_path.insert(0, Breaks())
"""


def test_a_server_that_cannot_be_loaded_is_said_at_once_in_its_own_words(root, tmp_path_factory):
    """Nobody waits for the minute that a slow start may take."""
    breaks = tmp_path_factory.mktemp("breaks")
    (breaks / "sitecustomize.py").write_text(BROKEN)
    path = f"{breaks}:{os.environ['PYTHONPATH']}" if "PYTHONPATH" in os.environ else str(breaks)
    done = twain(root, "up", "--json", "--port", "0", PYTHONPATH=path)
    error = json.loads(done.stdout)["error"]
    assert done.returncode == 1
    assert error["what"].startswith("The web server could not start (it ended with ")
    assert "ImportError: the test broke it" in error["what"]
    assert "did not become ready" not in error["what"]
    assert "Traceback" in done.stderr


# ---------------------------------------------------------------- people, from the command line


def test_the_first_administrator(root):
    words = ("admin", "enter", "anna", "--name", "Anna Berg", "--email", "anna@example.com", "--title", "Administrator")
    done = twain(root, *words, "--json")
    assert done.returncode == 0, done.stderr + done.stdout
    said = json.loads(done.stdout)
    assert said["roles"] == ["administrator"]
    assert "/account/password/reset/key/" in said["link"]
    assert "last administrator" in twain(root, "admin", "deactivate", "anna").stderr
    assert twain(root, "audit", "verify", "--head", "0" * 64).returncode == 4


def _ask_hidden(terminal: int) -> bytes:
    """What is shown until a question is asked and typing is hidden: the prompt stands there a moment before it is."""
    shown = b""
    while b":" not in shown or termios.tcgetattr(terminal)[3] & termios.ECHO:
        if select.select([terminal], [], [], 0.01)[0]:
            shown += os.read(terminal, 1024)
    return shown


def _until_the_end(terminal: int) -> bytes:
    shown = b""
    while True:
        try:
            shown += os.read(terminal, 4096)
        except OSError:
            return shown


def test_a_weak_password_is_refused(root):
    """Typed twice at a terminal, as an administrator would."""
    mother, child = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "twain", "admin", "enter", "anna", "--name", "Anna Berg", "--email", "a@example.com"],
        cwd=root, env=environment(root), stdin=child, stdout=child, stderr=child,
    )  # fmt: skip
    os.close(child)
    heard = b""
    for _ in range(2):
        heard += _ask_hidden(mother)
        os.write(mother, b"guessme\n")
    code = process.wait(60)
    heard += _until_the_end(mother)
    os.close(mother)
    assert code == 2
    assert b"too short" in heard
    assert b"guessme" not in heard  # never echoed
