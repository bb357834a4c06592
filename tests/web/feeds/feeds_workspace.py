"""What tests of the catalogue share: the workspace put back as it was, and the workspace as a git checkout."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.house_workspace import ROOT
from twain_web import engine

_FILES = ("feeds", "campaigns", "audiences", "policy.toml", "twain.toml")
CUSTOMERS = ROOT / "feeds" / "customers.odcs.yaml"


@contextmanager
def kept(folder: Path) -> Iterator[None]:
    """Whatever a test writes into the workspace's files is gone afterwards."""
    for name in _FILES:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy2
        copy(ROOT / name, folder / name)
    try:
        yield
    finally:
        for name in _FILES:
            if (ROOT / name).is_dir():
                shutil.rmtree(ROOT / name)
                shutil.copytree(folder / name, ROOT / name)
            else:
                shutil.copy2(folder / name, ROOT / name)
        shutil.rmtree(ROOT / ".git", ignore_errors=True)
        engine.workspace()


def git(*words: str, at: Path = ROOT) -> str:
    who = ["-c", "user.name=Priya Nair", "-c", "user.email=p@nordlicht.example"]
    return subprocess.run(["git", *who, *words], cwd=at, check=True, capture_output=True, text=True).stdout


def as_checkout() -> None:
    """The workspace as a git checkout with one commit."""
    git("init", "--quiet", "--initial-branch=main")
    git("add", ".")
    git("commit", "--quiet", "-m", "The first feeds")


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def customers_without_review(*fields: str) -> str:
    """The customers' contract with these fields' reviews taken back."""
    from twain.feeds.review import withdraw  # noqa: PLC0415 — tests that do not need it do not pay for it

    text = CUSTOMERS.read_text(encoding="utf-8")
    for field in fields:
        text = withdraw(text, field)
    return text
