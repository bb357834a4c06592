"""One send, killed once and taken up again, and what became of everybody. Used by *faults* and by the tests."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psycopg

from benchmarks._workspace import CAMPAIGN, make
from twain.flows.account import report
from twain.flows.instance import Instance, open_instance
from twain.flows.send import OPEN, resume, send
from twain.records import Fate, RunState
from twain.testing.crash import Step, deadly

PEOPLE = 240


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a trial left: people lost, messages that came twice, deliveries unknown, people without an end, the bound."""

    what: str
    lost: int
    duplicates: int
    uncertain: int
    pending: int
    bound: int
    killed: bool

    def broken(self, policy: str) -> list[str]:
        """The promises that were not kept."""
        wrong = []
        if self.lost:
            wrong.append(f"{self.lost} lost")
        if self.pending:
            wrong.append(f"{self.pending} not accounted for")
        if self.duplicates > (0 if policy == "never_twice" else self.bound):
            wrong.append(f"{self.duplicates} duplicates")
        if self.uncertain > (self.bound if policy == "never_twice" else 0):
            wrong.append(f"{self.uncertain} unknown, the bound is {self.bound}")
        return wrong


class Stand:
    """A small company and its workspace, on which one trial after the other runs."""

    def __init__(self, folder: Path, port: int, ids: Path, *, policy: str, control_url: str = "") -> None:
        os.environ["TWAIN_BENCH_CONTROL"] = control_url
        control = '[control]\nurl_env = "TWAIN_BENCH_CONTROL"' if control_url else ""
        make(folder, PEOPLE, port=port, connections=2, control=control)
        campaign = folder / f"campaigns/{CAMPAIGN}/campaign.toml"
        campaign.write_text(campaign.read_text().replace("[message]", f'crash_policy = "{policy}"\n[message]', 1))
        self.folder, self.ids, self.policy, self.control_url = folder, ids, policy, control_url
        self.seconds = 0.0

    def undisturbed(self) -> Outcome:
        """A trial without a kill; remembers how long a send takes."""
        begun = time.monotonic()
        outcome = self.trial(None, None)
        self.seconds = time.monotonic() - begun
        return outcome

    def at_step(self, step: Step) -> Outcome:
        """Kill at a named step."""
        return self.trial(step, None)

    def at_random(self, chance: random.Random) -> Outcome:
        """Kill at a random moment of the send."""
        return self.trial(None, chance.uniform(0.05, self.seconds or 2.0))

    def trial(self, step: Step | None, delay: float | None) -> Outcome:
        """One send from nothing, killed once, then resumed until it is over."""
        self.clear()
        killed = _forked(lambda: self._go(step), kill_after=delay)
        for _ in range(3):
            if _forked(lambda: self._go(None)) == 0 and self._is_over():
                break
        what = str(step) if step else f"after {delay:.2f} s" if delay else "undisturbed"
        return self._judge(what, killed=killed == -signal.SIGKILL)

    def clear(self) -> None:
        """Forget the former trial."""
        shutil.rmtree(self.folder / ".twain", ignore_errors=True)
        if self.control_url:
            with psycopg.connect(self.control_url, autocommit=True) as admin:
                admin.execute("DROP SCHEMA IF EXISTS twain_ledger CASCADE")
        self.ids.write_bytes(b"")

    def _go(self, step: Step | None) -> None:
        with open_instance(self.folder) as opened:
            instance = deadly(opened, step) if step else opened
            runs = instance.ledger.runs(campaign=CAMPAIGN)
            if not runs:
                send(instance, CAMPAIGN)
            elif runs[0].state in OPEN:
                resume(instance, runs[0].id)

    def _is_over(self) -> bool:
        with open_instance(self.folder) as instance:
            runs = instance.ledger.runs(campaign=CAMPAIGN)
            return bool(runs) and runs[0].state is RunState.FINISHED

    def _judge(self, what: str, *, killed: bool) -> Outcome:
        with open_instance(self.folder) as instance:
            run = instance.ledger.runs(campaign=CAMPAIGN)[0]
            tally = report(instance, run).tally
            unknown = _unknown(instance, run.id)
            bound = instance.channel("mail").promise()["messages"]
            everybody = {(s.number, row) for s in instance.ledger.shards(run.id) for row in range(s.rows)}
        arrived = Counter(_place(line) for line in self.ids.read_text().splitlines())
        lost = len(everybody - set(arrived) - unknown) + PEOPLE - len(everybody)
        twice = sum(count - 1 for count in arrived.values())
        return Outcome(what, lost, twice, tally.uncertain, tally.pending, bound, killed)


def _unknown(instance: Instance, run_id: str) -> set[tuple[int, int]]:
    return {(p.shard, p.row) for p in instance.ledger.undelivered(run_id, (Fate.UNCERTAIN,))}


def _place(message_id: str) -> tuple[int, int]:
    _, shard, row, _ = message_id.strip("<> ").partition("@")[0].split(".")
    return int(shard), int(row)


def _forked(work: Callable[[], None], *, kill_after: float | None = None) -> int:
    """Do *work* in a forked process; returns its exit code, or minus the signal that ended it."""
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            work()
            code = 0
        except BaseException:  # noqa: BLE001 — whatever it is, this process ends here
            traceback.print_exc()
        finally:
            os._exit(code)
    if kill_after is not None:
        time.sleep(kill_after)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)
