"""DKIM signatures (RFC 6376; Ed25519: RFC 8463), made for the shape of our own messages.

Canonicalisation is ``relaxed/simple``: headers may be refolded on the way, the body goes as it is. Ours is quoted-printable with
every trailing space encoded, so that no relay has a reason to touch it, and hashing it needs no second copy.

Signed are all headers that a reader or a provider acts upon, among them both of RFC 8058: List-Unsubscribe-Post counts only when
a signature covers it. Each of :data:`GUARDED` is named once more than it is there: none can be added in front of ours, or at
all where we have none (RFC 6376 §8.15).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from nacl.bindings import crypto_sign, crypto_sign_BYTES

from twain.errors import ConfigError
from twain.records import Envelope

#: Signed, and signed once more than they are there.
GUARDED = (
    b"from", b"to", b"cc", b"subject", b"date", b"message-id", b"reply-to", b"mime-version", b"content-type",
    b"list-unsubscribe", b"list-unsubscribe-post",
)  # fmt: skip
#: Signed where they are there.
COVERED = (b"content-transfer-encoding", b"list-id")
_LEAST_BITS = 2048
_SPACES = re.compile(rb"[ \t]+")
_LABEL = re.compile(r"^(?!-)[A-Za-z0-9_-]{1,63}(?<!-)(\.(?!-)[A-Za-z0-9_-]{1,63}(?<!-))*$")
_TRAILING = re.compile(rb"(?:\r\n)+\Z")
_MOST_PLANS = 256
_NAMES_IN_A_LINE = 5

Sign = Callable[[bytes], bytes]
"""From the SHA-256 digest of the canonical headers to the signature."""


@dataclass(frozen=True, slots=True)
class Signer:
    """One key of one domain. *public* is what stands behind ``p=`` in the DNS record of *selector*._domainkey.*domain*."""

    domain: str
    selector: str
    algorithm: str
    public: str
    _sign: Sign = field(repr=False)

    @property
    def name(self) -> str:
        """Where the domain publishes the key."""
        return f"{self.selector}._domainkey.{self.domain}"

    @property
    def record(self) -> str:
        """The TXT record that stands there (RFC 6376 §3.6.1)."""
        kind = "ed25519" if self.algorithm.startswith("ed25519") else "rsa"
        return f"v=DKIM1; k={kind}; p={self.public}"

    def signature(self, digest: bytes) -> bytes:
        """The signature of a SHA-256 digest of canonical headers, in Base64."""
        return binascii.b2a_base64(self._sign(digest), newline=False)


class Sealer:
    """Puts one signature per key in front of a message; header and body are read once for all of them.

    Messages of one campaign have the same header fields in the same order: what follows from their names is worked out once.
    """

    def __init__(self, signers: Sequence[Signer]) -> None:
        self.signers = tuple(signers)
        self._tags = [
            (f"v=1; a={s.algorithm}; c=relaxed/simple; d={s.domain}; s={s.selector}; t=".encode(), s.signature)
            for s in self.signers
        ]
        self._plans: dict[tuple[bytes, ...], tuple[bytes, list[tuple[int, bytes]]]] = {}

    def seal(self, message: bytes, at: int) -> bytes:
        """The message with its signatures in front. *message* has CRLF line ends; *at* is epoch seconds (``t=``)."""
        ends = message.find(b"\r\n\r\n")
        fields = _fields(message[:ends] if ends >= 0 else message)
        names = tuple([name for name, _, _ in fields])
        listed, order = self._plans.get(names) or self._plan(names)
        digest = binascii.b2a_base64(_body_digest(message, ends + 4 if ends >= 0 else len(message)), newline=False)
        rest = b"%d;\r\n h=%b;\r\n bh=%b;\r\n b=" % (at, listed, digest)
        hashed = hashlib.sha256(b"".join([begin + fields[number][2].strip(b" ") + b"\r\n" for number, begin in order]))
        shown = rest.replace(b"\r\n ", b" ")
        seals: list[bytes] = []
        for tags, signature in self._tags:
            one = hashed.copy()
            one.update(b"dkim-signature:" + tags + shown)
            seals += (b"DKIM-Signature: ", tags, rest, _in_lines(signature(one.digest())), b"\r\n")
        seals.append(message)
        return b"".join(seals)

    def _plan(self, names: tuple[bytes, ...]) -> tuple[bytes, list[tuple[int, bytes]]]:
        """From a header's field names to ``h=``, and the fields it signs with how their relaxed form begins.

        Of several of a name the last comes first (§5.4.2).
        """
        order: list[tuple[int, bytes]] = []
        listed: list[bytes] = []
        for name in (*GUARDED, *COVERED):
            there = [number for number, other in enumerate(names) if other.strip().lower() == name]
            order += [(number, name + b":") for number in reversed(there)]
            listed += [name] * len(there)
        listed += GUARDED
        plan = _folded(listed), order
        if len(self._plans) < _MOST_PLANS:
            self._plans[names] = plan
        return plan


def sealed(sealer: Sealer, envelope: Envelope) -> Envelope:
    """The envelope with its message signed, now."""
    ticket, sender, recipient, message = envelope
    return Envelope(ticket, sender, recipient, sealer.seal(message, int(time.time())))


def make_signer(domain: str, selector: str, pem: bytes) -> Signer:
    """A signer from a private key in PEM: RSA of at least 2048 bits, or Ed25519. Raises ConfigError; the key is never told."""
    for word, what in ((domain, "domain"), (selector, "selector")):
        if not _LABEL.match(word):
            raise ConfigError(f"DKIM: {word!r} is not a {what}.", todo="Write it as it stands in the DNS.", code="T840")
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError):
        raise _bad_key("cannot be read") from None  # the library's own words could quote it
    if isinstance(key, Ed25519PrivateKey):
        raw = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        seed = key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
        return Signer(domain, selector, "ed25519-sha256", _text(raw), partial(_ed25519, seed + raw))
    if isinstance(key, RSAPrivateKey):
        if key.key_size < _LEAST_BITS:
            raise _bad_key(f"has {key.key_size} bits, fewer than {_LEAST_BITS}")
        spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        padding, algorithm = PKCS1v15(), Prehashed(SHA256())
        return Signer(domain, selector, "rsa-sha256", _text(spki), lambda digest: key.sign(digest, padding, algorithm))
    raise _bad_key("is neither RSA nor Ed25519")


def _ed25519(secret: bytes, digest: bytes) -> bytes:
    """RFC 8463 §3: Ed25519 signs the SHA-256 digest itself. By libsodium, in half of OpenSSL's time; the octets are the same."""
    return crypto_sign(digest, secret)[:crypto_sign_BYTES]


def _bad_key(what: str) -> ConfigError:
    return ConfigError(
        f"DKIM: the private key {what}.",
        todo="Make one: twain dkim new-key <domain> <selector>.",
        code="T841",
    )


def _fields(head: bytes) -> list[tuple[bytes, bytes, bytes]]:
    """Every field of a header: its name as it is written, the colon, its value unfolded and with single spaces (§3.4.2)."""
    if b"\r\n " in head or b"\r\n\t" in head:
        head = head.replace(b"\r\n ", b" ").replace(b"\r\n\t", b"\t")
    if b"  " in head or b"\t" in head:
        head = _SPACES.sub(b" ", head)
    return [line.partition(b":") for line in head.split(b"\r\n")]


def _body_digest(message: bytes, begins: int) -> bytes:
    """SHA-256 of the body, simple (RFC 6376 §3.4.3): empty lines at the end count as none; a body ends in one CRLF."""
    one_end = message.endswith(b"\r\n") and not message.endswith(b"\r\n\r\n")
    if one_end and len(message) > begins + 2:
        return hashlib.sha256(memoryview(message)[begins:]).digest()
    return hashlib.sha256(_TRAILING.sub(b"", message[begins:]) + b"\r\n").digest()


def _folded(names: Sequence[bytes]) -> bytes:
    """A few names a line: far below 998 octets, and the space between them is of no weight (§3.5)."""
    groups = [names[n : n + _NAMES_IN_A_LINE] for n in range(0, len(names), _NAMES_IN_A_LINE)]
    return b":\r\n ".join(b":".join(group) for group in groups)


def _in_lines(signature: bytes) -> bytes:
    """White space inside ``b=`` is ignored (RFC 6376 §3.5), so that no line grows long."""
    return b"\r\n ".join([signature[n : n + 72] for n in range(0, len(signature), 72)])


def _text(public: bytes) -> str:
    return base64.b64encode(public).decode("ascii")
