"""DKIM signatures (RFC 6376; Ed25519: RFC 8463), made for the shape of our own messages.

Canonicalisation is ``relaxed/simple``: headers may be refolded on the way, the body goes as it is. Ours is quoted-printable with
every trailing space encoded, so that no relay has a reason to touch it, and hashing it needs no second copy.

Signed are all headers that a reader or a provider acts upon, among them both of RFC 8058: List-Unsubscribe-Post counts only when
a signature covers it. ``From``, ``To`` and ``Subject`` are signed once more than they are there: none can be added in front.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from twain.errors import ConfigError

#: Signed where they are there, in this order (RFC 6376 §5.4.1; RFC 8058 §4).
SIGNED = (
    b"from", b"to", b"subject", b"date", b"message-id", b"reply-to", b"mime-version", b"content-type",
    b"content-transfer-encoding", b"list-id", b"list-unsubscribe", b"list-unsubscribe-post",
)  # fmt: skip
_ONCE_MORE = (b"from", b"to", b"subject")
_LEAST_BITS = 2048
_SPACE = re.compile(rb"[ \t\r\n]+")
_LABEL = re.compile(r"^(?!-)[A-Za-z0-9_-]{1,63}(?<!-)(\.(?!-)[A-Za-z0-9_-]{1,63}(?<!-))*$")
_TRAILING = re.compile(rb"(?:\r\n)+\Z")

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
    def record(self) -> str:
        """The TXT record that the domain must publish (RFC 6376 §3.6.1)."""
        kind = "ed25519" if self.algorithm.startswith("ed25519") else "rsa"
        return f"v=DKIM1; k={kind}; p={self.public}"

    def sign(self, message: bytes, at: int) -> bytes:
        """The message with its signature in front. *message* has CRLF line ends; *at* is epoch seconds (``t=``)."""
        head, _, body = message.partition(b"\r\n\r\n")
        names, lines = _chosen(head)
        digest = base64.b64encode(hashlib.sha256(_simple_body(body)).digest())
        unsigned = b"".join((
            b"v=1; a=", self.algorithm.encode(), b"; c=relaxed/simple; d=", self.domain.encode(), b"; s=", self.selector.encode(),
            b"; t=", str(at).encode(), b"; h=", b":".join(names), b"; bh=", digest, b"; b=",
        ))  # fmt: skip
        canonical = b"\r\n".join((*lines, b"dkim-signature:" + unsigned))
        signature = base64.b64encode(self._sign(hashlib.sha256(canonical).digest()))
        return b"".join((b"DKIM-Signature: ", _folded(unsigned), _in_lines(signature), b"\r\n", message))


def make_signer(domain: str, selector: str, pem: bytes) -> Signer:
    """A signer from a private key in PEM: RSA of at least 2048 bits, or Ed25519. Raises ConfigError; the key is never told."""
    for word, what in ((domain, "domain"), (selector, "selector")):
        if not _LABEL.match(word):
            raise ConfigError(f"DKIM: {word!r} is not a {what}.", todo="Write it as it stands in the DNS.", code="T840")
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError) as error:
        raise _bad_key("cannot be read") from error
    if isinstance(key, Ed25519PrivateKey):
        raw = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        # RFC 8463 §3: Ed25519 signs the SHA-256 digest itself.
        return Signer(domain, selector, "ed25519-sha256", _text(raw), key.sign)
    if isinstance(key, RSAPrivateKey):
        if key.key_size < _LEAST_BITS:
            raise _bad_key(f"has {key.key_size} bits, fewer than {_LEAST_BITS}")
        spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        padding, algorithm = PKCS1v15(), Prehashed(SHA256())
        return Signer(domain, selector, "rsa-sha256", _text(spki), lambda digest: key.sign(digest, padding, algorithm))
    raise _bad_key("is neither RSA nor Ed25519")


def _bad_key(what: str) -> ConfigError:
    return ConfigError(
        f"DKIM: the private key {what}.",
        todo="Make one: openssl genpkey -algorithm ed25519, or -algorithm RSA -pkeyopt rsa_keygen_bits:2048.",
        code="T841",
    )


def _chosen(head: bytes) -> tuple[list[bytes], list[bytes]]:
    """The names for ``h=``, and the canonical lines of those that are there (RFC 6376 §3.4.2). The last of a name comes first."""
    there: dict[bytes, list[bytes]] = {}
    for name, value in _fields(head):
        there.setdefault(name, []).append(value)
    names: list[bytes] = []
    lines: list[bytes] = []
    for name in SIGNED:
        values = there.get(name, ())
        names += [name] * len(values)
        lines += [name + b":" + _SPACE.sub(b" ", value).strip() for value in reversed(values)]
    return [*names, *_ONCE_MORE], lines


def _fields(head: bytes) -> list[tuple[bytes, bytes]]:
    """Every header field, unfolded by nobody yet: lower-case name and raw value."""
    found: list[tuple[bytes, bytes]] = []
    for line in head.split(b"\r\n"):
        if line[:1] in (b" ", b"\t") and found:
            name, value = found[-1]
            found[-1] = (name, value + b"\r\n" + line)
        else:
            name, _, value = line.partition(b":")
            found.append((name.strip().lower(), value))
    return found


def _simple_body(body: bytes) -> bytes:
    """RFC 6376 §3.4.3: empty lines at the end count as none; a body ends in one CRLF."""
    if body.endswith(b"\r\n") and not body.endswith(b"\r\n\r\n") and body != b"\r\n":
        return body
    return _TRAILING.sub(b"", body) + b"\r\n"


def _folded(unsigned: bytes) -> bytes:
    """One tag per line, and long lists of names in more: far below 998 octets, and of no weight when relaxed."""
    return unsigned.replace(b"; h=", b";\r\n h=").replace(b"; bh=", b";\r\n bh=").replace(b"; b=", b";\r\n b=")


def _in_lines(signature: bytes) -> bytes:
    """White space inside ``b=`` is ignored (RFC 6376 §3.5), so that no line grows long."""
    return b"\r\n ".join(signature[n : n + 72] for n in range(0, len(signature), 72))


def _text(public: bytes) -> str:
    return base64.b64encode(public).decode("ascii")
