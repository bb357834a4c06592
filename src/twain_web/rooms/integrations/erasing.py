"""Whoever is erased (``twain forget``) leaves the webhooks that are kept to be sent again: their key and hash are emptied."""

from __future__ import annotations

import json
from collections.abc import Set
from typing import Any

from django.db import transaction

from twain.flows.erased import key_mark
from twain.flows.instance import Instance
from twain_web import engine
from twain_web.reconcile import reconciler
from twain_web.rooms.integrations.event_types import TYPES
from twain_web.rooms.integrations.models import Message, ReadTo

_ERASED = "erased"
_OF_RECIPIENTS = tuple(one.name for one in TYPES if one.many)


def _newly_erased() -> list[str]:
    """The list of the erased only grows, so its length says whether there is somebody new."""
    place = ReadTo.objects.filter(name=_ERASED).values_list("place", flat=True).first() or 0
    return [_ERASED] if len(engine.ledger().erased()) != place else []


@reconciler("webhook-erasures", every=15.0, due=_newly_erased, hands=1)
def empty_webhooks(_key: str = _ERASED) -> None:
    """Take everybody who was erased out of every webhook that is kept."""
    here = engine.instance()
    erased = here.ledger.erased()
    with transaction.atomic():
        for message in Message.objects.select_for_update().filter(type__in=_OF_RECIPIENTS).iterator(200):
            told = json.loads(message.body)
            if sum(_emptied(here, event, erased) for event in told["data"]["events"]):
                message.body = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
                message.save(update_fields=["body"])
        ReadTo.objects.update_or_create(name=_ERASED, defaults={"place": len(erased)})


def _emptied(here: Instance, event: dict[str, Any], erased: Set[bytes]) -> bool:
    """Whether this event was about somebody who was erased, and names them no more."""
    hashed = bytes.fromhex(event.get("address_hash", ""))
    named = bool(event["key"]) and key_mark(here, event["feed"], event["key"]) in erased
    if not named and hashed not in erased:
        return False
    event["key"] = ""
    if "address_hash" in event:
        event["address_hash"] = ""
    return True
