"""The message around the words: headers by RFC 5322, 2047, 2369, 2919 and 8058, and the multipart skeleton.

Everything constant is encoded once. What varies in the header is the date, the recipient, the subject, the Message-ID and
the token in List-Unsubscribe. There is no Precedence (RFC 2076 calls it non-standard and discouraged) and no
Auto-Submitted (RFC 3834 means answers by machines, not mail that a person decided to send).
"""

from __future__ import annotations

import binascii
import hashlib
import re
from email.utils import formatdate

from twain.errors import ContentError
from twain.records import Sender

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_SUBJECT_OCTETS = 67  # with "Subject: " 76
_ADDRESS = re.compile(r"[!#-'*+\-./0-9=?A-Z^_`a-z{|}~]+@[A-Za-z0-9.\-]+|\"[ !#-\[\]-~]*\"@[A-Za-z0-9.\-]+").fullmatch
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~ ]+").fullmatch
_WORD_OCTETS = 39  # of UTF-8 in one encoded word: 64 characters, 73 with "Subject: ", under RFC 2047's 76


def header_text(text: str) -> bytes:
    """Unstructured header text, encoded per RFC 2047 where it must be, folded at 76.

    Control characters (CR, LF and NUL among them) become one space first: real names in real databases hold them, and a
    header never may.
    """
    if not text.isprintable():
        text = _CONTROL.sub(" ", text)
    text = text.strip()
    if text.isascii() and len(text) <= _SUBJECT_OCTETS and "=?" not in text:
        return text.encode("ascii")
    return encoded_words(text)


def encoded_words(text: str) -> bytes:
    """*text* as base64 encoded words (RFC 2047 §2), split between characters, one a line."""
    data = text.encode("utf-8", "replace")
    if len(data) <= _WORD_OCTETS:
        return b"=?utf-8?B?" + binascii.b2a_base64(data, newline=False) + b"?=" if data else b""
    words = []
    while data:
        cut = min(_WORD_OCTETS, len(data))
        while cut < len(data) and data[cut] & 0xC0 == 0x80:
            cut -= 1
        words.append(b"=?utf-8?B?" + binascii.b2a_base64(data[:cut], newline=False) + b"?=")
        data = data[cut:]
    return b"\r\n ".join(words)


def address(text: str) -> bytes:
    """An address that may stand in a header, ASCII. Raises ContentError: the message can't be built."""
    if not _ADDRESS(text) or len(text) > 254:
        raise ContentError(
            "The recipient's address cannot stand in a header.",
            code="T514",
            todo="Correct the address in the database.",
        )
    return text.encode("ascii")


def mailbox(name: str, spec: str) -> bytes:
    """``Name <address>`` for From (RFC 5322 §3.4). Raises ContentError for control characters or a bad address."""
    if _CONTROL.search(name) or _CONTROL.search(spec) or not _ADDRESS(spec):
        raise ContentError(
            f"The sender {spec!r} is not an address that may stand in a header.",
            code="T514",
            todo="Write the sender's address as name@domain, and its name on one line.",
        )
    if not name:
        return spec.encode("ascii")
    if _ATOMS(name) and len(name) < 60:
        return f"{name} <{spec}>".encode("ascii")
    if name.isascii() and len(name) < 60:
        quoted = name.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{quoted}" <{spec}>'.encode("ascii")
    return encoded_words(name) + f"\r\n <{spec}>".encode("ascii")


def boundary(*parts: str) -> bytes:
    """A boundary made from the content. ``=_`` cannot occur in quoted-printable (RFC 2045 §6.7)."""
    digest = hashlib.blake2b("\0".join(parts).encode("utf-8", "replace"), digest_size=12).hexdigest()
    return f"=_{digest}".encode("ascii")


def date(moment: float) -> bytes:
    """An epoch second as a Date header has it (RFC 5322 §3.3), in UTC: ``+0000``, as ``GMT`` is obsolete (§4.3)."""
    return formatdate(moment).replace("-0000", "+0000").encode("ascii")


def list_id(sender: Sender) -> bytes:
    """RFC 2919: one stable identifier for what this sender sends."""
    local, _, domain = sender.address.partition("@")
    label = re.sub(r"[^A-Za-z0-9-]+", "-", local).strip("-") or "mail"
    return f"<{label.lower()}.{domain.lower()}>".encode("ascii")


def skeleton(sender: Sender, unsubscribe: str, mark: bytes) -> tuple[bytes, ...]:
    """The header's constant pieces, between: date, recipient, subject, Message-ID, and the token when there is one.

    Returns five pieces, the last reaching to the text part's first line, or six when *unsubscribe* (the address in front of
    the token) is given: List-Unsubscribe stands between the fifth and the sixth (RFC 8058 §3.1 wants HTTPS and both headers).
    """
    reply = b"\r\nReply-To: " + mailbox("", sender.reply_to) if sender.reply_to else b""
    closing = (
        b'MIME-Version: 1.0\r\nContent-Type: multipart/alternative;\r\n boundary="'
        + mark
        + b'"\r\n\r\n'
        + part(mark, b"plain")
    )
    head = (
        b"Date: ",
        b"\r\nFrom: " + mailbox(sender.name, sender.address) + reply + b"\r\nTo: ",
        b"\r\nSubject: ",
        b"\r\nMessage-ID: ",
    )
    tail = b"\r\nList-ID: " + list_id(sender) + b"\r\n"
    if not unsubscribe:
        return (*head, tail + closing)
    one_click = b">\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    return (*head, tail + b"List-Unsubscribe: <" + unsubscribe.encode("ascii"), one_click + closing)


def part(mark: bytes, subtype: bytes) -> bytes:
    """The opening of one part of the alternative."""
    return (
        b"--" + mark + b"\r\nContent-Type: text/" + subtype + b"; charset=utf-8\r\n"
        b"Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    )
