"""What happens by itself here: a booked plan is live once its send has taken the slot; old forecasts are compared."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import transaction

from twain.flows.capacity_clicks import measure_slot, unmeasured
from twain_web import engine
from twain_web.reconcile import reconciler
from twain_web.rooms.capacity.models import Plan, Step


def _begun() -> Iterator[str]:
    booked = dict(Plan.objects.filter(state=Plan.State.BOOKED).exclude(slot="").values_list("slot", "pk"))
    if booked:
        yield from (str(booked[slot.id]) for slot in engine.ledger().slots() if slot.id in booked and slot.run_id)


@reconciler("plans", every=30.0, due=_begun)
def go_live(key: str) -> None:
    """Its send has begun."""
    with transaction.atomic():
        if Plan.objects.filter(pk=key, state=Plan.State.BOOKED).update(state=Plan.State.LIVE):
            Step.objects.create(plan_id=int(key), state=Plan.State.LIVE)


@reconciler("forecasts", every=900.0, due=lambda: [slot.id for slot in unmeasured(engine.instance())], hands=1)
def compare_forecast(key: str) -> None:
    """Keep what came beside what was expected."""
    here = engine.instance()
    for slot in unmeasured(here):
        if slot.id == key:
            measure_slot(here, slot)
