"""Mail that comes back: bounces (RFC 3464, and what relays invent), complaints (ARF, RFC 5965), automatic and human replies.

Whose message it was is read from the bounce address it came to (``verp``) or from our own Message-ID in what was returned, and
believed only when its MAC is right; an address in a bounce is a hint at most, because anybody can write one. Nothing here fails
on bad mail: what cannot be understood is said to be unknown.

::

    mail_parts      taken apart, within bounds
    mail_prose      without a report: told apart by headers, subject and words
    causes          what a status and a relay's words mean
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.message import Message
from enum import StrEnum

from twain.returns import mail_prose as prose
from twain.returns.causes import Cause, cause_of, find_status, has_code
from twain.returns.mail_parts import (
    MAX_BYTES,
    addresses,
    bounded,
    decoded,
    groups,
    header,
    is_nested,
    line,
    own_text,
    parse,
    part_of,
    parts,
    returned_headers,
)
from twain.returns.tokens import TokenRef

__all__ = ["MAX_BYTES", "Kind", "Proof", "Returned", "Verify", "read_returned"]

_MOST_IDS = 16
_MOST_DECODED = 8
_MESSAGE_ID = re.compile(rb"(?<![a-z0-9])([a-z0-9]{1,16}\.[0-9]{1,8}\.[0-9]{1,8}\.[0-9a-f]{20})@[a-z0-9.-]{1,253}")
_STATUSES = frozenset({"message/delivery-status", "message/global-delivery-status"})
_FEEDBACK = frozenset({"message/feedback-report"})
_RECEIPTS = frozenset({"message/disposition-notification", "message/global-disposition-notification"})
_OUTLOOK_COMPLAINT = ("X-HmXmrOriginalRecipient", "X-Hmxmroriginalrecipient")
_COMPLAINT_WORDS = (
    "email abuse report", "abuse report", "complaint about message from", "spam complaint", "feedback loop", "feedback report",
)  # fmt: skip

Verify = Callable[[str], TokenRef | None]
"""``TokenMint.verify_message_id``."""


class Kind(StrEnum):
    """What a mail that came in is."""

    BOUNCE = "bounce"
    COMPLAINT = "complaint"
    DELAY = "delay"
    AUTO_REPLY = "auto_reply"
    REPLY = "reply"
    UNKNOWN = "unknown"


class Proof(StrEnum):
    """How it is known whose message a mail is about. Both are under a MAC of ours; NONE is a stranger's word."""

    ADDRESS = "address"
    MESSAGE_ID = "message_id"
    NONE = ""


@dataclass(frozen=True, slots=True)
class Returned:
    """One mail, understood. *message* is whose it was, proved; *addresses* are only what it says; *words* are the relay's."""

    kind: Kind
    message: TokenRef | None = None
    cause: Cause | None = None
    status: str = ""
    words: str = ""
    addresses: tuple[str, ...] = ()
    feedback: str = ""
    proof: Proof = Proof.NONE


@dataclass(frozen=True, slots=True)
class _Whose:
    message: TokenRef | None = None
    proof: Proof = Proof.NONE


def read_returned(raw: bytes, verify: Verify) -> Returned:
    """Understand one mail. Never raises for what is in it."""
    cut = bounded(raw)
    if is_nested(cut):
        return _told(Returned(Kind.UNKNOWN), _whose(cut, None, verify))
    mail = parse(cut)
    return _told(_understood(mail, cut), _whose(cut, mail, verify))


def _told(found: Returned, whose: _Whose) -> Returned:
    """With whose message it is. A mail about one of ours that says nothing else is somebody's answer."""
    kind = (
        Kind.REPLY
        if found.kind is Kind.UNKNOWN and found.feedback == "" and whose.message and found.words
        else found.kind
    )
    return Returned(
        kind, whose.message, found.cause, found.status, found.words, found.addresses, found.feedback, whose.proof
    )


def _understood(mail: Message, raw: bytes) -> Returned:
    feedback = part_of(mail, _FEEDBACK)
    if feedback is not None:
        return _complaint(mail, feedback)
    status = part_of(mail, _STATUSES) or _wrapped(mail)
    found = _delivery_status(mail, status) if status is not None else None
    if found is not None:
        return found
    if part_of(mail, _RECEIPTS) is not None and not prose.is_from_daemon(mail):
        return Returned(Kind.AUTO_REPLY, words=line(header(mail, "Subject")))
    return _outlook_complaint(mail) or _without_report(mail, raw)


def _wrapped(mail: Message) -> Message | None:
    """The report inside a bounce that a gateway has sent on as an attachment; not one that a person answers with."""
    if mail.get("In-Reply-To"):
        return None
    return next((part for part in parts(mail) if part.get_content_type() in _STATUSES), None)


# ---------------------------------------------------------------- whose


def _whose(raw: bytes, mail: Message | None, verify: Verify) -> _Whose:
    """By the bounce address, else by the first Message-ID of ours anywhere in it (returned headers, References, text)."""
    known = list(_signed(raw, verify))
    if not known and mail is not None:
        encoded = [part for part in parts(mail) if not part.is_multipart() and _is_encoded(part)][:_MOST_DECODED]
        known = [one for part in encoded for one in _signed(decoded(part).encode("utf-8", "replace"), verify)]
    by_address = next((one for one in known if one.proof is Proof.ADDRESS), None)
    return by_address or (known[0] if known else _Whose())


def _signed(raw: bytes, verify: Verify) -> Iterator[_Whose]:
    lower = raw.lower()
    for number, found in enumerate(_MESSAGE_ID.finditer(lower)):
        if number >= _MOST_IDS:
            return
        ref = verify(f"{found[1].decode('ascii')}@ours.invalid")
        if ref is not None:
            yield _Whose(ref, Proof.ADDRESS if lower.startswith(b"+", max(found.start() - 1, 0)) else Proof.MESSAGE_ID)


def _is_encoded(part: Message) -> bool:
    return header(part, "Content-Transfer-Encoding").lower() in ("base64", "quoted-printable")


# ---------------------------------------------------------------- complaints


def _complaint(mail: Message, report: Message) -> Returned:
    """RFC 5965: somebody pressed "this is spam". ``not-spam`` takes it back; ``auth-failure`` is about signatures (RFC 6591)."""
    found = {name: value for group in reversed(groups(report)) for name, value in group.items()}
    feedback = found.get("feedback-type", "abuse").lower()[:40]
    named = addresses(found.get("original-rcpt-to", "") or found.get("removal-recipient", "")) or _returned_to(mail)
    kind = Kind.UNKNOWN if feedback in ("not-spam", "auth-failure", "dmarc") else Kind.COMPLAINT
    return Returned(kind, addresses=named, feedback=feedback, words=line(found.get("user-agent", "")))


def _returned_to(mail: Message) -> tuple[str, ...]:
    inside = returned_headers(mail)
    if inside is None:
        return ()
    return addresses(header(inside, "X-HmXmrOriginalRecipient") or header(inside, "To"))[:1]


def _outlook_complaint(mail: Message) -> Returned | None:
    """Outlook.com's programme forwards the mail itself, with a header of its own; a few others only say what it is."""
    inside = returned_headers(mail)
    if inside is None:
        return None
    if any(inside.get(name) for name in _OUTLOOK_COMPLAINT):
        return Returned(
            Kind.COMPLAINT, addresses=_returned_to(mail), feedback="abuse", words=line(header(mail, "From"))
        )
    said = f"{header(mail, 'Subject')} {own_text(mail)[:600]}".lower()
    if any(word in said for word in _COMPLAINT_WORDS) and not prose.is_from_daemon(mail):
        return Returned(
            Kind.COMPLAINT, addresses=_returned_to(mail), feedback="abuse", words=line(header(mail, "From"))
        )
    return None


# ---------------------------------------------------------------- delivery status


def _delivery_status(mail: Message, report: Message) -> Returned | None:
    """RFC 3464 §2.3: the first recipient that failed; else the first delayed one; else a success, which is no bounce."""
    recipients = [g for g in groups(report) if "action" in g or "final-recipient" in g or "original-recipient" in g]
    failed = [g for g in recipients if _action(g) == "failed"]
    delayed = [g for g in recipients if _action(g) == "delayed"]
    if failed:
        return _failed(mail, failed)
    if delayed:
        words = line(delayed[0].get("diagnostic-code", "")) or prose.telling_line(own_text(mail))
        return Returned(
            Kind.DELAY, None, Cause.SOFT, find_status(delayed[0].get("status", "")), words, _all(mail, delayed)
        )
    return Returned(Kind.UNKNOWN, addresses=_all(mail, recipients), feedback="delivered") if recipients else None


def _action(group: dict[str, str]) -> str:
    """``failed`` where nothing else is said: a report without one is written because something failed."""
    said = (group.get("action", "").lower().split() or [""])[0].strip(";,.")
    if said in ("delayed", "delivered", "relayed", "expanded"):
        return said
    status = group.get("status", "").strip()
    if said or not status:
        return "failed"
    return {"2": "delivered", "4": "delayed"}.get(status[:1], "failed")


def _failed(mail: Message, failed: list[dict[str, str]]) -> Returned:
    said = prose.before_the_returned(own_text(mail))
    words = line(failed[0].get("diagnostic-code", "")) or prose.telling_line(said)
    status = _telling(find_status(words), find_status(failed[0].get("status", "")))
    return Returned(Kind.BOUNCE, None, cause_of(status, words, said), status, words, _all(mail, failed))


def _telling(*statuses: str) -> str:
    """The first that says more than that something failed."""
    given = [status for status in statuses if status]
    return next((s for s in given if s[0] in "45" and s[2:4] != "0."), given[0] if given else "")


def _all(mail: Message, found: list[dict[str, str]]) -> tuple[str, ...]:
    written = [addresses(g.get("original-recipient", "")) or addresses(g.get("final-recipient", "")) for g in found]
    named = tuple(dict.fromkeys(address for some in written for address in some))
    return named or _returned_to(mail)


# ---------------------------------------------------------------- everything else


def _without_report(mail: Message, raw: bytes) -> Returned:
    """No report in it: a bounce in somebody's own words, an automatic reply, or a person."""
    subject = line(header(mail, "Subject"))
    daemon = prose.is_from_daemon(mail)
    if prose.is_automatic(mail) and not daemon and not prose.says(mail, "bounce_subjects"):
        return Returned(Kind.AUTO_REPLY, words=subject)
    read = prose.read_prose(mail, raw)
    if _is_bounce(mail, read, daemon=daemon):
        return _bounce(mail, read)
    if prose.is_generated(mail) or prose.is_automatic(mail):
        return Returned(Kind.AUTO_REPLY, words=subject)
    if mail.get("In-Reply-To") or mail.get("References"):
        return Returned(Kind.REPLY, words=subject)
    return Returned(Kind.UNKNOWN, words=subject)


def _is_bounce(mail: Message, read: prose.Prose, *, daemon: bool) -> bool:
    """Two signs, or one that nobody else gives: a person may write "mailbox full" in a subject, and answer a bounce."""
    if daemon:
        return not (prose.says(mail, "auto_subjects") and not read.telling and not read.lasting)
    if mail.get("X-Failed-Recipients"):
        return True
    answers = bool(mail.get("In-Reply-To")) and not prose.has_empty_sender(mail)
    scanned = bool(read.lasting or read.temporary)
    if answers or scanned:
        return scanned
    signs = (
        prose.says(mail, "bounce_subjects"),
        has_code(read.telling),
        prose.has_empty_sender(mail),
        returned_headers(mail) is not None,
    )
    return sum(signs) >= 2


def _bounce(mail: Message, read: prose.Prose) -> Returned:
    named = read.lasting or read.temporary or read.found
    status = find_status(read.telling)
    cause = cause_of(status, read.telling, read.said)
    scanned = bool(read.temporary) and not read.lasting and cause is Cause.SOFT
    delayed = scanned or prose.speaks_of_delay(mail, read.said)
    if delayed and not (read.lasting and not read.temporary and status.startswith("5")):
        return Returned(Kind.DELAY, None, Cause.SOFT, status, read.telling, named)
    return Returned(Kind.BOUNCE, None, cause, status, read.telling or _first_words(read.said), named)


def _first_words(said: str) -> str:
    return line(" ".join(said.split("\n")[:12]))
