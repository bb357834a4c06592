import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from twain.errors import LedgerError, LedgerUnavailable
from twain.records import SHARD_FIELDS
from twain.snapshot.spill import Spill
from twain.snapshot.spool import begin_attempt, discard, discard_attempt, read_shard, write_shard

KEY, OTHER_KEY = os.urandom(32), os.urandom(32)


def people(count: int, prefix: str = "canary") -> pa.Table:
    schema = pa.schema([*SHARD_FIELDS, pa.field("name", pa.string())])
    return pa.table(
        [
            pa.array([f"{prefix}-key-{i}" for i in range(count)]),
            pa.array([f"{prefix}{i}@example.org" for i in range(count)]),
            pa.array([bytes([i % 256]) * 32 for i in range(count)], pa.binary(32)),
            pa.array([0] * count, pa.int8()),
            pa.array([None if i % 3 else f"{prefix} Ünal" for i in range(count)], pa.string()),
        ],
        schema=schema,
    )


@pytest.fixture
def folder(tmp_path):
    return begin_attempt(tmp_path / "spool", "r1")


def test_a_shard_comes_back_as_it_was(folder):
    table = people(1000)
    shard = write_shard(folder, table, KEY, run_id="r1", number=7, lane="google", not_before=12.5)
    assert (shard.run_id, shard.number, shard.rows, shard.lane, shard.not_before) == ("r1", 7, 1000, "google", 12.5)
    assert read_shard(shard, KEY).equals(table)


def test_nobody_else_can_read_it_and_it_tells_nothing(folder):
    shard = write_shard(folder, people(500), KEY, run_id="r1", number=1, lane="*")
    path = Path(shard.path)
    assert path.is_absolute()
    assert path.stat().st_mode & 0o777 == 0o600
    assert {f.stat().st_mode & 0o777 for f in (folder, folder.parent, folder.parent.parent)} == {0o700}
    assert b"canary" not in path.read_bytes()
    assert [p.name for p in folder.iterdir()] == [path.name]


def damaged(shard, change):
    path = Path(shard.path)
    path.write_bytes(change(path.read_bytes()))
    return shard


@pytest.mark.parametrize(
    "change",
    [
        lambda raw: raw[:-1],
        lambda raw: raw[: len(raw) // 2],
        lambda raw: b"",
        lambda raw: raw + b"\0",
        lambda raw: raw[:-20] + bytes([raw[-20] ^ 1]) + raw[-19:],
        lambda raw: b"TWS2" + raw[4:],
        lambda raw: raw[:4] + bytes(12) + raw[16:],
    ],
    ids=["cut", "half", "empty", "longer", "bit", "magic", "nonce"],
)
def test_a_damaged_shard_is_refused(folder, change):
    shard = damaged(write_shard(folder, people(50), KEY, run_id="r1", number=1, lane="*"), change)
    with pytest.raises(LedgerError, match="damaged") as refused:
        read_shard(shard, KEY)
    assert refused.value.shown_code == "T783"


def test_a_shard_cannot_stand_in_for_another_even_with_its_own_checksum(folder):
    first = write_shard(folder, people(50, "a"), KEY, run_id="r1", number=1, lane="*")
    second = write_shard(folder, people(50, "b"), KEY, run_id="r1", number=2, lane="*")
    for swapped in (
        replace(first, path=second.path, sha256=second.sha256),
        replace(second, run_id="r2"),
        replace(second, rows=49),
    ):
        with pytest.raises(LedgerError, match="damaged"):
            read_shard(swapped, KEY)


def test_another_runs_key_opens_nothing(folder):
    shard = write_shard(folder, people(5), KEY, run_id="r1", number=1, lane="*")
    with pytest.raises(LedgerError, match="damaged"):
        read_shard(shard, OTHER_KEY)


def test_a_missing_shard_says_so(folder):
    shard = write_shard(folder, people(5), KEY, run_id="r1", number=1, lane="*")
    discard_attempt(folder)
    with pytest.raises(LedgerError) as missing:
        read_shard(shard, KEY)
    assert missing.value.shown_code == "T782"
    assert str(shard.number) in missing.value.what


def test_discard_takes_this_run_only(tmp_path):
    spool = tmp_path / "spool"
    mine, again, theirs = begin_attempt(spool, "r1"), begin_attempt(spool, "r1"), begin_attempt(spool, "r2")
    for each in (mine, again, theirs):
        write_shard(each, people(5), KEY, run_id="r1", number=1, lane="*")
    discard_attempt(again)
    assert mine.exists()
    discard(spool, "r1")
    discard(spool, "r1")  # a second time changes nothing
    assert [p.name for p in spool.iterdir()] == ["r2"]
    discard_attempt(theirs)
    assert list(spool.iterdir()) == []


@pytest.mark.parametrize("run_id", ["..", "../r1", "/etc", "", "r/1", "R1", "r1\n", "r" * 17, "r\0"])
def test_a_run_id_cannot_leave_the_spool(tmp_path, run_id):
    victim = tmp_path / "r1" / "kept"
    victim.parent.mkdir()
    victim.touch()
    for act in (begin_attempt, discard):
        with pytest.raises(LedgerError, match="not a run's id"):
            act(tmp_path / "spool", run_id)
    assert victim.exists()


def test_a_symlink_in_the_spool_is_not_followed_when_it_is_cleared(tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").touch()
    folder = begin_attempt(tmp_path / "spool", "r1")
    (folder / "link").symlink_to(outside)
    discard(tmp_path / "spool", "r1")
    assert (outside / "kept").exists()
    assert not folder.exists()


def test_an_unwritable_spool_says_which(tmp_path):
    (tmp_path / "spool").write_text("a file, not a folder")
    with pytest.raises(LedgerError) as refused:
        begin_attempt(tmp_path / "spool", "r1")
    assert refused.value.shown_code == "T780"
    assert str(tmp_path / "spool") in refused.value.what


_ON_A_SMALL_DISK = """
import json, os, resource, sys
from pathlib import Path
import pyarrow as pa
from twain.errors import LedgerUnavailable
from twain.snapshot.take import take_snapshot

resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
rows = 20000
batch = pa.record_batch({
    "key": [str(i) for i in range(rows)], "address": [f"p{i}@example.org" for i in range(rows)],
    "noise": [os.urandom(60).hex() for _ in range(rows)],
})
try:
    take_snapshot([batch], run_id="r1", spool=Path(sys.argv[1]), data_key=os.urandom(32),
                  hash_address=lambda many: [bytes(32)] * len(many), lane=lambda a: "*", split=lambda h: 0)
except LedgerUnavailable as full:
    print(json.dumps({"code": full.shown_code, "what": full.what, "todo": full.todo}))
"""


@pytest.mark.parametrize("limit", [10_000, 2_200_000], ids=["while reading", "while writing shards"])
def test_a_full_disk_is_told_and_leaves_nothing(tmp_path, limit):
    """A limit on file size is met exactly as a full disk is: the write fails half-way."""
    spool = tmp_path / "spool"
    told = subprocess.run(
        [sys.executable, "-c", _ON_A_SMALL_DISK, str(spool), str(limit)], capture_output=True, text=True, check=True
    )
    answer = json.loads(told.stdout)
    assert answer["code"] == "T781"
    assert "full" in answer["what"]
    assert "Make room" in answer["todo"]
    assert list(spool.rglob("*")) == []


@pytest.mark.parametrize(("chosen", "told"), [({}, "system"), ({"ARROW_DEFAULT_MEMORY_POOL": "mimalloc"}, "mimalloc")])
def test_arrow_takes_memory_from_the_system_unless_somebody_chose(chosen, told):
    ours = {name: value for name, value in os.environ.items() if name != "ARROW_DEFAULT_MEMORY_POOL"}
    code = "import twain.snapshot.take, pyarrow; print(pyarrow.default_memory_pool().backend_name)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=ours | chosen)
    assert done.stdout.strip() == told


def test_a_failed_shard_write_leaves_no_draft(folder, monkeypatch):
    def no_space(file, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", no_space)
    with pytest.raises(LedgerUnavailable, match="disk is full"):
        write_shard(folder, people(5), KEY, run_id="r1", number=1, lane="*")
    assert list(folder.iterdir()) == []


def test_a_spill_gives_its_pieces_back_and_is_noise_on_disk(tmp_path):
    with Spill(tmp_path) as spill:
        pieces = [people(10, f"piece{i}") for i in range(5)]
        numbers = [spill.add(piece) for piece in pieces]
        assert [spill.read(n).equals(p) for n, p in zip(numbers, pieces, strict=True)] == [True] * 5
        assert spill.read_many([3, 1]).equals(pa.concat_tables([pieces[3], pieces[1]]))
        assert len(spill) == 5
        written = Path(f"/proc/self/fd/{spill._file.fileno()}").read_bytes()
        assert len(written) > 1000
        assert b"piece" not in written
    assert list(tmp_path.iterdir()) == []
