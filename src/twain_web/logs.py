"""Log lines: one event, one line, whatever somebody managed to put into a name."""

from __future__ import annotations

import logging
import re

#: A part of an address that is a secret (the link of a letter, a calendar's feed, a provider's way in): long, and in letters
#: of both sizes, which no short name of ours has. Whoever reads a log could else answer in somebody's name.
_SECRET = re.compile(r"(?<=/)(?=[a-z0-9_-]*[A-Z:])[A-Za-z0-9_:-]{24,}")


class OneLine(logging.Formatter):
    r"""Escapes control characters, so that no value can pretend to be a line of its own; a trace is joined by ``\n``.

    Addresses stand in it without their secret parts.
    """

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """The record as one printable line."""
        return _SECRET.sub("…", one_line(super().format(record)))


def one_line(text: str) -> str:
    """*text* with everything escaped that is not printable, line ends included."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
