"""The manifest stays as long as a month's changes: true files stay true, readers keep their places, writers their lines."""

from __future__ import annotations

import json
import random
import subprocess
import sys

import pytest

from twain.ledger import manifest as of_manifest
from twain.ledger.manifest import Entry, Manifest
from twain.ledger.news import end_of_history, history_size, read_news
from twain.ledger.shortening import older_than, read_head

DAY = 86_400.0
NOW = 1_800_000_000.0


def entry(name, shards=()):
    return Entry("events", f"events/month=2026-11/{name}.parquet", "0" * 64, 1, "2026-11", NOW, NOW, ("customers",),
                 {"r1": list(shards)})  # fmt: skip


def grown(root, days, a_day=20):
    """A manifest of so many days: files come all the time, and most are merged the next day."""
    book = Manifest(root)
    for day in range(days):
        at = NOW - (days - day) * DAY
        names = [f"spool-{day}-{n}" for n in range(a_day)]
        for n, name in enumerate(names):
            book.change([entry(name, [day * a_day + n])], [], at + n)
        if day % 3:
            shards = range(day * a_day, (day + 1) * a_day)
            book.change([entry(f"sorted-{day}", shards)], [entry(name).path for name in names], at + DAY / 2)
    return book


@pytest.fixture
def root(tmp_path):
    (tmp_path / "history").mkdir()
    return tmp_path / "history"


def state(root):
    of_manifest._reading.cache_clear()
    book = Manifest(root)
    return {e.path: e for e in book.entries("events")}, book.removed("")


def test_what_is_true_is_the_same_and_what_ceased_to_be_a_month_ago_is_forgotten(root):
    book = grown(root, 100)
    path = root / "manifest.jsonl"
    before, removed, size = *state(root), path.stat().st_size
    assert book.shorten(NOW, least=1)
    assert path.stat().st_size < size * 0.6
    after, still = state(root)
    assert after == before == {e.path: e for e in book.entries("events")}
    assert set(still) < set(removed)
    assert {p for p in removed if book.removed_at(p) is None} == set(removed) - set(still)
    young = {p for p in removed if int(p.split("-")[2]) >= 45}
    assert young <= set(still), "who repeats what was merged within a month after the cut is still told so"
    assert not book.shorten(NOW, least=1), "there is nothing more to gain"
    assert list(root.glob(".*")) == []


def test_a_short_one_and_one_without_old_lines_are_left_alone(root):
    assert not Manifest(root).shorten(NOW)
    book = grown(root, 25)
    before = (root / "manifest.jsonl").read_bytes()
    assert not book.shorten(NOW, least=1)
    assert not book.shorten(NOW + 90 * DAY)
    assert (root / "manifest.jsonl").read_bytes() == before
    assert book.shorten(NOW + 90 * DAY, least=1)


def test_it_is_shortened_again_and_again_and_places_go_on(root):
    book, places = grown(root, 80), []
    for month in range(6):
        assert book.shorten(NOW + month * 31 * DAY, least=1)
        places.append(end_of_history(root))
        for n in range(400):
            book.change([entry(f"later-{month}-{n}")], [], NOW + month * 31 * DAY + n)
        assert history_size(root) == end_of_history(root)
    assert places == sorted(set(places))
    assert len(state(root)[0]) == len(book.entries("events")) >= 2_400
    with (root / "manifest.jsonl").open("rb") as file:
        assert read_head(file).place > places[-2]


def _heard(root, place):
    """The files that bring news from a place on, in order, and the place after them."""
    heard = []
    while (news := read_news(root, place, {"events"})).after != place:
        place = news.after
        heard += [row["file"] for row in news.rows.get("events", ())]
    return heard, place


@pytest.fixture
def rows(monkeypatch):
    """A file brings one row, which says its name: what parquet holds is not at stake here."""
    monkeypatch.setattr("twain.ledger.news._rows", lambda _root, one: [{"file": one.path}])


@pytest.mark.parametrize("days_behind", [0, 1, 20, 29])
def test_whoever_is_less_than_a_month_behind_hears_everything_once(root, rows, days_behind):
    book = grown(root, 100 - days_behind)
    place = _heard(root, 0)[1]
    assert place == end_of_history(root)
    came = [f"spool-x-{n}" for n in range(50)]
    for n, name in enumerate(came):
        book.change([entry(name)], [], NOW - days_behind * DAY + n)
    assert book.shorten(NOW, least=1)
    book.change([entry("after")], [], NOW)
    heard, end = _heard(root, place)
    assert heard == [entry(name).path for name in (*came, "after")]
    assert (_heard(root, end), end) == (([], end), end_of_history(root))


def test_whoever_is_further_behind_hears_what_is_younger_and_nothing_twice(root, rows):
    book = grown(root, 100)
    whole = _heard(root, 0)[0]
    assert book.shorten(NOW, least=1)
    heard, end = _heard(root, 0)
    assert heard == whole[-len(heard) :]
    assert len(heard) > 29 * 20
    assert end == end_of_history(root)


def test_a_history_that_was_put_back_tells_nothing_again(root, rows):
    book = grown(root, 100)
    backup = (root / "manifest.jsonl").read_bytes()
    book.shorten(NOW, least=1)
    for n in range(9):
        book.change([entry(f"new-{n}")], [], NOW + n)
    place = end_of_history(root)
    (root / "manifest.jsonl").write_bytes(backup)
    assert _heard(root, place) == ([], end_of_history(root))


def test_a_crash_before_the_new_one_is_in_its_place_changes_nothing(root, monkeypatch):
    book = grown(root, 100)
    before = (root / "manifest.jsonl").read_bytes()

    def dies(*_):
        raise SystemError("killed")

    with monkeypatch.context() as once:
        once.setattr(of_manifest, "put_in_place", dies)
        with pytest.raises(SystemError):
            book.shorten(NOW, least=1)
    assert (root / "manifest.jsonl").read_bytes() == before
    true = state(root)[0]
    assert Manifest(root).shorten(NOW, least=1)
    assert state(root)[0] == true


def test_a_torn_line_is_left_out_and_its_writer_writes_on(root):
    book = grown(root, 100)
    with (root / "manifest.jsonl").open("ab") as file:
        file.write(b'{"add": [], "at": 17')
    before = state(root)[0]
    assert Manifest(root).shorten(NOW, least=1)
    Manifest(root).change([entry("next")], [], NOW)
    assert set(state(root)[0]) == {*before, entry("next").path}
    assert book.entries("events") == list(state(root)[0].values())


WRITER = """
import sys
from pathlib import Path
from tests.integration.test_manifest_shortened import NOW, entry
from twain.ledger.manifest import Manifest
who, number = sys.argv[2], int(sys.argv[3])
book = Manifest(Path(sys.argv[1]))
for n in range(number):
    assert book.change([entry(f"{who}-{n}")], [], NOW + n)
    if n % 3 == 2:
        assert book.change([], [entry(f"{who}-{n - 1}").path], NOW + n)
"""


def test_no_writer_loses_a_line_to_one_who_shortens(root):
    """Real processes, all at once: each line that was said to be written is there afterwards."""
    grown(root, 100)
    old = len(state(root)[0])
    command = [sys.executable, "-c", WRITER, str(root)]
    writers = [subprocess.Popen([*command, f"w{n}", "60"]) for n in range(3)]
    book, shortened = Manifest(root), 0
    while any(writer.poll() is None for writer in writers):
        shortened += book.shorten(NOW + 90 * DAY, least=1)  # whatever stands there is more than a month old
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    assert shortened > 3
    expected = {f"w{w}-{n}" for w in range(3) for n in range(60) if n % 3 != 1}
    found = {path.rsplit("/")[-1].removesuffix(".parquet") for path in state(root)[0]}
    assert {name for name in found if name.startswith("w")} == expected
    assert len(found) == old + len(expected)


@pytest.mark.parametrize("seed", range(30))
def test_the_first_line_that_is_young_enough_is_found(tmp_path, seed):
    chance = random.Random(seed)
    times = sorted(chance.choice([chance.randint(0, 50), chance.random() * 50]) for _ in range(chance.randint(0, 60)))
    lines = [json.dumps({"add": ["x" * chance.randint(0, 300)], "at": at}).encode() + b"\n" for at in times]
    path = tmp_path / "manifest.jsonl"
    path.write_bytes(b"".join(lines) + chance.choice([b"", b'{"add": [], "at']))  # perhaps torn
    with path.open("rb") as file:
        for since in (-1, 0, 25, 25.5, 50, 51):
            expected = sum(len(line) for line, at in zip(lines, times, strict=True) if at < since)
            assert older_than(file, since) == expected
