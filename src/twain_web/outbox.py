"""Facts travel upward: a room tells what has happened, higher rooms hear it. No room calls one above it.

A fact is a row written in the same transaction as what it tells of; the reconciler delivers it to every hearer of its topic,
at least once, in order. Hearers are therefore idempotent. Where one fails, the others have heard all the same, once: that is
written in the same transaction as what they made of it. The one is told again, later and later, for two days: long enough for a
house to be updated, or mended.
"""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from twain_web.models import OutboxRow
from twain_web.reconcile import reconciler

log = logging.getLogger("twain.outbox")

Hearer = Callable[[Mapping[str, Any]], None]
_LONGEST_PAUSE = 3600.0  # seconds
_MOST_ATTEMPTS = 60
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


def _waiting() -> QuerySet[OutboxRow]:
    return OutboxRow.objects.filter(delivered_at=None, attempts__lt=_MOST_ATTEMPTS, next_at__lte=timezone.now())


def _undelivered() -> list[str]:
    return ["all"] if _waiting().exists() else []


@reconciler("outbox", every=1.0, due=_undelivered)
def deliver(_key: str = "all") -> None:
    """Deliver what is waiting. A hearer that fails is tried again; the facts behind it wait for nobody."""
    for row in _waiting()[:200]:
        failed = [
            error
            for name, hearer in _named(row.topic)
            if name not in row.heard and (error := _failure(row, name, hearer))
        ]
        if failed:
            _put_off(row, failed)
        else:
            OutboxRow.objects.filter(pk=row.pk).update(delivered_at=timezone.now())


def _named(topic: str) -> Iterator[tuple[str, Hearer]]:
    """Who hears a topic, by a name that outlives the process."""
    seen: Counter[str] = Counter()
    for hearer in _hearers[topic]:
        name = f"{hearer.__module__}.{hearer.__qualname__}"
        seen[name] += 1
        yield name if seen[name] == 1 else f"{name} {seen[name]}", hearer


def _failure(row: OutboxRow, name: str, hearer: Hearer) -> str:
    """Tell one; the kind of its error, empty when it has heard."""
    try:
        with transaction.atomic():
            hearer(row.body)
            OutboxRow.objects.filter(pk=row.pk).update(heard=[*row.heard, name])
    except Exception as error:
        log.exception("Fact %s (%s) was not heard by %s", row.pk, row.topic, name)
        return type(error).__name__
    row.heard.append(name)
    return ""


def _put_off(row: OutboxRow, failed: list[str]) -> None:
    pause = min(_LONGEST_PAUSE, 2.0**row.attempts)
    OutboxRow.objects.filter(pk=row.pk).update(
        attempts=row.attempts + 1,
        next_at=timezone.now() + timedelta(seconds=pause),
        last_error=", ".join(dict.fromkeys(failed))[:300],
    )
    if row.attempts + 1 == _MOST_ATTEMPTS:
        log.error("Fact %s (%s) is given up: told %d times, never heard by all", row.pk, row.topic, _MOST_ATTEMPTS)
