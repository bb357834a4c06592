"""Tokens: what stands in every link of one message, and in its Message-ID.

A token is URL-safe Base64 (RFC 4648 §5) of ``key id (1) | run | shard (3) | row (3) | MAC (12)``; the run is its base-36 number
behind a leading 1, filled up so that the part before the row is a multiple of three bytes: it is encoded once per shard. The
MAC is the first half of keyed BLAKE2b (RFC 7693) over all that stands before it; the second half goes into the Message-ID, so
that nobody who sees a Message-ID in a log can make the token from it. 96 and 80 bits: guessing is hopeless.

Every wrong token gets the same answer, after the same work.
"""

from __future__ import annotations

import binascii
import hmac
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from twain.vault import KeyRing

_MAC, _ID_MAC = 12, 10
_TAIL = 3 + _MAC  # row and MAC: 15 bytes, 20 characters
_TAIL_TEXT = 20
_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_STANDARD = bytes.maketrans(b"-_", b"+/")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{28,44}")
_LINK = re.compile(r"([A-Za-z0-9_-]{28,44})\.([0-9]{1,6})")
_RUN_ID = re.compile(r"[a-z0-9]{1,16}")
_MESSAGE_ID = re.compile(r"<?([a-z0-9]{1,16})\.([0-9]{1,8})\.([0-9]{1,8})\.([0-9a-f]{20})@([A-Za-z0-9.-]{1,253})>?")
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_MOST = 1 << 24
_NO_KEY = bytes(32)


@dataclass(frozen=True, slots=True)
class TokenRef:
    """Whom a token stands for: one row of one shard of one run."""

    run_id: str
    shard: int
    row: int


@dataclass(frozen=True, slots=True)
class MessageRef:
    """What a Message-ID says of itself; believe it only after ``TokenMint.verify_message_id``."""

    run_id: str
    shard: int
    row: int
    mac: str
    domain: str


class TokenMint:
    """Makes and verifies tokens under a ring of keys: the current one signs, all of them verify."""

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring

    def stamps(self, run_id: str, shard: int, rows: Sequence[int]) -> list[tuple[bytes, bytes]]:
        """(MAC for the Message-ID, token) of each row, as ASCII. *shard* and rows are below 2²⁴."""
        prefix = _prefix(self._ring.current, run_id, shard)
        keyed = _keyed(self._ring.keys[self._ring.current], prefix).copy
        tails, macs = [], []
        for row in rows:
            packed = row.to_bytes(3, "big")
            state = keyed()
            state.update(packed)
            digest = state.digest()
            tails.append(packed + digest[:_MAC])
            macs.append(digest[_MAC:])
        return _texts(_encode(prefix), b"".join(tails), b"".join(macs), len(tails))

    def verify(self, token: str | bytes) -> TokenRef | None:
        """Whom the token stands for; None for every token that this ring did not sign, whatever is wrong with it."""
        raw = _decode(token)
        body, mac = raw[:-_MAC], raw[-_MAC:]
        key = self._ring.keys.get(raw[0], _NO_KEY)
        genuine = hmac.compare_digest(_digest(key, body)[:_MAC], mac)
        return _read(body) if genuine and raw[0] in self._ring.keys else None

    def verify_link(self, text: str) -> tuple[TokenRef, int] | None:
        """``token.n`` → whom it stands for, and the link's number; None as in :meth:`verify`."""
        match = _LINK.fullmatch(text)
        ref = self.verify(match[1] if match else "")
        return (ref, int(match[2])) if match and ref else None

    def verify_message_id(self, text: str) -> TokenRef | None:
        """Whom a Message-ID (with or without angle brackets) stands for, if one of this ring's keys signed it."""
        said = parse_message_id(text)
        if said is None or not (said.shard < _MOST and said.row < _MOST):
            return None
        mac, genuine = bytes.fromhex(said.mac), False
        for number, key in self._ring.keys.items():
            body = _prefix(number, said.run_id, said.shard) + said.row.to_bytes(3, "big")
            genuine |= hmac.compare_digest(_digest(key, body)[_MAC:], mac)
        return TokenRef(said.run_id, said.shard, said.row) if genuine else None


def message_id(run_id: str, shard: int, row: int, mac: bytes, domain: str) -> bytes:
    """``<run.shard.row.MAC@domain>`` (RFC 5322 §3.6.4), ready for the header: deterministic and traceable."""
    return message_ids(run_id, shard, [row], [mac], domain)[0]


def message_ids(run_id: str, shard: int, rows: Sequence[int], macs: Iterable[bytes], domain: str) -> list[bytes]:
    """The Message-IDs of many rows of one shard."""
    start, end = f"<{run_id}.{shard}.".encode("ascii"), f"@{domain}>".encode("ascii")
    return [b"%b%d.%b%b" % (start, row, mac, end) for row, mac in zip(rows, macs, strict=True)]


def parse_message_id(text: str) -> MessageRef | None:
    """What one of our Message-IDs says of itself, unverified; None when it is not in our form."""
    match = _MESSAGE_ID.fullmatch(text.strip())
    if match is None:
        return None
    return MessageRef(match[1], int(match[2]), int(match[3]), match[4], match[5])


# ---------------------------------------------------------------- bytes


def _keyed(key: bytes, start: bytes) -> blake2b:
    return blake2b(start, key=key, digest_size=_MAC + _ID_MAC, person=b"twain token")


def _digest(key: bytes, body: bytes) -> bytes:
    return _keyed(key, body).digest()


def _prefix(key_id: int, run_id: str, shard: int) -> bytes:
    """Key id, run and shard; always a multiple of three bytes, so that Base64 of prefix and tail can be joined."""
    if _RUN_ID.fullmatch(run_id) is None:
        message = f"{run_id!r} is not a run's id"
        raise ValueError(message)
    number = int("1" + run_id, 36)
    size = -(-(number.bit_length() + 7) // 8)
    size += (2 - size) % 3
    return bytes([key_id]) + number.to_bytes(size, "big") + shard.to_bytes(3, "big")


def _read(body: bytes) -> TokenRef | None:
    run_id = _base36(int.from_bytes(body[1:-6], "big"))
    if not run_id.startswith("1") or _RUN_ID.fullmatch(run_id[1:]) is None:
        return None
    return TokenRef(run_id[1:], int.from_bytes(body[-6:-3], "big"), int.from_bytes(body[-3:], "big"))


def _base36(number: int) -> str:
    digits = []
    while number:
        number, digit = divmod(number, 36)
        digits.append(_DIGITS[digit])
    return "".join(reversed(digits))


def _encode(raw: bytes) -> bytes:
    return binascii.b2a_base64(raw, newline=False).translate(_URL_SAFE)


def _decode(token: str | bytes) -> bytes:
    """The token's bytes; for anything that is not one, bytes of the same kind that nobody signed."""
    text = token.decode("latin-1") if isinstance(token, bytes) else token
    if _TOKEN.fullmatch(text) is None or len(text) % 4:
        return bytes(27)
    return binascii.a2b_base64(text.encode("ascii").translate(_STANDARD))


def _texts(start: bytes, tails: bytes, macs: bytes, count: int) -> list[tuple[bytes, bytes]]:
    """Encode all rows at once, then cut: a call per message would cost more than the MAC."""
    encoded = _encode(tails)
    hexed = macs.hex().encode("ascii")
    return [
        (hexed[i * 2 * _ID_MAC : (i + 1) * 2 * _ID_MAC], start + encoded[i * _TAIL_TEXT : (i + 1) * _TAIL_TEXT])
        for i in range(count)
    ]
