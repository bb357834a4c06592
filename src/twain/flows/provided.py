"""What a mail provider tells about messages: found, booked once, and followed like any mail that came back.

Whoever calls has made sure that it is the provider who speaks. A message is found by our Message-ID, whose MAC must be right,
or else by the address it went to, within thirty days; what fits neither has no consequences.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import pyarrow as pa

from twain.errors import LedgerError
from twain.flows.instance import Instance
from twain.flows.policy import read_policy
from twain.flows.suppressing import hasher
from twain.ledger.rewriting import NOBODY
from twain.records import CameBack, Suppression
from twain.returns.causes import Cause, cause_of, find_status, has_code
from twain.returns.mail_parts import without_addresses
from twain.returns.tokens import TokenRef
from twain.snapshot.spool import read_shard

_OURS = re.compile(r"(?<![a-z0-9])[a-z0-9]{1,16}\.[0-9]{1,8}\.[0-9]{1,8}\.[0-9a-f]{20}@[a-z0-9.-]{1,253}")
_MOST_IDS = 16
_MOST_READ = 200_000  # characters of an event
_LOOKED_BACK = 30 * 86_400.0  # seconds
#: What providers call a failure when the receiving server's own words are missing.
_PLAINLY = (
    (re.compile(r"\b(?:hard|permanent|invalid|nonexistent|doesnotexist)", re.IGNORECASE), Cause.HARD),
    (re.compile(r"\b(?:block|spam|policy|dmarc|virus)", re.IGNORECASE), Cause.BLOCK),
)


@dataclass(frozen=True, slots=True)
class Provided:
    """One event.

    *kind*: bounce, complaint, delay, auto_reply or unsubscribe. *event*: what the provider calls it, and what else makes it this
    one. *said*: the receiving server's words; *called*: the provider's own word for the failure; *raw*: all of it.
    """

    provider: str
    event: str
    kind: str
    recipient: str
    said: str
    called: str
    raw: str
    at: float


@dataclass(frozen=True, slots=True)
class Booked:
    """An event as it was booked. *known*: it had been before. *mail.run_id* is "" when it is about nobody's message we know."""

    event: Provided
    mail: CameBack
    known: bool


def book_provided(instance: Instance, events: Sequence[Provided]) -> list[Booked]:
    """Book events in one transaction, with what follows from them; the same event again changes nothing."""
    mails = _Finder(instance).mails_of(events)
    _obey(instance, events, mails)
    once = list({mail.mail: mail for mail in mails if mail.kind != "unsubscribe"}.values())
    new = {mail.mail: mail for mail in instance.ledger.book_returned(once, read_policy(instance.root).bounces)}
    return [
        Booked(event, new.get(mail.mail, mail), known=mail.kind != "unsubscribe" and mail.mail not in new)
        for event, mail in zip(events, mails, strict=True)
    ]


def cause_told(event: Provided) -> Cause:
    """Why it came back: by the receiving server's words where it said any, else by the provider's. Unclear ones are soft."""
    if has_code(event.said):
        return cause_of(find_status(event.said), event.said)
    plain = next((cause for pattern, cause in _PLAINLY if pattern.search(event.called)), None)
    return plain or cause_of("", event.said or event.called)


def _obey(instance: Instance, events: Sequence[Provided], mails: list[CameBack]) -> None:
    """Whoever asked the provider for no more is heard here as well."""
    for place, (event, mail) in enumerate(zip(events, mails, strict=True)):
        if mail.kind == "unsubscribe" and mail.believed:
            origin = f"{event.provider}, about {mail.run_id}"
            new = instance.ledger.suppress([Suppression(mail.address_hash, "unsubscribed", origin, event.at)])
            mails[place] = replace(mail, followed=f"suppressed{'' if new else ' before'}: unsubscribed")


class _Finder:
    """From events to the messages they are about, many at once: a provider tells hundreds in one breath."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._verify = instance.mint().verify_message_id
        self._hash_of: Callable[[str], bytes | None] = hasher(instance)

    def mails_of(self, events: Sequence[Provided]) -> list[CameBack]:
        """What is booked of each event, in their order."""
        refs = [self._ref(event.raw) for event in events]
        proved = self._messages({ref for ref in refs if ref is not None})
        hashes = [
            None if ref in proved else self._hash_of(event.recipient) for ref, event in zip(refs, events, strict=True)
        ]
        since = min((event.at for event in events), default=0.0) - _LOOKED_BACK
        lately = self._instance.history.last_to_each([digest for digest in hashes if digest], since)
        return [
            self._mail(event, *_delivery(proved.get(ref) if ref else None, lately.get(digest) if digest else None))
            for event, ref, digest in zip(events, refs, hashes, strict=True)
        ]

    def _mail(self, event: Provided, proof: str, delivery: dict[str, Any]) -> CameBack:
        bounce = event.kind == "bounce"
        return CameBack(
            mail=hashlib.sha256(f"{event.provider}\0{event.event}".encode()).digest(),
            at=self._instance.clock.now(),
            via=f"webhook of {event.provider}",
            kind=event.kind,
            cause=str(cause_told(event)) if bounce else "",
            status=find_status(event.said) if bounce else "",
            words=without_addresses(event.said or event.called)[:300] if bounce or event.kind == "delay" else "",
            proof=proof,
            believed=delivery.get("address_hash", NOBODY) != NOBODY,  # else they were erased meanwhile
            **delivery,
        )

    def _ref(self, raw: str) -> TokenRef | None:
        """The first Message-ID in it that we signed."""
        found = (self._verify(said[0]) for said in islice(_OURS.finditer(raw[:_MOST_READ].lower()), _MOST_IDS))
        return next((ref for ref in found if ref is not None), None)

    def _messages(self, refs: Set[TokenRef]) -> dict[TokenRef, dict[str, Any]]:
        ordered = sorted((ref.run_id, ref.shard, ref.row) for ref in refs)
        kinds = {"run_id": pa.string(), "shard": pa.int32(), "row": pa.int32()}
        columns = zip(*ordered, strict=True) if ordered else ((), (), ())
        asked = pa.table({name: pa.array(values, kinds[name]) for name, values in zip(kinds, columns, strict=True)})
        rows = self._instance.history.mailed(asked).to_pylist() if ordered else []
        found = {TokenRef(row["run_id"], row["shard"], row["row"]): _of_row(row) for row in rows}
        under_way: dict[tuple[str, int], list[TokenRef]] = {}
        for ref in refs - found.keys():
            under_way.setdefault((ref.run_id, ref.shard), []).append(ref)
        for batch, missing in under_way.items():
            found |= self._under_way(*batch, missing)
        return found

    def _under_way(self, run_id: str, number: int, refs: Sequence[TokenRef]) -> dict[TokenRef, dict[str, Any]]:
        """Messages of a send that goes on: from its batch in the spool, opened once."""
        ledger = self._instance.ledger
        try:
            run = ledger.run(run_id)
            shard = next(one for one in ledger.shards(run.id) if one.number == number)
            table = read_shard(shard, self._instance.vault.unseal(run.sealed_key, run.id)).select(
                ["key", "address_hash"]
            )
        except (LedgerError, StopIteration):
            return {}  # nothing is left of it
        same = {
            "run_id": run.id,
            "shard": number,
            "campaign": run.campaign,
            "feed": str(ledger.bundle(run.bundle).body.get("feed", "")),
            "sent_at": run.started_at or run.created_at,
        }
        return {
            ref: same
            | {
                "row": ref.row,
                "recipient": str(table["key"][ref.row].as_py()),
                "address_hash": bytes(table["address_hash"][ref.row].as_py()),
            }
            for ref in refs
            if ref.row < table.num_rows
        }


def _delivery(proved: dict[str, Any] | None, lately: dict[str, Any] | None) -> tuple[str, dict[str, Any]]:
    """How it is known, and which message; nothing when it is about nobody's."""
    if proved:
        return "message_id", proved
    return ("recipient", _of_row(lately)) if lately else ("", {})


def _of_row(row: dict[str, Any]) -> dict[str, Any]:
    """A row of the delivery history, as it is booked."""
    same = {name: row[name] for name in ("run_id", "shard", "row", "campaign", "feed")}
    return same | {
        "recipient": row["key"],
        "address_hash": bytes(row["address_hash"]),
        "sent_at": row["at"].timestamp(),
    }
