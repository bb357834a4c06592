"""What a relay's reply means for one message: sent, deferred or failed, and the stable word for why.

Codes: RFC 5321 section 4.2; enhanced status codes: RFC 3463 and the IANA registry that RFC 5248 founded.
"""

from __future__ import annotations

import re

from twain.delivery.pace import THROTTLED
from twain.records import Fate, Outcome

_LONGEST = 200
_SENT = Fate.SENT
_ENHANCED = re.compile(rb"^[245]\d\d[ -]([245])\.(\d{1,3})\.(\d{1,3})(?:\s|$)")
_GREY = re.compile(rb"gr[ea]y-?list", re.IGNORECASE)

_BY_STATUS = {
    (1, 0): "unknown_user",
    (1, 1): "unknown_user",
    (1, 2): "unknown_domain",
    (1, 3): "bad_address",
    (1, 6): "unknown_user",
    (1, 10): "unknown_domain",
    (2, 1): "mailbox_disabled",
    (2, 2): "mailbox_full",
    (2, 3): "too_large",
    (3, 4): "too_large",
    (4, 4): "unknown_domain",
    (5, 3): "too_many_recipients",
}
_BY_SUBJECT = {1: "unknown_user", 2: "mailbox", 3: "relay", 4: "network", 5: "protocol", 6: "content", 7: "blocked"}
_BY_CODE = {
    b"530": "not_authorised",
    b"535": "not_authorised",
    b"551": "unknown_user",
    b"552": "mailbox_full",
    b"553": "bad_address",
    b"555": "protocol",
    b"556": "unknown_domain",
}
_THROTTLE_CODES = frozenset({b"450", b"451", b"452"})


def clean(text: bytes) -> str:
    """A relay's words, fit for logs and reports: one line, printable, at most 200 characters."""
    shown = text.strip().decode("utf-8", "replace")
    if not shown.isprintable():
        shown = "".join(c if c.isprintable() else " " for c in shown)
    return shown[:_LONGEST]


def read_reply(line: bytes, at: float) -> Outcome:
    """The outcome that one final reply line (``250 2.0.0 queued as 4F2``) gives its message."""
    first = line[:1]
    if first == b"2":
        return Outcome(0, _SENT, "", clean(line), at)
    if first == b"5":
        return Outcome(0, Fate.FAILED, failure(line), clean(line), at)
    return Outcome(0, Fate.DEFERRED, deferral(line), clean(line), at)


def failure(line: bytes) -> str:
    """Why a 5yz reply refuses, as a stable word."""
    status = enhanced(line)
    if status is None:
        return _BY_CODE.get(line[:3], "refused")
    return _BY_STATUS.get(status) or _BY_SUBJECT.get(status[0]) or _BY_CODE.get(line[:3], "refused")


def deferral(line: bytes) -> str:
    """Why a 4yz reply defers: ``throttled`` slows the lane down, ``greylisted`` just waits, others are retried."""
    if _GREY.search(line):
        return "greylisted"
    if line[:3] == b"421":
        return THROTTLED
    status = enhanced(line)
    if line[:3] in _THROTTLE_CODES and status is not None and (status[0] == 7 or status == (5, 3)):
        return THROTTLED
    if status is None:
        return "deferred"
    return _BY_STATUS.get(status) or _BY_SUBJECT.get(status[0], "deferred")


def enhanced(line: bytes) -> tuple[int, int] | None:
    """Subject and detail of the enhanced status code, when the reply has one."""
    match = _ENHANCED.match(line)
    return (int(match[2]), int(match[3])) if match else None


def blames_sender(line: bytes) -> bool:
    """Whether a refused MAIL FROM would be refused for everybody: a fault of the channel, not of one recipient."""
    return line[:1] == b"5" and failure(line) not in {"too_large", "content", "mailbox_full"} and line[:3] != b"555"
