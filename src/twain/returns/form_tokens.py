"""The link that confirms a signup: 16 random bytes that name it, and a MAC over them, in URL-safe Base64.

Who can read the mailbox has it, and nobody else: 128 bits of MAC under a key of this instance. It carries no personal data.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
import secrets
from hashlib import blake2b

from twain.vault import KeyRing

_ID, _MAC = 16, 16
_TOKEN = re.compile(r"[A-Za-z0-9_-]{44}")


class ConfirmationMint:
    """Makes and verifies these links under a ring of keys: the current one signs, all of them verify."""

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring

    def new_id(self) -> bytes:
        """The name of a new signup."""
        return secrets.token_bytes(_ID)

    def token(self, identifier: bytes) -> str:
        """The last part of the link."""
        number = self._ring.current
        body = bytes([number]) + identifier
        return base64.urlsafe_b64encode(body + _mac(self._ring.keys[number], body)).decode("ascii")

    def verify(self, token: str) -> bytes | None:
        """Whose link it is; None for every token that this ring did not sign."""
        if not _TOKEN.fullmatch(token):
            return None
        try:
            raw = base64.urlsafe_b64decode(token)
        except (binascii.Error, ValueError):
            return None
        key = self._ring.keys.get(raw[0], bytes(32))
        genuine = hmac.compare_digest(_mac(key, raw[: 1 + _ID]), raw[1 + _ID :])
        return raw[1 : 1 + _ID] if genuine and raw[0] in self._ring.keys else None


def _mac(key: bytes, body: bytes) -> bytes:
    return blake2b(body, key=key, digest_size=_MAC, person=b"twain confirm").digest()
