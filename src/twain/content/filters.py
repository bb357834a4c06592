"""The filters a template may use. They are python-liquid's own functions, held within limits, and two of ours.

Where a faster way gives the very same result (a date in ISO form, upper case of a plain text), it is taken; the
differential tests compare. ``safe`` is not here: a value from data is never markup.
"""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from liquid import Environment
from liquid.builtin.expressions import Filter as FilterCall
from liquid.exceptions import FilterArgumentError
from liquid.filter import math_filter
from markupsafe import Markup

from twain.content.limits import MAX_ITEMS, MAX_TEXT, Meter, too_much
from twain.content.targets import checked, signed
from twain.content.values import Data
from twain.errors import ContentError

Function = Callable[..., Any]

FILTERS = frozenset(
    "abs append at_least at_most capitalize ceil compact concat date default divided_by downcase escape escape_once find first "  # noqa: SIM905 — a list of words reads best as words
    "floor has join last lstrip map minus modulo money newline_to_br number plus prepend reject remove remove_first "
    "remove_last replace replace_first replace_last reverse round rstrip size slice sort sort_natural split squish "
    "strip strip_html strip_newlines sum times truncate truncatewords uniq upcase url_decode url_encode where".split()
)
_SHORT = 1_000  # items that a quadratic filter may see
_ISO = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d:\d\d)?").fullmatch
_FORMAT = re.compile(r"(?:[^%]|%[-_0^#]?[aAbBcCdDeFGgHIjklmMnpPrRsStTuUVwWxXyYzZ%])*")


@math_filter
def number(value: float, decimals: int = 2, *, point: str = ".", group: str = ",") -> str:
    """``1234.5`` → ``1,234.50``; *point* and *group* are the marks of the reader's language."""
    if not isinstance(decimals, int) or not 0 <= decimals <= 12:
        raise FilterArgumentError("number: decimals must be 0 to 12", token=None)
    return _grouped(value, decimals, point, group)


def _grouped(value: float, decimals: int, point: str, group: str) -> str:
    return f"{value:,.{decimals}f}".translate({ord(","): str(group), ord("."): str(point)})


@math_filter
def money(value: float, currency: str = "", *, point: str = ".", group: str = ",") -> str:
    """``1234.5 | money: "€"`` → ``€1,234.50``."""
    sign = "-" if value < 0 else ""
    return f"{sign}{currency}{_grouped(abs(value), 2, point, group)}"


OWN: Mapping[str, Function] = {"number": number, "money": money}
#: Filters that only our own rewriting puts into a template, after the author's words have been checked without them.
FINAL: Mapping[str, Function] = {"_link": checked, "_sign": signed}


def bind(environment: Environment, name: str, meter: Meter) -> Function:
    """The filter as a plain function under *meter*: python-liquid's own, with the faster way where there is one."""
    function: Function = environment.filters[name]
    if getattr(function, "with_environment", False):
        function = functools.partial(function, environment=environment)
    quick = _QUICK.get(name)
    if quick:
        return quick(function, meter)
    return _bounded(function, meter, _GUARDS.get(name))


def check_call(environment: Environment, call: FilterCall) -> None:
    """Refuse, at compile time, a filter that is unknown, wrongly called or unbounded. Raises ContentError."""
    if call.name not in FILTERS and (call.name not in FINAL or call.name not in environment.filters):
        raise ContentError(f"The filter '{call.name}' is not supported.", code="T502", todo=_nearest(call.name))
    names = [a.name for a in call.args if hasattr(a, "name")]
    positional = [None] * (len(call.args) - len(names))
    function = environment.filters[call.name]
    names += ["environment"] if getattr(function, "with_environment", False) else []
    try:
        inspect.signature(function).bind(None, *positional, **dict.fromkeys(names))
    except TypeError as error:
        raise ContentError(f"The filter '{call.name}' is called wrongly: {error}.", code="T502") from error


def check_date_format(text: str) -> None:
    """Refuse a date format whose parts aren't plain strftime ones: widths could fill memory. Raises ContentError."""
    if len(text) > 200 or not _FORMAT.fullmatch(text):
        raise ContentError(
            f"The date format {text[:40]!r} is not supported.",
            code="T502",
            todo='Write it like "%d.%m.%Y" or "%A, %e %B".',
        )


def _nearest(name: str) -> str:
    import difflib  # noqa: PLC0415 — only when something is wrong

    near = difflib.get_close_matches(name, FILTERS, 1)
    return f"Did you mean '{near[0]}'?" if near else "Use one of the filters that the guide lists."


def _bounded(function: Function, meter: Meter, guard: Function | None) -> Function:
    check = meter.check

    def bounded(value: Data, *args: Data, **options: Data) -> Data:
        if guard:
            guard(value, *args, **options)
        return check(function(value, *args, **options))

    return bounded


def _guard_join(value: Data, separator: Data = " ", **_: Data) -> None:
    if isinstance(value, list | tuple | range):
        if len(value) > MAX_ITEMS or len(value) * len(str(separator)) > MAX_TEXT:
            raise too_much("a list in it is too long to join")
        if sum(len(one) for one in value if isinstance(one, str)) > MAX_TEXT:
            raise too_much("a list in it is too long to join")


def _guard_replace(value: Data, old: Data, new: Data = "", **_: Data) -> None:
    text, old = str(value), str(old)
    if len(text) * max(1, len(str(new))) > MAX_TEXT and len(text) + text.count(old) * len(str(new)) > MAX_TEXT:
        raise too_much("a replacement in it grows too long")


def _guard_items(value: Data, *_: Data, **__: Data) -> None:
    if isinstance(value, list | tuple | range) and len(value) > _SHORT:
        raise too_much(f"a list in it has more than {_SHORT} items")


def _guard_markup(value: Data, *_: Data, **__: Data) -> None:
    if isinstance(value, str) and len(value) > 20 * _SHORT:
        raise too_much("a text in it is too long for strip_html")


_GUARDS: Mapping[str, Function] = {
    "join": _guard_join,
    "strip_html": _guard_markup,
    "replace": _guard_replace,
    **dict.fromkeys(
        ("uniq", "sort", "sort_natural", "concat", "reverse", "sum", "map", "where", "reject"), _guard_items
    ),
    **dict.fromkeys(("slice", "compact", "find", "has", "first", "last"), _guard_items),
}


def _quick_text(method: Callable[[str], str]) -> Callable[[Function, Meter], Function]:
    def build(function: Function, meter: Meter) -> Function:
        def changed(value: Data) -> Data:
            if value.__class__ is str and len(value) < _SHORT:
                return method(value)
            return meter.check(function(value))

        return changed

    return build


def _quick_default(function: Function, _: Meter) -> Function:
    def default(value: Data, other: Data = "", **options: Data) -> Data:
        if value.__class__ is str:
            return value or other
        return function(value, other, **options)

    return default


def _quick_date(function: Function, meter: Meter) -> Function:
    def formatted(value: Data, form: Data) -> Data:
        if value.__class__ is str:
            _guard_date(value)
        moment = _moment(value) if value.__class__ is str and _ISO(value) else value
        if isinstance(form, str) and "%" in form:
            check_date_format(form)
        if not isinstance(moment, date) or not isinstance(form, str):
            return meter.check(function(value, form))
        text = moment.strftime(form)
        return Markup(text) if isinstance(form, Markup) else text  # noqa: S704 — as python-liquid: the format is the author's

    return formatted


def _guard_date(value: str) -> None:
    if len(value) > 100:
        raise too_much("a text of more than 100 characters is no date")


def _moment(text: str) -> Data:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return text


_QUICK: Mapping[str, Callable[[Function, Meter], Function]] = {
    "upcase": _quick_text(str.upper),
    "downcase": _quick_text(str.lower),
    "capitalize": _quick_text(str.capitalize),
    "strip": _quick_text(str.strip),
    "default": _quick_default,
    "date": _quick_date,
}
