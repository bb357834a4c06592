"""F1: a send killed with SIGKILL at every named step, and at random moments, then resumed: nobody lost, nobody mailed twice.

"Never send twice" allows unknown deliveries up to what was in flight; "never miss" allows duplicates up to the same bound.
The sink's own log of Message-IDs is the witness.
"""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks._kills import Stand
from twain.demo.sink import start_sink
from twain.testing.crash import STEPS

pytestmark = [pytest.mark.timeout(300), pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")]


@pytest.fixture(scope="module")
def stands(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Stand]]:
    """One stand per policy on SQLite, each with a sink that logs every Message-ID."""
    folder = tmp_path_factory.mktemp("kills")
    ids = {policy: folder / f"{policy}.ids" for policy in ("never_twice", "never_miss")}
    with start_sink(ids=ids["never_twice"]) as first, start_sink(ids=ids["never_miss"]) as second:
        ports = {"never_twice": first.port, "never_miss": second.port}
        yield {p: Stand(folder / p, ports[p], ids[p], policy=p) for p in ids}


@pytest.mark.parametrize("step", STEPS, ids=str)
def test_a_kill_at_each_named_step_loses_nobody(stands, step):
    policy = "never_twice" if STEPS.index(step) % 2 else "never_miss"
    outcome = stands[policy].at_step(step)
    assert outcome.killed, "the step was never reached: this trial tried nothing"
    assert outcome.broken(policy) == []


@pytest.mark.parametrize("seed", range(20))
def test_a_kill_at_a_random_moment_loses_nobody(stands, seed):
    policy = "never_twice" if seed % 2 else "never_miss"
    outcome = stands[policy].at_random(random.Random(seed))
    assert outcome.broken(policy) == []


@pytest.mark.parametrize("seed", range(10))
def test_the_same_on_postgres(tmp_path: Path, postgres_database, seed):
    policy = "never_twice" if seed % 2 else "never_miss"
    ids = tmp_path / "ids"
    with start_sink(ids=ids) as sink:
        stand = Stand(tmp_path / "ws", sink.port, ids, policy=policy, control_url=postgres_database)
        outcome = stand.at_random(random.Random(seed))
    assert outcome.broken(policy) == []
