"""From the gateway's spool to the delivery history: each event once, whatever dies in between; machines apart from people."""

import os
import signal
import subprocess
import sys
import time
from contextlib import closing

import pyarrow.parquet as pq
import pytest

from twain.errors import LedgerUnavailable
from twain.flows.events import came_back, collect, waiting
from twain.flows.gateway import event_folder, open_spool
from twain.flows.instance import open_instance
from twain.ledger.bundles import make_bundle
from twain.records import Fate, HistoryTest, Run, RunState, Shard, ShardOutcomes
from twain.returns.events import Event, EventSpool

RUN, PEOPLE, SENT = "r0collected", 40, 1_795_000_000.0
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148"
LATER = SENT + 3600


@pytest.fixture
def here(tmp_path):
    """A workspace with one finished send in its history."""
    (tmp_path / "twain.toml").write_text('[workspace]\nname = "test"\n')
    with open_instance(tmp_path) as instance:
        body = {"campaign": "spring", "feed": "customers", "arms": [{"name": "A"}, {"name": "B"}]}
        bundle = make_bundle("spring", body)
        instance.ledger.publish(bundle)
        run = Run(RUN, bundle.hash, "spring", RunState.FINISHED, "mail", "never_twice", "p", SENT)
        instance.ledger.create_run(run)
        shard = Shard(RUN, 0, PEOPLE, "*", "p", "s")
        same = ([int(Fate.SENT)] * PEOPLE, [""] * PEOPLE, [""] * PEOPLE, [SENT] * PEOPLE)
        keys = [f"k{row}" for row in range(PEOPLE)]
        hashes = [bytes([row]) * 32 for row in range(PEOPLE)]
        instance.history.write(ShardOutcomes(run, shard, *same, "customers"), keys, hashes, ["A", "B"] * (PEOPLE // 2))
        yield instance


def keep(here, *events):
    with closing(open_spool(here.settings)) as spool:
        for event in events:
            spool.keep(event)


def click(row, link=0, at=LATER, agent=PHONE, **more):
    return Event(RUN, 0, row, more.pop("kind", "click"), at, link, agent, **more)


def rows_of(here):
    files = here.history.files("events")
    return sorted((row for file in files for row in pq.read_table(file).to_pylist()), key=lambda row: row["id"])


def test_a_click_becomes_a_row_with_the_persons_key_and_no_trace_of_where_they_were(here):
    keep(here, click(3, network="192.0.2.0/24"))
    done = collect(here, settle=0)
    assert (done.events, done.machines, done.files) == (1, 0, 1)
    (row,) = rows_of(here)
    assert row.pop("id").endswith(".0")
    assert row.pop("at").timestamp() == LATER
    assert row == {
        "run_id": RUN, "shard": 0, "row": 3, "campaign": "spring", "feed": "customers", "key": "k3", "arm": "B", "kind": "click",
        "link": 0, "machine": False, "why": "", "client": "phone",
    }  # fmt: skip
    raw = here.history.files("events")[0].read_bytes()
    assert b"192.0.2" not in raw
    assert b"iPhone" not in raw
    assert list(event_folder(here.settings).glob("*.events")) == []


def test_nothing_is_collected_twice_and_a_quiet_spool_costs_nothing(here):
    assert collect(here, settle=0).files == 0  # not even a folder
    keep(here, click(1), click(2))
    assert waiting(here, settle=0)
    assert collect(here, settle=0).events == 2
    assert collect(here, settle=0).events == 0
    assert not waiting(here, settle=0)
    assert len(rows_of(here)) == 2


def test_what_is_still_written_and_what_is_too_young_to_be_judged_waits(here):
    with closing(open_spool(here.settings)) as spool:
        spool.keep(click(1))
        assert collect(here, settle=0).files == 0
    assert collect(here, settle=60).files == 0
    assert collect(here, settle=0).events == 1


def test_only_one_collects_at_a_time(here, monkeypatch):
    keep(here, click(1))
    seen, real = [], here.history.write_events

    def meanwhile(name, events):
        seen.append(collect(here, settle=0).files)
        return real(name, events)

    monkeypatch.setattr(type(here.history), "write_events", lambda self, name, events: meanwhile(name, events))
    assert collect(here, settle=0).events == 1
    assert seen == [0]


def test_an_event_of_a_send_that_nobody_knows_any_more_is_kept(here):
    keep(here, Event("r0unknown", 5, 5, "open", LATER, agent=PHONE))
    collect(here, settle=0)
    (row,) = rows_of(here)
    assert (row["run_id"], row["campaign"], row["key"]) == ("r0unknown", "", "")


def test_without_room_in_the_history_the_spool_keeps_everything(here, monkeypatch):
    keep(here, click(1))
    with monkeypatch.context() as full:
        full.setattr(type(here.history), "write_events", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left")))
        with pytest.raises(LedgerUnavailable, match="No space left") as refused:
            collect(here, settle=0)
    assert refused.value.shown_code == "T711"
    assert collect(here, settle=0).events == 1


# ---------------------------------------------------------------- kills

DYING = """
import os, signal, sys
from pathlib import Path
from twain.flows import events
from twain.flows.instance import open_instance
from twain.ledger.lake import Lake
from twain.ledger.manifest import Manifest
where, nth = sys.argv[2], int(sys.argv[3])
calls = 0
def deadly(owner, name, after):
    real = getattr(owner, name)
    def call(*args, **named):
        global calls
        calls += 1
        if calls == nth and not after:
            os.kill(os.getpid(), signal.SIGKILL)
        made = real(*args, **named)
        if calls == nth and after:
            os.kill(os.getpid(), signal.SIGKILL)
        return made
    setattr(owner, name, call)
owner = {"write": Lake, "change": Manifest, "unlink": Path}[where.split("-")[1]]
deadly(owner, {"write": "write_events"}.get(where.split("-")[1], where.split("-")[1]), where.startswith("after"))
with open_instance(Path(sys.argv[1])) as here:
    events.collect(here, settle=0)
"""


@pytest.mark.parametrize("merged", [False, True], ids=["", "merged-meanwhile"])
@pytest.mark.parametrize(
    "where", ["before-write", "before-change", "after-change", "after-write", "before-unlink", "after-unlink"]
)
def test_a_collector_killed_anywhere_loses_nothing_and_doubles_nothing(here, where, merged):
    for number in range(3):
        keep(here, *(click(row, link=number, at=LATER + 90 * row) for row in range(5)))
    killed = subprocess.run([sys.executable, "-c", DYING, str(here.root), where, "2"], check=False)
    assert killed.returncode == -signal.SIGKILL
    if merged:
        here.history.compact()
    while collect(here, settle=0).files:
        pass
    found = [(row["row"], row["link"]) for row in rows_of(here)]
    assert sorted(found) == [(row, link) for row in range(5) for link in range(3)]
    assert len({row["id"] for row in rows_of(here)}) == 15
    assert here.history.damaged() == []


def test_files_of_a_killed_gateway_are_collected(here):
    code = (
        "import os, sys; from pathlib import Path; from twain.returns.events import Event, EventSpool\n"
        f"EventSpool(Path(sys.argv[1]), 'dead').keep(Event({RUN!r}, 0, 7, 'click', {LATER}, 0, {PHONE!r}))\n"
        "os.kill(os.getpid(), 9)"
    )
    gone = subprocess.run([sys.executable, "-c", code, str(event_folder(here.settings))], check=False)
    assert gone.returncode == -signal.SIGKILL
    assert collect(here, settle=0).events == 1
    assert rows_of(here)[0]["key"] == "k7"


# ---------------------------------------------------------------- machines


def test_a_scanner_is_told_from_the_reader_even_when_its_events_lie_in_other_files(here):
    keep(here, click(1, 0))
    collect(here, settle=0)
    keep(here, click(1, 1, LATER + 0.5))  # another link half a second later: whoever this is, it is no person
    with closing(EventSpool(event_folder(here.settings), "still-open")) as spool:
        spool.keep(click(2, kind="canary", link=-1, at=LATER + 2))
        keep(here, click(2, 3), click(3, 0))
        collect(here, settle=0)
    by = {(row["row"], row["link"]): row["why"] for row in rows_of(here)}
    assert by == {(1, 0): "", (1, 1): "burst", (2, 3): "canary", (3, 0): ""}


def test_the_clicked_leaf_and_the_results_count_people_only(here):
    bot, soon = "Barracuda Sentinel (EE)", SENT + 2
    keep(here, click(1), click(1, 2, LATER + 60), click(2, agent=bot), click(3, at=soon), click(4, kind="open", link=-1),
         click(5, kind="open", link=-1, agent="Mozilla/5.0"), click(6, signs="prefetch"))  # fmt: skip
    collect(here, settle=0)
    leaf = HistoryTest("clicked", negated=False)
    assert sorted(k for keys in here.history.keys(leaf, "customers", time.time()) for k in keys.to_pylist()) == ["k1"]
    found = came_back(here, RUN)
    assert found.as_json() == {
        "click": {"people": {"times": 2, "messages": 1}, "machines": {"times": 3, "messages": 3}},
        "open": {"people": {"times": 1, "messages": 1}, "machines": {"times": 1, "messages": 1}},
        "links": {"0": {"times": 1, "messages": 1}, "2": {"times": 1, "messages": 1}},
        "machines_by": {"apple-privacy": 1, "gateway": 1, "prefetch": 1, "too-soon": 1},
    }
    assert came_back(here, "r0nothing").as_json() == {"links": {}, "machines_by": {}}


def test_the_command_collects_everything(here, capsys, monkeypatch):
    from twain.cli.app import main  # noqa: PLC0415 — the whole command line

    keep(here, click(1), click(2, agent="curl/8.5"))
    for path in event_folder(here.settings).glob("*.events"):
        os.utime(path, (LATER, LATER))
    monkeypatch.chdir(here.root)
    with pytest.raises(SystemExit) as ended:
        main(["events", "collect", "--json"])
    assert not ended.value.code
    assert '"events": 2' in (said := capsys.readouterr().out)
    assert '"machines": 1' in said
