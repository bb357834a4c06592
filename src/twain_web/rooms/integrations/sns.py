"""What Amazon SNS posts is Amazon's: proved by the signature that each message carries, before anything in it is believed.

The rules are Amazon's: docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html. The certificate comes from its
own hosts alone, by https; a message is good for an hour, the longest that SNS tries; its topic is one that a person confirmed.
"""

from __future__ import annotations

import base64
import binascii
import re
import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

from twain.errors import ChannelUnavailable, ConfigError
from twain.settings import WebhookSettings
from twain_web.rooms.integrations import reaching

_SUBSCRIPTION = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
#: Which fields are signed, in which order, by the message's type.
_SIGNED: Mapping[str, tuple[str, ...]] = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": _SUBSCRIPTION,
    "UnsubscribeConfirmation": _SUBSCRIPTION,
}
#: SHA-1 is what SNS signs with unless a topic is set to version 2. A forger would need a second preimage, not a collision.
_HASHES: Mapping[str, hashes.HashAlgorithm] = {"1": hashes.SHA1(), "2": hashes.SHA256()}  # noqa: S303 — Amazon's choice
#: ``us-gov-east-1``: letters, and one number at the end. sns.s3.amazonaws.com is a bucket that somebody called sns.
_REGION = r"(?P<region>[a-z]{2,4}(?:-[a-z]{2,12}){1,3}-[0-9]{1,2})"
_HOST = rf"https://sns\.{_REGION}\.amazonaws\.com(?:\.cn)?/"
_CERTIFICATE = re.compile(_HOST + r"SimpleNotificationService-[0-9a-f]{8,64}\.pem")
_LINK = re.compile(_HOST + r"\?Action=ConfirmSubscription&[\x21-\x7e]{1,900}")
_TOPIC = re.compile(rf"arn:aws[a-z-]{{0,20}}:sns:{_REGION}:[0-9]{{1,20}}:[A-Za-z0-9_.-]{{1,256}}")
_OWNER = re.compile(r"sns(?:-signing)?(?:[.-][a-z0-9-]{1,40})?\.amazonaws\.com(?:\.cn)?")
_GOOD_FOR, _AHEAD = timedelta(hours=1), timedelta(minutes=5)
_KEPT, _MOST_KEPT = 86_400.0, 32  # seconds; certificates

Fetch = Callable[[str], bytes]


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as people know it. *link* confirms it, "" when somebody has."""

    arn: str
    name: str
    account: str
    region: str
    link: str = ""


def topic_of(arn: str, link: str = "") -> Topic:
    """The parts of an ARN: ``arn:aws:sns:<region>:<account>:<name>``."""
    region, account, name = [*arn.split(":", 5)[3:], "", "", ""][:3]
    return Topic(arn, name or arn, account, region, link)


class NotAmazonsError(Exception):
    """This is no message of Amazon's, or not for us, or too old: its text says which. Nobody outside is told."""


class Certificates:
    """Amazon's certificates by their address: fetched once a day, only from where Amazon has them."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._kept: dict[str, tuple[float, bytes]] = {}
        self._lock = threading.Lock()

    def get(self, url: str) -> bytes:
        """A certificate as PEM. Raises ChannelUnavailable (T935) when it cannot be fetched."""
        with self._lock:
            at, pem = self._kept.get(url, (float("-inf"), b""))
            if time.monotonic() - at > _KEPT:
                pem = self._fetch(url)
                if len(self._kept) >= _MOST_KEPT:
                    self._kept.clear()
                self._kept[url] = (time.monotonic(), pem)
            return pem


def fetch(url: str, settings: WebhookSettings, *, production: bool) -> bytes:
    """GET an address of Amazon's, under the same guard as every webhook. Raises ChannelUnavailable (T935)."""
    try:
        answer, body = reaching.get(reaching.check(url, settings, production=production), settings)
    except ConfigError as error:
        raise _unavailable(url, error.what) from error
    if not answer.ok:
        raise _unavailable(url, answer.technical or answer.why)
    return body


def prove(message: Mapping[str, Any], certificates: Certificates, topics: Collection[str], now: datetime) -> None:
    """Return when this is Amazon's, fresh, and of one of *topics* (none = of any).

    Raises NotAmazonsError when it is not, ChannelUnavailable (T935) when that cannot be told now.
    """
    names, signed = _SIGNED.get(str(message.get("Type")), ()), str(message.get("SigningCertURL", ""))
    where, topic = _CERTIFICATE.fullmatch(signed), _TOPIC.fullmatch(str(message.get("TopicArn", "")))
    if not names or where is None or topic is None or where["region"] != topic["region"]:
        raise NotAmazonsError("it names no certificate of Amazon's for its topic")
    if message["Type"] == "Notification" and topics and topic[0] not in topics:
        raise NotAmazonsError(f"nobody confirmed {topic[0]} here")
    _require_fresh(str(message.get("Timestamp", "")), now)
    _verify(message, _text(message, names), _key(certificates.get(signed), now))


def link_of(message: Mapping[str, Any]) -> str:
    """The link that confirms a subscription, when it leads to Amazon in the topic's region; else nothing."""
    found, topic = (
        _LINK.fullmatch(str(message.get("SubscribeURL", ""))),
        _TOPIC.fullmatch(str(message.get("TopicArn", ""))),
    )
    return found[0] if found and topic and found["region"] == topic["region"] else ""


def _require_fresh(stamp: str, now: datetime) -> None:
    try:
        at = datetime.fromisoformat(stamp)
    except ValueError as error:
        raise NotAmazonsError("it has no time") from error
    age = now - (at if at.tzinfo else at.replace(tzinfo=UTC))
    if not -_AHEAD <= age <= _GOOD_FOR:
        raise NotAmazonsError(f"it is of {stamp}")


def _text(message: Mapping[str, Any], names: tuple[str, ...]) -> bytes:
    """The string to sign: each field's name and value on lines of their own, the subject only where there is one."""
    pairs = [(name, message[name]) for name in names if name in message]
    missing = {*names} - {"Subject"} - message.keys()
    if missing or not all(isinstance(value, str) for _name, value in pairs):
        raise NotAmazonsError("a signed field is missing")
    return "".join(f"{name}\n{value}\n" for name, value in pairs).encode()


def _key(pem: bytes, now: datetime) -> rsa.RSAPublicKey:
    try:
        certificate = x509.load_pem_x509_certificate(pem)
        key = certificate.public_key()
    except ValueError as error:
        raise NotAmazonsError("its certificate cannot be read") from error
    names = [str(one.value) for one in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    if not any(_OWNER.fullmatch(name) for name in names):
        raise NotAmazonsError(f"its certificate is {', '.join(names) or 'nobody'}'s")
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc or not isinstance(
        key, rsa.RSAPublicKey
    ):
        raise NotAmazonsError("its certificate is not valid now")
    return key


def _verify(message: Mapping[str, Any], text: bytes, key: rsa.RSAPublicKey) -> None:
    how = _HASHES.get(str(message.get("SignatureVersion")))
    try:
        signature = base64.b64decode(str(message.get("Signature", "")), validate=True)
        if how is None:
            raise NotAmazonsError("its signature is of no version known here")
        key.verify(signature, text, padding.PKCS1v15(), how)
    except (InvalidSignature, binascii.Error, ValueError) as error:
        raise NotAmazonsError("its signature is wrong") from error


def _unavailable(url: str, why: str) -> ChannelUnavailable:
    return ChannelUnavailable(
        f"Amazon's {url[:120]} cannot be fetched: {why}",
        todo="Let the house reach sns.<region>.amazonaws.com by https, with production on.",
        business="Amazon could not be asked just now. Try again in a minute.",
        code="T935",
    )
