"""What recipients did comes into the delivery history by itself: the gateways' spools are emptied every few seconds."""

from __future__ import annotations

from twain.flows.events import collect, waiting
from twain_web import engine
from twain_web.reconcile import reconciler

_SPOOL = "spool"


def _due() -> list[str]:
    return [_SPOOL] if waiting(engine.instance()) else []


@reconciler("events", every=5.0, due=_due, hands=1)
def collect_events(_spool: str) -> None:
    """Take what this machine's gateways have kept into the history; a flood goes in over several steps."""
    collect(engine.instance())
