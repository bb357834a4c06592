"""Why a message came back: from a status code (RFC 3463) and the relay's words to one of a few causes that mean something to do.

============  =============================================================  ==========================
hard          the address does not exist, or is shut for good                never mail it again
soft          full, too large, out of order for now                          count; too many are hard
block         our message or our server is refused: not the person's fault   tell IT; suppress nobody
throttle      slower                                                         the lane slows down
============  =============================================================  ==========================

A relay's words win over its code where they are plain: 5.7.1 stands for "unknown user" as well as for "spam".
"""

from __future__ import annotations

import re
import tomllib
from enum import StrEnum
from importlib import resources


class Cause(StrEnum):
    """What a bounce means."""

    HARD = "hard"
    SOFT = "soft"
    BLOCK = "block"
    THROTTLE = "throttle"


_LONGEST = 1000
_STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_CODE = re.compile(r"(?<![\d.])([45]\d\d)(?=[ -])")

#: Cause → words, in the order in which they decide.
_WORDS: tuple[tuple[Cause, tuple[str, ...]], ...] = tuple(
    (Cause(name), tuple(words))
    for name, words in tomllib.loads(
        resources.files("twain.returns").joinpath("causes.toml").read_text("utf-8")
    ).items()
)
_HARD_SUBJECTS = {(1, 1), (1, 2), (1, 3), (1, 6), (1, 10), (2, 1), (4, 4)}


def find_status(text: str) -> str:
    """The first enhanced status code in a relay's words (``5.1.1``); ``""`` when there is none."""
    found = _STATUS.search(text[:_LONGEST])
    return found[0] if found else ""


def cause_of(status: str, words: str) -> Cause:
    """What a bounce with this status and these words means. Unclear ones are soft: nobody is given up on a guess."""
    text = " ".join(words[:_LONGEST].lower().split())
    said = next((cause for cause, known in _WORDS if any(word in text for word in known)), None)
    match = _STATUS.search(status) or _STATUS.search(text)
    if match is None:
        return said or _by_code(text)
    lasting, subject, detail = match[1] == "5", int(match[2]), int(match[3])
    if not lasting:
        return Cause.THROTTLE if subject == 7 and said is not Cause.SOFT else _mild(said)
    if (subject, detail) in _HARD_SUBJECTS:
        return (
            Cause.BLOCK if said is Cause.BLOCK and (subject, detail) == (1, 1) and "unknown" not in text else Cause.HARD
        )
    if subject in (6, 7):
        return said if said in (Cause.HARD, Cause.THROTTLE) else Cause.BLOCK
    return said or (Cause.HARD if subject == 1 else Cause.SOFT)


def _mild(said: Cause | None) -> Cause:
    """A temporary code never means for good."""
    return said if said in (Cause.THROTTLE, Cause.BLOCK) else Cause.SOFT


def _by_code(text: str) -> Cause:
    code = _CODE.search(text)
    if code is None or code[1].startswith("4"):
        return Cause.SOFT
    return Cause.HARD if code[1] in ("550", "551", "553") else Cause.SOFT
