"""What changed between two versions of a rule: in plain words, and in JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any


@dataclass(frozen=True, slots=True)
class Line:
    """One line: *mark* is ``+``, ``-`` or a space."""

    mark: str
    text: str


def lines(before: Sequence[str], after: Sequence[str]) -> list[Line]:
    """Every line of both, marked."""
    found: list[Line] = []
    for kind, a, b, c, d in SequenceMatcher(a=before, b=after, autojunk=False).get_opcodes():
        if kind == "equal":
            found += [Line(" ", text) for text in before[a:b]]
        else:
            found += [Line("-", text) for text in before[a:b]]
            found += [Line("+", text) for text in after[c:d]]
    return found


def as_json(rule: Mapping[str, Any]) -> list[str]:
    """A rule as lines of JSON."""
    return json.dumps(rule, indent=2, ensure_ascii=False).splitlines()
