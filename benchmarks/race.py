"""The unsubscribe race: people ask out while their message is about to go; none may begin later than 250 ms after the answer.

A real send, a relay that keeps when each message's DATA (or BDAT) was taken up, and the real gateway answering one-click POSTs
(RFC 8058), each a process of its own on one clock. In a hurry, paced, to a slow relay, by BDAT and by DATA, on SQLite and on
PostgreSQL. People are chosen as much as half a second before their turn, so that some are just being sent.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from benchmarks._race import BEGUN, PER_SHARD
from benchmarks._workspace import CAMPAIGN, make
from benchmarks.faults import _postgres
from benchmarks.gateway import _gateway
from benchmarks.report import Report
from twain.flows.instance import open_instance

_HERE = Path(__file__).parent
WITHIN = 0.25
"""Seconds after the answer by which the last message may begin."""


@dataclass(frozen=True, slots=True)
class Course:
    """One way of sending. *rate*: messages per second expected, from which people are chosen; *work*: the relay's seconds per
    message and connection; *trials*: of the 10 000 at full scale."""

    name: str
    trials: int
    rate: float
    limits: str = ""
    work: float = 0.0
    chunking: bool = True
    connections: int = 4


COURSES = (
    Course("in a hurry, BDAT", 1800, 3000.0, connections=10),
    Course("in a hurry, DATA", 1400, 3000.0, chunking=False, connections=10),
    Course("40 a second, BDAT", 600, 40.0, 'limits = { "" = { per_second = 40 } }'),
    Course("25 a second, DATA", 400, 25.0, 'limits = { "" = { per_second = 25 } }', chunking=False),
    Course("a slow relay, BDAT", 400, 40.0, work=0.05, connections=2),
    Course("a slow relay, DATA", 400, 40.0, work=0.05, chunking=False, connections=2),
)
STORES = ("sqlite", "postgres")
_MOST_SENDS = 8  # of one course: a machine that does other things sends faster than people on it can ask


@dataclass(frozen=True, slots=True)
class Raced:
    """What came of one race, in seconds: how late messages began after their owner's answer (negative: before it)."""

    answered: int
    never: int
    late: list[float]

    @property
    def broken(self) -> int:
        """How many began too late."""
        return sum(1 for one in self.late if one > WITHIN)


def arguments(parser: argparse.ArgumentParser) -> None:
    """What to leave out."""
    parser.add_argument("--stores", default=",".join(STORES), help="on which control stores (default both)")


def run(options: argparse.Namespace) -> Report:
    """Every course on both stores."""
    report = Report("race")
    results: list[Raced] = []
    with tempfile.TemporaryDirectory(prefix="twain-race-", dir=Path.cwd()) as place, _postgres(Path(place)) as url:
        for store in options.stores.split(","):
            for course in COURSES:
                found = _course(Path(place) / "w", course, options.scale, url if store == "postgres" else "")
                results.append(found)
                report.figures[f"{store}, {course.name}: asked, never sent, worst ms"] = (
                    f"{found.answered}, {found.never}, {max(found.late, default=0.0) * 1e3:.0f}"
                )
    late = [one for result in results for one in result.late]
    report.figures |= {
        "people who asked out and were answered 200": sum(one.answered for one in results),
        "of them never sent": sum(one.never for one in results),
        "of them begun before the answer": sum(1 for one in late if one <= 0),
        "of them begun within 250 ms after it": sum(1 for one in late if 0 < one <= WITHIN),
        "worst: begun after the answer, ms": max(late, default=0.0) * 1e3,
    }
    wanted = sum(_trials(course, options.scale) for course in COURSES) * len(options.stores.split(","))
    report.at_least("trials", sum(one.answered for one in results), wanted)
    report.at_most("messages begun later than 250 ms after it", sum(one.broken for one in results), 0)
    return report


def _trials(course: Course, scale: float) -> int:
    return max(int(course.trials * scale), 20)


def _course(folder: Path, course: Course, scale: float, control_url: str) -> Raced:
    """As many sends as it takes until enough people have asked out."""
    found, wanted = Raced(0, 0, []), _trials(course, scale)
    for _ in range(_MOST_SENDS):
        one = race(folder, course, wanted - found.answered, control_url)
        found = Raced(found.answered + one.answered, found.never + one.never, found.late + one.late)
        if found.answered >= wanted:
            break
    return found


def race(folder: Path, course: Course, trials: int, control_url: str = "") -> Raced:
    """One send and everybody who asks out of it, at most *trials* people."""
    hurry = course.rate > 1000
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    os.environ["TWAIN_BENCH_CONTROL"] = control_url
    if control_url:
        with psycopg.connect(control_url, autocommit=True) as admin:
            admin.execute("DROP SCHEMA IF EXISTS twain_ledger CASCADE")
    log = folder / "begun"
    log.touch()
    people = int(trials * (12 if hurry else 2.2) + course.rate * 2)
    run_id = "r0race000000"
    with _started("relay", {"log": str(log), "work": course.work, "chunking": course.chunking}) as relay:
        assert relay.stdout is not None
        port = int(relay.stdout.readline())
        control = '[control]\nurl_env = "TWAIN_BENCH_CONTROL"' if control_url else ""
        make(folder, people, port=port, connections=course.connections, control=control)
        if course.limits:
            settings = folder / "twain.toml"
            settings.write_text(settings.read_text().replace("[gateway]", f"{course.limits}\n[gateway]"))
        ask = {"log": str(log), "trials": trials, "seed": people, "connections": 4 if hurry else 1,
               "within": max(course.rate / 2, 12), "tokens": _tokens(folder, run_id, people)}  # fmt: skip
        served = argparse.Namespace(workers=1, threads=8)
        with (
            _gateway(folder, served) as (_, gateway),
            _started("ask", ask | {"port": gateway}) as asking,
            _started("send", {"folder": str(folder), "campaign": CAMPAIGN, "run": run_id}) as sending,
        ):
            done = _answer(sending)
            assert asking.stdin is not None
            asking.stdin.close()
            asked = _answer(asking)
    return _judged(log, asked, people, done)


def _judged(log: Path, asked: list[list[float]], people: int, done: dict[str, Any]) -> Raced:
    begun = {(shard - 1) * PER_SHARD + row: at for shard, row, at in BEGUN.iter_unpack(log.read_bytes())}
    if done["sent"] + done["suppressed"] != people or done["sent"] != len(begun):
        raise RuntimeError(f"not everyone accounted for: {done}, {len(begun)} arrived, {people} people")
    late = [begun[int(row)] - answered for row, _, answered in asked if int(row) in begun]
    return Raced(len(asked), sum(1 for row, _, _ in asked if int(row) not in begun), late)


def _tokens(folder: Path, run_id: str, people: int) -> list[str]:
    with open_instance(folder) as instance:
        mint = instance.mint()
        places = [(n // PER_SHARD + 1, n % PER_SHARD) for n in range(people)]
        return [mint.stamps(run_id, shard, [row])[0][1].decode() for shard, row in places]


@contextmanager
def _started(role: str, task: dict[str, Any]) -> Iterator[subprocess.Popen[str]]:
    words = [sys.executable, "-m", "benchmarks._race", role]
    with subprocess.Popen(words, cwd=_HERE.parent, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        process.stdin.write(json.dumps(task) + "\n")
        process.stdin.flush()
        try:
            yield process
        finally:
            process.stdin.close()
            if process.poll() is None and sys.exc_info()[0] is not None:
                process.terminate()


def _answer(process: subprocess.Popen[str]) -> Any:
    assert process.stdout is not None
    return json.loads(process.stdout.read())
