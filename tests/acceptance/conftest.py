"""A small demo company, sent to once, for looking at from the command line."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from twain.cli.app import main
from twain.demo.sink import SinkHandle, start_sink
from twain.demo.start import copy_workspace, ensure_data


@dataclass(frozen=True)
class Answer:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out.strip().splitlines()[-1])


@dataclass(frozen=True)
class Demo:
    root: Path
    sink: SinkHandle

    def twain(self, *words: str, person: str = "lhoffmann") -> Answer:
        """Run a command in the workspace, in this process; what it prints and its exit code."""
        out, err = io.StringIO(), io.StringIO()
        before, code = Path.cwd(), 0
        os.environ["TWAIN_PERSON"] = person
        os.chdir(self.root)
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                main(list(words))
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
        finally:
            os.chdir(before)
            del os.environ["TWAIN_PERSON"]
        return Answer(code, out.getvalue(), err.getvalue())

    def edit(self, file: str, old: str, new: str) -> None:
        path = self.root / file
        text = path.read_text()
        assert old in text, f"{file} has no {old!r}"
        path.write_text(text.replace(old, new))

    def messages(self) -> int:
        return self.sink.counts().messages

    def kept(self) -> list[Path]:
        """The messages that the sink keeps, once it has written all that it counted: it writes a moment after its answer."""
        until, pause = time.monotonic() + 30, threading.Event()
        while not (found := sorted(self.sink.folder.glob("*.eml"))) or int(found[-1].stem) < self.messages():
            if time.monotonic() > until or not self.messages():
                break
            pause.wait(0.02)
        return found


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The company's database and workspace, never sent from; copied for each test that needs its own."""
    root = tmp_path_factory.mktemp("company")
    copy_workspace(root)
    ensure_data(root, 600, 7)
    return root


@pytest.fixture
def demo(company: Path, tmp_path: Path) -> Iterator[Demo]:
    """A workspace of one's own, with its own sink."""
    with _demo(company, tmp_path / "demo") as made:
        yield made


@pytest.fixture(scope="module")
def sent(company: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A workspace whose main campaign has been sent; tests only look at it."""
    with _demo(company, tmp_path_factory.mktemp("sent") / "demo") as made:
        answer = made.twain("send", "summer-thanks", "--json")
        assert answer.code == 0, answer.err + answer.out
        yield made


@contextlib.contextmanager
def _demo(company: Path, root: Path) -> Iterator[Demo]:
    shutil.copytree(company, root)
    with start_sink(keep=2000) as sink:
        made = Demo(root, sink)
        made.edit("twain.toml", "port = 2525", f"port = {sink.port}")
        yield made
