"""Signatures of webhooks, by the Standard Webhooks specification 1.0.0 (standardwebhooks.com), and the secrets under them."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path

from twain.errors import ConfigError

_PREFIX = "whsec_"
_LEAST, _MOST = 24, 64  # bytes, by the specification


def new_secret() -> str:
    """A fresh secret of 32 bytes, as it is handed to the other side."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(32)).decode("ascii")


def headers(keys: Sequence[bytes], message: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The three headers: id, epoch seconds, and one signature for each key, newest first."""
    signed = b"%b.%d.%b" % (message.encode("ascii"), timestamp, body)
    return {
        "webhook-id": message,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"v1,{_mac(key, signed)}" for key in keys),
    }


def key_of(secret: str, where: str) -> bytes:
    """The bytes of a ``whsec_…`` secret. Raises ConfigError (T901) naming *where* it stands, never the secret."""
    try:
        key = base64.b64decode(secret.strip().removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.strip().startswith(_PREFIX) or not _LEAST <= len(key) <= _MOST:
        raise ConfigError(
            f"{where} holds no webhook secret.",
            todo="It is whsec_ and then 24 to 64 bytes in Base64: openssl rand -base64 32",
            code="T901",
        )
    return key


def look_up(reference: str, root: Path, environ: Mapping[str, str] | None = None) -> str:
    """What ``env:NAME`` or ``file:path`` (relative to the workspace) refers to. Raises ConfigError (T901)."""
    kind, _colon, name = reference.partition(":")
    if kind == "env" and name:
        found = (os.environ if environ is None else environ).get(name, "")
        if found:
            return found
        raise _missing(f"The environment variable {name} is not set.", f"Set {name} where the house runs.")
    if kind == "file" and name:
        try:
            return (root / name).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "it is no text"
            raise _missing(f"{name} cannot be read: {why}.", "Make the file, readable by Twain's user only.") from error
    raise _missing(f"{reference!r} refers to no secret.", "Write env:NAME or file:path.")


def _missing(what: str, todo: str) -> ConfigError:
    return ConfigError(what, todo=todo, code="T901")


def _mac(key: bytes, signed: bytes) -> str:
    return base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode("ascii")
