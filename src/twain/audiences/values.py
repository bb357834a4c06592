"""A rule's values: checked against the field's type, and made ready to be bound.

Dates may be ISO 8601 strings (JSON) or native ones (TOML). A date compared with a timestamp stays a date: it means the whole
day. A time has no offset: it is meant as the database's own clocks show it, as its columns are.
"""

from __future__ import annotations

import math
from datetime import date, datetime

from twain.errors import RuleError
from twain.records import Field, FieldType, Scalar

#: Values that a signed 64-bit integer column can hold; a larger one can be bound nowhere.
_LIMIT = 2**63

_EXPECTED: dict[FieldType, str] = {
    "string": 'text in quotes, such as "Berlin"',
    "integer": "a whole number, such as 3",
    "number": "a number, such as 19.90",
    "boolean": "true or false",
    "date": 'a date, such as "2024-05-31"',
    "timestamp": 'a date or a time without an offset, such as "2024-05-31" or "2024-05-31T09:00:00"',
}


def coerce(value: object, field: Field, where: str) -> Scalar:
    """*value* as the field's type has it. Raises RuleError (T412) naming *where* and what is expected."""
    found = _READERS[field.type](value)
    if found is None:
        raise RuleError(
            f"{where}: {_shown(value)} does not fit {field.name} ({field.type}).",
            code="T412",
            todo=f"Write {_EXPECTED[field.type]}.",
            business=f"{_shown(value)} does not fit “{field.business_name}”: write {_EXPECTED[field.type]}.",
        )
    return found


def whole(value: object, where: str, *, least: int, most: int = 36_525) -> int:
    """A whole number from *least* to *most* (by default a hundred years in days); RuleError (T412) otherwise."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise RuleError(
            f"{where}: {_shown(value)} is not a whole number from {least} to {most}.",
            code="T412",
            todo="Correct the number.",
        )
    return value


def _text(value: object) -> Scalar:
    if not isinstance(value, str) or "\0" in value:
        return None
    return value if value.isascii() or not any("\ud800" <= c <= "\udfff" for c in value) else None


def _integer(value: object) -> Scalar:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, float) and not value.is_integer():
        return None
    return int(value) if -_LIMIT <= value < _LIMIT else None


def _number(value: object) -> Scalar:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return _integer(value) if isinstance(value, int) else value


def _boolean(value: object) -> Scalar:
    return value if isinstance(value, bool) else None


def _date(value: object) -> Scalar:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        return date.fromisoformat(value) if isinstance(value, str) and len(value) == 10 else None
    except ValueError:
        return None


def _timestamp(value: object) -> Scalar:
    if isinstance(value, datetime):
        return _local(value)
    day = _date(value)
    if day is not None or not isinstance(value, str):
        return day
    try:
        return _local(datetime.fromisoformat(value))
    except ValueError:
        return None


def _local(moment: datetime) -> datetime | None:
    return moment if moment.tzinfo is None else None


def _shown(value: object) -> str:
    text = "nothing" if value is None else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


_READERS = {
    "string": _text,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "date": _date,
    "timestamp": _timestamp,
}
