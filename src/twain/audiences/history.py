"""Tests on our own sends: taken out of a rule's root, because they run on the keys that come back, not in the database."""

from __future__ import annotations

from dataclasses import replace

from twain.audiences.rules import All, AnyOf, History, Nested, Not, Related, Rule
from twain.errors import RuleError
from twain.records import HistoryTest

_EVERYBODY = All(())
_NOBODY = Not(_EVERYBODY)


def take_out(rule: Rule, where: str = "audience") -> tuple[Rule, tuple[HistoryTest, ...]]:
    """The rule that runs in the database, and the history tests that must hold besides.

    A history test may stand where the whole rule is *it and the rest*: at the root, under ``all``, and under ``not``
    (of itself, or of an ``any``). Anywhere else raises RuleError (T416).
    """
    tests: list[HistoryTest] = []
    rest = _strip(rule, tests, where, negated=False)
    return rest, tuple(tests)


def _strip(rule: Rule, tests: list[HistoryTest], where: str, *, negated: bool) -> Rule:
    match rule:
        case History(test):
            tests.append(replace(test, negated=negated))
            return _NOBODY if negated else _EVERYBODY
        case Not(inner):
            return Not(_strip(inner, tests, where, negated=not negated))
        case Nested(name, inner):
            return Nested(name, _strip(inner, tests, where, negated=negated))
        case All(rules) if not negated or len(rules) == 1:
            stripped = (_strip(r, tests, where, negated=negated) for r in rules)
            return All(tuple(r for r in stripped if r != _EVERYBODY))
        case AnyOf(rules) if negated or len(rules) == 1:
            stripped = (_strip(r, tests, where, negated=negated) for r in rules)
            return AnyOf(tuple(r for r in stripped if r != _NOBODY)) if len(rules) > 1 else All(tuple(stripped))
        case _:
            _refuse_inside(rule, where)
            return rule


def _refuse_inside(rule: Rule, where: str) -> None:
    if _holds_history(rule):
        raise RuleError(
            f"{where}: a test on past sends stands inside any (or inside not … all).",
            code="T416",
            todo="Put it beside the rest: at the top, under all, or under not.",
            business="“Was mailed” can only be combined with the whole rest by “and” or “and not”.",
        )


def _holds_history(rule: Rule | None) -> bool:
    match rule:
        case History():
            return True
        case All(rules) | AnyOf(rules):
            return any(_holds_history(r) for r in rules)
        case Not(inner) | Nested(_, inner):
            return _holds_history(inner)
        case Related():
            return _holds_history(rule.where)
        case _:
            return False
