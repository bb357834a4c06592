"""The guard: an allow-list that every statement passes before it reaches a company's database.

One statement; a SELECT; over listed tables only; of syntax and functions that are listed in ``allowed``. It is the second
wall: the first is the database's own grants and the engine's lockdown. What it lets through is run as it *rendered* it, so
that a comment or a quote that two parsers read differently cannot smuggle anything past.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.scope import traverse_scope
from sqlglot.tokenizer_core import TokenType

from twain.errors import GuardError
from twain.feeds import faults, measures
from twain.feeds.allowed import (
    FUNCTIONS,
    NAMED,
    REFUSED_TYPES,
    SELECT_ARGS,
    SYNTAX,
    SYSTEM_PREFIXES,
    SYSTEM_SCHEMAS,
    TABLE_ARGS,
)
from twain.records import Feed

Name = tuple[str, ...]
_N = TypeVar("_N", bound=exp.Expr)
_LONGEST = 400_000
_STAND_IN = "twain_the_feed_itself"
_STARTS = frozenset({TokenType.SELECT, TokenType.WITH, TokenType.L_PAREN})


def check(sql: str, dialect: str, relations: Iterable[Name | str], *, source: str = "the database") -> exp.Query:
    """The statement's syntax tree, found fit to run. *relations*: the tables it may read (``schema.table`` or parts).

    Raises GuardError: T331 not one readable statement, T332 not a SELECT, T333 a table that is not listed, T334 a
    function that is not listed, T335 syntax that is not listed.
    """
    try:
        tree = _single_select(sql, dialect)
        listed = frozenset(as_name(relation, dialect) for relation in relations)
        _only_listed(tree, dialect)
        _only_tables(tree, listed, dialect)
        traverse_scope(tree)
    except _Refused as refused:
        raise faults.guarded(f"Source {source!r}", refused.what, refused.code) from None
    except (SqlglotError, RecursionError, ValueError) as error:
        raise faults.guarded(f"Source {source!r}", "it cannot be read unambiguously", "T331") from error
    return tree


def own_query(sql: str, dialect: str) -> str:
    """A query of IT's own, fit to stand in parentheses: guarded over whatever (not system) tables it reads."""
    return check(sql, dialect, tables_of(sql, dialect)).sql(dialect=dialect, comments=False)


def relations(feeds: Iterable[Feed], dialect: str) -> frozenset[Name]:
    """Every table that statements over these feeds may read: the feeds' own, and those of IT's queries."""
    found: set[Name] = set()
    for feed in feeds:
        if feed.table:
            found.add(as_name(feed.table, dialect))
        rules = (*feed.quality, *(rule for field in feed.fields.values() for rule in field.quality))
        for query in (feed.query, *(rule.query for rule in rules)):
            if query:
                found |= _readable_tables(query, dialect)
    return frozenset(found)


def _readable_tables(query: str, dialect: str) -> frozenset[Name]:
    """None for what cannot be read: it will be refused, with the reason, when somebody wants to run it."""
    plain = measures.PROPERTY.sub("x", measures.OBJECT.sub(_STAND_IN, query))
    try:
        return tables_of(plain, dialect) - {(_STAND_IN,)}
    except GuardError:
        return frozenset()


def tables_of(sql: str, dialect: str) -> frozenset[Name]:
    """The real tables a query of IT's reads; system tables are left out, and so are refused later. GuardError: unreadable."""
    try:
        tree = _single_select(sql, dialect)
    except _Refused as refused:
        raise faults.guarded("A feed's query", refused.what, refused.code) from None
    except (SqlglotError, RecursionError, ValueError) as error:
        raise faults.guarded("A feed's query", "it cannot be read unambiguously", "T331") from error
    real = (_table_name(table, dialect) for table in tree.find_all(exp.Table) if not _is_cte(table, dialect))
    return frozenset(name for name in real if name and not _is_system(name))


def as_name(relation: Name | str, dialect: str) -> Name:
    """A listed table as it is compared: its parts, folded where the dialect does not tell capitals apart."""
    parts = relation if isinstance(relation, tuple) else tuple(part.strip('"') for part in relation.split("."))
    return parts if dialect == "postgres" else tuple(part.lower() for part in parts)


class _Refused(Exception):
    def __init__(self, code: str, what: str) -> None:
        super().__init__(what)
        self.code = code
        self.what = what


def _single_select(sql: str, dialect: str) -> exp.Query:
    if len(sql) > _LONGEST:
        raise _Refused("T331", f"it is longer than {_LONGEST} characters")
    if "\x00" in sql:
        raise _Refused("T331", "it holds a NUL character")
    tokens = sqlglot.tokenize(sql, read=dialect)
    if not tokens or tokens[0].token_type not in _STARTS:
        raise _Refused("T332", "it is not a SELECT")
    with _unheard():
        trees = [tree for tree in sqlglot.parse(sql, read=dialect) if tree is not None]
    if len(trees) != 1:
        raise _Refused("T331", f"it is {len(trees)} statements, not one")
    tree = trees[0]
    if not isinstance(tree, exp.Select | exp.SetOperation):
        raise _Refused("T332", "it is not a SELECT")
    return tree


@contextmanager
def _unheard() -> Iterator[None]:
    """SQLGlot logs what it does not know, with the whole statement; here that is no news but a refusal."""
    log = logging.getLogger("sqlglot")
    log.addFilter(_drop)
    try:
        yield
    finally:
        log.removeFilter(_drop)


def _drop(_: logging.LogRecord) -> bool:
    return False


def _only_listed(tree: exp.Query, dialect: str) -> None:
    named = NAMED.get(dialect, frozenset())
    for node in tree.walk():
        kind = type(node).__name__
        if isinstance(node, exp.Anonymous):
            _only_named(node, named)
        elif kind not in SYNTAX and kind not in FUNCTIONS:
            _refuse_kind(node, kind)
        _only_args(node)


def _only_named(node: exp.Anonymous, named: Collection[str]) -> None:
    name = node.name.strip('"').lower()
    if name not in named:
        raise _Refused("T334", f"the function {name[:60]!r} is not on the list")


def _refuse_kind(node: exp.Expr, kind: str) -> None:
    if isinstance(node, exp.Func):
        raise _Refused("T334", f"the function {node.sql_name().lower()!r} is not on the list")
    raise _Refused("T335", f"{kind} is not on the list")


def _only_args(node: exp.Expr) -> None:
    """What hides in a node's options rather than in nodes of its own."""
    if isinstance(node, exp.Select):
        _only_keys(node, SELECT_ARGS, "SELECT")
    elif isinstance(node, exp.Table):
        _only_keys(node, TABLE_ARGS, "a table")
        if not isinstance(node.this, exp.Identifier):
            raise _Refused("T334", "a function stands where a table should")
    elif isinstance(node, exp.With) and node.args.get("recursive"):
        raise _Refused("T335", "WITH RECURSIVE is not on the list")
    elif isinstance(node, exp.CTE) and not isinstance(node.this, exp.Select | exp.SetOperation):
        raise _Refused("T332", "a WITH holds something that is not a SELECT")
    elif isinstance(node, exp.Lateral) and not isinstance(node.this, exp.Subquery):
        raise _Refused("T334", "a function stands where a table should")
    elif isinstance(node, exp.DataType) and _type_name(node) in REFUSED_TYPES:
        raise _Refused("T335", "a cast to this type is not on the list")
    elif isinstance(node, exp.Identifier) and any(ord(c) < 32 for c in node.name):
        raise _Refused("T335", "a name holds a control character")


def _only_keys(node: exp.Expr, keys: frozenset[str], what: str) -> None:
    if extra := sorted(key for key, value in node.args.items() if value and key not in keys):
        raise _Refused("T335", f"{what} may not say {extra[0].strip('_').upper()}")


def _type_name(node: exp.DataType) -> str:
    return str(getattr(node.this, "name", node.this)).upper()


def _only_tables(tree: exp.Query, listed: frozenset[Name], dialect: str) -> None:
    for table in tree.find_all(exp.Table):
        if _is_cte(table, dialect):
            continue
        name = _table_name(table, dialect)
        if _is_system(name) or not (name in listed or _unqualified(name, dialect) in listed):
            raise _Refused("T333", f"the table {'.'.join(name)[:80]!r} belongs to none of the feeds there")


def _table_name(table: exp.Table, dialect: str) -> Name:
    parts = [
        part
        for part in (table.args.get("catalog"), table.args.get("db"), table.this)
        if isinstance(part, exp.Identifier)
    ]
    return tuple(_folded(part, dialect) for part in parts)


def _folded(identifier: exp.Identifier, dialect: str) -> str:
    keeps = dialect == "postgres" and identifier.args.get("quoted")
    return identifier.name if keeps else identifier.name.lower()


def _unqualified(name: Name, dialect: str) -> Name:
    """``main.t`` is ``t`` where ``main`` is always the default; PostgreSQL's search path is not ours to know."""
    return name[-1:] if dialect in {"sqlite", "duckdb"} and name[:-1] == ("main",) else name


def _is_system(name: Name) -> bool:
    lowered = [part.lower() for part in name]
    return not lowered or any(p in SYSTEM_SCHEMAS for p in lowered[:-1]) or lowered[-1].startswith(SYSTEM_PREFIXES)


def _is_cte(table: exp.Table, dialect: str) -> bool:
    """Whether a name means a WITH that is in sight, by SQL's own rule: earlier ones only, and never itself."""
    if table.args.get("db") or not isinstance(table.this, exp.Identifier):
        return False
    name = _folded(table.this, dialect)
    inner: exp.Expr = table
    while (outer := inner.parent) is not None:
        if isinstance(outer, exp.With):
            visible = outer.expressions[: _position(outer, inner)]
            outer_query = outer.parent
        else:
            with_ = outer.args.get("with_")
            visible, outer_query = (with_.expressions if with_ else []), outer
        if any(_folded(cte.args["alias"].this, dialect) == name for cte in visible):
            return True
        inner = outer_query if isinstance(outer, exp.With) and outer_query is not None else outer
    return False


def _position(with_: exp.With, cte: exp.Expr) -> int:
    return next((i for i, one in enumerate(with_.expressions) if one is cte), 0)
