"""Log lines: one event, one line, whatever somebody managed to put into a name."""

from __future__ import annotations

import logging


class OneLine(logging.Formatter):
    r"""Escapes control characters, so that no value can pretend to be a line of its own; a trace is joined by ``\n``."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """The record as one printable line."""
        return one_line(super().format(record))


def one_line(text: str) -> str:
    """*text* with everything escaped that is not printable, line ends included."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
