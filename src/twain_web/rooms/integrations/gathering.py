"""Recipients' events become webhooks: the delivery history is read on from where it was read to, each row once.

The place read to moves in the transaction that queues what was found: whatever dies, nothing is left out and nothing told twice.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from django.db import transaction

from twain.ledger.news import end_of_history, history_size, read_news
from twain_web import engine
from twain_web.reconcile import reconciler
from twain_web.rooms.integrations.event_types import BY_NAME
from twain_web.rooms.integrations.models import ReadTo
from twain_web.rooms.integrations.queueing import moment, queue_many, wanted_types

_HISTORY = "history"
_LONGEST_STEP = 5.0  # seconds
_FATES = {"sent": "message.sent", "failed": "message.failed", "suppressed": "message.suppressed",
          "uncertain": "message.unknown"}  # fmt: skip
_KINDS = {"open": "message.opened", "view": "message.viewed", "click": "message.clicked",
          "unsubscribe": "recipient.unsubscribed"}  # fmt: skip
_BACK = {"bounce": "message.bounced", "complaint": "message.complained", "reply": "message.replied",
         "auto_reply": "message.replied"}  # fmt: skip
Row = Mapping[str, Any]


def _unread() -> list[str]:
    place = ReadTo.objects.filter(name=_HISTORY).values_list("place", flat=True).first()
    return [_HISTORY] if place is None or history_size(engine.instance().history.root) != place else []


@reconciler("webhook-news", every=2.0, due=_unread, hands=1)
def gather(_key: str = _HISTORY) -> None:
    """Queue what is new, some seconds long; a flood goes out over several steps."""
    until = time.monotonic() + _LONGEST_STEP
    while gather_once() and time.monotonic() < until:
        pass


def gather_once() -> bool:
    """Queue what one more line of the manifest brought; False at its end. The first time, everything there is counts as told."""
    root = engine.instance().history.root
    with transaction.atomic():
        place, new = ReadTo.objects.select_for_update().get_or_create(
            name=_HISTORY, defaults={"place": end_of_history(root)}
        )
        if new:
            return False
        wanted = wanted_types()
        news = read_news(root, place.place, _tables(wanted))
        for name, events in sorted(_sorted_out(news.rows, wanted).items()):
            queue_many(name, events)
        moved = news.after != place.place
        place.place = news.after
        place.save(update_fields=["place"])
    return moved


def _tables(wanted: frozenset[str]) -> frozenset[str]:
    """Only what somebody waits for is read at all."""
    sources = {"deliveries": _FATES, "events": _KINDS, "bounces": _BACK}
    return frozenset(table for table, types in sources.items() if wanted.intersection(types.values()))


def _sorted_out(rows: Mapping[str, list[dict[str, Any]]], wanted: frozenset[str]) -> dict[str, list[dict[str, Any]]]:
    """Events by type, in the order in which they stand in the history."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for table, told in rows.items():
        for name, row in _typed(table, told):
            if name in wanted:
                found[name].append({field.name: _VALUES[field.name](row) for field in BY_NAME[name].fields})
    return found


def _typed(table: str, rows: list[dict[str, Any]]) -> Iterator[tuple[str, Row]]:
    for row in rows:
        if table == "deliveries":
            yield _FATES[row["fate"]], row
        elif table == "events":
            yield _KINDS.get(row["kind"], ""), row  # a canary's link is nobody's business
        elif row["believed"] and row["run_id"]:
            yield _BACK.get(row["kind"], ""), row


def _as_it_is(name: str) -> Callable[[Row], Any]:
    return lambda row: row[name]


_VALUES: Mapping[str, Callable[[Row], Any]] = {
    "send": _as_it_is("run_id"),
    "message": lambda row: f"{row['run_id']}.{row['shard']}.{row['row']}",
    "variant": _as_it_is("arm"),
    "at": lambda row: moment(row["at"]),
    "address_hash": lambda row: bytes(row["address_hash"]).hex(),
    "automatic": lambda row: row["kind"] == "auto_reply",
    **{name: _as_it_is(name) for name in (
        "campaign", "feed", "key", "channel", "reason", "reply", "machine", "why", "client", "link", "cause", "status", "words",
        "followed",
    )},
}  # fmt: skip
