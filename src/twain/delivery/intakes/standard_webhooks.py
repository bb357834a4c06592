"""Signatures of webhooks and the secrets under them, by the Standard Webhooks specification 1.0.0 (standardwebhooks.com)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence

PREFIX = "whsec_"
_LEAST, _MOST = 24, 64  # bytes, by the specification


def headers(keys: Sequence[bytes], identifier: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The three headers: id, epoch seconds, and for each key ``v1,`` with HMAC-SHA256 over ``id.timestamp.body`` in Base64."""
    signed = b"%b.%d.%b" % (identifier.encode("ascii"), timestamp, body)
    return {
        "webhook-id": identifier,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"v1,{_mac(key, signed)}" for key in keys),
    }


def key_in(secret: str) -> bytes | None:
    """The 24 to 64 bytes of a ``whsec_…`` secret, or None when it is none."""
    text = secret.strip()
    if not text.startswith(PREFIX):
        return None
    try:
        key = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        return None
    return key if _LEAST <= len(key) <= _MOST else None


def _mac(key: bytes, signed: bytes) -> str:
    return base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode("ascii")
