"""What pre-send checks count, compiled: one aggregate query per feed, one for uniqueness, and IT's own SQL rules.

Nothing here runs or judges; :mod:`twain.feeds.checks` does. Values come from IT's contract and stand in the SQL as literals, so
that a verdict's SQL can be run by hand as it is shown.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlglot
from sqlglot import exp

from twain.errors import ContractError
from twain.records import Column, Feed, Field, Quality, Role, Statement

OBJECT = re.compile(r"\$?\{(?:object|table)\}")
#: Whether SQLite's own functions read every date that it keeps as text: one they do not read would match no rule, silently.
READABLE = "readable"
PROPERTY = re.compile(r"\$?\{(?:property|column)\}")


@dataclass(frozen=True, slots=True)
class Measure:
    """One number to be counted: *value* is an aggregate over the feed's rows. *rule* says what it must be."""

    name: str
    value: exp.Expr
    field: Field | None = None
    rule: Quality | None = None
    type: str = "integer"


def aggregate(feed: Feed, dialect: str, now: float) -> list[Measure]:
    """Row count, newest row, and every count that one pass over the rows gives."""
    measures = [Measure("rows", exp.Count(this=exp.Star(), big_int=True))]
    if feed.freshness.field and feed.freshness.max_age_seconds:
        measures.append(_newest(feed.fields[feed.freshness.field], dialect, now))
    for field in feed.fields.values():
        if field.required or field.name == feed.key:
            measures.append(Measure("required", _how_many(_is_null(field)), field, _none_null(field)))
        if dialect == "sqlite" and field.type in {"date", "timestamp"}:
            measures.append(Measure(READABLE, _how_many(_unreadable(field)), field, _all_readable(field)))
        measures += [m for rule in field.quality if (m := _of_rule(rule, field))]
    measures += [
        Measure("rowCount", exp.Count(this=exp.Star()), rule=q) for q in feed.quality if q.metric == "rowCount"
    ]
    return measures


def uniqueness(feed: Feed) -> list[Measure]:
    """How many rows repeat a value that should be unique: the key, ``unique`` fields, ``duplicateValues`` rules."""
    measures = []
    for field in feed.fields.values():
        if field.unique or field.name == feed.key:
            measures.append(Measure("unique", _repeated(field), field, _none_repeated(field)))
        measures += [
            Measure("duplicateValues", _repeated(field), field, rule)
            for rule in field.quality
            if rule.metric == "duplicateValues"
        ]
    return measures + [_together(feed, rule) for rule in feed.quality if rule.metric == "duplicateValues"]


def written_rules(feed: Feed, dialect: str) -> list[tuple[Measure, Statement]]:
    """IT's own SQL rules, each one statement that returns one number. Raises ContractError (T211) for unreadable SQL."""
    found = [(None, rule) for rule in feed.quality] + [(f, rule) for f in feed.fields.values() for rule in f.quality]
    return [
        (Measure("sql", exp.null(), field, rule, "number"), _written(feed, field, rule, dialect))
        for field, rule in found
        if rule.metric == "sql"
    ]


def statement(feed: Feed, measures: Sequence[Measure], dialect: str) -> Statement:
    """All measures in one statement, as columns ``m0``, ``m1`` and so on."""
    outs = [exp.alias_(m.value.copy(), f"m{i}", quoted=True) for i, m in enumerate(measures)]
    columns = tuple(Column(f"m{i}", m.type) for i, m in enumerate(measures))  # type: ignore[arg-type]  # one of the types
    return Statement(exp.select(*outs).from_(rows_of(feed, dialect)).sql(dialect=dialect), {}, dialect, columns)


def alone(feed: Feed, measure: Measure, dialect: str) -> str:
    """The SQL of one measure, to be shown beside its verdict."""
    return exp.select(measure.value.copy()).from_(rows_of(feed, dialect)).sql(dialect=dialect)


def rows_of(feed: Feed, dialect: str) -> exp.Expr:
    """The feed's rows as a FROM item named ``t``."""
    if not feed.table:
        return own_query(feed, dialect).subquery("t", copy=False)
    return exp.alias_(_table(feed), "t", table=True)


def _table(feed: Feed) -> exp.Table:
    parts = [exp.to_identifier(part, quoted=True) for part in feed.table.split(".")]
    return exp.Table(**dict(zip(("this", "db", "catalog"), reversed(parts), strict=False)))


def _column(field: Field) -> exp.Column:
    return exp.column(exp.to_identifier(field.column, quoted=True), table="t")


def _is_null(field: Field) -> exp.Expr:
    return exp.Is(this=_column(field), expression=exp.null())


def _how_many(condition: exp.Expr) -> exp.Expr:
    one, none = exp.Literal.number(1), exp.Literal.number(0)
    counted = exp.Sum(this=exp.Case(ifs=[exp.If(this=condition, true=one)], default=none))
    return exp.Coalesce(this=counted, expressions=[none.copy()])


def _newest(field: Field, dialect: str, now: float) -> Measure:
    """The newest row's moment, the future left out: one wrong date ahead must not hide a feed that stopped."""
    column: exp.Expr = _column(field)
    if dialect != "sqlite":  # there a moment may be written in any way; the answer is read in Python
        moment = exp.cast(exp.Literal.string(f"{datetime.fromtimestamp(now, UTC):%Y-%m-%d %H:%M:%S}+00"), "TIMESTAMPTZ")
        past = exp.LTE(this=column, expression=moment)
        column = exp.Case(ifs=[exp.If(this=past, true=column.copy())])
    return Measure("newest", exp.Max(this=column), field, type=field.type)


def _of_rule(rule: Quality, field: Field) -> Measure | None:
    match rule.metric:
        case "nullValues":
            return Measure("nullValues", _how_many(_is_null(field)), field, rule)
        case "missingValues":
            return Measure("missingValues", _how_many(_missing(rule, field)), field, rule)
        case "invalidValues":
            return Measure("invalidValues", _how_many(_invalid(rule, field)), field, rule)
    return None


def _missing(rule: Quality, field: Field) -> exp.Expr:
    values = [value for value in rule.arguments.get("missingValues", [None, ""]) if value is not None]
    if not values:
        return _is_null(field)
    return exp.or_(_is_null(field), _is_one_of(field, values))


def _invalid(rule: Quality, field: Field) -> exp.Expr:
    wrong: list[exp.Expr] = []
    if valid := rule.arguments.get("validValues"):
        wrong.append(exp.not_(_is_one_of(field, valid)))
    if pattern := rule.arguments.get("pattern"):
        wrong.append(exp.not_(exp.RegexpLike(this=_as_text(field), expression=exp.Literal.string(str(pattern)))))
    return exp.and_(exp.not_(_is_null(field)), exp.or_(*wrong))


def _as_text(field: Field) -> exp.Expr:
    return exp.cast(_column(field), "TEXT")


def _is_one_of(field: Field, values: Sequence[Any]) -> exp.Expr:
    """Numbers are compared as numbers and truths as truths; everything else as text."""
    if field.type in {"integer", "number"} and all(isinstance(v, int | float) for v in values):
        return exp.In(this=_column(field), expressions=[exp.Literal.number(str(v)) for v in values])
    if field.type == "boolean" and all(isinstance(v, bool) for v in values):
        return exp.In(this=_column(field), expressions=[exp.Boolean(this=v) for v in values])
    return exp.In(this=_as_text(field), expressions=[exp.Literal.string(str(v)) for v in values])


def _repeated(field: Field) -> exp.Expr:
    column = _column(field)
    return exp.Sub(this=exp.Count(this=column), expression=exp.Count(this=exp.Distinct(expressions=[column.copy()])))


def _together(feed: Feed, rule: Quality) -> Measure:
    """Several fields that must be unique together, as one text: each part after its length, so that none runs into another."""
    joined: exp.Expr | None = None
    for name in rule.arguments["properties"]:
        part = _counted_text(feed.fields[name])
        joined = exp.DPipe(this=joined, expression=part, safe=True) if joined else part
    distinct = exp.Count(this=exp.Distinct(expressions=[joined]))
    return Measure("duplicateValues", exp.Sub(this=exp.Count(this=exp.Star()), expression=distinct), rule=rule)


def _counted_text(field: Field) -> exp.Expr:
    length = exp.cast(exp.Length(this=_as_text(field)), "TEXT")
    counted = exp.DPipe(this=length, expression=exp.Literal.string(":"), safe=True)
    whole = exp.DPipe(this=counted, expression=_as_text(field), safe=True)
    return exp.Coalesce(this=whole, expressions=[exp.Literal.string("-")])


def _written(feed: Feed, field: Field | None, rule: Quality, dialect: str) -> Statement:
    rows = f"({feed.query})" if feed.query else _table(feed).sql(dialect=dialect)
    sql = OBJECT.sub(lambda _: rows, rule.query)
    if field:
        sql = PROPERTY.sub(lambda _: exp.to_identifier(field.column, quoted=True).sql(dialect=dialect), sql)
    if rest := re.search(r"\$?\{[A-Za-z]\w*\}", sql):
        raise ContractError(
            f"A quality rule of {feed.name} holds {rest[0]}, which means nothing there.",
            todo="Write {object} for the feed's table and, at a field, {property} for its column.",
            place=rule.place,
            code="T211",
        )
    return Statement(sql, {}, dialect, (Column("m0", "number"),))


def _none_null(field: Field) -> Quality:
    what = "is missing" if field.role is not Role.KEY else "is missing, so nobody could tell whose row it is"
    return Quality("nullValues", "mustBe", 0.0, business=f"“{field.business_name}” {what}", place=field.place)


def _unreadable(field: Field) -> exp.Expr:
    column = _column(field)
    kept = exp.EQ(this=exp.Anonymous(this="TYPEOF", expressions=[column]), expression=exp.Literal.string("text"))
    read = exp.Anonymous(this="DATE", expressions=[column.copy()])
    return exp.and_(kept, exp.Is(this=read, expression=exp.null()))


def _all_readable(field: Field) -> Quality:
    like = "2026-01-31" if field.type == "date" else "2026-01-31 09:30:00"
    said = f"not written like {like}, so no rule would find it"
    return Quality("invalidValues", "mustBe", 0.0, business=said, place=field.place)


def _none_repeated(field: Field) -> Quality:
    return Quality("duplicateValues", "mustBe", 0.0, business=f"“{field.business_name}” repeats", place=field.place)


def own_query(feed: Feed, dialect: str) -> exp.Query:
    """IT's own SELECT of a feed, parsed. The guard has the last word on it where it runs."""
    parsed = sqlglot.parse_one(feed.query, read=dialect)
    if not isinstance(parsed, exp.Query):
        raise ContractError(
            f"The query of {feed.name} is not a SELECT.", place=feed.place, todo="Write one SELECT.", code="T216"
        )
    return parsed
