"""Amazon SNS for tests: a certificate of our own, messages signed with it, and a host on loopback that has it."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

REGION = "eu-west-1"
TOPIC = f"arn:aws:sns:{REGION}:123456789012:SES_Events"
CERTIFICATE = f"https://sns.{REGION}.amazonaws.com/SimpleNotificationService-{'ab12' * 8}.pem"
LINK = f"https://sns.{REGION}.amazonaws.com/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=abc"
_ORDER = ("Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")


@cache
def key() -> rsa.RSAPrivateKey:
    """Amazon's, as far as these tests go."""
    return rsa.generate_private_key(65537, 2048)


@cache
def certificate(name: str = "sns.amazonaws.com", *, over: bool = False, signer: str = "") -> bytes:
    """Its certificate as PEM; *over*: no longer valid. *signer* other than "" makes another key's."""
    own = key() if not signer else rsa.generate_private_key(65537, 2048)
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    start, end = (
        (now - timedelta(days=9), now - timedelta(days=1))
        if over
        else (now - timedelta(days=1), now + timedelta(days=9))
    )
    made = (
        x509.CertificateBuilder().subject_name(who).issuer_name(who).public_key(own.public_key())
        .serial_number(1).not_valid_before(start).not_valid_after(end).sign(own, hashes.SHA256())
    )  # fmt: skip
    return made.public_bytes(serialization.Encoding.PEM)


def signed(message: Mapping[str, Any], *, version: str = "1") -> dict[str, Any]:
    """The message as SNS posts it now: with its time, where the certificate is, and the signature over its type's fields."""
    stamp = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}.000Z"
    told = {
        "Timestamp": stamp,
        "TopicArn": TOPIC,
        "SigningCertURL": CERTIFICATE,
        **message,
        "SignatureVersion": version,
    }
    subscribes = told["Type"] != "Notification"
    names = [name for name in _ORDER if name in told and (subscribes or name not in ("SubscribeURL", "Token"))]
    text = "".join(f"{name}\n{told[name]}\n" for name in names if not (subscribes and name == "Subject"))
    how = {"1": hashes.SHA1(), "2": hashes.SHA256()}[version]
    return {**told, "Signature": base64.b64encode(key().sign(text.encode(), padding.PKCS1v15(), how)).decode()}
