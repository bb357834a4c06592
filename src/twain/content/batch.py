"""Values encoded a column at a time.

Most of what a message varies in is a plain field, shown as it is. Joining a column, escaping and encoding it in one go and
splitting it again costs a tenth of doing so value by value; the result is the same, and where it could not be (line ends or
long lines in a value, numbers, dates), each value takes the usual way.
"""

from __future__ import annotations

import binascii
import json
import re
from collections.abc import Callable, Sequence
from typing import Any

from twain.content import mime
from twain.content.values import Data
from twain.errors import ContentError
from twain.records import Stamp

_SPECIAL = re.compile("[&<>'\"]")
_TOKENS = re.compile(rb"(?:[A-Za-z0-9_.\-]{1,75}\n)+").fullmatch
_STAMPS = re.compile(rb"(?:<[!-;=?-~]{1,900}>\n)+").fullmatch
_DATES = re.compile(rb"(?:[ -~]{1,100}\n)+").fullmatch
_ADDRESSES = re.compile(r"(?:[A-Za-z0-9!#-'*+\-./=?^_`{|}~]{1,64}@[A-Za-z0-9.\-]{1,189}\n)+").fullmatch

Encode = Callable[[Any], bytes]


def column(values: Sequence[Data], encode: Encode, *, escaping: bool) -> Sequence[bytes]:
    """``[encode(v) for v in values]``, faster when all are texts. *encode* is the slot function for one value."""
    try:
        joined = "\n".join(values)
    except TypeError:
        return [encode(value) for value in values]
    if "\r" in joined or joined.count("\n") != len(values) - 1:
        return [encode(value) for value in values]
    if escaping and _SPECIAL.search(joined):
        joined = escape(joined)
    encoded = binascii.b2a_qp(joined.encode("utf-8", "replace"), False, True)  # noqa: FBT003 — quotetabs, istext
    lines = encoded.split(b"\n")
    if len(lines) != len(values) or any(len(line) > 73 for line in lines):
        return [encode(value) for value in values]
    if b"\n." in encoded or b"\nF" in encoded or encoded[:1] in (b".", b"F"):
        return [_safe(line) for line in lines]
    return lines


def escape(text: str) -> str:
    """The five characters that HTML means something by, as markupsafe writes them."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace("'", "&#39;").replace('"', "&#34;")


def _safe(line: bytes) -> bytes:
    return b"=%02X" % line[0] + line[1:] if line[:1] in (b".", b"F") else line


def stamps(given: Sequence[Stamp]) -> Sequence[tuple[bytes, bytes, bytes]]:
    """(date, Message-ID, token) of each, checked. Raises ContentError: nothing may break a line or an encoding."""
    ids = [s.message_id if s.message_id[:1] == b"<" else b"<" + s.message_id + b">" for s in given]
    dates, tokens = [s.date for s in given], [s.token for s in given]
    if not (_all(_STAMPS, ids) and _all(_DATES, dates) and _all(_TOKENS, tokens)):
        raise ContentError(
            "A message's stamp is not plain ASCII.", code="T514", todo="Report this: it is a fault of ours."
        )
    return list(zip(dates, ids, tokens, strict=True))


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
    if not values or not all(value.__class__ is str and value for value in values):
        return values
    try:
        rows = json.loads(f"[{','.join(values)}]")
    except ValueError:
        return values
    alone = len(rows) == len(values) and all(row.__class__ is list or row is None for row in rows)
    return rows if alone else values
