"""Mail that comes back: bounces (RFC 3464, and what relays invent), complaints (ARF, RFC 5965), automatic and human replies.

Whose message it was is read from our own Message-ID in what was returned, and believed only when its MAC is right; an address in
a bounce is a hint at most, because anybody can write one. Nothing here fails on bad mail: what cannot be understood is said to
be unknown.

Everything is bounded before it is parsed (bytes, lines, parts), so that no mail takes longer than a tenth of a second.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email import policy
from email.message import Message
from email.parser import BytesParser
from enum import StrEnum

from flufl.bounce import all_failures

from twain.returns.causes import Cause, cause_of, find_status
from twain.returns.tokens import TokenRef

MAX_BYTES = 256 << 10
_MOST_LINES = 3_000
_LONGEST_LINE = 2_000
_MOST_PARTS = 24
_MOST_IDS = 16
_SCANNED_LINES, _SCANNED_COLUMNS = 300, 300
_MESSAGE_ID = re.compile(rb"[a-z0-9]{1,16}\.[0-9]{1,8}\.[0-9]{1,8}\.[0-9a-f]{20}@[A-Za-z0-9.-]{1,253}")
_ADDRESS = re.compile(r"[^\s<>;,:\"()]{1,64}@[^\s<>;,:\"()]{1,253}")

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


def read_returned(raw: bytes, verify: Verify) -> Returned:
    """Understand one mail. Never raises for what is in it."""
    bounded = _bounded(raw)
    if _nested(bounded):
        return Returned(Kind.UNKNOWN, _whose(bounded, verify))
    mail = BytesParser(policy=policy.compat32).parsebytes(bounded)
    message = _whose(bounded, verify)
    report = _report_kind(mail)
    if report == "feedback-report":
        return _complaint(mail, message)
    if report == "delivery-status":
        return _delivery_status(mail, message)
    return _without_report(mail, message)


def _bounded(raw: bytes) -> bytes:
    lines = raw[:MAX_BYTES].split(b"\n", _MOST_LINES)[:_MOST_LINES]
    return b"\n".join(line[:_LONGEST_LINE] for line in lines)


def _nested(raw: bytes) -> bool:
    """More parts in parts than any honest mail has: the parser calls itself for each."""
    lower = raw.lower()
    return lower.count(b"boundary") + lower.count(b"message/") > _MOST_PARTS


def _whose(raw: bytes, verify: Verify) -> TokenRef | None:
    """The first Message-ID of ours in the whole mail (in the returned headers, References, or the text) that we really signed."""
    for number, found in enumerate(_MESSAGE_ID.finditer(raw)):
        if number >= _MOST_IDS:
            return None
        ref = verify(found[0].decode("ascii"))
        if ref is not None:
            return ref
    return None


def _report_kind(mail: Message) -> str:
    if mail.get_content_type() != "multipart/report":
        return next((p.get_content_subtype() for p in _parts(mail) if p.get_content_type() in _REPORTS), "")
    return str(mail.get_param("report-type", "")).strip().lower()


_REPORTS = frozenset({"message/delivery-status", "message/feedback-report"})


def _parts(mail: Message) -> Iterator[Message]:
    """The mail's parts, itself first, no deeper and no more than is sensible."""
    waiting, seen = [mail], 0
    while waiting and seen < _MOST_PARTS:
        part = waiting.pop(0)
        seen += 1
        yield part
        inside = part.get_payload()
        if isinstance(inside, list):
            waiting.extend(part for part in inside[:_MOST_PARTS] if isinstance(part, Message))


def _part(mail: Message, kind: str) -> Message | None:
    return next((part for part in _parts(mail) if part.get_content_type() == kind), None)


# ---------------------------------------------------------------- complaints


def _complaint(mail: Message, message: TokenRef | None) -> Returned:
    """RFC 5965: somebody pressed "this is spam". ``not-spam`` takes it back; ``virus`` and ``fraud`` are the relay's own view."""
    report = _part(mail, "message/feedback-report")
    fields = _groups(report)[0] if report is not None and _groups(report) else {}
    feedback = fields.get("feedback-type", "abuse").lower()[:40]
    addresses = _addresses(fields.get("original-rcpt-to", "") or fields.get("removal-recipient", ""))
    kind = Kind.UNKNOWN if feedback == "not-spam" else Kind.COMPLAINT
    return Returned(kind, message, addresses=addresses, feedback=feedback, words=_line(fields.get("user-agent", "")))


# ---------------------------------------------------------------- delivery status


def _delivery_status(mail: Message, message: TokenRef | None) -> Returned:
    """RFC 3464 §2.3: the first recipient that failed; else the first delayed one; else a success, which is no bounce."""
    report = _part(mail, "message/delivery-status")
    groups = _groups(report) if report is not None else []
    recipients = [g for g in groups if "action" in g or "final-recipient" in g]
    failed = [g for g in recipients if g.get("action", "failed").split()[:1] == ["failed"]]
    delayed = [g for g in recipients if g.get("action", "").split()[:1] == ["delayed"]]
    if failed:
        return _failed(failed, message)
    if delayed:
        words = _line(delayed[0].get("diagnostic-code", ""))
        return Returned(
            Kind.DELAY, message, Cause.SOFT, find_status(delayed[0].get("status", "")), words, _all(delayed)
        )
    return Returned(Kind.UNKNOWN, message, addresses=_all(recipients)) if recipients else _without_report(mail, message)


def _failed(groups: list[dict[str, str]], message: TokenRef | None) -> Returned:
    words = _line(groups[0].get("diagnostic-code", ""))
    status = find_status(words) or find_status(groups[0].get("status", ""))
    return Returned(Kind.BOUNCE, message, cause_of(status, words), status, words, _all(groups))


def _all(groups: list[dict[str, str]]) -> tuple[str, ...]:
    written = (g.get("original-recipient", "") or g.get("final-recipient", "") for g in groups)
    return tuple(dict.fromkeys(address for text in written for address in _addresses(text)))


def _groups(part: Message) -> list[dict[str, str]]:
    """Groups of fields, as message/delivery-status and message/feedback-report have them; names in lower case."""
    inside = part.get_payload()
    if isinstance(inside, list):
        return [
            {name.lower(): _line(str(value)) for name, value in group.items()}
            for group in inside
            if isinstance(group, Message)
        ]
    text = str(inside).replace("\r\n", "\n")
    return [_fields(block) for block in text.split("\n\n") if ":" in block]


def _fields(block: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    name = ""
    for line in block.split("\n"):
        if line[:1] in (" ", "\t") and name:
            fields[name] += " " + line.strip()
        elif ":" in line:
            name, _, value = line.partition(":")
            name = name.strip().lower()
            fields.setdefault(name, value.strip())
    return fields


# ---------------------------------------------------------------- everything else


def _without_report(mail: Message, message: TokenRef | None) -> Returned:
    """No report in it: an automatic reply, a bounce in somebody's own words, or a person."""
    if _is_automatic_reply(mail) and not _is_from_daemon(mail):
        return Returned(Kind.AUTO_REPLY, message, words=_line(str(mail.get("Subject", ""))))
    text = _text(mail)
    temporary, lasting = _scanned(mail, text)
    if temporary or lasting or _is_from_daemon(mail):
        status, words = find_status(text), _telling_line(text)
        cause = cause_of(status, words or text)
        if lasting and cause is Cause.SOFT and not status and not words:
            cause = Cause.HARD
        return Returned(Kind.BOUNCE, message, cause, status, words, lasting or temporary)
    if mail.get("In-Reply-To") or mail.get("References") or message is not None:
        return Returned(Kind.REPLY, message, words=_line(str(mail.get("Subject", ""))))
    return Returned(Kind.UNKNOWN, message)


def _is_automatic_reply(mail: Message) -> bool:
    """RFC 3834 §5, and the headers older responders use."""
    said = str(mail.get("Auto-Submitted", "no")).strip().lower()
    if said not in ("", "no"):
        return True
    if any(mail.get(name) for name in ("X-Autoreply", "X-Autorespond", "X-Auto-Response-From", "X-Autogenerated")):
        return True
    return str(mail.get("Precedence", "")).strip().lower() == "auto_reply"


def _is_from_daemon(mail: Message) -> bool:
    """A bounce's envelope sender is empty (RFC 5321 §4.5.5); else its From says who it is."""
    sender = str(mail.get("From", "")).lower()
    return str(mail.get("Return-Path", "")).strip() == "<>" or "mailer-daemon" in sender or "postmaster@" in sender


def _text(mail: Message) -> str:
    """The readable text, cut to what a bounce needs."""
    for part in _parts(mail):
        if part.get_content_maintype() == "text" and not part.is_multipart():
            payload = part.get_payload(decode=True)
            raw = payload if isinstance(payload, bytes) else str(payload).encode("utf-8", "replace")
            lines = raw.decode("utf-8", "replace").split("\n")[:_SCANNED_LINES]
            return "\n".join(line[:_SCANNED_COLUMNS] for line in lines)
    return ""


def _scanned(mail: Message, text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What flufl.bounce finds in a copy that holds the headers it goes by and the cut text."""
    copy = Message()
    for name in ("From", "To", "Subject", "Return-Path", "X-Failed-Recipients", "Content-Type"):
        if mail.get(name) and not (name == "Content-Type" and mail.is_multipart()):
            copy[name] = _line(str(mail[name]))
    copy.set_payload(text)
    try:
        temporary, lasting = all_failures(copy)
    except Exception:  # noqa: BLE001 — a scanner of the wild may stumble over the wild; the mail is then just not understood by it
        return (), ()
    return _shown(temporary), _shown(lasting)


def _shown(found: frozenset[bytes]) -> tuple[str, ...]:
    return tuple(sorted(one.decode("utf-8", "replace") for one in found))


def _telling_line(text: str) -> str:
    """The first line that carries an SMTP or enhanced status code, or names a cause."""
    for line in text.split("\n"):
        if find_status(line) or re.search(r"(?<![\d.])[45]\d\d[ -]", line[:_SCANNED_COLUMNS]):
            return _line(line)
    return ""


def _addresses(text: str) -> tuple[str, ...]:
    return tuple(_ADDRESS.findall(text[:_LONGEST_LINE].partition(";")[2] or text[:_LONGEST_LINE]))[:8]


def _line(text: str) -> str:
    """A stranger's words, fit for reports: one printable line of bounded length."""
    shown = " ".join(text[:_LONGEST_LINE].split())
    return "".join(c if c.isprintable() else " " for c in shown)[:300]
