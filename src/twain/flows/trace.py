"""One message, or one person's messages, end to end: bundle, contract versions, query, relay's answer."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from twain.errors import LedgerError
from twain.feeds.contract import feeds_from_texts
from twain.flows.bounces import said_of
from twain.flows.instance import Instance
from twain.returns.tokens import parse_message_id


@dataclass(frozen=True, slots=True)
class Traced:
    """One message's way, as (step, what) pairs."""

    run: str
    campaign: str
    key: str
    fate: str
    steps: tuple[tuple[str, str], ...]


def trace(instance: Instance, wanted: str) -> list[Traced]:
    """By Message-ID (with or without angle brackets) or by key; newest first; [] when nothing is known."""
    reference = parse_message_id(wanted.strip().strip("<>"))
    if reference is not None:
        return list(_rows(instance, instance.history.message(reference.run_id, reference.shard, reference.row)))
    return list(_rows(instance, instance.history.of_key(wanted)))


def _rows(instance: Instance, deliveries: list[dict[str, Any]]) -> Iterator[Traced]:
    for delivery in deliveries:
        yield Traced(
            run=delivery["run_id"],
            campaign=delivery["campaign"],
            key=delivery["key"],
            fate=delivery["fate"],
            steps=tuple(_steps(instance, delivery)),
        )


def _steps(instance: Instance, delivery: dict[str, Any]) -> Iterator[tuple[str, str]]:
    try:
        bundle = instance.ledger.bundle(delivery["bundle"])
    except LedgerError:
        yield "bundle", f"{delivery['bundle'][:12]} (no longer kept)"
    else:
        feeds = feeds_from_texts(bundle.body["contracts"])
        yield "bundle", bundle.hash
        for feed in feeds.values():
            yield "contract", f"{feed.name} {feed.version} ({feed.contract_hash[:12]}), {feed.owner}"
        rule = repr(bundle.body["audience"]).encode()
        yield "audience rule", hashlib.sha256(rule).hexdigest()[:12]
    yield "place", f"batch {delivery['shard']}, row {delivery['row']}, arm {delivery['arm']}"
    moment = delivery["at"]
    shown = moment if isinstance(moment, datetime) else datetime.fromtimestamp(moment, UTC)
    yield (
        "outcome",
        " ".join(filter(None, (delivery["fate"], delivery["reason"], "at", shown.isoformat(timespec="seconds")))),
    )
    yield "the relay said", delivery["reply"] or "–"
    for mail in instance.ledger.returned_for(delivery["run_id"], delivery["shard"], delivery["row"]):
        at = datetime.fromtimestamp(mail.at, UTC).isoformat(timespec="seconds")
        yield "came back", f"{said_of(mail)} · read at {at}"
