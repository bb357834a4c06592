"""The house's tables, made once in a run of tests: a house that is only a place to test in begins with a copy.

To migrate an empty database takes seconds, and every house of the tests would do it. A copy holds what the migrations made and
nobody; a house that opens on it looks for migrations as always and finds none. How a house migrates is tested without it
(``tests/web/up``).
"""

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from twain.demo.start import copy_workspace
from twain.ledger.house import HOUSE_FILE

_NAME = "TWAIN_TEST_TEMPLATE"  # the folder of this run: set by the first process of it, inherited by the others


def migrated(state: Path) -> None:
    """Put the house's database, with all its tables and nobody in it, into a workspace's *state* folder."""
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    shutil.copyfile(_template(), state / HOUSE_FILE)
    (state / HOUSE_FILE).chmod(0o600)


def _template() -> Path:
    folder = Path(os.environ[_NAME])
    with (folder / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / HOUSE_FILE).exists():
            subprocess.run([sys.executable, __file__, str(folder)], check=True, env=_environment(folder))
    return folder / HOUSE_FILE


def _environment(folder: Path) -> dict[str, str]:
    root = folder / "workspace"
    copy_workspace(root)
    return {**os.environ, "TWAIN_ROOT": str(root)}


def _make(folder: Path) -> None:
    from django.conf import settings  # noqa: PLC0415 — it configures itself from the environment

    from twain_web.loading import load  # noqa: PLC0415

    load()
    from twain_web.supervise.prepare import prepare  # noqa: PLC0415 — only after setup

    prepare()
    whole = folder / f".{HOUSE_FILE}"
    with sqlite3.connect(settings.TWAIN.state / HOUSE_FILE) as made:
        made.execute("VACUUM INTO ?", [str(whole)])
    made.close()
    whole.rename(folder / HOUSE_FILE)


def pytest_configure(config: pytest.Config) -> None:
    if _NAME not in os.environ:
        os.environ[_NAME] = tempfile.mkdtemp(prefix="twain-template-")
        config.add_cleanup(lambda: shutil.rmtree(os.environ.pop(_NAME), ignore_errors=True))
    from django.core.management.commands.migrate import Command  # noqa: PLC0415

    really = Command.handle

    def handle(self: Command, *words: Any, **options: Any) -> Any:
        """The database of a test process begins as a copy too: then it is migrated, as far as there is anything to do."""
        from django.db import connections  # noqa: PLC0415 — after the settings

        connection = connections[options["database"]]
        if connection.vendor == "sqlite" and not connection.introspection.table_names():
            source = sqlite3.connect(_template())
            source.backup(connection.connection)
            source.close()
        return really(self, *words, **options)

    Command.handle = handle


if __name__ == "__main__":
    _make(Path(sys.argv[1]))
