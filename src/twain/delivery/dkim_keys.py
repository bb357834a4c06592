"""Private keys of DKIM: made, kept in files that only Twain's user reads, and opened for a channel. Never shown, never logged."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Callable
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_der_public_key

from twain.delivery.dkim import Sealer, Signer, make_signer
from twain.errors import ConfigError, Place
from twain.settings import ChannelSettings, DkimKey
from twain.vault import make_private, read_private

RSA, ED25519 = "rsa-sha256", "ed25519-sha256"
_MAKERS: dict[str, Callable[[], rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey]] = {
    RSA: lambda: rsa.generate_private_key(65_537, 2048),
    ED25519: ed25519.Ed25519PrivateKey.generate,
}
_PROBE = hashlib.sha256(b"twain").digest()
_STRING = 255  # octets of one character-string of a TXT record (RFC 1035 §3.3)


def signers(settings: ChannelSettings) -> tuple[Signer, ...]:
    """The channel's keys, read where they lie. Raises ConfigError naming the reference; the key itself is never told."""
    return tuple(_signer(key, f"channels.{settings.name}.dkim") for key in settings.dkim)


def open_sealer(settings: ChannelSettings) -> Sealer | None:
    """What signs this channel's messages; None when it does not sign."""
    return Sealer(signers(settings)) if settings.dkim else None


def new_key(domain: str, selector: str, algorithm: str, file: Path) -> Signer:
    """Make a key and keep it in *file*, 0600. Raises ConfigError when the file is there: a key in use is never overwritten."""
    if algorithm not in _MAKERS:
        raise ConfigError(
            f"{algorithm!r} is no algorithm of DKIM.", todo=f"Use {RSA} or {ED25519} (RFC 8463).", code="T842"
        )
    pem = _MAKERS[algorithm]().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    made = make_signer(domain, selector, pem)
    if file.exists():
        raise ConfigError(
            f"{file} is there already.",
            todo="Take a new selector: the old key goes on verifying what it signed, until its record is removed.",
            code="T843",
        )
    make_private(file, pem.decode("ascii"))
    return made


def zone_line(name: str, text: str) -> str:
    """A TXT record as a zone file has it: strings of at most 255 octets (RFC 6376 §3.6.2.2 joins them without a space)."""
    strings = " ".join(f'"{text[n : n + _STRING]}"' for n in range(0, len(text), _STRING))
    return f"{name}. IN TXT {'( ' + strings + ' )' if len(text) > _STRING else strings}"


def fits(signer: Signer, record: str) -> str:
    """Why signatures of *signer* would not verify by this TXT record (RFC 6376 §3.6.1, §6.1.2); "" when they do.

    A signature made now is verified with the record's key: the same that a receiver does.
    """
    tags = read_tags(record)
    wanted = read_tags(signer.record)
    if tags.get("v", "DKIM1") != "DKIM1":
        return "its version is not DKIM1"
    if not tags.get("p"):
        return "it holds no key: that means revoked"
    if tags.get("k", "rsa") != wanted["k"]:
        return f"its k= is {tags.get('k', 'rsa')}, our key is {wanted['k']}"
    if "sha256" not in tags.get("h", "sha256").split(":"):
        return "its h= excludes sha256"
    if {"*", "email"}.isdisjoint(tags.get("s", "*").split(":")):
        return "its s= excludes mail"
    return "" if _verifies(signer, tags["p"]) else "it holds another key"


def read_tags(record: str) -> dict[str, str]:
    """``tag=value`` pairs between semicolons (RFC 6376 §3.2); white space inside a value is of no weight here."""
    pairs = (part.partition("=") for part in record.split(";") if "=" in part)
    return {name.strip(): re.sub(r"\s+", "", value) for name, _, value in pairs}


def _verifies(signer: Signer, public: str) -> bool:
    signature = binascii.a2b_base64(signer.signature(_PROBE))
    try:
        raw = base64.b64decode(public, validate=True)
        if signer.algorithm == ED25519:
            ed25519.Ed25519PublicKey.from_public_bytes(raw).verify(signature, _PROBE)
            return True
        key = load_der_public_key(raw)
        if not isinstance(key, rsa.RSAPublicKey):
            return False
        key.verify(signature, _PROBE, padding.PKCS1v15(), Prehashed(SHA256()))
    except (ValueError, InvalidSignature):
        return False
    return True


def _signer(key: DkimKey, where: str) -> Signer:
    made = make_signer(key.domain, key.selector, (read_private(key.file) if key.file else key.pem).encode())
    if key.algorithm and key.algorithm != made.algorithm:
        raise ConfigError(
            f"{where}.algorithm is {key.algorithm}, but the key makes {made.algorithm}.",
            place=Place("twain.toml"),
            todo="Correct the algorithm, or name the other key.",
            code="T842",
        )
    return made
