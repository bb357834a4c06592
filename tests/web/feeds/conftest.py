"""Fixtures of the catalogue's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.web.feeds.feeds_workspace import as_checkout, kept


@pytest.fixture
def files(tmp_path: Path) -> Iterator[None]:
    """The workspace's files may be written to."""
    with kept(tmp_path):
        yield


@pytest.fixture
def checkout(files: None) -> None:
    """The workspace is a git checkout."""
    as_checkout()
