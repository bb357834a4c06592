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
from typing import NamedTuple


class Cause(StrEnum):
    """What a bounce means."""

    HARD = "hard"
    SOFT = "soft"
    BLOCK = "block"
    THROTTLE = "throttle"


_LONGEST = 1000
_STATUS = re.compile(r"(?<![\d.])([245])\.([0-7])\.(\d{1,3})(?![\d.])")
_CODE = re.compile(
    r"(?:^|(?<=[\s\"'<>:;,=#]))"
    r"(4(?:2[1-2]|3[1-2]|4[1-9]|5[0-4]|7[1-2])|5(?:0[0-4]|1[0-5]|2[1-3]|3[0-5]|4[1-4]|5[0-7]|7[0-4]))"
    r"(?=[ \-:,;#.\"]|$)"
)
_ENDS = str.maketrans({"\u2019": "'", "\u2018": "'", "\u00a0": " "})


class _Rule(NamedTuple):
    cause: Cause
    pattern: re.Pattern[str]
    plain: bool  # says it plainly: the last rule of the file does not


def _read_rules() -> tuple[_Rule, ...]:
    text = resources.files("twain.returns").joinpath("causes.toml").read_text("utf-8")
    found = tomllib.loads(text)["rule"]
    last = len(found) - 1
    return tuple(_Rule(Cause(r["cause"]), _any_of(r["words"]), n < last) for n, r in enumerate(found))


def _any_of(words: list[str]) -> re.Pattern[str]:
    """Any of these at the beginning of a word."""
    return re.compile(r"(?<![a-z0-9])(?:" + "|".join(map(re.escape, sorted(words, key=len, reverse=True))) + ")")


_RULES = _read_rules()
# Enhanced codes (RFC 3463, RFC 7505, Exchange Online's own) whose meaning no words change much.
_HARD = {(1, 1), (1, 2), (1, 3), (1, 6), (1, 10), (2, 1), (4, 4), (4, 310), (7, 13), (7, 17), (7, 18)}
_SOFT = {
    (2, 2), (2, 3), (2, 4), (3, 1), (3, 4), (4, 6), (4, 7), (4, 14), (4, 300), (4, 316), (4, 317),
    (7, 124), (7, 133), (7, 134), (7, 135), (7, 136),
}  # fmt: skip
_BLOCK = {(1, 7), (1, 8), (7, 26), (7, 27), (7, 25), (7, 23), (7, 509), (7, 515), (7, 606), (7, 708), (7, 750)}
_NOT_IN_DIRECTORY = re.compile(r"recipient address(?:es)? rejected")
_HARD_CODES = frozenset({"550", "551", "553", "556", "521"})


def find_status(text: str) -> str:
    """The first enhanced status code of a failure in a relay's words (``5.1.1``), else of any; ``""`` when there is none."""
    found = list(_STATUS.finditer(text[:_LONGEST]))[:8]
    failed = [m for m in found if m[1] != "2"] or found
    telling = [m for m in failed if m[2] != "0"] or failed
    return telling[0][0] if telling else ""


def has_code(text: str) -> bool:
    """Whether a line carries an SMTP reply code of a failure, or an enhanced one."""
    return bool(find_status(text) or _CODE.search(text[:_LONGEST]))


def cause_of(status: str, words: str, more: str = "") -> Cause:
    """What a bounce with this status and these words means. Unclear ones are soft: nobody is given up on a guess.

    *more* is what else the mail says, asked only where status and words leave it open.
    """
    text = _spoken(words)
    rule = _said(text)
    match = _STATUS.search(status) or _STATUS.search(text)
    if rule is None and (match is None or match[2] == "0") and not _CODE.search(text):
        rule, text = _said(_spoken(more)), text or _spoken(more)
    if match is None or match[1] == "2":
        return _without_status(rule, text)
    if match[1] == "4":
        return _temporary(rule, match[2])
    return _lasting(rule, int(match[2]), int(match[3]), text)


def _spoken(words: str) -> str:
    return " ".join(words[:_LONGEST].translate(_ENDS).lower().split())


def _said(text: str) -> _Rule | None:
    return next((rule for rule in _RULES if rule.pattern.search(text)), None) if text else None


def _without_status(rule: _Rule | None, text: str) -> Cause:
    code = _CODE.search(text)
    if code is not None and code[1].startswith("4") and not _has_lasting(text):
        return rule.cause if rule is not None and rule.cause in (Cause.THROTTLE, Cause.BLOCK) else Cause.SOFT
    if rule is not None:
        return rule.cause
    return Cause.HARD if code is not None and code[1] in _HARD_CODES else Cause.SOFT


def _has_lasting(text: str) -> bool:
    return any(found[1].startswith("5") for found in _CODE.finditer(text))


def _temporary(rule: _Rule | None, subject: str) -> Cause:
    """A temporary code never means for good."""
    if rule is not None and rule.cause in (Cause.THROTTLE, Cause.BLOCK):
        return Cause.THROTTLE if subject == "7" and rule.cause is Cause.THROTTLE else rule.cause
    return Cause.THROTTLE if subject == "7" and (rule is None or rule.cause is not Cause.SOFT) else Cause.SOFT


def _lasting(rule: _Rule | None, subject: int, detail: int, text: str) -> Cause:
    said = rule.cause if rule is not None and rule.plain else None
    code = (subject, detail)
    if code == (4, 1) and _NOT_IN_DIRECTORY.search(text):  # Exchange Online: not in the directory
        return Cause.HARD
    if code in _HARD:
        return _nobody(said, subject, detail)
    if code in _SOFT and said is not Cause.BLOCK:
        return Cause.HARD if said is Cause.HARD and subject not in (2, 3) else Cause.SOFT
    if code in _BLOCK:
        return said if said in (Cause.HARD, Cause.THROTTLE) and "unknown" in text else Cause.BLOCK
    usual = Cause.BLOCK if subject in (6, 7) else Cause.HARD if subject == 1 else Cause.SOFT
    return said or (rule.cause if rule is not None and subject not in (6, 7) else usual)


def _nobody(said: Cause | None, subject: int, detail: int) -> Cause:
    """5.1.1 and its like are believed, unless the words plainly speak of something else."""
    if subject == 2 and said in (Cause.SOFT, Cause.THROTTLE):
        return said
    return Cause.BLOCK if said is Cause.BLOCK and (subject, detail) == (1, 1) else Cause.HARD
