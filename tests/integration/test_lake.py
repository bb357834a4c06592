"""The delivery history: what is true, what is found, and what a crash leaves behind."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from open_data_contract_standard.model import OpenDataContractStandard

from twain.errors import LedgerError
from twain.insight.measure import measure
from twain.ledger.happened import EVENTS
from twain.ledger.lake import DELIVERIES, Lake
from twain.ledger.returned import BOUNCES
from twain.ledger.verdicts import CHECKS, Checked
from twain.ledger.warm import ask
from twain.records import Fate, Funnel, HistoryTest, Level, Run, RunState, Shard, ShardOutcomes, Verdict

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC).timestamp()
DAY = 86_400.0
FATES = [Fate.SENT] * 6 + [Fate.FAILED, Fate.FAILED, Fate.SUPPRESSED, Fate.UNCERTAIN]
REASONS = [""] * 6 + ["refused", "refused", "left", "crash"]


@pytest.fixture
def lake(tmp_path):
    return Lake(tmp_path / "history")


def outcomes(run_id="r1", shard=0, *, at=NOW, fates=FATES, campaign="spring", feed="customers", created=None):
    run = Run(
        run_id, "b" * 64, campaign, RunState.SENDING, "mail", "never_twice", "Ana Ruiz", created or at,
        funnel=Funnel(12, {"duplicate": 2}, 10),
    )  # fmt: skip
    return ShardOutcomes(
        run=run,
        shard=Shard(run_id, shard, len(fates), "*", "p", "s"),
        fates=[int(f) for f in fates],
        reasons=REASONS,
        replies=["250 2.0.0 Ok: queued as 4Xyz"] * 6
        + ["550 5.1.1 <bob@example.com>: unknown", "no: bob@example.com", "", ""],
        times=[at] * len(fates),
        feed=feed,
    )


def write(lake, given):
    number = given.shard.number
    keys = [f"k{number}-{row}" for row in range(len(given.fates))]
    return lake.write(given, keys, [bytes([row]) * 32 for row in range(10)], ["A", "B"] * 5)


def found(lake, kind, within=None, campaign=None, feed="customers", now=NOW):
    test = HistoryTest(kind, negated=False, within_days=within, campaign=campaign)
    return sorted(key for array in lake.keys(test, feed, now) for key in array.to_pylist())


def test_a_shard_has_a_fixed_path_and_is_true_once_written(lake, tmp_path):
    path, digest = write(lake, outcomes())
    assert path == "deliveries/month=2026-11/r1-00000.parquet"
    assert write(lake, outcomes()) == (path, digest)
    assert lake.files() == [tmp_path / "history" / path]
    assert lake.damaged() == []


def test_there_are_no_addresses_in_it(lake):
    write(lake, outcomes())
    assert b"bob@example.com" not in lake.files()[0].read_bytes()
    (row,) = lake.message("r1", 0, 6)
    assert (row["reply"], row["reply_class"]) == ("550 5.1.1 <…>: unknown", "5.1.1")
    assert lake.message("r1", 0, 7)[0]["reply"] == "no: <…>"
    assert lake.address_hash("r1", 0, 3) == bytes([3]) * 32
    assert lake.address_hash("r1", 0, 99) is None
    assert lake.message("r2", 0, 0) == []


def test_history_tests(lake):
    write(lake, outcomes("r1", 0, at=NOW - DAY))
    write(lake, outcomes("r2", 1, at=NOW - 10 * DAY, campaign="autumn"))
    write(lake, outcomes("r3", 2, at=NOW - DAY, feed="stores"))
    sent = [[f"k{shard}-{row}" for row in range(6)] for shard in range(3)]
    assert found(lake, "mailed") == sorted(sent[0] + sent[1])
    assert found(lake, "mailed", within=2) == sent[0]
    assert found(lake, "mailed", campaign="autumn") == sent[1]
    assert found(lake, "mailed", feed="stores") == sent[2]
    assert found(lake, "failed", within=2) == ["k0-6", "k0-7"]
    assert found(lake, "clicked") == []


def test_contacts_are_counted_by_address_within_a_window(lake):
    write(lake, outcomes("r1", 0, at=NOW - DAY))
    write(lake, outcomes("r2", 1, at=NOW - 2 * DAY, campaign="autumn"))
    write(lake, outcomes("r3", 2, at=NOW - 8 * DAY))

    def had(days, **wanted):
        batches = list(lake.contacts(NOW - days * DAY, **wanted))
        return {row["address_hash"][0]: row["messages"] for batch in batches for row in batch.to_pylist()}

    reached = [0, 1, 2, 3, 4, 5, 9]  # sent, and delivery unknown
    assert had(1.5) == dict.fromkeys(reached, 1)
    assert had(7) == dict.fromkeys(reached, 2)
    assert had(9, channels=["mail"]) == dict.fromkeys(reached, 3)
    assert had(9, channels=["letter"]) == {}
    assert had(9, but_bundles=["b" * 64]) == {}
    assert had(0.5) == {}


def test_clicks_of_machines_do_not_count(lake):
    rows = {
        "run_id": ["r1", "r1"], "shard": [0, 0], "row": [1, 2], "campaign": ["spring"] * 2, "feed": ["customers"] * 2,
        "key": ["k0-1", "k0-2"], "kind": ["click"] * 2, "machine": [False, True], "at": [int(NOW * 1000)] * 2,
    }  # fmt: skip
    table = pa.table({name: pa.array(values, EVENTS.field(name).type) for name, values in rows.items()})
    first = lake.write_events("gateway-1", table)
    assert lake.write_events("gateway-1", table) == first
    assert found(lake, "clicked", within=1) == ["k0-1"]


def test_events_that_were_merged_with_others_are_not_written_again(lake):
    """A collector that died after writing is repeated, however much later."""
    rows = {
        "run_id": ["r1"], "shard": [0], "row": [1], "campaign": ["spring"], "feed": ["customers"], "key": ["k0-1"],
        "kind": ["click"], "machine": [False], "at": [int(NOW * 1000)],
    }  # fmt: skip
    table = pa.table({name: pa.array(values, EVENTS.field(name).type) for name, values in rows.items()})
    path, _ = lake.write_events("gateway-1", table)
    lake.write_events("gateway-2", table)
    assert lake.compact(now=NOW) == 1
    assert lake.write_events("gateway-1", table) == (path, "")
    assert [pq.read_metadata(file).num_rows for file in lake.files("events", "r1")] == [2]
    assert len(lake.events_since(NOW - 1, ["r1"])) == 2
    assert lake.events_since(NOW + 1, ["r1"]) == lake.events_since(NOW - 1, ["r2"]) == []


def test_messages_are_found_by_the_hundred(lake):
    write(lake, outcomes("r1", 0))
    write(lake, outcomes("r2", 3))
    wanted = [("r1", 0, 6), ("r2", 3, 0), ("r2", 3, 99), ("r9", 0, 0)]
    columns = [
        pa.array(c, t) for c, t in zip(zip(*wanted, strict=True), (pa.string(), pa.int32(), pa.int32()), strict=True)
    ]
    found = lake.mailed(pa.table(columns, ["run_id", "shard", "row"])).to_pylist()
    assert sorted((row["run_id"], row["shard"], row["row"], row["key"]) for row in found) == [
        ("r1", 0, 6, "k0-6"), ("r2", 3, 0, "k3-0"),
    ]  # fmt: skip


def test_many_addresses_are_known_by_their_keys_at_once(lake):
    assert lake.known_as([bytes([1]) * 32]) == {}
    write(lake, outcomes("r1", 0))
    write(lake, outcomes("r2", 3, feed="members"))
    both = {("customers", "k0-1"), ("members", "k3-1")}
    assert lake.known_as([bytes([1]) * 32, bytes([99]) * 32, bytes([1]) * 32]) == {bytes([1]) * 32: both}
    assert lake.known_as([]) == {}


def test_a_person_is_found_newest_first_before_and_after_compaction(lake, tmp_path):
    for number in range(3):
        write(lake, outcomes(f"r{number}", 0, at=NOW - number * DAY))
    before = lake.of_key("k0-3")
    assert [row["run_id"] for row in before] == ["r0", "r1", "r2"]
    assert lake.compact(now=NOW) == 1
    assert len(lake.files()) == 1
    assert lake.of_key("k0-3") == before
    assert Lake(tmp_path / "history").of_key("k0-3") == before
    assert lake.message("r1", 0, 6)[0]["reason"] == "refused"
    with duckdb.connect() as reader:
        keys = reader.sql(f"select key from read_parquet('{lake.files()[0]}')").fetchall()
    assert keys == sorted(keys)
    assert lake.compact(now=NOW) == 0
    assert len(list((tmp_path / "history").rglob("*.parquet"))) == 4
    lake.compact(now=NOW + 2 * 3600)
    assert list((tmp_path / "history").rglob("*.parquet")) == lake.files()


@pytest.mark.parametrize("compacted", [False, True])
def test_resolved_rows_take_the_formers_place(lake, compacted):
    for shard in range(2):
        write(lake, outcomes("r1", shard))
    if compacted:
        lake.compact(now=NOW)
    assert [u.key for u in lake.undelivered("r1", [Fate.UNCERTAIN])] == ["k0-9", "k1-9"]
    resolved = outcomes("r1", 0, fates=[*FATES[:-1], Fate.SENT])
    path, _ = lake.rewrite(resolved)
    assert path.endswith("r1-00000.g2.parquet")
    assert [u.key for u in lake.undelivered("r1", [Fate.UNCERTAIN])] == ["k1-9"]
    assert [row["fate"] for row in lake.of_key("k0-9")] == ["sent"]
    assert sum(row["fate"] == "sent" for n in range(10) for row in lake.of_key(f"k0-{n}")) == 7
    assert len(lake.of_key("k1-3")) == 1
    assert lake.damaged() == []


def test_what_is_not_in_the_history_cannot_be_rewritten(lake):
    with pytest.raises(LedgerError) as error:
        lake.rewrite(outcomes())
    assert error.value.shown_code == "T771"


def test_files_that_nobody_named_are_not_true(lake, tmp_path):
    write(lake, outcomes())
    stray = lake.files()[0].with_name("r9-00000.parquet")
    stray.write_bytes(lake.files()[0].read_bytes())
    assert len(lake.of_key("k0-3")) == 1
    assert len(Lake(tmp_path / "history").files()) == 1


def test_a_torn_last_line_is_no_line_and_the_next_one_is_whole(lake, tmp_path):
    write(lake, outcomes("r1", 0))
    manifest = tmp_path / "history" / "manifest.jsonl"
    whole = manifest.read_bytes()
    write(lake, outcomes("r1", 1))
    manifest.write_bytes(manifest.read_bytes()[:-40])
    after = Lake(tmp_path / "history")
    assert [Path(f).name for f in after.files()] == ["r1-00000.parquet"]
    write(after, outcomes("r1", 1))
    assert manifest.read_bytes().startswith(whole)
    assert len(Lake(tmp_path / "history").files()) == 2
    assert len(json.loads(manifest.read_text().splitlines()[-1])["add"]) == 1


def test_a_manifest_that_was_put_back_is_read_anew(lake, tmp_path):
    manifest = tmp_path / "history" / "manifest.jsonl"
    write(lake, outcomes("r1", 0))
    before = manifest.read_bytes()
    write(lake, outcomes("r1", 1))
    assert len(Lake(tmp_path / "history").files()) == 2
    manifest.write_bytes(before)
    assert [Path(f).name for f in lake.files()] == ["r1-00000.parquet"]
    write(lake, outcomes("r2", 0))
    assert [Path(f).name for f in Lake(tmp_path / "history").files()] == ["r1-00000.parquet", "r2-00000.parquet"]
    manifest.unlink()
    assert lake.files() == []


def test_a_file_that_is_another_one_under_its_name_is_read_anew(tmp_path):
    def made(*numbers):
        partial = tmp_path / "partial"
        pq.write_table(pa.table({"n": list(numbers)}), partial)
        partial.replace(tmp_path / "some.parquet")

    def asked():
        found = ask("select n from read_parquet($files) order by n", {"files": [str(tmp_path / "some.parquet")]})
        return found.column("n").to_pylist()

    for numbers in ([1], [2], [2, 3]):
        made(*numbers)
        assert asked() == numbers


def test_a_damaged_or_missing_file_is_named(lake):
    write(lake, outcomes("r1", 0))
    write(lake, outcomes("r1", 1))
    first, second = lake.files()
    first.write_bytes(b"PAR1")
    second.unlink()
    assert lake.damaged() == ["deliveries/month=2026-11/r1-00000.parquet", "deliveries/month=2026-11/r1-00001.parquet"]


def test_a_finished_sends_funnel(lake):
    for shard in range(2):
        write(lake, outcomes("r1", shard))
    write(lake, outcomes("r2", 0))
    got = measure(outcomes("r1").run, lake.files("deliveries", "r1"))
    assert (got.matched, got.audience, got.sent, got.failed, got.suppressed, got.uncertain) == (12, 20, 12, 4, 2, 2)
    assert got.reasons == {"failed:refused": 4, "suppressed:left": 2, "uncertain:crash": 2}
    assert got.arms["A"] == {"sent": 6, "failed": 2, "suppressed": 2, "uncertain": 0}
    assert measure(outcomes("r3").run, []).audience == 0


@pytest.mark.parametrize(
    ("name", "schema"), [("deliveries", DELIVERIES), ("events", EVENTS), ("checks", CHECKS), ("bounces", BOUNCES)]
)
def test_each_table_has_its_contract(name, schema):
    contract = OpenDataContractStandard.from_string(Lake.contract(name))
    fields = contract.schema_[0].properties
    assert [f.name for f in fields] == schema.names
    logical = {
        "string": "string",
        "int32": "integer",
        "double": "number",
        "binary": "string",
        "bool": "boolean",
        "timestamp[ms, tz=UTC]": "timestamp",
    }
    assert [f.logicalType for f in fields] == [logical[str(f.type)] for f in schema]
    assert all(f.description and f.classification for f in fields)


def checked(at, *verdicts, run_id="", contracts=None):
    return Checked(verdicts, at, run_id, "spring" if run_id else "", contracts or {"orders": ("1.2.0", "c" * 64)})


def verdict(feed, level, observed=None):
    return Verdict(
        "freshness", level, feed, "updated_at", "Orders are 9 h old.", "orders: 9 h", observed, "at most 2 h"
    )


def test_checks_are_kept_with_their_figures_and_contract(lake):
    lake.write_checks(checked(NOW - DAY, verdict("orders", Level.HOLD, 32_400.0), run_id="r1"))
    lake.write_checks(checked(NOW, verdict("orders", Level.PASS, 60.0), verdict("stores", Level.PASS)))
    old, new = lake.checks("orders", NOW - 2 * DAY)
    assert (old["level"], old["observed"], old["run_id"], old["campaign"]) == ("hold", 32_400.0, "r1", "spring")
    assert (new["level"], new["version"], new["contract"], new["run_id"]) == ("pass", "1.2.0", "c" * 64, "")
    assert [row["level"] for row in lake.checks("orders", NOW - 60)] == ["pass"]
    assert lake.checks("stores", 0.0)[0]["observed"] is None
    assert lake.checks("customers", 0.0) == []


def test_the_same_round_of_checks_is_written_once_and_months_are_merged(lake):
    rounds = [checked(NOW + minute, verdict("orders", Level.PASS, float(minute))) for minute in range(3)]
    assert lake.write_checks(rounds[0]) == lake.write_checks(rounds[0])
    for one in rounds:
        lake.write_checks(one)
    assert len(lake.files("checks")) == 3
    assert lake.compact() == 1
    assert len(lake.files("checks")) == 1
    assert [row["observed"] for row in lake.checks("orders", 0.0)] == [0.0, 1.0, 2.0]
    assert lake.damaged() == []
