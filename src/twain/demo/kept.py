"""The last messages that a sink took, as files: one ``.eml`` each, oldest thrown away first."""

from __future__ import annotations

from collections import deque
from pathlib import Path

from twain.demo.sink_session import Received

_DIGITS = 9


class KeptMessages:
    """Keeps the last *keep* messages in *folder*. A flood costs nothing: only what is still among the last is written."""

    def __init__(self, folder: Path, keep: int) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self._keep = keep
        self._number = max((int(path.stem) for path in folder.glob("*.eml") if path.stem.isdigit()), default=0)
        self._waiting: deque[tuple[int, Received]] = deque(maxlen=keep)

    def keep(self, message: Received) -> None:
        """Remember one message; it is written at the next ``write_out``."""
        self._number += 1
        self._waiting.append((self._number, message))

    def write_out(self) -> None:
        """Write what is new, and remove what is no longer among the last."""
        if not self._waiting:
            return
        while self._waiting:
            number, message = self._waiting.popleft()
            whole = self._folder / f"{number:0{_DIGITS}}.tmp"
            whole.write_bytes(_envelope(message) + message.data)
            whole.replace(whole.with_suffix(".eml"))
        for path in sorted(self._folder.glob("*.eml"))[: -self._keep]:
            path.unlink(missing_ok=True)


def _envelope(message: Received) -> bytes:
    """The envelope as RFC 5321 section 4.4 has it at final delivery, so that the files are ordinary mail."""
    to = b"".join(b"Delivered-To: %b\r\n" % one for one in message.recipients)
    return b"Return-Path: <%b>\r\n%b" % (message.sender, to)
