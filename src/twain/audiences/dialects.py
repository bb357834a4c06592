"""What DuckDB, PostgreSQL and SQLite say differently; everything else SQLGlot writes from one tree.

A fourth database is one more subclass here (and its Source).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from sqlglot import exp

from twain.errors import RuleError
from twain.records import Column, Field, Scalar


def cast(value: exp.Expr, kind: str) -> exp.Expr:
    """A cast to a plain type, built without SQLGlot parsing its name each time."""
    return exp.Cast(this=value, to=exp.DataType(this=exp.DType[kind]))


class Dialect:
    """DuckDB's words, from which the others differ."""

    name = "duckdb"
    #: Whether ``EXISTS`` against the outer row becomes a semi-join; else ``IN`` over a list made once.
    joins_exists = True

    def shadow(self, field: Field) -> exp.Expr:
        """A column as its contract's type has it: text is text (not an enum or uuid), a date has no time of day."""
        column = exp.column(exp.to_identifier(field.column, quoted=True))
        kind = {"string": "TEXT", "date": "DATE"}.get(field.type)
        return cast(column, kind) if kind else column

    def table(self, name: str) -> exp.Table:
        """A table by its contract's name: ``table``, ``schema.table`` or ``catalog.schema.table``."""
        parts = [exp.to_identifier(part, quoted=True) for part in name.split(".")]
        args = dict(zip(("this", "db", "catalog"), reversed(parts), strict=False))
        return exp.Table(**args)

    def value(self, value: Scalar) -> Scalar:
        """A value as it is bound."""
        return value

    def comparable(self, column: exp.Expr, field: Field) -> exp.Expr:
        """A column, to be ordered or compared by code point."""
        del field
        return column

    def contains(self, column: exp.Expr, part: exp.Expr) -> exp.Expr:
        """Whether text holds *part*."""
        return exp.GT(this=exp.StrPosition(this=column, substr=part), expression=exp.Literal.number(0))

    def starts_with(self, column: exp.Expr, part: exp.Expr) -> exp.Expr:
        """Whether text begins with *part*."""
        return exp.StartsWith(this=column, expression=part)

    def ends_with(self, column: exp.Expr, part: exp.Expr) -> exp.Expr:
        """Whether text ends with *part*."""
        tail = exp.Right(this=column, expression=exp.Length(this=part.copy()))
        return exp.EQ(this=tail, expression=part)

    def date_part(self, part: str, column: exp.Expr) -> exp.Expr:
        """``month`` or ``day`` of a date, as a whole number."""
        return exp.Extract(this=exp.var(part.upper()), expression=column)

    def rows(self, columns: Sequence[Column], alias: str, number: exp.Expr) -> exp.Expr:
        """All rows of a group as one JSON text: a list of objects, ordered by *number*."""
        pairs = [
            exp.PropertyEQ(
                this=exp.to_identifier(c.name, quoted=True), expression=exp.column(c.name, alias, quoted=True)
            )
            for c in columns
        ]
        ordered = exp.Order(
            this=exp.Struct(expressions=pairs), expressions=[exp.Ordered(this=number, nulls_first=False)]
        )
        return cast(exp.func("TO_JSON", exp.ArrayAgg(this=ordered), dialect=self.name), "TEXT")


class Postgres(Dialect):
    """PostgreSQL 12 and newer."""

    name = "postgres"

    def comparable(self, column: exp.Expr, field: Field) -> exp.Expr:
        """Order by code point: a database's own collation differs from the next one's."""
        return (
            exp.Collate(this=column, expression=exp.to_identifier("C", quoted=True))
            if field.type == "string"
            else column
        )

    def rows(self, columns: Sequence[Column], alias: str, number: exp.Expr) -> exp.Expr:
        """``json_agg`` of objects."""
        pairs: list[exp.Expr] = []
        for column in columns:
            pairs += [exp.Literal.string(column.name), exp.column(column.name, alias, quoted=True)]
        built = exp.func("JSON_BUILD_OBJECT", *pairs, dialect=self.name)
        ordered = exp.Order(this=built, expressions=[exp.Ordered(this=number, nulls_first=False)])
        return cast(exp.Anonymous(this="JSON_AGG", expressions=[ordered]), "TEXT")


class SQLite(Dialect):
    """SQLite 3.35 and newer: dates are ISO text, truth is 0 and 1, and LIKE ignores case, so it is not used."""

    name = "sqlite"
    joins_exists = False

    def shadow(self, field: Field) -> exp.Expr:
        """Dates and timestamps in one spelling, whichever the table has; one with an offset becomes UTC."""
        column = exp.column(exp.to_identifier(field.column, quoted=True))
        if field.type == "date":
            return exp.Anonymous(this="DATE", expressions=[column])
        if field.type == "timestamp":
            return exp.Anonymous(this="STRFTIME", expressions=[exp.Literal.string("%Y-%m-%d %H:%M:%f"), column])
        return column

    def table(self, name: str) -> exp.Table:
        """As above, always with its schema: a bare name could mean the common table expression around it."""
        return super().table(name if "." in name else f"main.{name}")

    def value(self, value: Scalar) -> Scalar:
        """Dates as the text that ``shadow`` makes of columns."""
        if isinstance(value, datetime):
            return value.isoformat(" ", "milliseconds")
        return value.isoformat() if isinstance(value, date) else value

    def starts_with(self, column: exp.Expr, part: exp.Expr) -> exp.Expr:
        """By substring."""
        one = exp.Literal.number(1)
        head = exp.Substring(this=column, start=one, length=exp.Length(this=part.copy()))
        return exp.EQ(this=head, expression=part)

    def ends_with(self, column: exp.Expr, part: exp.Expr) -> exp.Expr:
        """By substring from the end."""
        tail = exp.Substring(this=column, start=exp.Neg(this=exp.Length(this=part.copy())))
        return exp.EQ(this=tail, expression=part)

    def date_part(self, part: str, column: exp.Expr) -> exp.Expr:
        """Out of the ISO text."""
        start = exp.Literal.number(6 if part == "month" else 9)
        return cast(exp.Substring(this=column, start=start, length=exp.Literal.number(2)), "INT")

    def rows(self, columns: Sequence[Column], alias: str, number: exp.Expr) -> exp.Expr:
        """``json_group_array``, which takes the order its (numbered, sorted) rows come in."""
        del number
        pairs: list[exp.Expr] = []
        for column in columns:
            pairs += [exp.Literal.string(column.name), self._json(column, alias)]
        built = exp.Anonymous(this="JSON_OBJECT", expressions=pairs)
        return exp.Anonymous(this="JSON_GROUP_ARRAY", expressions=[built])

    def _json(self, column: Column, alias: str) -> exp.Expr:
        value = exp.column(column.name, alias, quoted=True)
        if column.type != "boolean":
            return value
        truth = exp.Case().when(value.copy(), exp.Literal.string("true")).else_(exp.Literal.string("false"))
        known = (
            exp.Case()
            .when(exp.Is(this=value.copy(), expression=exp.Null()).not_(), truth)
            .else_(exp.Literal.string("null"))
        )
        return exp.Anonymous(this="JSON", expressions=[known])


def dialect_named(name: str) -> Dialect:
    """The dialect of a source. Raises RuleError for one that audiences cannot be written in."""
    for kind in (Dialect, Postgres, SQLite):
        if kind.name == name:
            return kind()
    raise RuleError(
        f"Audiences cannot be written for a {name} source.", todo="Use a duckdb, postgres or sqlite source."
    )
