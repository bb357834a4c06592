"""F10: a restored ledger sends nothing before suppression is reconciled; ledger and key come back together."""

from __future__ import annotations

from contextlib import closing

import pytest

from twain.errors import Held, LeaseLost, LedgerError
from twain.ledger.backup import backup, restore
from twain.ledger.stores import open_ledger
from twain.records import RunState, Suppression, Window
from twain.testing.ledger_steps import FREE, START, a_worker, an_event, claimed, leased, sending


@pytest.fixture
def key_file(tmp_path):
    file = tmp_path / "state" / "suppression.key"
    file.parent.mkdir()
    file.write_bytes(b"the old key")
    return file


def test_ledger_and_key_come_back_together_and_nothing_is_sent_before_reconciling(tmp_path, key_file):
    with closing(open_ledger(f"sqlite:///{tmp_path / 'old.db'}")) as ledger:
        sending(ledger)
        ledger.suppress([Suppression(b"x" * 32, "unsubscribed", "link", START)])
        folder = backup(ledger, key_file, tmp_path / "backup")
    key_file.write_bytes(b"a new instance's key")
    url = f"sqlite:///{tmp_path / 'new.db'}"
    restore(url, key_file, folder)
    assert key_file.read_bytes() == b"the old key"
    assert key_file.stat().st_mode & 0o077 == 0
    with closing(open_ledger(url)) as ledger:
        assert [s.address_hash for s in ledger.suppressions()] == [b"x" * 32]
        ledger.advance("r1", {RunState.HELD}, RunState.SENDING, an_event("r1"))
        with pytest.raises(Held, match="restored"):
            ledger.lease("r1", a_worker("w1"))
        ledger.mark_restored(False, "Priya Nair")
        assert isinstance(claimed(ledger, leased(ledger)), Window)


def test_a_lease_from_before_the_backup_is_void(tmp_path):
    with closing(open_ledger(f"sqlite:///{tmp_path / 'old.db'}")) as ledger:
        sending(ledger)
        lease = leased(ledger)
        ledger.backup(tmp_path / "copy.db")
    with closing(open_ledger(f"sqlite:///{tmp_path / 'copy.db'}")) as copy, pytest.raises(LeaseLost):
        copy.claim(lease, limit=1, pace=FREE, channel_pace=FREE)


def test_half_a_backup_is_refused_and_touches_nothing(tmp_path, key_file):
    with closing(open_ledger("memory://")) as ledger:
        folder = backup(ledger, key_file, tmp_path / "backup")
    (folder / "suppression.key").unlink()
    key_file.write_bytes(b"mine")
    with pytest.raises(LedgerError) as error:
        restore(f"sqlite:///{tmp_path / 'new.db'}", key_file, folder)
    assert error.value.shown_code == "T761"
    assert key_file.read_bytes() == b"mine"


def test_a_restore_over_a_used_ledger_leaves_its_key_alone(tmp_path, key_file):
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    with closing(open_ledger(url)) as ledger:
        sending(ledger)
        folder = backup(ledger, key_file, tmp_path / "backup")
    key_file.write_bytes(b"mine")
    with pytest.raises(LedgerError) as error:
        restore(url, key_file, folder)
    assert error.value.shown_code == "T762"
    assert key_file.read_bytes() == b"mine"


def test_a_backup_that_cannot_be_written_says_why(tmp_path, key_file):
    (tmp_path / "file").write_text("in the way")
    with closing(open_ledger("memory://")) as ledger, pytest.raises(LedgerError) as error:
        backup(ledger, key_file, tmp_path / "file")
    assert error.value.shown_code == "T760"
