"""Liquid expressions → Python expressions, as source text.

Every name is resolved while compiling: a column, a variable of the template, a loop's item, or one of the message's own
(``unsubscribe_url`` …). A name that is none of these is refused, with the closest business word.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from liquid import Environment
from liquid.builtin.expressions import BooleanExpression, FilteredExpression, Path, logical, primitive
from liquid.builtin.expressions.primitive import Blank, Empty, Nil, RangeLiteral
from liquid.expression import Expression
from markupsafe import Markup

from twain.content.filters import bind, check_call, check_date_format
from twain.content.limits import MAX_ITEMS, Meter, too_much
from twain.content.values import Data
from twain.errors import ContentError
from twain.records import Column

_LITERALS = (
    primitive.TrueLiteral,
    primitive.FalseLiteral,
    primitive.StringLiteral,
    primitive.IntegerLiteral,
    primitive.FloatLiteral,
)
_BINARY: Mapping[type[Expression], str] = {
    logical.EqExpression: "equal({0}, {1})",
    logical.NeExpression: "(not equal({0}, {1}))",
    logical.LtExpression: "less({0}, {1})",
    logical.GtExpression: "less({1}, {0})",
    logical.LeExpression: "at_most({0}, {1})",
    logical.GeExpression: "at_most({1}, {0})",
    logical.ContainsExpression: "contains({0}, {1})",
}
#: The usual comparison, of a text with a literal, needs no call.
_SAME_TEXT: Mapping[type[Expression], str] = {
    logical.EqExpression: "{0} == {1}",
    logical.NeExpression: "{0} != {1}",
}
_FORLOOP: Mapping[str, str] = {
    "index": "({i} + 1)",
    "index0": "{i}",
    "rindex": "({n} - {i})",
    "rindex0": "({n} - {i} - 1)",
    "first": "({i} == 0)",
    "last": "({i} == {n} - 1)",
    "length": "{n}",
}


@dataclass(frozen=True, slots=True)
class Loop:
    """One ``for`` that encloses the place being compiled: Liquid's name of its item, the Python names, the related rows."""

    name: str
    item: str
    index: str
    length: str
    rows: Column | None = None


@dataclass(frozen=True, slots=True)
class Repeated:
    """A loop over *column*'s related rows whose body is words (bytes) and fields of the row (names), for *slot*."""

    column: str
    slot: str
    pieces: tuple[bytes | str, ...]


@dataclass(slots=True)
class Names:
    """What a template may name, and the constants that its code refers to."""

    columns: Mapping[str, Column]
    specials: Mapping[str, str]
    environment: Environment
    meter: Meter
    business: Mapping[str, str] = field(default_factory=dict)
    assigned: dict[str, str] = field(default_factory=dict)
    loops: list[Loop] = field(default_factory=list)
    constants: dict[str, Any] = field(default_factory=dict)
    used: dict[str, str] = field(default_factory=dict)
    encoded: dict[tuple[str, str], str] = field(default_factory=dict)
    shows: Counter[tuple[str, str] | Repeated] = field(default_factory=Counter)
    repeated: dict[Repeated, str] = field(default_factory=dict)
    items: set[str] = field(default_factory=set)
    report: Callable[[ContentError], None] | None = None
    _filters: dict[str, str] = field(default_factory=dict)

    @property
    def escaping(self) -> bool:
        """Whether literals are markup and values are escaped: in HTML."""
        return bool(self.environment.autoescape)

    def constant(self, value: Data) -> str:
        """A Python name for *value* in the compiled code."""
        name = f"K{len(self.constants)}"
        self.constants[name] = value
        return name

    def column(self, name: str) -> str:
        """The Python name of a column's value in this row; notes that the template reads it."""
        return self.used.setdefault(name, f"v{len(self.used)}")

    def root(self, name: str) -> str:
        """The Python expression for a path's first name. Raises ContentError when there is no such thing."""
        for loop in reversed(self.loops):
            if loop.name == name:
                return loop.item
        if name in self.assigned:
            return self.assigned[name]
        if name in self.specials:
            return self.specials[name]
        if name in self.columns:
            return self.column(name)
        return self.refuse(unknown(name, [*self.columns, *self.assigned, *self.shown], self.business))

    def ready(self, expression: Expression, slot: str) -> str | None:
        """The Python name of a plain field's value, encoded with its column; None when the expression is anything else."""
        if not isinstance(expression, FilteredExpression) or expression.filters:
            return None
        path = expression.left.path if isinstance(expression.left, Path) else ()
        name = path[0] if len(path) == 1 else None
        if not isinstance(name, str) or name not in self.columns or self.columns[name].type == "rows":
            return None
        if name in self.assigned or name in self.specials or any(loop.name == name for loop in self.loops):
            return None
        self.shows[name, slot] += 1
        return self.encoded.setdefault((name, slot), f"{slot.lower()}{len(self.encoded)}")

    @property
    def shown(self) -> list[str]:
        """The message's own variables that a template may name."""
        return [name for name in self.specials if not name.startswith("_")]

    def refuse(self, error: ContentError) -> str:
        """Raise *error*, or report it and go on when a check wants to hear of every error."""
        if self.report is None:
            raise error
        self.report(error)
        return "UNDEFINED"

    def rows_at(self, path: Sequence[object]) -> Column | None:
        """The column of related rows of which *path* leads to one item; None when that isn't known."""
        head, rest = path[0], list(path[1:])
        loop = next((one for one in reversed(self.loops) if one.name == head), None)
        if loop:
            return loop.rows if not rest else None
        column = None if head in self.assigned else self.columns.get(str(head))
        indexed = len(rest) == 1 and (rest[0] in ("first", "last") or isinstance(rest[0], int))
        return column if column and column.items and indexed else None

    def rows_of(self, expression: Expression) -> Column | None:
        """The column of related rows that a loop runs over, when it is one."""
        if not isinstance(expression, Path) or len(expression.path) != 1:
            return None
        return self.rows_at([expression.path[0], "first"])

    def filter(self, name: str) -> str:
        """A Python name for the filter."""
        if name not in self._filters:
            self._filters[name] = self.constant(bind(self.environment, name, self.meter))
        return self._filters[name]


def unknown(name: str, known: list[str], business: Mapping[str, str]) -> ContentError:
    """The refusal of a name, with the closest field and its business word."""
    words = {business.get(one, one).lower(): one for one in known}
    near = difflib.get_close_matches(name, known, 1, 0.5) or [
        words[w] for w in difflib.get_close_matches(name.replace("_", " ").lower(), words, 1, 0.5)
    ]
    if not near:
        return ContentError(
            f"There is no field '{name}'.",
            code="T503",
            todo="Pick a field from the data catalogue, or add it to the campaign.",
        )
    shown = f"{near[0]} (“{business[near[0]]}”)" if near[0] in business else near[0]
    return ContentError(
        f"There is no field '{name}'.",
        code="T503",
        todo=f"Did you mean {shown}?",
        business=f"The text asks for “{name}”, which the data catalogue does not have. The closest is {shown}.",
    )


def value(names: Names, expression: Expression) -> str:
    """Python source for the value of *expression*. Raises ContentError naming what cannot be compiled."""
    if isinstance(expression, FilteredExpression):
        return _filtered(names, expression)
    if isinstance(expression, Path):
        return _path(names, expression)
    if isinstance(expression, Nil):
        return "None"
    if isinstance(expression, _LITERALS):
        return _literal(names, expression.value)
    if isinstance(expression, RangeLiteral):
        return _range(names, expression)
    if isinstance(expression, BooleanExpression):
        return condition(names, expression)
    raise ContentError(f"'{_kind(expression)}' is not supported here.", code="T502", todo="Rewrite the expression.")


def condition(names: Names, expression: Expression) -> str:
    """Python source, true or false, for a condition."""
    if isinstance(expression, BooleanExpression):
        return condition(names, expression.expression)
    if isinstance(expression, logical.LogicalAndExpression | logical.LogicalOrExpression):
        word = "and" if isinstance(expression, logical.LogicalAndExpression) else "or"
        return f"({condition(names, expression.left)} {word} {condition(names, expression.right)})"
    if type(expression) in _BINARY:
        return _comparison(names, expression)
    if isinstance(expression, Empty | Blank):
        return "True"
    return f"truthy({value(names, expression)})"


def _comparison(names: Names, expression: Data) -> str:
    left, right = expression.left, expression.right
    if isinstance(left, Empty | Blank):
        left, right = right, left
    if isinstance(right, Empty | Blank):
        return _emptiness(names, expression, left, right)
    sources = value_or_truth(names, left), value_or_truth(names, right)
    general = _BINARY[type(expression)].format(*sources)
    if isinstance(right, primitive.StringLiteral) and sources[0].isidentifier() and type(expression) in _SAME_TEXT:
        return f"({_SAME_TEXT[type(expression)].format(*sources)} if {sources[0]}.__class__ is str else {general})"
    return general


def value_or_truth(names: Names, expression: Expression) -> str:
    """A comparison's operand: a value, or the truth of a comparison within it."""
    return condition(names, expression) if type(expression) in _BINARY else value(names, expression)


def _emptiness(names: Names, expression: Expression, left: Expression, right: Expression) -> str:
    if isinstance(left, Empty | Blank) or not isinstance(expression, logical.EqExpression | logical.NeExpression):
        raise ContentError(
            "'empty' and 'blank' can only be compared by == and !=.", code="T502", todo="Compare the field itself."
        )
    test = "is_empty" if isinstance(right, Empty) else "is_blank"
    word = "" if isinstance(expression, logical.EqExpression) else "not "
    return f"({word}{test}({value(names, left)}))"


def _literal(names: Names, constant: Data) -> str:
    if isinstance(constant, str) and names.escaping:
        return names.constant(Markup(constant))  # noqa: S704 — a literal of the template's author, as python-liquid has it
    return names.constant(constant)


def _filtered(names: Names, expression: FilteredExpression) -> str:
    source = value(names, expression.left)
    for call in expression.filters or ():
        check_call(names.environment, call)
        if call.name == "date" and isinstance(call.args[0].value, primitive.StringLiteral):
            check_date_format(call.args[0].value.value)
        arguments = [_argument(names, argument) for argument in sorted(call.args, key=lambda one: hasattr(one, "name"))]
        source = f"{names.filter(call.name)}({', '.join([source, *arguments])})"
    return source


def _argument(names: Names, argument: Data) -> str:
    if hasattr(argument, "name"):
        return f"**{{{names.constant(str(argument.name))}: {value(names, argument.value)}}}"
    return value(names, argument.value)


def _path(names: Names, path: Path) -> str:
    head = path.path[0]
    if not isinstance(head, str):
        raise ContentError(
            "A field is named by its plain name.", code="T502", todo="Write {{ field }}, not {{ [field] }}."
        )
    if head == "forloop" and names.loops:
        return _forloop(names, path)
    _check_segments(names, path.path)
    source = names.root(head)
    for segment in path.path[1:]:
        key = value(names, segment) if isinstance(segment, Path) else names.constant(segment)
        if source.isidentifier() and isinstance(segment, str):
            source = f"({source}[{key}] if {source}.__class__ is dict and {key} in {source} else item({source}, {key}))"
        else:
            source = f"item({source}, {key})"
    return source


def _check_segments(names: Names, path: Sequence[object]) -> None:
    """A field of a related row must be one that the campaign asked for; a plain field has none but ``size``."""
    for end in range(1, len(path)):
        rows, segment = names.rows_at(path[:end]), path[end]
        if rows is None or not isinstance(segment, str):
            continue
        known = [one.name for one in rows.items]
        if segment not in known:
            names.refuse(unknown(segment, known, names.business))
        names.items.add(f"{rows.name}.{segment}")
    head = str(path[0])
    own = head in names.columns and head not in names.assigned and all(loop.name != head for loop in names.loops)
    parts = ("size", "first", "last") if own and names.columns[head].type == "rows" else ("size",)
    if own and len(path) > 1 and isinstance(path[1], str) and path[1] not in parts:
        names.refuse(
            ContentError(f"'{head}' has no part '{path[1]}'.", code="T503", todo=f"Use {{{{ {head} }}}} alone.")
        )


def _forloop(names: Names, path: Path) -> str:
    loops, keys = list(names.loops), list(path.path[1:])
    loop = loops.pop()
    while len(keys) > 1 and keys[0] == "parentloop" and loops:
        loop, keys = loops.pop(), keys[1:]
    if len(keys) != 1 or keys[0] not in _FORLOOP:
        raise ContentError(
            f"'{path}' is not supported.", code="T502", todo=f"Use forloop.{', forloop.'.join(_FORLOOP)}."
        )
    return _FORLOOP[str(keys[0])].format(i=loop.index, n=loop.length)


def _range(names: Names, literal: RangeLiteral) -> str:
    return f"span({value(names, literal.start)}, {value(names, literal.stop)})"


def span(start: object, stop: object) -> range:
    """Liquid's ``(start..stop)``, at most 10 000 long. Raises ContentError beyond."""
    first, last = _whole(start), _whole(stop)
    if last - first >= MAX_ITEMS:
        raise too_much(f"a range in it is longer than {MAX_ITEMS}")
    return range(first, last + 1) if first <= last else range(0)


def _whole(bound: Data) -> int:
    if isinstance(bound, str) and len(bound) > 20:
        raise too_much("a range in it is too long")
    try:
        return int(bound)
    except (ValueError, TypeError):
        return 0


def _kind(expression: Expression) -> str:
    return type(expression).__name__.replace("Expression", "").replace("Literal", "").lower()
