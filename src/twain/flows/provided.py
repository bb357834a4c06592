"""What a mail provider tells about messages: found, booked once, and followed like any mail that came back.

Whoever calls has made sure that it is the provider who speaks. A message is found by our Message-ID, whose MAC must be right,
or else by the address it went to, within thirty days; what fits neither has no consequences.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from twain.flows.bounces import whereabouts
from twain.flows.instance import Instance
from twain.flows.policy import read_policy
from twain.flows.suppressing import hasher
from twain.ledger.rewriting import NOBODY
from twain.records import CameBack, Suppression
from twain.returns.causes import Cause, cause_of, find_status, has_code
from twain.returns.mail_parts import without_addresses

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
    finder = _Finder(instance)
    mails = [finder.mail_of(event) for event in events]
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
    """From an event to the message it is about."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._verify = instance.mint().verify_message_id
        self._hash_of: Callable[[str], bytes | None] = hasher(instance)

    def mail_of(self, event: Provided) -> CameBack:
        proof, delivery = self._delivery(event)
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

    def _delivery(self, event: Provided) -> tuple[str, dict[str, Any]]:
        for said in self._ids(event.raw):
            ref = self._verify(said)
            found = whereabouts(self._instance, ref) if ref else {}
            if found:
                return "message_id", found
        hashed = self._hash_of(event.recipient) if event.recipient else None
        row = self._instance.history.last_to(hashed, event.at - _LOOKED_BACK) if hashed else None
        return ("recipient", whereabouts_of(row)) if row else ("", {})

    @staticmethod
    def _ids(raw: str) -> Iterator[str]:
        for number, found in enumerate(_OURS.finditer(raw[:_MOST_READ].lower())):
            if number == _MOST_IDS:
                return
            yield found[0]


def whereabouts_of(row: dict[str, Any]) -> dict[str, Any]:
    """A row of the delivery history, as it is booked."""
    same = {name: row[name] for name in ("run_id", "shard", "row", "campaign", "feed")}
    return same | {
        "recipient": row["key"],
        "address_hash": bytes(row["address_hash"]),
        "sent_at": row["at"].timestamp(),
    }
