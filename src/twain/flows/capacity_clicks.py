"""Clicks to expect: measured on a campaign's past sends in the delivery history; and how wrong a forecast was."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from twain.calendars.slots import CLICK_HOURS, HOUR, Clicks, error_of, learned
from twain.flows.instance import Instance
from twain.insight.clicked import clicks_by_hour
from twain.records import Run, RunState
from twain.records.slots import Slot

_RECENT = 12


def clicks_of(instance: Instance, campaign: str) -> Clicks:
    """The rate and decay of this campaign's past sends; the stated usual until three of them have been over for two days."""
    if not campaign:
        return Clicks()
    old = instance.clock.now() - CLICK_HOURS * HOUR
    ended = instance.ledger.runs(campaign=campaign, states=[RunState.FINISHED], limit=_RECENT)
    known = [run for run in ended if run.ended_at is not None and run.ended_at <= old and not run.scope]
    return learned([_seen(instance, run) for run in known])


def _seen(instance: Instance, run: Run) -> tuple[int, Mapping[int, int]]:
    sent = instance.ledger.tally(run.id).sent
    return sent, clicks_by_hour(run.id, run.started_at or run.created_at, instance.history.files("events", run.id))


def unmeasured(instance: Instance) -> list[Slot]:
    """Slots whose send is over for as long as people click, and whose forecast was not compared yet."""
    now = instance.clock.now()
    slots = instance.ledger.slots(until=now - CLICK_HOURS * HOUR)
    return [slot for slot in slots if slot.run_id and not slot.measured and _over(instance, slot)]


def measure_slot(instance: Instance, slot: Slot) -> Slot:
    """Compare what was expected of a slot with what came, and keep both: messages in all, clicks hour by hour."""
    run = instance.ledger.run(slot.run_id)
    sent, came = _seen(instance, run)
    expected = {
        h: slot.people * slot.forecast.get("rate", 0.0) * share for h, share in enumerate(slot.forecast["shares"])
    }
    actual = {hour: float(clicks) for hour, clicks in came.items() if 0 <= hour < CLICK_HOURS}
    wrong = error_of(expected, actual)
    told = {"people": slot.people, "sent": sent, "clicks_expected": round(sum(expected.values()), 1),
            "clicks": sum(actual.values()), "error": None if wrong is None else round(wrong, 4)}  # fmt: skip
    kept = replace(slot, measured=told)
    instance.ledger.book_slot(kept, {})
    return kept


def _over(instance: Instance, slot: Slot) -> bool:
    run = instance.ledger.run(slot.run_id)
    return run.ended_at is not None and run.ended_at <= instance.clock.now() - CLICK_HOURS * HOUR
