"""A rule in plain English, by the business names of feeds and fields: what Marketing reads beside the SQL."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from twain.audiences.parse import parse_rule
from twain.audiences.rules import (
    All,
    Anniversary,
    AnyOf,
    Fragment,
    History,
    Nested,
    Not,
    Related,
    Rule,
    Test,
)
from twain.records import Feed, FieldType, HistoryTest, Scalar

_MOST_SHOWN = 12


def explain(
    tree: object,
    feed: Feed,
    feeds: Mapping[str, Feed],
    *,
    audiences: Mapping[str, Any] | None = None,
    fragments: Mapping[str, str] | None = None,
) -> list[str]:
    """The rule as lines of English: a heading, then one indented line per condition.

    Named audiences are spelled out when *audiences* holds them, otherwise only named; fragments are always only named.
    Raises RuleError as ``parse_rule`` does.
    """
    named = {name: {"all": []} for name in _mentioned(tree, "audience")} if audiences is None else audiences
    keys = f'SELECT "{feed.key}" FROM "{feed.name}"'
    known = dict.fromkeys(_mentioned(tree, "fragment"), keys) if fragments is None else fragments
    rule = parse_rule(tree, feed, feeds, audiences=named, fragments=known)
    if rule == All(()):
        return [f"{feed.title}: everybody"]
    return [f"{feed.title} for whom", *_lines(rule, 1)]


def _mentioned(tree: object, kind: str) -> Iterator[str]:
    if isinstance(tree, Mapping):
        if isinstance(tree.get(kind), str):
            yield tree[kind]
        for value in tree.values():
            yield from _mentioned(value, kind)
    elif isinstance(tree, list | tuple):
        for value in tree:
            yield from _mentioned(value, kind)


def _lines(rule: Rule, depth: int) -> list[str]:  # noqa: PLR0911 — one arm per kind of rule
    match rule:
        case All(rules) | AnyOf(rules) if len(rules) == 1:
            return _lines(rules[0], depth)
        case All(()):
            return _line("in every case", depth)
        case All(rules):
            return _group("all of this is true:", rules, depth)
        case AnyOf(rules):
            return _group("at least one of this is true:", rules, depth)
        case Not(inner):
            return _negated(inner, depth)
        case Nested(name, inner):
            return _nested(f"they are in the audience “{name}”", inner, depth)
        case Related():
            return _related(rule, depth)
        case Test() | Anniversary() | Fragment() | History():
            return _line(_leaf(rule), depth)


def _negated(inner: Rule, depth: int) -> list[str]:
    match inner:
        case AnyOf(rules):
            return _group("none of this is true:", rules, depth)
        case History(test):
            return _line(_history(test, _NEVER), depth)
        case Nested(name, rule):
            return _nested(f"they are not in the audience “{name}”", rule, depth)
        case Fragment(name, _):
            return _line(f"they are not on IT's list “{name}”", depth)
        case _:
            return [*_line("this is not true, or cannot be known:", depth), *_lines(inner, depth + 1)]


def _nested(said: str, inner: Rule, depth: int) -> list[str]:
    inside = [] if inner == All(()) else _lines(inner, depth + 1)
    return [*_line(said + (":" if inside else ""), depth), *inside]


def _group(head: str, rules: Sequence[Rule], depth: int) -> list[str]:
    return [*_line(head, depth), *(line for rule in rules for line in _lines(rule, depth + 1))]


def _line(text: str, depth: int) -> list[str]:
    return [f"{'  ' * depth}– {text}"]


def _related(rule: Related, depth: int) -> list[str]:
    title = rule.feed.title
    if rule.at_most == 0:
        amount = f"there are no {title}"
    elif rule.at_most is None:
        amount = (
            f"there is at least one of {title}" if rule.at_least == 1 else f"there are at least {rule.at_least} {title}"
        )
    elif rule.at_least == 0:
        amount = f"there are at most {rule.at_most} {title}"
    else:
        amount = f"there are from {rule.at_least} to {rule.at_most} {title}"
    if rule.where is None:
        return _line(amount, depth)
    return [*_line(f"{amount} for which", depth), *_lines(rule.where, depth + 1)]


def _leaf(rule: Test | Anniversary | Fragment | History) -> str:
    match rule:
        case Test():
            return f"{rule.field.business_name} {_comparison(rule)}"
        case Anniversary():
            return _anniversary(rule)
        case Fragment(name, _):
            return f"they are on IT's list “{name}”"
        case History(test):
            return _history(test, _ONCE)


_ONCE = {"mailed": "they were mailed", "failed": "a message to them failed", "clicked": "they clicked"}
_NEVER = {"mailed": "they were not mailed", "failed": "no message to them failed", "clicked": "they did not click"}


def _history(test: HistoryTest, said: Mapping[str, str]) -> str:
    campaign = f" by the campaign “{test.campaign}”" if test.campaign else ""
    when = f" in the last {_days(test.within_days)}" if test.within_days else " at any time"
    return said[test.kind] + campaign + when


_PHRASES: Mapping[str, str] = {
    "eq": "is {0}",
    "ne": "is known and is not {0}",
    "lt": "is below {0}",
    "le": "is at most {0}",
    "gt": "is above {0}",
    "ge": "is at least {0}",
    "in": "is {any}",
    "not_in": "is known and is not {any}",
    "between": "lies between {0} and {1} (both included)",
    "contains": "contains {0}",
    "starts_with": "begins with {0}",
    "ends_with": "ends with {0}",
    "is_null": "is not known",
    "not_null": "is known",
    "is_true": "is “yes”",
    "is_false": "is “no”",
    "within_last_days": "lies in the last {days}",
    "older_than_days": "lies more than {days} back",
}
_DATE_PHRASES: Mapping[str, str] = {
    "lt": "is before {0}",
    "le": "is {0} or before",
    "gt": "is after {0}",
    "ge": "is {0} or later",
}


def _comparison(rule: Test) -> str:
    dated = rule.field.type in ("date", "timestamp")
    phrase = (_DATE_PHRASES if dated else {}).get(rule.op) or _PHRASES[rule.op]
    shown = [_value(value, rule.field.type) for value in rule.values]
    days = _days(rule.values[0]) if "{days}" in phrase else ""
    return phrase.format(*shown, any=_either(shown), days=days)


def _either(shown: Sequence[str]) -> str:
    if len(shown) > _MOST_SHOWN:
        shown = [*shown[:_MOST_SHOWN], f"one of {len(shown) - _MOST_SHOWN} more"]
    return " or ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)


def _value(value: Scalar, kind: FieldType) -> str:
    if isinstance(value, datetime):
        return f"{_value(value.date(), 'date')}, {value:%H:%M}"
    if isinstance(value, date):
        return f"{value.day} {value:%B} {value.year}"
    if isinstance(value, bool):
        return "“yes”" if value else "“no”"
    return f"“{value}”" if kind == "string" else f"{value}"


def _days(count: object) -> str:
    return "day" if count == 1 else f"{count:g} days" if isinstance(count, float) else f"{count} days"


def _anniversary(rule: Anniversary) -> str:
    name = rule.field.business_name
    if rule.every == "once":
        spans = [
            f"{n} {word}{'' if n == 1 else 's'}" for n, word in ((rule.years, "year"), (rule.months, "month")) if n
        ]
        day = f"the day {' and '.join(spans)} after {name}"
    else:
        day = f"the {'monthly day' if rule.every == 'month' else 'anniversary'} of {name}"
    if not rule.days:
        return f"today is {day}"
    count = abs(rule.days)
    return f"today is {count} day{'' if count == 1 else 's'} {'before' if rule.days < 0 else 'after'} {day}"
