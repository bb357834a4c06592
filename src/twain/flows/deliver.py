"""Delivery: workers take a run's shards and send them, until nothing is left or something stops them."""

from __future__ import annotations

from pathlib import Path

from twain.delivery.dispatch import DeliveryReport
from twain.delivery.dispatch import deliver as dispatch
from twain.engines.local import LocalEngine
from twain.flows.account import archive_settled
from twain.flows.freeze import prepare_run
from twain.flows.instance import Instance, open_instance
from twain.flows.messages import RunMessages
from twain.flows.watch import Nobody, Watch
from twain.flows.workers import bury_the_dead, new_worker
from twain.records import Run, RunEvent, RunState


def deliver(instance: Instance, run: Run, watch: Watch, *, workers: int = 1) -> Run:
    """Send a run with this many worker processes (1 = in this one). Returns the run in the state it has come to."""
    watch.stage("sending", f"Sending by {run.channel}")
    bury_the_dead(instance, run)
    if workers == 1:
        work(instance, run, watch)
    else:
        tasks = [(str(instance.root), run.id)] * workers
        for _ in LocalEngine(workers).map(_work_elsewhere, tasks):
            watch.sent(instance.ledger.tally(run.id))
    return settle_state(instance, run)


def work(instance: Instance, run: Run, watch: Watch | None = None) -> DeliveryReport:
    """One worker's part, in this process."""
    watch = watch or Nobody()
    prepared = prepare_run(instance, run)
    data_key = instance.vault.unseal(instance.ledger.run(run.id).sealed_key, run.id)
    messages = RunMessages(run, data_key, prepared.programs, instance.mint(), prepared.sender.address, instance.clock)

    def on_progress() -> None:
        archive_settled(instance, run, most=1)
        watch.sent(instance.ledger.tally(run.id))

    channel = instance.channel(run.channel)
    return dispatch(
        instance.ledger, run.id, channel, messages, new_worker(instance), instance.clock, on_progress=on_progress
    )


def settle_state(instance: Instance, run: Run) -> Run:
    """Move the run on when its last person has an end; otherwise leave it as the workers left it."""
    run = instance.ledger.run(run.id)
    if run.state is RunState.SENDING and instance.ledger.tally(run.id).accounted_for:
        event = RunEvent(run.id, instance.clock.now(), "reconciling", "All sent; the books are being closed.")
        return instance.ledger.advance(run.id, {RunState.SENDING}, RunState.RECONCILING, event)
    return run


def _work_elsewhere(task: tuple[str, str]) -> str:
    root, run_id = task
    with open_instance(Path(root)) as instance:
        return work(instance, instance.ledger.run(run_id)).ended
