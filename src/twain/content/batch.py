"""Values encoded a column at a time.

Most of what a message varies in is a plain field, shown as it is. Joining a column, escaping and encoding it in one go and
splitting it again costs a tenth of doing so value by value; the result is the same, and where it could not be (line ends or
long lines in a value, numbers, dates), each value takes the usual way.
"""

from __future__ import annotations

import binascii
import json
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from twain.content import mime
from twain.content.values import Data, as_text
from twain.errors import ContentError
from twain.records import Stamp

_SPECIAL = re.compile("[&<>'\"]")
_MEANT = re.compile(b"[&<>'\"]")
_ROOM = 73  # octets of a value that needs no line of its own after a dangerous first character is encoded
_TOKENS = re.compile(rb"(?:[A-Za-z0-9_.\-]{1,75}\n)+").fullmatch
_STAMPS = re.compile(rb"(?:<[!-;=?-~]{1,900}>\n)+").fullmatch
_DATES = re.compile(rb"(?:[ -~]{1,100}\n)+").fullmatch
_ADDRESSES = re.compile(r"(?:[A-Za-z0-9!#-'*+\-./=?^_`{|}~]{1,64}@[A-Za-z0-9.\-]{1,189}\n)+").fullmatch
_SHORT = 256  # characters that no limit counts
_TEXTS = frozenset({str})
_NAMED = frozenset({bool, type(None)})  # written by Liquid's own rules
_ALIKE = frozenset({str, int, float, date})  # equal values are shown alike
_SIMPLE = frozenset({str, int, float, bool, date, datetime, type(None)})

Encode = Callable[[Any], bytes]


def column(values: Sequence[Data], encode: Encode, encoded: bytes | None, *, escaping: bool) -> Sequence[bytes]:
    """``[encode(v) for v in values]``, faster with what ``together`` made of them. *encode*: the slot function for one."""
    if encoded is None:
        return [encode(value) for value in values]
    if escaping and _MEANT.search(encoded):
        encoded = _escaped(encoded)
    lines = encoded.split(b"\n")
    if max(map(len, lines), default=0) > _ROOM:
        return [encode(value) for value in values]
    if b"\n." in encoded or b"\nF" in encoded or encoded[:1] in (b".", b"F"):
        return [_safe(line) for line in lines]
    return lines


def alike(encoded: bytes | None, made: Sequence[bytes]) -> bool:
    """Whether a column *made* of what ``together`` encoded looks the same in HTML and in text: short, nothing to escape."""
    return encoded is not None and not _MEANT.search(encoded) and max(map(len, made), default=0) <= _ROOM


def together(values: Sequence[Data]) -> bytes | None:
    """Plain values in quoted-printable, a line each; None when there are others, or one would not stay on its line."""
    kinds = set(map(type, values))
    if not kinds <= _SIMPLE:
        return None
    joined = "\n".join(values if kinds <= _TEXTS else _written(values, kinds))
    if "\r" in joined or joined.count("\n") != len(values) - 1:
        return None
    encoded = binascii.b2a_qp(joined.encode("utf-8", "replace"), False, True)  # noqa: FBT003 — quotetabs, istext
    return encoded if encoded.count(b"\n") == len(values) - 1 else None


def _written(values: Sequence[Data], kinds: set[type]) -> Iterable[str]:
    """Simple values as text."""
    if kinds & _NAMED:
        return [as_text(value, escaping=False) for value in values]
    return map(_day, values) if kinds == {date} else map(str, values)


@lru_cache(maxsize=40_000)
def _day(value: date) -> str:
    """A date as text. Columns of dates hold birthdays and the like: there are not many days."""
    return str(value)


def distinct(values: Sequence[Data]) -> list[Data]:
    """The different values of a column of one kind, when most come again; else nothing."""
    kinds = set(map(type, values))
    if len(kinds) != 1 or not kinds <= _ALIKE:
        return []
    found = set(values)
    if 2 * len(found) > len(values) or (kinds == {float} and 0 in found):
        return []  # few come again, or there is a zero: 0.0 equals -0.0, which is written otherwise
    return list(found)


def texts(values: Sequence[Data], show: Callable[[Any], str]) -> Sequence[str]:
    """``[show(v) for v in values]``: the column itself when all are short texts."""
    if set(map(type, values)) <= _TEXTS and max(map(len, values), default=0) < _SHORT:
        return values
    return [show(value) for value in values]


def _escaped(encoded: bytes) -> bytes:
    """HTML's five characters stand as themselves in quoted-printable: escaping may come after it."""
    encoded = encoded.replace(b"&", b"&amp;").replace(b"<", b"&lt;").replace(b">", b"&gt;")
    return encoded.replace(b"'", b"&#39;").replace(b'"', b"&#34;")


def escape(text: str) -> str:
    """The five characters that HTML means something by, as markupsafe writes them."""
    if not _SPECIAL.search(text):
        return text
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace("'", "&#39;").replace('"', "&#34;")


def _safe(line: bytes) -> bytes:
    return b"=%02X" % line[0] + line[1:] if line[:1] in (b".", b"F") else line


def stamps(given: Sequence[Stamp]) -> tuple[list[bytes], list[bytes], list[bytes]]:
    """Dates, Message-IDs and tokens, checked. Raises ContentError: nothing may break a line or an encoding."""
    names, tokens, dates = map(list, zip(*given, strict=True))
    ids = [name if name[:1] == b"<" else b"<" + name + b">" for name in names]
    if not (_all(_STAMPS, ids) and _all(_DATES, list(set(dates))) and _all(_TOKENS, tokens)):
        raise ContentError(
            "A message's stamp is not plain ASCII.", code="T514", todo="Report this: it is a fault of ours."
        )
    return dates, ids, tokens


def _all(check: Callable[[bytes], object], lines: Sequence[bytes]) -> bool:
    joined = b"\n".join(lines) + b"\n"
    return bool(check(joined)) and joined.count(b"\n") == len(lines)


def addresses(given: Sequence[str]) -> Sequence[bytes]:
    """Recipients for To. Raises ContentError for one that may not stand in a header."""
    joined = "\n".join(given)
    if joined.count("\n") == len(given) - 1 and _ADDRESSES(joined + "\n"):
        return joined.encode("ascii").split(b"\n")
    return [mime.address(one) for one in given]


def decoded(values: Sequence[Data]) -> Sequence[Data]:
    """A column of JSON texts, read at once; as it is when one of them isn't JSON (its own message will say so)."""
    if not set(map(type, values)) <= _TEXTS or not all(values):
        return values
    try:
        rows = json.loads(f"[{','.join(values)}]")
    except ValueError:
        return values
    alone = len(rows) == len(values) and all(row.__class__ is list or row is None for row in rows)
    return rows if alone else values
