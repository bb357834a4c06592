import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twain.errors import LedgerUnavailable
from twain.returns.events import Event, EventSpool, finished_files, open_files, read_events

CLICK = Event("r0towx8i0vj9", 3, 77, "click", 1_795_000_000.25, 4, "Mozilla/5.0", "192.0.2.0/24")


def kept(folder):
    return [event for path in finished_files(folder) for event in read_events(path)]


def test_what_is_kept_is_read_again(tmp_path):
    spool = EventSpool(tmp_path, "one")
    spool.keep(CLICK)
    assert kept(tmp_path) == []  # it is still being written to
    spool.rotate()
    assert kept(tmp_path) == [CLICK]
    spool.close()


def test_a_quiet_spool_makes_no_files(tmp_path):
    spool = EventSpool(tmp_path, "one")
    for _ in range(3):
        spool.rotate()
    spool.close()
    assert list(tmp_path.iterdir()) == []


def test_many_threads_share_few_syncs_and_lose_nothing(tmp_path, monkeypatch):
    syncs, real, hold = [], os.fdatasync, threading.Barrier(2, timeout=20)

    def counted(file):
        if not syncs:
            hold.wait()  # the first sync takes as long as it takes the others to come
        syncs.append(1)
        real(file)

    monkeypatch.setattr(os, "fdatasync", counted)
    spool = EventSpool(tmp_path, "one")
    events = [Event("r1", 0, n, "click", float(n)) for n in range(400)]
    with ThreadPoolExecutor(64) as threads:
        first = threads.submit(spool.keep, events[0])
        rest = [threads.submit(spool.keep, event) for event in events[1:]]
        hold.wait()
        for one in [first, *rest]:
            one.result(20)
    spool.close()
    assert sorted(kept(tmp_path), key=lambda event: event.row) == events
    assert len(syncs) < len(events) / 2


def test_a_full_disk_is_said_to_everybody_who_waits_and_leaves_no_half_record(tmp_path, monkeypatch):
    spool = EventSpool(tmp_path, "one")
    spool.keep(CLICK)
    real = os.write
    monkeypatch.setattr(os, "write", lambda file, data: real(file, data[: len(data) // 2]))
    with pytest.raises(LedgerUnavailable) as refused:
        spool.keep(CLICK)
    assert refused.value.shown_code == "T787"
    monkeypatch.setattr(os, "write", real)
    spool.keep(CLICK)
    spool.close()
    assert kept(tmp_path) == [CLICK, CLICK]


def test_large_files_are_rotated_by_themselves(tmp_path, monkeypatch):
    monkeypatch.setattr("twain.returns.events._ROTATE_AT", 200)
    spool = EventSpool(tmp_path, "one")
    for _ in range(12):
        spool.keep(CLICK)
    spool.close()
    assert len(list(tmp_path.iterdir())) > 3
    assert kept(tmp_path) == [CLICK] * 12


@settings(deadline=None)
@given(st.data())
def test_a_torn_end_costs_only_what_nobody_was_answered_for(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("spool")
    spool = EventSpool(folder, "one")
    for _ in range(3):
        spool.keep(CLICK)
    spool.close()
    (path,) = folder.iterdir()
    whole = path.read_bytes()
    cut = data.draw(st.integers(0, len(whole)))
    path.write_bytes(whole[:cut] + data.draw(st.binary(max_size=20)))
    found = list(read_events(path))
    assert found[: cut // (len(whole) // 3)] == [CLICK] * min(3, cut // (len(whole) // 3))


KILLED = """
import sys
from pathlib import Path
from twain.returns.events import Event, EventSpool
spool = EventSpool(Path(sys.argv[1]), "child")
n = 0
while True:
    spool.keep(Event("r1", 0, n, "click", float(n)))
    sys.stdout.write(f"{n}\\n")
    sys.stdout.flush()
    n += 1
"""


@pytest.mark.parametrize("after", [1, 40, 300])
def test_a_killed_process_has_lost_nothing_it_answered(tmp_path, after):
    child = subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    for _ in range(after):
        child.stdout.readline()
    child.send_signal(signal.SIGKILL)
    answered = after + len(child.stdout.read().split())
    child.wait()
    child.stdout.close()
    assert [event.row for event in kept(tmp_path)][:answered] == list(range(answered))


def test_an_agent_is_cut(tmp_path):
    spool = EventSpool(tmp_path, "one")
    spool.keep(Event("r1", 0, 0, "click", 0.0, agent="x" * 10_000))
    spool.close()
    assert len(kept(tmp_path)[0].agent) == 200


def test_after_a_failed_sync_the_file_takes_no_more_and_what_was_answered_stays(tmp_path, monkeypatch):
    """What the kernel kept of a failed sync is unknown: nothing may be written behind it, and nothing before it be cut off."""
    spool, real = EventSpool(tmp_path, "one"), os.fdatasync

    def failing(file):
        raise OSError(5, "Input/output error")

    spool.keep(CLICK)
    monkeypatch.setattr(os, "fdatasync", failing)
    with pytest.raises(LedgerUnavailable, match="Input/output"):
        spool.keep(CLICK._replace(row=1))
    monkeypatch.setattr(os, "fdatasync", real)
    spool.keep(CLICK._replace(row=2))
    monkeypatch.setattr(os, "write", lambda file, data: 0)
    with pytest.raises(LedgerUnavailable):
        spool.keep(CLICK._replace(row=3))
    spool.close()
    assert sorted(event.row for event in kept(tmp_path)) == [2, 77]


def test_a_file_has_its_name_only_once_it_is_locked(tmp_path, monkeypatch):
    """Else whoever collects could take it for a dead process's, and what is kept in it then would be gone."""
    seen, real = [], fcntl.flock

    def looked(file, how):
        seen.append([path.name for path in tmp_path.glob("*.events")])
        real(file, how)

    monkeypatch.setattr("twain.returns.events.fcntl.flock", looked)
    spool = EventSpool(tmp_path, "one")
    spool.keep(CLICK)
    assert seen == [[]]
    assert finished_files(tmp_path) == []
    assert [path.name for path in open_files(tmp_path)] == ["one-000000.events"]
    spool.close()


def test_the_last_events_of_a_busy_hour_do_not_wait_for_the_next_one(tmp_path, monkeypatch):
    monkeypatch.setattr("twain.returns.events.ROTATE_SECONDS", 0.05)
    spool = EventSpool(tmp_path, "one")
    spool.keep(CLICK)
    closed = threading.Event()
    for _ in range(400):
        if finished_files(tmp_path):
            break
        closed.wait(0.05)
    assert kept(tmp_path) == [CLICK]
    spool.close()


@given(agent=st.text(max_size=300), network=st.text(max_size=50))
def test_whatever_a_client_says_is_read_as_it_was_said(agent, network):
    packed = CLICK._replace(agent=agent, network=network).packed()
    assert Event(*json.loads(packed[8:])) == CLICK._replace(agent=agent[:200], network=network)
