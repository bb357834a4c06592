"""A clock that tests move, and the few steps every test of a ledger begins with."""

# ruff: noqa: S101 — a missing lease or window ends the test

from __future__ import annotations

from collections.abc import Mapping, Sequence

from twain.ledger.bundles import make_bundle
from twain.ports import Ledger
from twain.records import (
    Bundle,
    Fate,
    Funnel,
    LanePace,
    Lease,
    Outcome,
    Run,
    RunEvent,
    RunState,
    Shard,
    Window,
    Worker,
)

FREE = LanePace()
START = 1_790_000_000.0


class HandClock:
    """Time that passes only when a test says so (``ports.Clock``). The wall clock can also jump by itself."""

    def __init__(self) -> None:
        self.wall = START
        self.boot = 5_000.0

    def now(self) -> float:
        """Wall clock, epoch seconds."""
        return self.wall

    def boottime(self) -> float:
        """Seconds since boot."""
        return self.boot

    def pass_by(self, seconds: float) -> None:
        """Let time pass, for both clocks."""
        self.wall += seconds
        self.boot += seconds

    def jump(self, seconds: float) -> None:
        """Somebody sets the wall clock; no time passes."""
        self.wall += seconds


def a_worker(name: str) -> Worker:
    """A delivering process with a journal of its own."""
    return Worker(name, f"/journals/{name}", "boot-1", 4711)


def an_event(run_id: str, kind: str = "test") -> RunEvent:
    """A line for the timeline."""
    return RunEvent(run_id, START, kind, f"{kind}, for Marketing", f"{kind}, for IT", "Priya Nair")


def a_bundle(campaign: str = "spring") -> Bundle:
    """A bundle that means little."""
    return make_bundle(campaign, {"feed": "customers", "channel": "mail"})


def planned(ledger: Ledger, run_id: str = "r1", *, campaign: str = "spring", not_after: float | None = None) -> Run:
    """A run that has just been created."""
    bundle = a_bundle(campaign)
    ledger.publish(bundle)
    run = Run(
        id=run_id,
        bundle=bundle.hash,
        campaign=campaign,
        state=RunState.PLANNED,
        channel="mail",
        crash_policy="never_twice",
        person="Ana Ruiz",
        created_at=START,
        not_after=not_after,
    )
    ledger.create_run(run)
    return run


def snapshotting(ledger: Ledger, run_id: str = "r1", **given: float | None) -> Run:
    """A run whose snapshot is being taken."""
    planned(ledger, run_id, not_after=given.get("not_after"))
    ledger.advance(run_id, {RunState.PLANNED}, RunState.CHECKED, an_event(run_id, "checked"))
    return ledger.advance(run_id, {RunState.CHECKED}, RunState.SNAPSHOTTING, an_event(run_id, "snapshotting"))


def sending(
    ledger: Ledger,
    rows: Sequence[int] = (10,),
    run_id: str = "r1",
    *,
    lanes: Sequence[str] = (),
    not_before: Mapping[int, float] | None = None,
    not_after: float | None = None,
    quiet: Mapping[int, str] | None = None,
) -> Run:
    """A run that may send: one shard per element of *rows*, of as many rows, in the lane of the same place."""
    snapshotting(ledger, run_id, not_after=not_after)
    shards = [
        Shard(
            run_id=run_id,
            number=number,
            rows=count,
            lane=lanes[number] if lanes else "*",
            path=f"spool/{run_id}/{number}",
            sha256="0" * 64,
            not_before=(not_before or {}).get(number, 0.0),
            quiet=(quiet or {}).get(number, ""),
        )
        for number, count in enumerate(rows)
    ]
    funnel = Funnel(sum(rows) + 2, {"duplicate": 2}, sum(rows))
    return ledger.commit_manifest(run_id, shards, funnel, b"sealed", an_event(run_id, "sending"))


def leased(ledger: Ledger, name: str = "w1", run_id: str = "r1", **given: float) -> Lease:
    """A lease, which there must be."""
    lease = ledger.lease(run_id, a_worker(name), **given)  # type: ignore[arg-type]  # seconds only
    assert isinstance(lease, Lease), lease
    return lease


def claimed(ledger: Ledger, lease: Lease, limit: int = 500) -> Window:
    """A window without any limits of pace, which there must be."""
    window = ledger.claim(lease, limit=limit, pace=FREE, channel_pace=FREE)
    assert isinstance(window, Window), window
    return window


def all_of(
    window: Window, fate: Fate, reason: str = "", reply: str = "250 2.0.0 Ok", at: float = START
) -> list[Outcome]:
    """The same outcome for every row."""
    return [Outcome(row, fate, reason, reply, at) for row in window.rows]


def send_all(ledger: Ledger, run_id: str = "r1", name: str = "w1", fate: Fate = Fate.SENT) -> int:
    """Send whatever can be claimed; returns how many rows."""
    number = 0
    while isinstance(lease := ledger.lease(run_id, a_worker(name)), Lease):
        while isinstance(window := ledger.claim(lease, limit=500, pace=FREE, channel_pace=FREE), Window):
            ledger.settle(lease, window, all_of(window, fate))
            number += len(window.rows)
        ledger.release(lease)
    return number
