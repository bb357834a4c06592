"""What the longest benchmarks are made of works on a small scale: nobody finds that out after half an hour."""

from __future__ import annotations

from pathlib import Path

from benchmarks import _years, distance
from twain.demo.sink import start_sink
from twain.flows.instance import open_instance


def test_the_pile_of_the_distance_is_sent_whole() -> None:
    with start_sink() as sink:
        assert distance.rate(sink.port, 200, connections=4) > 0


def test_a_past_is_built_as_the_ledger_and_the_history_know_it(tmp_path: Path) -> None:
    _years.build(tmp_path, 1_000, 4 * _years.PER_SHARD, 2)
    with open_instance(tmp_path) as instance:
        runs = instance.ledger.runs()
        tallies = [instance.ledger.tally(run.id) for run in runs]
        delivered = [len(instance.history.files("deliveries", run.id)) for run in runs]
    assert [run.campaign for run in runs] == ["campaign-001", "campaign-000"]
    assert {tally.sent + tally.failed for tally in tallies} == {2 * _years.PER_SHARD}
    assert all(delivered)
