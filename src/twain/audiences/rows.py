"""Rows of any feed that belong to given keys: what came after a message (an order), by the audience's own rule language.

Unlike an audience it has no address: nothing but the key and the fields asked for is read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlglot import exp

from twain.audiences.conditions import Scope, condition, only_keys
from twain.audiences.dialects import cast
from twain.audiences.parse import Parser, Spot, permitted
from twain.audiences.shadows import start
from twain.records import Column, Feed, Right, Statement


def compile_rows(  # noqa: PLR0913 — as compile_audience
    tree: Mapping[str, Any],
    link: str,
    keys: Sequence[str],
    *,
    feed: Feed,
    feeds: Mapping[str, Feed],
    fields: Mapping[str, str],
    dialect: str,
    today: date,
    where: str = "rows",
) -> Statement:
    """Rows of *feed* for which the rule *tree* holds and whose *link* is one of *keys* (text): ``key`` (text) and *fields*.

    *fields*: output column → field, each with the right to personalise, since its value leaves the database. *where* begins
    the path of every error. Raises RuleError (T410–T416).
    """
    spot = Spot(feed, where, root=False)  # as over a related feed: no audiences, no fragments, no tests on past sends
    rule = Parser(feeds, {}, {}, dialect).rule(tree, spot)
    shown = {name: permitted(spot, one, Right.PERSONALISE, "show") for name, one in fields.items()}
    scope = Scope(start(dialect, feeds, today), feed, "a")
    people = exp.Select().from_(scope.draft.source(feed, scope.alias), copy=False)
    people = people.where(condition(rule, scope), _linked(scope, link, keys), copy=False)
    text = exp.alias_(cast(scope.column(link), "TEXT"), "key", quoted=True, copy=False)
    outputs = [exp.alias_(scope.column(f.name), name, quoted=True, copy=False) for name, f in shown.items()]
    query = people.select(text, *outputs, copy=False)
    query.set("with_", exp.With(expressions=scope.draft.expressions()))
    columns = [Column("key", "string", (), feed.name, link, nullable=False)]
    columns += [Column(name, f.type, (), feed.name, f.name, nullable=not f.required) for name, f in shown.items()]
    return Statement(
        sql=query.sql(dialect=dialect, copy=False),
        params=scope.draft.params,
        dialect=dialect,
        columns=tuple(columns),
        lineage=scope.draft.lineage(),
    )


def _linked(scope: Scope, link: str, keys: Sequence[str]) -> exp.Expr:
    field = scope.feed.fields[link]
    names = only_keys(scope.draft, scope.feed, keys, link)
    if not names:
        return exp.false()
    column = scope.column(link)
    compared = column if field.type in ("string", "integer") else cast(column, "TEXT")
    return exp.In(this=compared, expressions=[exp.Placeholder(this=name) for name in names])
