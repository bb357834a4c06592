"""Mail that came back, as it is booked."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SoftRule:
    """How often mail to one address may come back softly (full, out of order): *times* sends within so many seconds."""

    times: int = 3
    within_seconds: float = 7 * 86_400.0


@dataclass(frozen=True, slots=True)
class CameBack:
    """One mail that came back.

    It holds no address: *address_hash* is the HMAC of the one that the message went to, b"" = not known.

    *mail*: 32-byte digest of the mail; the same mail is booked once. *at*: when it was read; *sent_at*: when our message was
    sent (epoch seconds). *via*: by which way it came in. *kind*, *cause* as in ``returns.mail`` and ``returns.causes``;
    *proof*: how it is known whose message it is about. *believed*: it has consequences, else it is only listed; *followed*:
    what they were.
    """

    mail: bytes
    at: float
    via: str
    kind: str
    cause: str = ""
    status: str = ""
    words: str = ""
    feedback: str = ""
    proof: str = ""
    believed: bool = False
    run_id: str = ""
    shard: int = -1
    row: int = -1
    campaign: str = ""
    feed: str = ""
    recipient: str = ""
    address_hash: bytes = b""
    sent_at: float = 0.0
    followed: str = ""
    seq: int = 0
