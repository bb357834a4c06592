"""One message, or one person's messages, end to end: bundle, contract versions, query, relay's answer."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from twain.errors import LedgerError, TwainError
from twain.feeds.contract import feeds_from_texts
from twain.flows.bounces import said_of
from twain.flows.counting import mailable_feeds
from twain.flows.customer import look_up
from twain.flows.instance import Instance
from twain.returns.tokens import message_ids, parse_message_id


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


def may_be_mailed(instance: Instance, key: str) -> dict[str, list[tuple[str, bool, str]]]:
    """Of every feed with mail addresses that knows this key, by its title: (question, answer, why), read in the database now.

    A database that does not answer is left out, like a feed without this key.
    """
    found = {}
    for feed in mailable_feeds(instance.workspace):
        try:
            found[feed.title] = list(look_up(instance, feed, key).may_be_mailed)
        except TwainError:
            continue
    return found


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
        yield "Message-ID", _message_id(instance, delivery, str(bundle.body.get("sender", {}).get("address", "")))
    yield "place", f"batch {delivery['shard']}, row {delivery['row']}, arm {delivery['arm']}"
    moment = delivery["at"]
    shown = moment if isinstance(moment, datetime) else datetime.fromtimestamp(moment, UTC)
    yield (
        "outcome",
        " ".join(filter(None, (delivery["fate"], delivery["reason"], "at", shown.isoformat(timespec="seconds")))),
    )
    yield "the relay said", delivery["reply"] or "–"
    for mail in instance.ledger.returned_for(delivery["run_id"], delivery["shard"], delivery["row"]):
        yield "came back", f"{said_of(mail)} · read at {_moment(mail.at)}"
    yield from _stopped(instance, delivery)


def _message_id(instance: Instance, delivery: dict[str, Any], sender: str) -> str:
    """As the message had it, made again by the key in force: it differs for a message that an older key signed."""
    run_id, shard, row = delivery["run_id"], delivery["shard"], delivery["row"]
    macs = [mac for mac, _ in instance.mint().stamps(run_id, shard, [row])]
    return message_ids(run_id, shard, [row], macs, sender.rpartition("@")[2])[0].decode("ascii")


def _stopped(instance: Instance, delivery: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What stops mail to this address now, and whether it was asked for by this very message."""
    this = "{run_id}.{shard}.{row}".format_map(delivery)
    for wish in instance.ledger.suppressions_of(bytes(delivery["address_hash"])):
        by = "by this message" if wish.origin.partition(":")[2] == this else wish.origin
        until = f", until {_moment(wish.until)}" if wish.until is not None else ""
        yield (
            "asked to stop" if wish.own else "stopped",
            f"{wish.reason} ({wish.scope}{until}) {by}, at {_moment(wish.at)}",
        )


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
