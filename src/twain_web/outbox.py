"""Facts travel upward: a room tells what has happened, higher rooms hear it. No room calls one above it.

A fact is a row written in the same transaction as what it tells of; the reconciler delivers it to every hearer of its topic,
at least once, in order. Hearers are therefore idempotent.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from twain_web.models import OutboxRow
from twain_web.reconcile import reconciler

log = logging.getLogger("twain.outbox")

Hearer = Callable[[Mapping[str, Any]], None]
_MOST_ATTEMPTS = 10
_hearers: dict[str, list[Hearer]] = defaultdict(list)


def tell(topic: str, **body: object) -> None:
    """Write a fact down. Call it inside the transaction that makes it true. *body* is plain JSON."""
    OutboxRow.objects.create(topic=topic, body=body)


def on(topic: str) -> Callable[[Hearer], Hearer]:
    """Hear every fact of a topic. The function may be called again with the same fact."""

    def heard(hearer: Hearer) -> Hearer:
        if hearer not in _hearers[topic]:
            _hearers[topic].append(hearer)
        return hearer

    return heard


def _undelivered() -> list[str]:
    waiting = OutboxRow.objects.filter(delivered_at=None, attempts__lt=_MOST_ATTEMPTS)
    return ["all"] if waiting.exists() else []


@reconciler("outbox", every=1.0, due=_undelivered)
def deliver(_key: str = "all") -> None:
    """Deliver what is waiting. A hearer that fails is tried again; the facts behind it wait for nobody."""
    for row in OutboxRow.objects.filter(delivered_at=None, attempts__lt=_MOST_ATTEMPTS)[:200]:
        _deliver_one(row)


def _deliver_one(row: OutboxRow) -> None:
    try:
        with transaction.atomic():
            for hearer in _hearers[row.topic]:
                hearer(row.body)
            row.delivered_at = timezone.now()
            row.save(update_fields=["delivered_at"])
    except Exception as error:
        log.exception("Fact %s (%s) could not be delivered", row.pk, row.topic)
        OutboxRow.objects.filter(pk=row.pk).update(attempts=row.attempts + 1, last_error=type(error).__name__)
