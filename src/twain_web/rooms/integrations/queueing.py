"""What happened becomes webhooks: one message for all endpoints that want its type, queued in the caller's transaction."""

from __future__ import annotations

import itertools
import json
import secrets
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from django.utils import timezone

from twain_web.rooms.integrations.event_types import BY_NAME, MOST_AT_ONCE
from twain_web.rooms.integrations.models import Delivery, Endpoint, Message
from twain_web.rooms.integrations.shapes import shape

_LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's: sorts as it counts
_counter = itertools.count(secrets.randbelow(1 << 10))


def wanted_types() -> frozenset[str]:
    """The types that somebody's endpoint waits for now."""
    return frozenset(
        name for types in Endpoint.objects.filter(is_on=True).values_list("types", flat=True) for name in types
    )


def queue(name: str, data: Mapping[str, Any]) -> int:
    """Queue one event of a type; returns for how many endpoints. Nothing is kept that nobody wants."""
    return _queue(name, [data], _takers(name, data))


def queue_many(name: str, events: Iterable[Mapping[str, Any]]) -> int:
    """Queue events about recipients, some at a time; returns how many messages that makes."""
    takers = _takers(name, {})
    rest, made = iter(events), 0
    while takers and (batch := list(itertools.islice(rest, MOST_AT_ONCE))):
        _queue(name, [{"events": batch}], takers)
        made += 1
    return made


def queue_test(endpoint: Endpoint, by: str) -> str:
    """Queue a test for one endpoint; returns the message's id."""
    (message,) = _write("webhook.test", [{"by": by}], [endpoint])
    return message.id


def _takers(name: str, data: Mapping[str, Any]) -> list[Endpoint]:
    wanted = [one for one in Endpoint.objects.filter(is_on=True) if name in one.types]
    return [one for one in wanted if shape(one.form).tells(name, data)]


def _queue(name: str, events: Sequence[Mapping[str, Any]], takers: Sequence[Endpoint]) -> int:
    if takers:
        _write(name, events, takers)
    return len(takers)


def _write(name: str, events: Sequence[Mapping[str, Any]], takers: Sequence[Endpoint]) -> list[Message]:
    now = timezone.now()
    messages = Message.objects.bulk_create(
        Message(id=new_id(), type=BY_NAME[name].name, body=body_of(name, data, now), at=now) for data in events
    )
    Delivery.objects.bulk_create(
        Delivery(endpoint=endpoint, message=one, since=now, next_at=now) for one in messages for endpoint in takers
    )
    return messages


def body_of(name: str, data: Mapping[str, Any], at: datetime) -> str:
    """What is posted: type, timestamp and data."""
    return json.dumps({"type": name, "timestamp": moment(at), "data": data}, ensure_ascii=False, separators=(",", ":"))


def moment(at: datetime) -> str:
    """ISO 8601 in UTC, to the millisecond."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def new_id() -> str:
    """``msg_`` and 26 letters: milliseconds, a counter and chance, so that ids ascend and nobody guesses one."""
    number = (time.time_ns() // 1_000_000 << 80) | (next(_counter) % (1 << 20) << 60) | secrets.randbits(60)
    return "msg_" + "".join(_LETTERS[number >> 5 * place & 31] for place in range(25, -1, -1))
