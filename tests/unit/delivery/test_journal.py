"""The journal: what survives, what is torn, what can be trusted; and what a takeover makes of it."""

from __future__ import annotations

import errno
import os
import resource
import signal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.delivery_desk import RUN, Desk, open_desk
from twain.delivery.channels.memory import MemoryChannel
from twain.delivery.journal import Journal, Told, key_of, read_journal
from twain.delivery.pace import UNSENT
from twain.delivery.takeover import LOST_WITH_WORKER, decide
from twain.errors import LedgerUnavailable
from twain.ledger.clock import read_boot_id
from twain.ports import Feeder
from twain.records import CrashPolicy, Fate, Outcome, Window, Worker
from twain.settings import ChannelSettings


def worker(folder: Path, name: str = "w1", boot: str = "boot-1") -> Worker:
    return Worker(name, str(folder / f"{name}.journal"), boot, os.getpid())


def window(folder: Path, rows: range = range(10), number: int = 7) -> Window:
    return Window(number, RUN, 3, tuple(rows), (0,) * len(rows), worker(folder), 5)


answers = st.builds(
    Outcome,
    row=st.integers(0, 9),
    fate=st.sampled_from(list(Fate)),
    reason=st.sampled_from(["", "refused", "unknown_user"]),
    reply=st.text(max_size=200),
    at=st.floats(0, 2e9),
)


@given(begun=st.sets(st.integers(0, 9)), answered=st.lists(answers, unique_by=lambda one: one.row))
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, begun: set[int], answered: list[Outcome]
) -> None:
    folder = tmp_path_factory.mktemp("journal")
    journal, here = Journal(worker(folder)), window(folder)
    journal.begun({key_of(here): sorted(begun)})
    journal.answered({key_of(here): answered})
    journal.close(forget=False)
    told = read_journal(worker(folder), "boot-1")
    assert told == {key_of(here): Told(begun, {one.row: one for one in answered})}


def test_a_torn_tail_is_as_if_it_had_not_been_written(tmp_path: Path) -> None:
    journal, here = Journal(worker(tmp_path)), window(tmp_path)
    journal.begun({key_of(here): [1, 2]})
    whole = journal.size
    journal.begun({key_of(here): [3, 4]})
    for torn in range(whole, journal.size):
        os.truncate(journal.path, torn)
        told = read_journal(worker(tmp_path), "boot-1")
        assert told is not None
        assert told[key_of(here)].begun == {1, 2}
    journal.close(forget=False)


def test_a_damaged_record_ends_what_is_believed(tmp_path: Path) -> None:
    journal, here = Journal(worker(tmp_path)), window(tmp_path)
    journal.begun({key_of(here): [1, 2]})
    place = journal.size
    journal.begun({key_of(here): [3]})
    journal.close(forget=False)
    data = bytearray(journal.path.read_bytes())
    data[place + 12] ^= 0xFF
    journal.path.write_bytes(data)
    told = read_journal(worker(tmp_path), "boot-1")
    assert told is not None
    assert told[key_of(here)].begun == {1, 2}


def test_a_journal_counts_only_on_its_boot_and_for_its_worker(tmp_path: Path) -> None:
    Journal(worker(tmp_path)).close(forget=False)
    assert read_journal(worker(tmp_path), "boot-1") == {}
    assert read_journal(worker(tmp_path), "boot-2") is None
    stranger = Worker("w9", worker(tmp_path).journal, "boot-1", 1)
    assert read_journal(stranger, "boot-1") is None
    assert read_journal(worker(tmp_path, "missing"), "boot-1") is None


def test_written_anew_it_tells_the_same_of_open_windows(tmp_path: Path) -> None:
    journal = Journal(worker(tmp_path))
    old, here = window(tmp_path, number=1), window(tmp_path, number=2)
    journal.begun({key_of(old): [1], key_of(here): [1, 2, 3]})
    told = Told({1, 2, 3}, {2: Outcome(2, Fate.SENT, "", "250 ok", 5.0)})
    journal.rewrite({key_of(here): told})
    journal.begun({key_of(here): [4]})
    journal.close(forget=False)
    assert read_journal(worker(tmp_path), "boot-1") == {key_of(here): Told({1, 2, 3, 4}, told.answers)}


def test_a_full_disk_leaves_nothing_half_written(tmp_path: Path) -> None:
    """F4: the write fails as a whole, and says what to do."""
    journal, here = Journal(worker(tmp_path)), window(tmp_path)
    journal.begun({key_of(here): [1]})
    before = journal.path.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 20, limits[1]))
    try:
        with pytest.raises(LedgerUnavailable) as caught:
            journal.begun({key_of(here): list(range(10))})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, ignored)
    assert caught.value.shown_code == "T711"
    assert journal.path.read_bytes() == before
    journal.begun({key_of(here): [2]})
    told = read_journal(worker(tmp_path), "boot-1")
    assert told is not None
    assert told[key_of(here)].begun == {1, 2}
    journal.close(forget=False)


@pytest.mark.parametrize(
    ("policy", "uncertain", "unsent"), [("never_twice", [2], [3, 4, 5]), ("never_miss", [], [2, 3, 4, 5])]
)
def test_a_takeover_decides_by_the_journal(
    tmp_path: Path, policy: CrashPolicy, uncertain: list[int], unsent: list[int]
) -> None:
    here = window(tmp_path, range(6))
    told = Told(
        {0, 1, 2, 3},
        {
            0: Outcome(0, Fate.SENT, "", "250 ok", 1.0),
            1: Outcome(1, Fate.FAILED, "refused", "550 no", 1.0),
            3: Outcome(3, Fate.DEFERRED, UNSENT, "", 1.0),
        },
    )
    outcomes, back = decide(here, told, policy, 9.0)
    assert [o.row for o in outcomes if o.fate is Fate.UNCERTAIN] == uncertain
    assert all(o.reason == LOST_WITH_WORKER for o in outcomes if o.fate is Fate.UNCERTAIN)
    assert sorted(back) == unsent
    assert {o.row: o.fate for o in outcomes if o.row < 2} == {0: Fate.SENT, 1: Fate.FAILED}


class _Dying(MemoryChannel):
    """Begins ten, answers four of them, and dies like a killed process: nothing is tidied up."""

    def deliver(self, feeder: Feeder) -> None:
        taken = feeder.take(10)
        assert isinstance(taken, list)
        for envelope in taken[:4]:
            feeder.answer(envelope.ticket, self._send(envelope))
        feeder.tick()
        raise _Killed


class _Killed(BaseException):
    pass


def _die(desk: Desk, channel: MemoryChannel, name: str = "w1") -> None:
    """A worker that ends without settling or releasing anything, as after kill -9."""
    ledger = desk.ledger

    class Dead:
        def __getattr__(self, name: str) -> object:
            if name in {"settle", "release"}:

                def gone(*_: object, **__: object) -> None:
                    raise LedgerUnavailable("the process is dead")

                return gone
            return getattr(ledger, name)

    with pytest.raises(_Killed):
        desk.send(channel, desk.worker(name), ledger=Dead())  # type: ignore[arg-type]


@pytest.mark.parametrize(("policy", "uncertain"), [("never_twice", 6), ("never_miss", 0)])
def test_after_a_crash_only_unanswered_rows_are_unknown(tmp_path: Path, policy: CrashPolicy, uncertain: int) -> None:
    desk = open_desk(tmp_path)
    desk.begin([30], policy=policy)
    dying = _Dying(ChannelSettings("memory", "memory", {}))
    _die(desk, dying)
    desk.clock.pass_time(60)  # type: ignore[attr-defined]
    second = MemoryChannel(ChannelSettings("memory", "memory", {}))
    assert desk.send(second, desk.worker("w2")).ended == "done"
    tally = desk.ledger.tally(RUN)
    assert (tally.sent, tally.uncertain, tally.pending) == (30 - uncertain, uncertain, 0)
    twice = {one.recipient for one in dying.sent} & {one.recipient for one in second.sent}
    assert not twice


def test_without_the_journal_every_claimed_row_counts_as_begun(tmp_path: Path) -> None:
    desk = open_desk(tmp_path)
    desk.begin([30])
    _die(desk, _Dying(ChannelSettings("memory", "memory", {})))
    Path(desk.worker("w1").journal).unlink()
    desk.clock.pass_time(60)  # type: ignore[attr-defined]
    second = MemoryChannel(ChannelSettings("memory", "memory", {}))
    desk.send(second, desk.worker("w2"))
    assert desk.ledger.tally(RUN).uncertain == 30
    assert not second.sent
    assert read_boot_id()


def test_a_full_disk_stops_sending_before_anything_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """F4 through the dispatcher: no begun record, no message; it goes on when there is room again."""
    desk = open_desk(tmp_path)
    desk.begin([100])
    real, refused = Journal._append, []

    def full(self: Journal, data: bytes) -> None:
        if self.size and len(refused) < 3:
            refused.append(len(data))
            raise self._unwritable(OSError(errno.ENOSPC, "No space left on device"))
        real(self, data)

    monkeypatch.setattr(Journal, "_append", full)
    channel = MemoryChannel(
        ChannelSettings("memory", "memory", {}),
        sleep=lambda seconds: desk.clock.pass_time(max(seconds, 0.25)),  # type: ignore[attr-defined]
    )
    report = desk.send(channel)
    assert len(refused) == 3
    assert (report.ended, report.sent) == ("done", 100)
    assert len({one.recipient for one in channel.sent}) == len(channel.sent) == 100
