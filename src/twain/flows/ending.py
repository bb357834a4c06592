"""How a delivery ends: what the workers reported becomes the run's next state, and nobody is left without an end."""

from __future__ import annotations

from collections.abc import Sequence

from twain.delivery.dispatch import DeliveryReport
from twain.delivery.pace import Backoff
from twain.delivery.takeover import settle_orphans
from twain.errors import ChannelUnavailable, LedgerError, Place, TwainError
from twain.flows.account import archive_settled, forget_spool
from twain.flows.instance import Instance
from twain.flows.toml_places import key_lines
from twain.flows.workers import bury_the_dead, new_worker
from twain.records import Fate, Lease, Run, RunEvent, RunState

#: The most telling ending of several workers comes first.
_ORDER = (
    "expired",
    "cancelled",
    "ledger_unavailable",
    "channel_unavailable",
    "held",
    "stopped",
    "asked",
    "paused",
    "done",
)
_PAUSING = frozenset({"channel_unavailable", "stopped", "asked"})


def conclude(instance: Instance, run: Run, reports: Sequence[DeliveryReport]) -> Run:
    """Move the run on by what its workers reported. Raises the error that stopped them, after the run says so itself."""
    ended = min(reports, key=lambda report: _ORDER.index(report.ended) if report.ended in _ORDER else 0)
    if ended.ended == "ledger_unavailable":
        raise ended.error or LedgerError(ended.why, todo=f"When the control store is back: twain resume {run.id}.")
    run = instance.ledger.run(run.id)
    if ended.ended == "expired" and run.state is RunState.SENDING:
        run = _expire(instance, run, ended)
    if run.state in (RunState.CANCELLED, RunState.EXPIRED):
        return close(instance, run)
    if run.state is RunState.SENDING:
        run = _next(instance, run, ended)
    if ended.error is not None:
        raise _with_cure(instance, ended.error, run)
    return run


def close(instance: Instance, run: Run) -> Run:
    """Give everyone of a cancelled or expired run an end: what dead workers left open first, then whoever was not reached."""
    bury_the_dead(instance, run)
    worker = new_worker(instance)
    while isinstance(lease := instance.ledger.lease(run.id, worker), Lease):
        settle_orphans(lease, instance.ledger, instance.clock, run.crash_policy, Backoff())
        instance.ledger.release(lease)
    reason = str(run.state)
    text = "Not reached any more: " + ("the send was cancelled." if reason == "cancelled" else "its time was over.")
    instance.ledger.abandon(run.id, Fate.SUPPRESSED, reason, _event(instance, run, "abandoned", text))
    archive_settled(instance, run)
    forget_spool(instance, run, instance.ledger.tally(run.id))
    return instance.ledger.run(run.id)


def _next(instance: Instance, run: Run, ended: DeliveryReport) -> Run:
    if instance.ledger.tally(run.id).accounted_for:
        event = _event(instance, run, "reconciling", "All sent; the books are being closed.")
        return instance.ledger.advance(run.id, {RunState.SENDING}, RunState.RECONCILING, event)
    if ended.ended == "held":
        words = ended.error.business if ended.error else ended.why
        event = RunEvent(run.id, instance.clock.now(), "held", words, ended.why, instance.person)
        return instance.ledger.advance(run.id, {RunState.SENDING}, RunState.HELD, event)
    if ended.ended in _PAUSING:
        event = _event(instance, run, "paused", f"Paused: {ended.why}")
        return instance.ledger.advance(run.id, {RunState.SENDING}, RunState.PAUSED, event)
    return run


def _expire(instance: Instance, run: Run, ended: DeliveryReport) -> Run:
    event = _event(instance, run, "expired", ended.why)
    return instance.ledger.advance(run.id, {RunState.SENDING}, RunState.EXPIRED, event)


def _event(instance: Instance, run: Run, kind: str, text: str) -> RunEvent:
    return RunEvent(run.id, instance.clock.now(), kind, text, "", instance.person)


def _with_cure(instance: Instance, error: TwainError, run: Run) -> TwainError:
    if isinstance(error, ChannelUnavailable) and error.place is None:
        error.place = _of_channel(instance, run.channel)
    error.todo = f"{error.todo} Then go on: twain resume {run.id}.".strip()
    return error


def _of_channel(instance: Instance, channel: str) -> Place | None:
    """Where twain.toml says how the channel is reached; None when it cannot be read now."""
    try:
        lines = key_lines((instance.root / "twain.toml").read_text("utf-8"))
    except (OSError, UnicodeDecodeError):
        return None
    return Place("twain.toml", lines.get(f"channels.{channel}"))
