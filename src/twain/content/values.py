"""Liquid's values at run time: truth, comparison, look-up, loops and text, exactly as python-liquid has them.

python-liquid 2.3.6 is the reference; the differential tests hold every function here to it. Data is plain Python (str,
int, float, bool, None, date, datetime, and lists of dicts for related rows): no attribute of any object is ever read.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence, Sized
from decimal import Decimal
from itertools import islice
from typing import Any, TypeAlias

from liquid import Undefined
from liquid.exceptions import LiquidTypeError
from markupsafe import Markup

#: What Liquid computes with: whatever a row's data is, or a filter made of it.
Data: TypeAlias = Any

UNDEFINED = Undefined("")
_ABSENT = object()
_NUMBERS = (int, float, Decimal)


def truthy(value: object) -> bool:
    """Everything is true but nil, false and what is undefined."""
    return not (value is None or value is False or isinstance(value, Undefined))


def equal(left: object, right: object) -> bool:
    """Liquid's ``==``: nil equals undefined, and a boolean equals only a boolean."""
    if isinstance(left, Undefined) or isinstance(right, Undefined):
        return (left is None or isinstance(left, Undefined)) and (right is None or isinstance(right, Undefined))
    if isinstance(left, bool) or isinstance(right, bool):
        return isinstance(left, bool) and isinstance(right, bool) and left == right
    return bool(left == right)


def is_empty(value: object) -> bool:
    """Liquid's ``== empty``."""
    return isinstance(value, list | dict | str) and not value


def is_blank(value: object) -> bool:
    """Liquid's ``== blank``."""
    if isinstance(value, str):
        return not value or value.isspace()
    return isinstance(value, list | dict) and not value


def less(left: object, right: object) -> bool:
    """Liquid's ``<``; raises LiquidTypeError for things that have no order."""
    if isinstance(left, str) and isinstance(right, str):
        return left < right
    if isinstance(left, _NUMBERS) and isinstance(right, _NUMBERS):
        return bool(left < right)
    if left is None or right is None or isinstance(left, Undefined) or isinstance(right, Undefined):
        return False
    raise LiquidTypeError(f"{type(left).__name__} and {type(right).__name__} have no order", token=None)


def at_most(left: object, right: object) -> bool:
    """Liquid's ``<=``, false for booleans as in python-liquid."""
    if isinstance(left, str) and isinstance(right, str):
        return left <= right
    if isinstance(left, bool) or isinstance(right, bool):
        return False
    if isinstance(left, _NUMBERS) and isinstance(right, _NUMBERS):
        return bool(left <= right)
    if left is None or right is None or isinstance(left, Undefined) or isinstance(right, Undefined):
        return False
    return equal(left, right)


def contains(left: object, right: object) -> bool:
    """Liquid's ``contains``: part of a text, or member of a list."""
    if not truthy(left) or not truthy(right):
        return False
    if isinstance(left, str):
        return str(right) in left
    if isinstance(left, Collection):
        return right in left
    raise LiquidTypeError(f"{type(left).__name__} can't contain anything", token=None)


def item(value: Data, key: object) -> Data:
    """``value.key`` or ``value[key]``: members of dicts and lists, and ``size``, ``first``, ``last``. Never attributes."""
    if value.__class__ is dict and key.__class__ is str and key in value:
        return value[key]
    if isinstance(key, Undefined):
        key = None
    try:
        return _member(value, key)
    except (KeyError, TypeError, IndexError):
        return UNDEFINED


def _member(value: Data, key: Data) -> Data:
    if not isinstance(value, dict | list | tuple | range | str | Undefined):
        raise TypeError
    try:
        if isinstance(value, str) and isinstance(key, int):
            raise TypeError  # noqa: TRY301 — texts are not sequences in Liquid
        return value[key]
    except (KeyError, IndexError, TypeError):
        return _virtual(value, key)


def _virtual(value: Data, key: Data) -> Data:
    if key == "size" and isinstance(value, Sized):
        return len(value)
    if key == "first" and isinstance(value, Mapping) and value:
        return next(islice(value.items(), 1))
    if key in ("first", "last") and isinstance(value, Sequence) and not isinstance(value, str):
        return value[0 if key == "first" else -1]
    raise KeyError


def sequence(value: Data) -> Sequence[Any]:
    """What ``for`` runs over: members of a list, pairs of a dict, a text as one item, nothing for anything else."""
    if isinstance(value, list | tuple | range):
        return value
    if isinstance(value, Mapping):
        return list(value.items())
    if isinstance(value, str):
        return [value] if value else ()
    return ()


def part(
    items: Sequence[Any], *, limit: object = _ABSENT, offset: object = _ABSENT, backwards: bool = False
) -> Sequence[Any]:
    """The loop's share of *items*: ``offset``, ``limit``, ``reversed`` in that order, with python-liquid's clamping."""
    length = len(items)
    start = 0 if offset is _ABSENT else _whole(offset)
    stop = None if limit is _ABSENT else _whole(limit) + start
    first, last = min(max(start, 0), length), min(stop or length, length)
    if last < 0:
        raise LiquidTypeError("a loop's limit can't be negative", token=None)
    chosen = items[first:last]
    return chosen[::-1] if backwards else chosen


def _whole(value: object) -> int:
    try:
        return int(value)  # type: ignore[call-overload,no-any-return]
    except (ValueError, TypeError) as error:
        raise LiquidTypeError("a loop's limit and offset must be whole numbers", token=None) from error


def as_text(value: object, *, escaping: bool) -> str:
    """A value as output text, not yet escaped: true/false in small letters, nil as nothing, lists joined."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return ""
    if isinstance(value, list):
        return _joined(value, escaping=escaping)
    if isinstance(value, range):
        return f"{value.start}..{value.stop - 1}"
    return str(value)


def _joined(values: list[Any], *, escaping: bool) -> str:
    texts = (one if isinstance(one, str) else str(one) for one in values)
    return Markup().join(texts) if escaping else "".join(texts)


def escaped(value: object) -> str:
    """A value as HTML text: escaped unless it is Markup (a literal of the template, or a capture)."""
    text = as_text(value, escaping=True)
    if isinstance(text, Markup):
        return str(text)
    if "&" in text:
        text = text.replace("&", "&amp;")
    if "<" in text or ">" in text:
        text = text.replace("<", "&lt;").replace(">", "&gt;")
    if "'" in text or '"' in text:
        text = text.replace("'", "&#39;").replace('"', "&#34;")
    return text
