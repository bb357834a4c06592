"""What may go on the wire at all: the last check of an envelope before its first byte is written.

One stray line end in an address or a body is a command to the relay (CVE-2023-51764 and its relatives; RFC 5321
sections 2.3.8 and 4.1.2). Addresses are checked every time. Bodies are clean by construction (``Envelope.data``): the
program encodes every value into quoted-printable. Reading all of a 10 KB body again costs as much as sending it, so the
door looks at the first body of each connection and then at one in 64, which finds a program that is broken, and always
at the two places where a body could run into the next command. As long as these bodies are ASCII, those between are
taken to be; from the first that is not, each one is looked through and announced as what it is (RFC 6152).
"""

from __future__ import annotations

import re

from twain.delivery.channels.smtp_greeting import Extensions
from twain.records import Envelope, Fate, Outcome

_never_in_address = re.compile(rb"[\x00-\x20<>\x7f]").search
_LONGEST_ADDRESS = 320
_SPOT_CHECK = 64


def is_clean_address(address: bytes) -> bool:
    """Whether *address* can stand between ``<`` and ``>``: nothing that ends it, no control character, no space."""
    return 0 < len(address) <= _LONGEST_ADDRESS and _never_in_address(address) is None


def has_clean_lines(data: bytes) -> bool:
    """Whether every CR and every LF is half of a CRLF, the last line is complete, and no line starts with a dot."""
    ends = data.count(b"\n")
    return (
        data.endswith(b"\r\n")
        and ends == data.count(b"\r\n")
        and ends == data.count(b"\r")
        and b"\n." not in data
        and data[:1] != b"."
    )


class Door:
    """Checks envelopes against one relay's extensions, and writes their MAIL FROM line."""

    def __init__(self, extensions: Extensions) -> None:
        self._extensions = extensions
        self._seen = 0
        self._all_ascii = True
        self._last: tuple[bytes, bool, bool] | None = None
        self._last_line = b""

    def mail(self, envelope: Envelope) -> bytes | Outcome:
        """``MAIL FROM:<…> …CRLF`` for this envelope, or why it must not go (failed, with a stable reason)."""
        _, sender, recipient, data = envelope
        if not is_clean_address(recipient):
            return _failed("bad_address", "The address cannot be written in an SMTP command.")
        look = self._seen % _SPOT_CHECK == 0
        self._seen += 1
        sound = data[-2:] == b"\r\n" and data[:1] != b"."
        if not sound or (look and not has_clean_lines(data)):
            return _failed("malformed", "The message has a line end or a dot that SMTP would read as a command.")
        if look and not data.isascii():
            self._all_ascii = False
        asked = (sender, self._all_ascii or data.isascii(), recipient.isascii())
        if asked != self._last:  # most messages ask like the one before; with a bounce address of its own, each is new
            made = self._make(*asked)
            if isinstance(made, Outcome):
                return made
            self._last, self._last_line = asked, made
        limit = self._extensions.size
        if limit and len(data) > limit:
            return _failed("too_large", f"The message has {len(data)} bytes; the relay takes {limit}.")
        return self._last_line

    def _make(self, sender: bytes, ascii_data: bool, ascii_recipient: bool) -> bytes | Outcome:  # noqa: FBT001 — what a message asks
        if sender and not is_clean_address(sender):
            return _failed("bad_sender", "The sender's address cannot be written in an SMTP command.")
        international = not ascii_recipient or not sender.isascii()
        if international and not self._extensions.smtputf8:
            return _failed("needs_smtputf8", "The address has letters beyond ASCII; the relay does not take those.")
        if not ascii_data and not self._extensions.eight_bit:
            return _failed("needs_8bitmime", "The message has 8-bit characters; the relay does not take those.")
        options = (b"" if ascii_data else b" BODY=8BITMIME") + (b" SMTPUTF8" if international else b"")
        return b"MAIL FROM:<%b>%b\r\n" % (sender, options)


def _failed(reason: str, words: str) -> Outcome:
    return Outcome(0, Fate.FAILED, reason, words)
