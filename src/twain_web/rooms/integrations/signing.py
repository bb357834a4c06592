"""The secrets under the webhooks' signatures: made, read, and looked up where IT keeps them."""

from __future__ import annotations

import base64
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from twain.delivery.intakes.standard_webhooks import PREFIX, key_in
from twain.errors import ConfigError


def new_secret() -> str:
    """A fresh secret of 32 bytes, as it is handed to the other side."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode("ascii")


def key_of(secret: str, where: str) -> bytes:
    """The bytes of a ``whsec_…`` secret. Raises ConfigError (T901) naming *where* it stands, never the secret."""
    key = key_in(secret)
    if key is None:
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
