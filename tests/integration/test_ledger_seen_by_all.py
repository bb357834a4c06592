"""One SQLite ledger, many processes and threads: what one writes all others see, whoever opened or closed theirs meanwhile."""

from __future__ import annotations

import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

from twain.ledger.stores import open_ledger
from twain.records import Suppression

_ELSEWHERE = """
import sys
from twain.ledger.stores import open_ledger
from twain.records import Suppression
ledger = open_ledger(sys.argv[1])
ledger.suppress([Suppression(bytes([int(sys.argv[2])]) * 32, "unsubscribed", "elsewhere", 0.0)])
ledger.close()
"""


def _write_elsewhere(url: str, number: int) -> None:
    subprocess.run([sys.executable, "-c", _ELSEWHERE, url, str(number)], check=True, timeout=60)


def _open_and_close(url: str) -> None:
    with closing(open_ledger(url)) as other:
        assert list(other.suppressions()) is not None


def test_an_open_ledger_sees_what_another_process_writes_after_a_thread_closed_its_own(tmp_path: Path):
    """A process that loses its locks is taken for gone: the next one to close deletes the log under it."""
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    with closing(open_ledger(url)) as ledger:
        for number in range(1, 4):
            ledger.suppress([Suppression(bytes([100 + number]) * 32, "bounced", "here", 0.0)])
            for work in (lambda: _open_and_close(url),) * 2:
                thread = threading.Thread(target=work)
                thread.start()
                thread.join(30)
            _write_elsewhere(url, number)
            assert len(list(ledger.suppressions())) == 2 * number
            with closing(open_ledger(url)) as fresh:
                assert len(list(fresh.suppressions())) == 2 * number


def test_the_file_is_for_its_owner_alone(tmp_path: Path):
    file = tmp_path / "state" / "ledger.db"
    with closing(open_ledger(f"sqlite:///{file}")):
        assert file.stat().st_mode & 0o077 == 0
