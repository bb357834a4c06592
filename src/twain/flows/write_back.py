"""Consent written back: who unsubscribed with us is told to IT's own system, by a declared route, each wish once.

``[write_back] intake = "…"`` names one of ``[intakes]``. Every new entry of the suppression list becomes one event for each
(feed, key) that its address was mailed under; its id comes from the entry's number, so that a repetition changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import islice

from twain.flows.instance import Instance
from twain.flows.signing_up import TRIED_FOR, moment_text, sealed_outgoing
from twain.records import Outgoing, Suppression

_CURSOR = "written_back"
_MOST = 500
#: Whoever is erased is told to nobody any more; what was imported came from the company itself.
_NOT_TOLD = ("erased",)


def gather_wishes(instance: Instance) -> int:
    """Make events of what is new on the suppression list; how many. Nothing without a declared route."""
    intake = instance.settings.write_back
    if not intake:
        return 0
    since = instance.ledger.position(_CURSOR)
    entries = list(islice(instance.ledger.suppressions(since), _MOST))
    if not entries:
        return 0
    told = [entry for entry in entries if _is_told(entry)]
    known = instance.history.known_as([entry.address_hash for entry in told])
    made = [item for one in told for item in _events(instance, intake, one, known.get(one.address_hash, set()))]
    return instance.ledger.write_back_from(made, _CURSOR, entries[-1].seq)


def _is_told(entry: Suppression) -> bool:
    return entry.reason not in _NOT_TOLD and not entry.origin.startswith("import of ")


def _events(
    instance: Instance, intake: str, entry: Suppression, keys: Collection[tuple[str, str]]
) -> Iterator[Outgoing]:
    now = instance.clock.now()
    for number, (feed, key) in enumerate(sorted(keys) or [("", "")]):
        identifier = f"unsubscribe-{entry.seq}-{number}"
        payload = {
            "id": identifier,
            "kind": "unsubscribe",
            "at": moment_text(entry.at),
            "feed": feed,
            "key": key,
            "address_hash": entry.address_hash.hex(),
            "scope": entry.scope,
            "until": moment_text(entry.until or 0.0),
            "reason": entry.reason,
        }
        yield Outgoing(
            id=identifier,
            kind="unsubscribe",
            about=entry.reason,
            intake=intake,
            address_hash=entry.address_hash,
            at=entry.at,
            sealed=sealed_outgoing(instance, identifier, payload),
            due=now,
            give_up_at=now + TRIED_FOR,
        )
