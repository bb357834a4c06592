import os
import re
from collections import Counter
from hashlib import blake2b
from unittest import mock

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from twain.errors import Held, SourceUnavailable
from twain.records import SHARD_FIELDS
from twain.snapshot import partitions, shards, take
from twain.snapshot.address import Canonical, canonical
from twain.snapshot.spool import read_shard
from twain.snapshot.take import count_funnel, discard, marks_of, take_snapshot

KEY = os.urandom(32)
REASONS = ("no_address", "invalid", "consent", "history", "duplicate", "holdout", "limit", "cap")


def hash_address(many):
    return [blake2b(address, digest_size=32).digest() for address in many]


def split(address_hash):
    return -1 if address_hash[0] < 50 else address_hash[1] % 3


def lane(address):
    return "google" if address.endswith("@gmail.com") else "*"


def batch_of(rows, **types):
    schema = pa.schema(
        [
            pa.field("key", types.get("key", pa.string())),
            pa.field("address", pa.string()),
            pa.field("consent", pa.bool_()),
            pa.field("timezone", pa.string()),
            pa.field("name", pa.string()),
        ]
    )
    return pa.RecordBatch.from_pylist(rows, schema=schema)


def row(key, address, consent=True, timezone=None, name="N"):
    return {"key": key, "address": address, "consent": consent, "timezone": timezone, "name": name}


def taken(tmp_path, batches, **options):
    options = {"hash_address": hash_address, "lane": lane, "split": lambda h: 0, **options}
    return take_snapshot(iter(batches), run_id="r1", spool=tmp_path, data_key=KEY, **options)


def rows_of(snapshot):
    return [each for shard in snapshot.shards for each in read_shard(shard, KEY).to_pylist()]


# ---------------------------------------------------------------- the law: the same as plain Python


def key_order(key):
    return (0, int(key), key.encode()) if re.fullmatch(r"-?[0-9]{1,18}", key) else (1, 0, key.encode())


def naive(rows, history, split, limit, capped=frozenset()):
    """Reason per row (None = in the audience), by the plainest means."""
    found = [canonical(each["address"]) for each in rows]
    opted_out = {
        f.compared for f, r in zip(found, rows, strict=True) if isinstance(f, Canonical) and r["consent"] is False
    }
    reasons = [alone(each, f, opted_out, history) for each, f in zip(rows, found, strict=True)]
    best = {}
    for i in sorted((i for i, r in enumerate(reasons) if r is None), key=lambda i: (key_order(rows[i]["key"]), i)):
        if best.setdefault(found[i].compared, i) != i:
            reasons[i] = "duplicate"
    left = len(rows) if limit is None else limit
    for i in (i for i, r in enumerate(reasons) if r is None):
        if left == 0:
            reasons[i] = "limit"
        elif found[i].compared in capped:
            reasons[i] = "cap"
        elif split(hash_address([found[i].compared.encode()])[0]) < 0:
            reasons[i] = "holdout"
        else:
            left -= 1
    return reasons


def alone(each, found, opted_out, history):
    """Why a row is left out that can be said without the other rows' keys."""
    if not isinstance(found, Canonical):
        return found
    if not each["consent"] or found.compared in opted_out:
        return "consent"
    return "history" if any((each["key"] in keys) == negated for negated, keys in history) else None


ADDRESSES = [
    None, "", " ", "anna@gmail.com", "ANNA@gmail.com", " anna@GMAIL.com ", "berta@gmail.com", "carl@müller.de",
    "carl@xn--mller-kva.de", "Jürgen@example.org", "JU\u0308RGEN@example.org", "broken@", "d\r\n@example.org",
    *(f"p{i}@example.org" for i in range(12)),
]  # fmt: skip
KEYS = ["1", "2", "10", "9", "01", "-3", "1a", "a", "ä", "", "9" * 19, "9" * 18, *map(str, range(20, 40))]
ROWS = st.builds(
    row, st.sampled_from(KEYS), st.sampled_from(ADDRESSES), st.sampled_from([True, True, True, False, None]),
    st.sampled_from([None, "Europe/Berlin", "Asia/Tokyo"]),
)  # fmt: skip
CAPPED = st.sets(st.sampled_from([c.compared for c in map(canonical, ADDRESSES) if isinstance(c, Canonical)]))
HISTORY = st.lists(st.tuples(st.booleans(), st.sets(st.sampled_from(KEYS))), max_size=2)
SIZES = st.lists(st.integers(1, 9), min_size=1)


def cut(rows, sizes):
    batches, start, turn = [], 0, 0
    while start < len(rows):
        size = sizes[turn % len(sizes)]
        batches.append(batch_of(rows[start : start + size]))
        start, turn = start + size, turn + 1
    return batches


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(ROWS, max_size=40), SIZES, HISTORY, st.one_of(st.none(), st.integers(0, 8)), st.booleans(), CAPPED)
@example([row("2", "a@b.de"), row("10", "a@b.de"), row("1a", "a@b.de")], [1], [], None, False, set())
@example([row("1", "a@b.de"), row("1", "a@b.de", consent=False)], [1], [(False, set())], None, False, set())
@example([row("1", "a@b.de", None), row("2", "a@b.de")], [9], [], None, False, {"a@b.de"})
def test_a_snapshot_is_what_plain_python_would_take(tmp_path, rows, sizes, history, limit, waves, capped):
    expected = naive(rows, history, split, limit, capped)
    had_enough = (
        np.unique(marks_of(pa.array(hash_address(a.encode() for a in capped), pa.binary()))) if capped else None
    )
    sets = lambda: [(negated, iter([pa.array(sorted(keys), pa.string())])) for negated, keys in history]  # noqa: E731
    small = (
        mock.patch.object(take, "_BATCH_ROWS", 5),
        mock.patch.object(partitions, "_RUN_ROWS", 7),
        mock.patch.object(shards, "SHARD_ROWS", 4),
    )
    with small[0], small[1], small[2]:
        snapshot = taken(
            tmp_path,
            cut(rows, sizes),
            split=split,
            history=sets(),
            limit=limit,
            had_enough=(lambda: had_enough) if capped else None,
            not_before=(lambda zone: float(len(zone))) if waves else None,
        )
        funnel = count_funnel(
            iter(cut(rows, sizes)), spool=tmp_path, hash_address=hash_address, split=split, history=sets(), limit=limit,
            had_enough=(lambda: had_enough) if capped else None,
        )  # fmt: skip
    counts = Counter(expected)
    assert snapshot.funnel.matched == len(rows) == sum(snapshot.funnel.excluded.values()) + snapshot.funnel.audience
    assert snapshot.funnel.audience == counts[None]
    if limit is None:
        assert snapshot.funnel.excluded == {reason: counts[reason] for reason in REASONS}
    assert funnel == snapshot.funnel
    _hold_what_plain_python_holds(snapshot, rows, expected, limit, waves=waves)
    snapshot.discard()
    assert list(tmp_path.iterdir()) == []


def _hold_what_plain_python_holds(snapshot, rows, expected, limit, *, waves):
    people = Counter()
    for each, reason in zip(rows, expected, strict=True):
        if reason is None:
            found = canonical(each["address"])
            digest = hash_address([found.compared.encode()])[0]
            people[each["key"], found.address, digest, split(digest), each["timezone"], each["name"]] += 1
    got = Counter(
        (r["key"], r["address"], r["address_hash"], r["arm"], r["timezone"], r["name"]) for r in rows_of(snapshot)
    )
    assert got == people
    for shard in snapshot.shards:
        table = read_shard(shard, KEY)
        assert 0 < shard.rows <= 4
        assert {lane(a) for a in table.column("address").to_pylist()} == {shard.lane}
        zones = {float(len(z or "")) if waves else 0.0 for z in table.column("timezone").to_pylist()}
        assert zones == {shard.not_before}
    assert [s.number for s in snapshot.shards] == list(range(1, len(snapshot.shards) + 1))


# ---------------------------------------------------------------- single rules, told


def test_the_lowest_key_wins_whatever_the_order(tmp_path):
    rows = [row("10", "a@b.de"), row("9", "A@b.de"), row("9b", "a@B.de"), row("b", "c@b.de"), row("B", "C@b.de")]
    for order in (rows, rows[::-1]):
        snapshot = taken(tmp_path, [batch_of(order)])
        assert sorted(r["key"] for r in rows_of(snapshot)) == ["9", "B"]
        assert snapshot.funnel.excluded["duplicate"] == 3


def test_any_opt_out_at_an_address_counts_for_all_of_it(tmp_path):
    rows = [row("1", "a@b.de"), row("2", "A@b.de", consent=False), row("3", "c@b.de"), row("4", "c@b.de", consent=None)]
    snapshot = taken(tmp_path, [batch_of(rows[:1]), batch_of(rows[1:])])
    assert [r["key"] for r in rows_of(snapshot)] == ["3"]
    assert snapshot.funnel.excluded["consent"] == 3


def test_without_a_consent_column_nobody_is_left_out_for_it(tmp_path):
    snapshot = taken(tmp_path, [pa.record_batch({"key": [1, 2], "address": ["a@b.de", "c@b.de"]})])
    assert snapshot.funnel.audience == 2
    assert [r["key"] for r in rows_of(snapshot)] == ["1", "2"]


@pytest.mark.parametrize("values", [pa.array([1, 0, None], pa.int64()), pa.array(["true", "false", None])])
def test_consent_may_come_as_numbers_or_words(tmp_path, values):
    batch = pa.record_batch({"key": ["1", "2", "3"], "address": ["a@b.de", "c@b.de", "d@b.de"], "consent": values})
    snapshot = taken(tmp_path, [batch])
    assert (snapshot.funnel.audience, snapshot.funnel.excluded["consent"]) == (1, 2)


def test_unclear_consent_holds_the_send(tmp_path):
    batch = pa.record_batch({"key": ["1"], "address": ["a@b.de"], "consent": ["perhaps"]})
    with pytest.raises(Held) as held:
        taken(tmp_path, [batch])
    assert held.value.shown_code == "T641"
    assert held.value.business != held.value.what
    assert list(tmp_path.iterdir()) == []


def test_a_row_without_a_key_holds_the_send(tmp_path):
    rows = [row("1", "a@b.de"), row(None, "c@b.de")]
    with pytest.raises(Held, match="Row 2 of the audience has no key") as held:
        taken(tmp_path, [batch_of(rows)])
    assert held.value.shown_code == "T640"
    assert list(tmp_path.iterdir()) == []


def test_above_the_ceiling_it_is_held_in_both_languages_and_nothing_stays(tmp_path):
    rows = [row(str(i), f"p{i}@b.de") for i in range(1200)]
    assert taken(tmp_path, [batch_of(rows)], ceiling=1200).funnel.audience == 1200
    discard(tmp_path, "r1")
    with pytest.raises(Held) as held:
        taken(tmp_path, [batch_of(rows)], ceiling=1000)
    assert "1200 rows" in held.value.what
    assert "1,200 people" in held.value.business
    assert held.value.todo
    assert list(tmp_path.iterdir()) == []


def test_a_broken_stream_leaves_nothing(tmp_path):
    def broken():
        yield batch_of([row("1", "a@b.de")])
        raise SourceUnavailable("gone")

    with pytest.raises(SourceUnavailable):
        taken(tmp_path, broken())
    assert list(tmp_path.iterdir()) == []


def test_nobody_matched(tmp_path):
    snapshot = taken(tmp_path, [], history=[(True, iter([pa.array(["1"])]))])
    assert (snapshot.funnel.matched, snapshot.funnel.audience, snapshot.shards) == (0, 0, [])


def test_shards_begin_with_the_agreed_columns_and_carry_the_rest(tmp_path):
    batch = pa.record_batch(
        {
            "name": pa.array(["Ünal"]),
            "address": pa.array(["a@b.de"]),
            "key": pa.array([7]),
            "items": pa.array(['[{"a":1}]']),
            "total": pa.array([1.5]),
        }
    )
    table = read_shard(taken(tmp_path, [batch]).shards[0], KEY)
    names = [f.name for f in SHARD_FIELDS]
    assert table.schema.names == [*names, "name", "items", "total"]
    assert [table.schema.field(n).type for n in names] == [f.type for f in SHARD_FIELDS]
    assert table.to_pylist()[0]["items"] == '[{"a":1}]'


def test_shards_are_full_where_they_can_be(tmp_path):
    rows = [row(str(i), f"p{i}@{'gmail.com' if i % 4 == 0 else 'b.de'}") for i in range(60_000)]
    snapshot = taken(tmp_path, [batch_of(rows)])
    sizes = Counter((s.lane, s.rows) for s in snapshot.shards)
    assert sizes == {("google", 10_000): 1, ("google", 5_000): 1, ("*", 10_000): 4, ("*", 5_000): 1}


def test_many_groups_do_not_pile_up_in_memory(tmp_path):
    rows = [row(str(i), f"p{i}@b.de", timezone=f"Zone/{i % 100}", name="x" * 500) for i in range(3_000)]
    with mock.patch.object(shards, "_WAITING_BYTES", 200_000), mock.patch.object(take, "_BATCH_ROWS", 500):
        snapshot = taken(tmp_path, [batch_of(rows)], not_before=lambda zone: float(zone[5:]))
    assert len(snapshot.shards) > 100
    assert sorted(r["key"] for r in rows_of(snapshot)) == sorted(r["key"] for r in rows)
    assert all(len(set(read_shard(s, KEY).column("timezone").to_pylist())) == 1 for s in snapshot.shards)


def test_a_lane_is_asked_for_once_per_domain(tmp_path):
    asked = []
    rows = [row(str(i), f"p{i}@{'gmail.com' if i % 2 else 'b.de'}") for i in range(500)]
    taken(tmp_path, [batch_of(rows)], lane=lambda a: asked.append(a) or "*")
    assert sorted(a.rpartition("@")[2] for a in asked) == ["b.de", "gmail.com"]


def test_a_time_zone_is_asked_for_once(tmp_path):
    asked = []
    rows = [row(str(i), f"p{i}@b.de", timezone=[None, "Asia/Tokyo"][i % 2]) for i in range(500)]
    taken(tmp_path, [batch_of(rows)], not_before=lambda zone: asked.append(zone) or 1.0)
    assert sorted(asked) == ["", "Asia/Tokyo"]


def test_progress_is_told(tmp_path):
    told = []
    taken(tmp_path, [batch_of([row(str(i), f"p{i}@b.de")]) for i in range(5)], progress=told.append)
    assert told[-1] == 5


def test_two_attempts_do_not_disturb_each_other(tmp_path):
    rows = [row("1", "a@b.de")]
    first, second = taken(tmp_path, [batch_of(rows)]), taken(tmp_path, [batch_of(rows)])
    assert first.folder != second.folder
    second.discard()
    assert [r["key"] for r in rows_of(first)] == ["1"]
    discard(tmp_path, "r1")
    assert list(tmp_path.iterdir()) == []


def test_without_a_holdout_a_count_hashes_nobody(tmp_path):
    def never(_):
        raise AssertionError

    rows = [row(str(i), f"p{i % 40}@b.de", consent=i % 7 > 0) for i in range(100)]
    counted = count_funnel(iter([batch_of(rows)]), spool=tmp_path, hash_address=never, split=None, limit=3)
    assert counted == taken(tmp_path, [batch_of(rows)], limit=3).funnel


def test_collisions_of_the_hash_decide_nothing(tmp_path):
    """All rows fall into one part: only the texts tell them apart."""
    rows = [row(str(i), f"p{i % 60}@b.de") for i in range(100)]
    with mock.patch.object(partitions, "crc32", return_value=5):
        snapshot = taken(tmp_path, [batch_of(rows)], history=[(True, iter([pa.array(["3", "4"])]))])
    assert snapshot.funnel.excluded["duplicate"] == 38
    assert snapshot.funnel.excluded["history"] == 2
    assert snapshot.funnel.audience == 60


def test_history_keys_may_be_numbers_and_come_in_pieces(tmp_path):
    rows = [row(i, f"p{i}@b.de") for i in range(10)]
    history = [
        (False, iter([pa.array([1, 2]), pa.array([], pa.int64()), pa.array([3])])),
        (True, iter([pa.array(["2"])])),
    ]
    snapshot = taken(tmp_path, [batch_of(rows, key=pa.int64())], history=history)
    assert [r["key"] for r in rows_of(snapshot)] == ["1", "3"]


def test_a_large_snapshot_agrees_with_plain_python(tmp_path):
    rows = [
        row(str(i * 7919 % 100_003), f"p{i * i % 50_021}@{'gmail.com' if i % 3 else 'b.de'}") for i in range(100_000)
    ]
    expected = Counter(naive(rows, [], split, None))
    funnel = taken(tmp_path, [batch_of(rows)], split=split).funnel
    assert {**funnel.excluded, None: funnel.audience} == {**dict.fromkeys(REASONS, 0), **expected}


def test_the_held_out_are_kept_where_asked_for_and_only_of_those_who_were_asked(tmp_path):
    rows = [row(str(n), f"p{n}@example.com") for n in range(20)]
    held = {hash_address([f"p{n}@example.com".encode()])[0] for n in (1, 4, 17)}
    capped = marks_of(pa.array(hash_address([b"p4@example.com"]), pa.binary(32)))
    options = {"split": lambda digest: None if digest in held else 0, "keep_held_out": True}
    assert list(taken(tmp_path, [batch_of(rows)], **options).held_out) == ["1", "4", "17"]
    assert list(taken(tmp_path, [batch_of(rows)], limit=6, **options).held_out) == ["1", "4"]
    assert list(taken(tmp_path, [batch_of(rows)], had_enough=lambda: capped, **options).held_out) == ["1", "17"]
    assert not taken(tmp_path, [batch_of(rows)], split=options["split"]).held_out
