"""What is dead leaves the house by itself, an hour after its time at the latest. Rooms say what of theirs is dead, and when.

The times are promised to IT in ``docs/for-its-evaluation.md``. What anybody could still ask for (audit, versions, approvals) is
no part of it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from django.db import DatabaseError
from django.db.models import Model, QuerySet
from django.utils import timezone

from twain_web.models import OutboxRow, ReconcilerLease
from twain_web.reconcile import reconciler

log = logging.getLogger("twain.cleaning")

#: How long a fact stays after everybody has heard it. One that could not be delivered stays: somebody must look at it.
DELIVERED_KEPT = timedelta(days=30)
#: How long a lease stays after it ran out. Those of a house that was killed are taken over by then, or their object is gone.
LEASES_KEPT = timedelta(days=1)

#: What a room calls its dead, and where they are found at a moment.
DEAD: dict[str, Callable[[datetime], QuerySet[Model]]] = {}


def dead(name: str) -> Callable[[Callable[[datetime], QuerySet[Model]]], Callable[[datetime], QuerySet[Model]]]:
    """Register a function that finds rows which nobody needs any more at a moment (UTC)."""

    def registered(find: Callable[[datetime], QuerySet[Model]]) -> Callable[[datetime], QuerySet[Model]]:
        DEAD[name] = find
        return find

    return registered


@reconciler("cleaning", every=3600.0, due=lambda: ["house"], hands=1)
def clean(_key: str = "house") -> Mapping[str, int]:
    """Take out everything that is dead now; returns how many rows of each kind went. A kind that can't go holds up no other."""
    now = timezone.now()
    gone = {name: _taken_out(name, find, now) for name, find in DEAD.items()}
    if any(gone.values()):
        log.info("Cleaned: %s", ", ".join(f"{number} {name}" for name, number in gone.items() if number))
    return gone


def _taken_out(name: str, find: Callable[[datetime], QuerySet[Model]], now: datetime) -> int:
    try:
        return find(now).delete()[0]
    except DatabaseError:
        log.exception("The dead %s could not be taken out; it is tried again in an hour", name)
        return 0


@dead("delivered facts")
def _heard(now: datetime) -> QuerySet[OutboxRow]:
    return OutboxRow.objects.filter(delivered_at__lt=now - DELIVERED_KEPT)


@dead("leases")
def _over(now: datetime) -> QuerySet[ReconcilerLease]:
    return ReconcilerLease.objects.filter(expires_at__lt=now - LEASES_KEPT)
