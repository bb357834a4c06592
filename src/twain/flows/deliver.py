"""Delivery: workers take a run's shards and send them, until nothing is left or something stops them."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from twain.collector import quiet_heap
from twain.delivery.dispatch import DeliveryReport, Terms
from twain.delivery.dispatch import deliver as dispatch
from twain.engines.local import LocalEngine
from twain.flows.account import archive_settled
from twain.flows.brakes import Brake
from twain.flows.ending import conclude
from twain.flows.freeze import prepare_run
from twain.flows.instance import Instance, open_instance
from twain.flows.messages import RunMessages
from twain.flows.prepare import Prepared
from twain.flows.refresh import AtSend
from twain.flows.warming import LiveRamps
from twain.flows.watch import Nobody, Watch
from twain.flows.workers import bury_the_dead, new_worker
from twain.records import Run


def deliver(instance: Instance, run: Run, watch: Watch, *, workers: int = 1, prepared: Prepared | None = None) -> Run:
    """Send a run with this many worker processes (1 = in this one). Returns the run in the state it has come to.

    *prepared* is its bundle when it has been compiled already.

    Raises ChannelError, LedgerError or SourceError when the outside failed for longer than a worker waits; the run is then
    paused (or, with the ledger gone, as it was) and ``resume`` goes on with it.
    """
    watch.stage("sending", f"Sending by {run.channel}")
    bury_the_dead(instance, run)
    if workers == 1:
        reports = [work(instance, run, watch, prepared)]
    else:
        reports = []
        for done in LocalEngine(workers).map(_work_elsewhere, [(str(instance.root), run.id)] * workers):
            reports.append(done)
            watch.sent(instance.ledger.tally(run.id))
    return conclude(instance, run, reports)


def work(instance: Instance, run: Run, watch: Watch | None = None, prepared: Prepared | None = None) -> DeliveryReport:
    """One worker's part, in this process. The first SIGINT or SIGTERM ends it gracefully."""
    watch = watch or Nobody()
    prepared = prepared or prepare_run(instance, run)
    data_key = instance.vault.unseal(instance.ledger.run(run.id).sealed_key, run.id)
    sender = prepared.sender.address
    messages = RunMessages(
        run, data_key, prepared.programs, instance.mint(), sender, instance.clock, instance.bounce_address(run.channel)
    )

    at_send = prepared.feed.freshness.mode == "at_send"
    refresh = AtSend(instance, prepared, messages) if at_send else None

    brake = Brake(instance, run)
    channel = instance.channel(run.channel)
    trouble = getattr(channel, "trouble", str)  # a way out by somebody else's package need not tell of its troubles

    def on_progress() -> None:
        brake.look()
        archive_settled(instance, run, most=1)
        watch.waiting(trouble())
        watch.sent(instance.ledger.tally(run.id))

    with graceful() as should_stop, quiet_heap():
        return dispatch(
            instance.ledger,
            run.id,
            channel,
            messages,
            new_worker(instance),
            instance.clock,
            on_progress=on_progress,
            terms=Terms(
                lease_seconds=instance.settings.lease_seconds,
                should_stop=should_stop,
                refresh=refresh,
                warming=LiveRamps(instance, run.channel, sender),
            ),
        )


@contextmanager
def graceful() -> Iterator[Callable[[], bool]]:
    """While the block runs, the first SIGINT or SIGTERM only raises a flag; the second acts as always."""
    asked = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield asked.is_set
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def ask(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 — the shape of a handler
        asked.set()
        signal.signal(number, before[signal.Signals(number)])

    for number in before:
        signal.signal(number, ask)
    try:
        yield asked.is_set
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _work_elsewhere(task: tuple[str, str]) -> DeliveryReport:
    root, run_id = task
    with open_instance(Path(root)) as instance:
        return work(instance, instance.ledger.run(run_id))
