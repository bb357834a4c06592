"""Bound parameters found in SQL by tokens: never inside a text, a quoted name or a comment."""

from __future__ import annotations

from collections.abc import Collection

import sqlglot
from sqlglot import exp

from twain.errors import GuardError
from twain.feeds.engine import Ref


def split(sql: str, dialect: str, names: Collection[str]) -> tuple[str | Ref, ...]:
    """Cut *sql* at the placeholders of *names* as the dialect writes them: ``$p0``, ``%(p0)s``, ``:p0``."""
    markers = {exp.Placeholder(this=name).sql(dialect=dialect): name for name in names}
    tokens = sqlglot.tokenize(sql, read=dialect)
    ends = {token.end + 1 for token in tokens}
    parts: list[str | Ref] = []
    done = 0
    for token in tokens:
        if token.start < done:
            continue
        for marker, name in markers.items():
            end = token.start + len(marker)
            if end in ends and sql.startswith(marker, token.start):
                parts += [sql[done : token.start], Ref(name)]
                done = end
                break
    return (*parts, sql[done:])


def refuse_unbound(tree: exp.Expr, names: Collection[str]) -> None:
    """Every placeholder of the statement has a value. Raises GuardError naming those that have none."""
    asked = {str(node.name) for node in tree.find_all(exp.Placeholder, exp.Parameter)}
    if missing := sorted(asked - set(names)):
        raise GuardError(f"No value is bound to the parameter {', '.join(missing)}.", code="T338")
