"""Tokens: what stands in every link of one message, and in its Message-ID.

A token is URL-safe Base64 (RFC 4648 §5) of ``key id (1) | run | shard (3) | row (3) | MAC (12)``; the run is its base-36 number
behind a leading 1, filled up so that the part before the row is a multiple of three bytes: it is encoded once per shard. The
MAC is the first half of keyed BLAKE2b (RFC 7693) over all that stands before it; the second half goes into the Message-ID, so
that nobody who sees a Message-ID in a log can make the token from it. 96 and 80 bits: guessing is hopeless.

A link whose target is made from a person's data carries that target, under a MAC of its own (``LinkSigner``): whoever holds one
message can make no other address of it. Every wrong token gets the same answer, after the same work.
"""

from __future__ import annotations

import binascii
import hmac
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple

from twain.vault import KeyRing

_MAC, _ID_MAC, _LINK_MAC = 12, 10, 11
_TAIL = 3 + _MAC  # row and MAC: 15 bytes, 20 characters
_TAIL_TEXT = SEAL_TEXT = 20
_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_STANDARD = bytes.maketrans(b"-_", b"+/")
_STRICTLY = bytes.maketrans(b"-_+/=", b"+/!!!")  # what is another alphabet's is nobody's
_TOKEN = re.compile(r"[A-Za-z0-9_-]{28,44}")
_LINK = re.compile(r"([A-Za-z0-9_-]{28,44})\.([0-9]{1,6})(?:\.([A-Za-z0-9_-]{1,4096})\.([A-Za-z0-9_-]{16}))?")
_RUN_ID = re.compile(r"[a-z0-9]{1,16}")
_MESSAGE_ID = re.compile(r"<?([a-z0-9]{1,16})\.([0-9]{1,8})\.([0-9]{1,8})\.([0-9a-f]{20})@([A-Za-z0-9.-]{1,253})>?")
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_MOST = 1 << 24
_NO_KEY = bytes(32)
_quickly = tuple.__new__  # a NamedTuple without its own constructor, which takes twice as long: every click makes two


class TokenRef(NamedTuple):
    """Whom a token stands for: one row of one shard of one run."""

    run_id: str
    shard: int
    row: int


class Followed(NamedTuple):
    """A link that is genuine: whose message, its number, and its signed target; empty when the link table has the target."""

    ref: TokenRef
    number: int
    target: str


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
        self._states = {number: _keyed(key, b"") for number, key in ring.keys.items()}
        self._nobody = _keyed(_NO_KEY, b"")

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
        text = token.decode("latin-1") if isinstance(token, bytes) else token
        return self._verified(text if _TOKEN.fullmatch(text) else "")

    def verify_link(self, text: str) -> Followed | None:
        """``token.n``, or ``token.n.target.MAC`` where the target is made from data; None as in :meth:`verify`."""
        match = _LINK.fullmatch(text)
        token, number, encoded, mac = match.groups("") if match else ("", "", "", "")
        ref = self._verified(token)
        if ref is None:
            return None
        target = self._signed_target(token, number, encoded, mac) if encoded else ""
        return None if target is None else _quickly(Followed, (ref, int(number), target))

    def _verified(self, text: str) -> TokenRef | None:
        raw = _decode(text)
        body = raw[:-_MAC]
        known = self._states.get(raw[0])
        state = (known or self._nobody).copy()  # with the key worked in already
        state.update(body)
        genuine = hmac.compare_digest(state.digest()[:_MAC], raw[-_MAC:])
        return _read(body) if genuine and known is not None else None

    def shard_of(self, token: str) -> ShardSeal:
        """What checks further tokens of the shard that *token* stands for; *token* was verified."""
        body = _decode(token)[:-_TAIL]
        return ShardSeal(*_shard_of(body), _keyed(self._ring.keys[body[0]], body))

    def link_signer(self) -> LinkSigner:
        """What signs targets made from data, under the current key."""
        return LinkSigner(self._ring.current, self._ring.keys[self._ring.current])

    def _signed_target(self, token: str, number: str, encoded: str, mac: str) -> str | None:
        said = binascii.a2b_base64(mac.encode("ascii").translate(_STANDARD))
        key = self._ring.keys.get(said[0], _NO_KEY)
        genuine = hmac.compare_digest(_link_mac(key, token, number, encoded), said[1:])
        if not genuine or said[0] not in self._ring.keys:
            return None
        try:
            padded = encoded.encode("ascii").translate(_STANDARD) + b"=" * (-len(encoded) % 4)
            return binascii.a2b_base64(padded).decode("utf-8")
        except ValueError:
            return None

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


class ShardSeal:
    """Checks tokens of one shard of which one was genuine: their beginning, which all have in common, is worked in already."""

    __slots__ = ("_copy", "run_id", "shard")

    def __init__(self, run_id: str, shard: int, state: blake2b) -> None:
        self.run_id, self.shard, self._copy = run_id, shard, state.copy

    def row(self, tail: str) -> int:
        """The row of a token that ends with *tail*, ``SEAL_TEXT`` characters; -1 when nobody signed that."""
        try:
            raw = binascii.a2b_base64(tail.encode("ascii").translate(_STRICTLY), strict_mode=True)
        except ValueError:
            return -1
        state, packed = self._copy(), raw[:3]
        state.update(packed)
        genuine = hmac.compare_digest(state.digest()[:_MAC], raw[3:])
        return int.from_bytes(packed, "big") if genuine else -1


@dataclass(frozen=True, slots=True)
class LinkSigner:
    """Signs the targets of links that are made from one person's data. Pickles, so that programs which hold it do."""

    key_id: int
    key: bytes = field(repr=False)

    def __call__(self, token: str, number: int, target: str) -> str:
        """What follows the token in the link: ``.number.target.MAC``, all of it URL-safe. *target* is the finished address."""
        encoded = _encode(target.encode("utf-8")).rstrip(b"=").decode("ascii")
        mac = bytes([self.key_id]) + _link_mac(self.key, token, str(number), encoded)
        return f".{number}.{encoded}.{_encode(mac).decode('ascii')}"


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


def _link_mac(key: bytes, token: str, number: str, encoded: str) -> bytes:
    """88 bits over all that the link says; the key serves tokens too, told apart by BLAKE2's personalisation."""
    said = f"{token}.{number}.{encoded}".encode("ascii")
    return blake2b(said, key=key, digest_size=_LINK_MAC, person=b"twain link").digest()


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
    run_id, shard = _shard_of(body[:-3])
    return _quickly(TokenRef, (run_id, shard, int.from_bytes(body[-3:], "big"))) if run_id else None


@lru_cache(maxsize=4096)
def _shard_of(prefix: bytes) -> tuple[str, int]:
    """The run's id, from its base-36 number, or nothing; and the shard. Kept: a busy gateway is asked for few, very often."""
    number, digits = int.from_bytes(prefix[1:-3], "big"), []
    while number:
        number, digit = divmod(number, 36)
        digits.append(_DIGITS[digit])
    text = "".join(reversed(digits))
    run_id = text[1:] if text.startswith("1") and _RUN_ID.fullmatch(text[1:]) else ""
    return run_id, int.from_bytes(prefix[-3:], "big")


def _encode(raw: bytes) -> bytes:
    return binascii.b2a_base64(raw, newline=False).translate(_URL_SAFE)


def _decode(text: str) -> bytes:
    """The bytes of what has a token's form; for anything that is not one, bytes of the same kind that nobody signed."""
    if not text or len(text) % 4:
        return bytes(27)
    return binascii.a2b_base64(text.encode("ascii").translate(_STANDARD))  # of str it would take ten times as long


def _texts(start: bytes, tails: bytes, macs: bytes, count: int) -> list[tuple[bytes, bytes]]:
    """Encode all rows at once, then cut: a call per message would cost more than the MAC."""
    encoded = _encode(tails)
    hexed = macs.hex().encode("ascii")
    return [
        (hexed[i * 2 * _ID_MAC : (i + 1) * 2 * _ID_MAC], start + encoded[i * _TAIL_TEXT : (i + 1) * _TAIL_TEXT])
        for i in range(count)
    ]
