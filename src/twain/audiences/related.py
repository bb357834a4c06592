"""Related data for a template, in the audience's own statement: the first rows by an order as JSON, or one aggregate.

Each becomes a query of one row per recipient, joined to the audience from the left; plain aggregates over the same rows
share one. Only rows that belong to somebody in the audience are read.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlglot import exp

from twain.audiences.conditions import Scope, condition
from twain.audiences.dialects import cast
from twain.audiences.parse import Parser, Spot, permitted, unknown_relation
from twain.audiences.shadows import Draft
from twain.errors import RuleError
from twain.records import Column, Feed, Field, FieldType, RelatedColumn, Relation, Right

AUDIENCE = "twain_audience"
_KEY = "twain_key"
_NUMBER = "twain_number"
_MOST_ROWS = 100
_MOST_FIELDS = 40

_AGGREGATES: Mapping[str, type[exp.AggFunc]] = {"sum": exp.Sum, "min": exp.Min, "max": exp.Max, "avg": exp.Avg}


@dataclass(slots=True)
class Joined:
    """One query joined to the audience, and what is taken out of it: (output column, its value) pairs."""

    alias: str
    relation: Relation
    query: exp.Select
    outputs: list[tuple[Column, exp.Expr]] = field(default_factory=list)

    def take(self, column: Column, inner: str, otherwise: exp.Expr | None = None) -> None:
        """Put out the query's column *inner* as *column*; *otherwise* for recipients without any related row."""
        value: exp.Expr = exp.column(inner, self.alias, quoted=True)
        self.outputs.append((column, exp.Coalesce(this=value, expressions=[otherwise]) if otherwise else value))


@dataclass(frozen=True, slots=True)
class Wanted:
    """One RelatedColumn, its names and rights checked."""

    spec: RelatedColumn
    relation: Relation
    feed: Feed
    fields: tuple[Field, ...]
    order: Field | None
    descending: bool

    @property
    def type(self) -> FieldType:
        """The type of an aggregate's result."""
        if self.spec.aggregate == "count":
            return "integer"
        return "number" if self.spec.aggregate == "avg" else self.fields[0].type


def want(spec: RelatedColumn, feed: Feed, feeds: Mapping[str, Feed], right: Right) -> Wanted:
    """Check what a template wants of a related feed. Raises RuleError (T410 field, T413 relation, T417 shape)."""
    spot = Spot(feed, f"related.{spec.name}", root=False)
    relation = feed.relations.get(spec.relation)
    if relation is None or relation.feed not in feeds:
        raise unknown_relation(spot, spec.relation)
    other = Spot(feeds[relation.feed], spot.path, root=False)
    _check_shape(spec, spot)
    names = (spec.field,) if spec.field else spec.fields
    shown = tuple(permitted(other, name, right, "show") for name in names)
    _check_types(spec, shown, spot)
    order = permitted(other, spec.order.removeprefix("-"), Right.FILTER, "order by") if spec.order else None
    return Wanted(spec, relation, other.feed, shown, order, spec.order.startswith("-"))


def _check_shape(spec: RelatedColumn, spot: Spot) -> None:
    wrong = ""
    if spec.aggregate and (spec.fields or spec.limit):
        wrong = "an aggregate takes field, not fields and limit"
    elif spec.aggregate and bool(spec.field) == (spec.aggregate == "count"):
        wrong = "count takes no field, every other aggregate takes one"
    elif spec.aggregate == "latest" and not spec.order:
        wrong = "latest needs order, the date by which"
    elif spec.aggregate not in ("", "count", "latest", "most_frequent", *_AGGREGATES):
        wrong = f"{spec.aggregate!r} is no aggregate"
    elif not spec.aggregate and not (0 < len(spec.fields) <= _MOST_FIELDS and 0 < spec.limit <= _MOST_ROWS):
        wrong = f"rows need fields (at most {_MOST_FIELDS}) and a limit from 1 to {_MOST_ROWS}"
    if wrong:
        raise spot.fail(f"{wrong}.", "T417", 'Write fields, order and limit; or aggregate (and its field): "count", …')


def _check_types(spec: RelatedColumn, shown: Sequence[Field], spot: Spot) -> None:
    kinds = {"sum": ("integer", "number"), "avg": ("integer", "number")}
    for one in shown:
        if one.type not in kinds.get(spec.aggregate, (one.type,)) or (
            spec.aggregate in ("min", "max") and one.type == "boolean"
        ):
            raise spot.fail(f"{spec.aggregate} does not go with {one.name}, a {one.type}.", "T417", "Choose another.")


@dataclass(frozen=True, slots=True)
class RelatedData:
    """Writes the joins of one statement."""

    draft: Draft

    def joins(self, wanted: Sequence[Wanted]) -> Iterator[Joined]:
        """One Joined for each distinct reading of related rows."""
        shared: dict[str, Joined] = {}
        for want_ in wanted:
            if want_.spec.aggregate in ("count", *_AGGREGATES):
                self._aggregate(want_, shared)
            elif want_.spec.aggregate == "latest":
                yield self._latest(want_)
            elif want_.spec.aggregate == "most_frequent":
                yield self._most_frequent(want_)
            else:
                yield self._rows(want_)
        yield from shared.values()

    def _aggregate(self, wanted: Wanted, shared: dict[str, Joined]) -> None:
        spec = wanted.spec
        reading = json.dumps([spec.relation, spec.where], sort_keys=True, default=str)
        if reading not in shared:
            rows, scope = self._reading(wanted)
            grouped = rows.group_by(scope.column(wanted.relation.other_field), copy=False)
            shared[reading] = self._joined(wanted, grouped, scope.alias)
        joined = shared[reading]
        inner = f"value{len(joined.outputs) + 1}"
        value = self._value(wanted, Scope(self.draft, wanted.feed, joined.alias + "_rows"))
        joined.query.select(exp.alias_(value, inner, quoted=True), copy=False)
        zero = exp.Literal.number(0) if spec.aggregate in ("count", "sum") else None
        joined.take(_column(wanted), inner, zero)

    def _value(self, wanted: Wanted, scope: Scope) -> exp.Expr:
        if wanted.spec.aggregate == "count":
            return exp.Count(this=exp.Star())
        column: exp.Expr = scope.column(wanted.spec.field)
        if wanted.spec.aggregate in ("min", "max"):
            column = self.draft.dialect.comparable(column, wanted.fields[0])
        value = _AGGREGATES[wanted.spec.aggregate](this=column)
        if wanted.spec.aggregate == "sum" and wanted.type == "integer":
            return cast(value, "BIGINT")
        return cast(value, "DOUBLE") if wanted.spec.aggregate == "avg" else value

    def _latest(self, wanted: Wanted) -> Joined:
        numbered = self._numbered(wanted, newest=True)
        query = _picked(numbered, exp.EQ, exp.Literal.number(1)).select(
            exp.column(_KEY, quoted=True), exp.column(wanted.spec.field, quoted=True), copy=False
        )
        joined = self._joined(wanted, query)
        joined.take(_column(wanted), wanted.spec.field)
        return joined

    def _rows(self, wanted: Wanted) -> Joined:
        items = tuple(_item(wanted.feed, f) for f in wanted.fields)
        limit = self.draft.bind(wanted.spec.limit)
        first = _picked(self._numbered(wanted), exp.LTE, limit).select(exp.Star(), copy=False)
        in_order = [exp.column(name, quoted=True) for name in (_KEY, _NUMBER)]
        if not self.draft.dialect.joins_exists:
            first = first.order_by(*in_order, copy=False)
        value = self.draft.dialect.rows(items, "rows_", exp.column(_NUMBER, "rows_", quoted=True))
        query = exp.select(exp.column(_KEY, quoted=True), exp.alias_(value, "value", quoted=True))
        query = query.from_(first.subquery("rows_", copy=False)).group_by(exp.column(_KEY, quoted=True), copy=False)
        joined = self._joined(wanted, query)
        joined.take(_column(wanted, items), "value", exp.Literal.string("[]"))
        return joined

    def _most_frequent(self, wanted: Wanted) -> Joined:
        rows, scope = self._reading(wanted)
        column, link = scope.column(wanted.spec.field), scope.column(wanted.relation.other_field)
        known = exp.not_(exp.Is(this=column.copy(), expression=exp.null()), copy=False)
        counted = rows.select(
            exp.alias_(column, "value", quoted=True),
            exp.alias_(exp.Count(this=exp.Star()), "amount", quoted=True),
            copy=False,
        ).where(known, copy=False)
        counted = counted.group_by(link, column.copy(), copy=False)
        value = self.draft.dialect.comparable(exp.column("value", "c", quoted=True), wanted.fields[0])
        number = _number(
            exp.column(_KEY, "c", quoted=True),
            [_sorted(exp.column("amount", "c", quoted=True), desc=True), _sorted(value)],
        )
        numbered = exp.select(exp.Star(), number).from_(counted.subquery("c", copy=False))
        query = _picked(numbered, exp.EQ, exp.Literal.number(1)).select(
            exp.column(_KEY, quoted=True), exp.column("value", quoted=True), copy=False
        )
        joined = self._joined(wanted, query)
        joined.take(_column(wanted), "value")
        return joined

    def _numbered(self, wanted: Wanted, *, newest: bool = False) -> exp.Select:
        """Related rows with their number in the wanted order; those equal in it stand in the order of their key."""
        rows, scope = self._reading(wanted)
        order = []
        if wanted.order is not None:
            column = self.draft.dialect.comparable(scope.column(wanted.order.name), wanted.order)
            order.append(_sorted(column, desc=wanted.descending or newest))
        key = self.draft.dialect.comparable(scope.column(wanted.feed.key), wanted.feed.fields[wanted.feed.key])
        order.append(_sorted(key, desc=newest))
        number = _number(scope.column(wanted.relation.other_field), order)
        return rows.select(*(scope.column(f.name) for f in wanted.fields), number, copy=False)

    def _reading(self, wanted: Wanted) -> tuple[exp.Select, Scope]:
        """Rows that belong to the audience and fulfil *where*, with the audience's key; and their scope."""
        alias = self.draft.alias("related")
        scope = Scope(self.draft, wanted.feed, alias + "_rows")
        link = scope.column(wanted.relation.other_field)
        rows = exp.select(exp.alias_(link, _KEY, quoted=True)).from_(self.draft.source(wanted.feed, scope.alias))
        people = exp.select(exp.column(join_name(wanted.relation), quoted=True)).from_(
            exp.to_identifier(AUDIENCE, quoted=True)
        )
        rows = rows.where(exp.In(this=link.copy(), query=people.subquery(copy=False)), copy=False)
        if wanted.spec.where is not None:
            rows = rows.where(condition(self._where(wanted), scope), copy=False)
        return rows, scope

    def _where(self, wanted: Wanted) -> Any:  # noqa: ANN401
        spot = Spot(wanted.feed, f"related.{wanted.spec.name}.where", root=False)
        return Parser(self.draft.feeds, {}, {}, self.draft.dialect.name).rule(wanted.spec.where, spot)

    def _joined(self, wanted: Wanted, query: exp.Select, rows: str = "") -> Joined:
        alias = rows.removesuffix("_rows") or self.draft.alias("related")
        return Joined(alias, wanted.relation, query)


def join_name(relation: Relation) -> str:
    """The name under which the audience carries the field that related rows are joined by."""
    return f"twain_join_{relation.field}"


def join_on(joined: Joined, audience: str) -> exp.Expr:
    """The join's condition."""
    return exp.EQ(
        this=exp.column(_KEY, joined.alias, quoted=True),
        expression=exp.column(join_name(joined.relation), audience, quoted=True),
    )


def _picked(numbered: exp.Select, compare: type[exp.Binary], limit: exp.Expr) -> exp.Select:
    picked = exp.Select().from_(numbered.subquery("numbered", copy=False), copy=False)
    return picked.where(compare(this=exp.column(_NUMBER, quoted=True), expression=limit), copy=False)


def _number(key: exp.Expr, order: list[exp.Ordered]) -> exp.Expr:
    window = exp.Window(this=exp.RowNumber(), partition_by=[key], order=exp.Order(expressions=order))
    return exp.alias_(window, _NUMBER, quoted=True)


def _sorted(column: exp.Expr, *, desc: bool = False) -> exp.Ordered:
    return exp.Ordered(this=column, desc=desc, nulls_first=False)


def _item(feed: Feed, f: Field) -> Column:
    return Column(f.name, f.type, feed=feed.name, field=f.name, nullable=not f.required)


def _column(wanted: Wanted, items: tuple[Column, ...] = ()) -> Column:
    spec = wanted.spec
    if items:
        return Column(spec.name, "rows", items, feed=wanted.feed.name, nullable=False)
    return Column(
        spec.name, wanted.type, feed=wanted.feed.name, field=spec.field, nullable=spec.aggregate not in ("count", "sum")
    )


def check_names(columns: Sequence[Column]) -> None:
    """Raise RuleError (T417) when two output columns have one name."""
    seen: set[str] = set()
    for column in columns:
        if column.name in seen:
            raise RuleError(
                f"Two columns are called {column.name!r}.",
                code="T417",
                todo="Give the related data, or the field in its contract, another name "
                "(key, address, consent, timezone, language and consent_at are taken).",
            )
        seen.add(column.name)
