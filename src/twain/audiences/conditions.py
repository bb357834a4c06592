"""A rule as a condition in SQL.

A test on null must be false, not unknown. Where no ``not`` stands above it, SQL's own WHERE treats both alike and the test is
written plainly, so that indexes serve; under a ``not`` it is wrapped: ``COALESCE(test, FALSE)``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlglot import exp

from twain.audiences import dates
from twain.audiences.dialects import cast
from twain.audiences.rules import All, Anniversary, AnyOf, Fragment, History, Nested, Not, Related, Rule, Test
from twain.audiences.shadows import Draft
from twain.records import Feed, Field, Role, Scalar


@dataclass(frozen=True, slots=True)
class Scope:
    """The row that a condition is about: a feed's, under an alias.

    *negated* when a ``not`` stands above; *root* when the row is a person of the audience, not a related one.
    """

    draft: Draft
    feed: Feed
    alias: str
    negated: bool = False
    root: bool = False

    def column(self, name: str) -> exp.Column:
        """One of the row's fields."""
        return self.draft.column(self.feed, name, self.alias)

    def under_not(self) -> Scope:
        """The same row below a ``not``."""
        return Scope(self.draft, self.feed, self.alias, negated=True, root=self.root)


def condition(rule: Rule, scope: Scope) -> exp.Expr:  # noqa: PLR0911 — one arm per kind of rule
    """The condition that is true for exactly the rows the rule is meant for. History must have been taken out before."""
    match rule:
        case All(rules):
            return _joined(exp.and_, rules, scope)
        case AnyOf(rules):
            return _joined(exp.or_, rules, scope) if rules else exp.false()
        case Not(inner):
            return exp.not_(exp.paren(condition(inner, scope.under_not()), copy=False), copy=False)
        case Nested(_, inner):
            return condition(inner, scope)
        case Test():
            return _known(_test(rule, scope), scope)
        case Anniversary():
            return _known(_anniversary(rule, scope), scope)
        case Related():
            return _related(rule, scope)
        case Fragment(name, sql):
            keys = exp.select(exp.column("key", quoted=True)).from_(
                exp.to_identifier(scope.draft.fragment(name, sql), quoted=True)
            )
            return _member(scope, scope.feed.key, keys, "key")
        case History():
            raise AssertionError(rule)  # history.take_out has taken it


def _joined(join: Callable[..., exp.Expr], rules: Sequence[Rule], scope: Scope) -> exp.Expr:
    if not rules:
        return exp.true()
    parts = [condition(rule, scope) for rule in rules]
    return parts[0] if len(parts) == 1 else exp.paren(join(*parts, copy=False), copy=False)


def _known(test: exp.Expr, scope: Scope) -> exp.Expr:
    return exp.Coalesce(this=exp.paren(test, copy=False), expressions=[exp.false()]) if scope.negated else test


# ---------------------------------------------------------------- one field


def _test(rule: Test, scope: Scope) -> exp.Expr:  # noqa: PLR0911 — one arm per kind of operator
    column, draft = scope.column(rule.field.name), scope.draft
    match rule.op:
        case "is_null" | "not_null":
            empty = exp.Is(this=column, expression=exp.null())
            return empty if rule.op == "is_null" else exp.not_(empty, copy=False)
        case "is_true" | "is_false":
            return exp.EQ(this=column, expression=exp.true() if rule.op == "is_true" else exp.false())
        case "contains":
            return draft.dialect.contains(column, draft.bind(rule.values[0]))
        case "starts_with":
            return draft.dialect.starts_with(column, draft.bind(rule.values[0]))
        case "ends_with":
            return draft.dialect.ends_with(column, draft.bind(rule.values[0]))
        case "within_last_days":
            return _between(scope, rule.field, draft.today - timedelta(_days(rule)), draft.today)
        case "older_than_days":
            return _compared(scope, rule.field, "lt", draft.today - timedelta(_days(rule)))
        case "between":
            return _between(scope, rule.field, *rule.values)
        case "in" | "not_in":
            return _listed(scope, rule, negative=rule.op == "not_in")
        case _:
            return _compared(scope, rule.field, rule.op, rule.values[0])


def _days(rule: Test) -> int:
    days = rule.values[0]
    assert isinstance(days, int)  # noqa: S101 — parse.py has read it as a whole number
    return days


_OPERATORS: dict[str, type[exp.Binary]] = {
    "eq": exp.EQ, "ne": exp.NEQ, "lt": exp.LT, "le": exp.LTE, "gt": exp.GT, "ge": exp.GTE,
}  # fmt: skip


def _compared(scope: Scope, field: Field, op: str, value: Scalar) -> exp.Expr:
    if field.type == "timestamp" and isinstance(value, date) and not isinstance(value, datetime):
        return _compared_with_day(scope, field, op, value)
    column: exp.Expr = scope.column(field.name)
    if op not in ("eq", "ne"):
        column = scope.draft.dialect.comparable(column, field)
    return _OPERATORS[op](this=column, expression=scope.draft.bind(value))


def _compared_with_day(scope: Scope, field: Field, op: str, day: date) -> exp.Expr:
    """A timestamp against a whole day: from its first instant to before the next day's."""
    first, following = (datetime.combine(d, time()) for d in (day, day + timedelta(1)))
    match op:
        case "lt" | "ge":
            return _compared(scope, field, op, first)
        case "le":
            return _compared(scope, field, "lt", following)
        case "gt":
            return _compared(scope, field, "ge", following)
        case "eq":
            return _both(exp.and_, _compared(scope, field, "ge", first), _compared(scope, field, "lt", following))
        case _:
            return _both(exp.or_, _compared(scope, field, "lt", first), _compared(scope, field, "ge", following))


def _between(scope: Scope, field: Field, low: Scalar, high: Scalar) -> exp.Expr:
    return _both(exp.and_, _compared(scope, field, "ge", low), _compared(scope, field, "le", high))


def _both(join: Callable[..., exp.Expr], one: exp.Expr, other: exp.Expr) -> exp.Expr:
    return exp.paren(join(one, other, copy=False), copy=False)


def _listed(scope: Scope, rule: Test, *, negative: bool) -> exp.Expr:
    if rule.field.type == "timestamp":
        tests = [_compared(scope, rule.field, "ne" if negative else "eq", value) for value in rule.values]
        return exp.paren((exp.and_ if negative else exp.or_)(*tests, copy=False), copy=False)
    found = _one_of(scope.draft, scope.column(rule.field.name), rule.values)
    return exp.not_(found, copy=False) if negative else found


def _one_of(draft: Draft, column: exp.Expr, values: Iterable[Scalar]) -> exp.Expr:
    return exp.In(this=column, expressions=[draft.bind(value) for value in values])


# ---------------------------------------------------------------- anniversaries


def _anniversary(rule: Anniversary, scope: Scope) -> exp.Expr:
    """The day's condition; by each recipient's own time zone where local dates are given and the feed knows zones."""
    zone = scope.feed.with_role(Role.TIMEZONE)
    groups: dict[date, list[str]] = {}
    for name, local in scope.draft.local_dates.items():
        groups.setdefault(local, []).append(name)
    others = {day: names for day, names in groups.items() if day != scope.draft.today}
    usual = _falls_on(rule, scope, scope.draft.today)
    if zone is None or not others:
        return usual
    return _by_zone(rule, scope, zone, others, usual)


def _by_zone(rule: Anniversary, scope: Scope, zone: Field, others: dict[date, list[str]], usual: exp.Expr) -> exp.Expr:
    case = exp.Case()
    for day, names in sorted(others.items()):
        there = _one_of(scope.draft, scope.column(zone.name), sorted(names))
        case = case.when(there, _falls_on(rule, scope, day), copy=False)
    return exp.EQ(this=case.else_(usual, copy=False), expression=exp.true())


def _falls_on(rule: Anniversary, scope: Scope, today: date) -> exp.Expr:
    on = today - timedelta(rule.days)
    if rule.every == "once":
        return _any_day(scope, rule.field, _once(rule, on))
    draft, column = scope.draft, scope.column(rule.field.name)
    day = draft.dialect.date_part("day", column)
    if rule.every == "month":
        recurring = _one_of(draft, day, dates.days_of_month(on))
    else:
        month = draft.dialect.date_part("month", column.copy())
        number = exp.Add(this=exp.Mul(this=month, expression=exp.Literal.number(100)), expression=day)
        recurring = _one_of(draft, exp.paren(number, copy=False), dates.month_days(on, rule.leap_day))
    return _both(exp.and_, recurring, _compared(scope, rule.field, "lt", on))


def _once(rule: Anniversary, on: date) -> list[date]:
    """Dates of which *on* lies so many years, then months, later."""
    middles = dates.months_before(on, rule.months) if rule.months else (on,)
    if not rule.years:
        return list(middles)
    return sorted({day for middle in middles for day in dates.years_before(middle, rule.years, rule.leap_day)})


def _any_day(scope: Scope, field: Field, days: Sequence[date]) -> exp.Expr:
    if not days:
        return exp.false()
    tests = [_compared(scope, field, "eq", day) for day in days]
    return tests[0] if len(tests) == 1 else exp.paren(exp.or_(*tests, copy=False), copy=False)


# ---------------------------------------------------------------- related rows and lists of keys


def _related(rule: Related, scope: Scope) -> exp.Expr:
    parts = []
    if rule.at_least:
        parts.append(_has(rule, scope, rule.at_least))
    if rule.at_most is not None:
        too_many = _has(rule, scope.under_not(), rule.at_most + 1)
        parts.append(exp.not_(too_many, copy=False))
    if not parts:
        return exp.true()
    return parts[0] if len(parts) == 1 else _both(exp.and_, *parts)


def _has(rule: Related, scope: Scope, count: int) -> exp.Expr:
    """Whether at least *count* rows belong to this one."""
    draft = scope.draft
    inner = Scope(draft, rule.feed, draft.alias("r"))
    link = inner.column(rule.relation.other_field)
    rows = exp.select(exp.alias_(link, "key", quoted=True)).from_(draft.source(rule.feed, inner.alias))
    if rule.where is not None:
        rows = rows.where(condition(rule.where, inner), copy=False)
    if scope.root and draft.only is not None:
        rows = rows.where(_of_those(link, rule.relation.field, scope), copy=False)
    if count > 1:
        enough = exp.GTE(this=exp.Count(this=exp.Star()), expression=draft.bind(count))
        rows = rows.where(_present(link), copy=False).group_by(link.copy(), copy=False).having(enough, copy=False)
    elif draft.dialect.joins_exists:
        same = exp.EQ(this=link.copy(), expression=scope.column(rule.relation.field))
        return exp.Exists(this=rows.select(exp.Literal.number(1), append=False, copy=False).where(same, copy=False))
    else:
        rows = rows.where(_present(link), copy=False)
    return _member(scope, rule.relation.field, rows, "key")


def _of_those(link: exp.Column, field: str, scope: Scope) -> exp.Expr:
    """Related rows of the only people wanted: without it, a few keys' sake would count everybody's."""
    draft, feed = scope.draft, scope.feed
    if field == feed.key and feed.fields[field].type in ("string", "integer"):
        return _only(draft, link.copy())
    people = Scope(draft, feed, draft.alias("o"))
    wanted = (
        exp.select(people.column(field))
        .from_(draft.source(feed, people.alias), copy=False)
        .where(among(people), copy=False)
    )
    return exp.In(this=link.copy(), query=wanted.subquery(copy=False))


def only_keys(draft: Draft, feed: Feed, keys: Sequence[str], link: str = "") -> tuple[str, ...]:
    """Bind the keys (text) as values of the key's own type, so that an index serves; returns the parameters' names.

    Text that cannot be such a key is left out. *link*: the field that holds them where it is not the feed's key.
    """
    values: list[Scalar] = list(dict.fromkeys(keys))
    if feed.fields[link or feed.key].type == "integer":
        values = [int(key) for key in dict.fromkeys(keys) if _whole(key)]
    return tuple(draft.bind(value).name for value in values)


def among(scope: Scope) -> exp.Expr:
    """The row's key is one of the only ones wanted."""
    key = scope.feed.fields[scope.feed.key]
    column = scope.column(key.name)
    return _only(scope.draft, column if key.type in ("string", "integer") else cast(column, "TEXT"))


def _only(draft: Draft, column: exp.Expr) -> exp.Expr:
    names = draft.only or ()
    return exp.In(this=column, expressions=[exp.Placeholder(this=name) for name in names]) if names else exp.false()


def _whole(key: str) -> bool:
    """Whether this is how a 64-bit integer reads as text; no other text is any such row's key."""
    return key.isascii() and key.removeprefix("-").isdecimal() and str(int(key)) == key and -(2**63) <= int(key) < 2**63


def _present(column: exp.Expr) -> exp.Expr:
    return exp.not_(exp.Is(this=column.copy(), expression=exp.null()), copy=False)


def _member(scope: Scope, field: str, values: exp.Select, name: str) -> exp.Expr:
    """Whether the row's *field* is among *values*, a query of one column *name*; two-valued wherever it stands."""
    column = scope.column(field)
    if scope.draft.dialect.joins_exists:
        alias = scope.draft.alias("k")
        listed = exp.select("1").from_(values.subquery(alias, copy=False))
        return exp.Exists(
            this=listed.where(exp.EQ(this=exp.column(name, alias, quoted=True), expression=column), copy=False)
        )
    listed = exp.select(exp.column(name, "k", quoted=True)).from_(values.subquery("k", copy=False))
    present = listed.where(_present(exp.column(name, "k", quoted=True)), copy=False)
    return _known(exp.In(this=column, query=present.subquery(copy=False)), scope)
