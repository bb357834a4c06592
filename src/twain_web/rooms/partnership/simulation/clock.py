"""A clock that stands still until it is set, for the flow's ledger and for Django's own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from django.utils import timezone

from twain_web import engine


class SimulatedClock:
    """What time it is in a simulated year (``ports.Clock``)."""

    def __init__(self, begins: datetime) -> None:
        self.moment = begins.astimezone(UTC)

    def now(self) -> float:
        """Epoch seconds."""
        return self.moment.timestamp()

    def boottime(self) -> float:
        """The same: a simulated machine never sleeps."""
        return self.moment.timestamp()

    def instant(self) -> datetime:
        """As Django asks."""
        return self.moment


@contextmanager
def living_by(clock: SimulatedClock) -> Iterator[None]:
    """Within this block it is what *clock* says, for Django (which asks in one place, ``timezone.now``) and for the ledger."""
    real = timezone.now
    timezone.now = clock.instant
    engine.run_on(clock)
    try:
        yield
    finally:
        timezone.now = real
        engine.run_on(None)
