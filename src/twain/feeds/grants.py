"""The grants that follow from a contract: what IT runs so that Twain's login reads what is reviewed, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from twain.errors import ContractError
from twain.records import Feed


def grants(feed: Feed, role_name: str, dialect: str = "postgres", others: Iterable[Feed] = ()) -> list[str]:
    """The statements by which IT gives Twain's database role exactly what this contract shows, and nothing else.

    PostgreSQL: SELECT on the reviewed columns of the table (a query's tables as a whole: a view is narrower). What *others*,
    the source's other feeds, need of the same table stays granted. Databases without roles (DuckDB, SQLite) need none: there
    the list is empty. Raises ContractError for a query that is no SQL.
    """
    if dialect not in {"postgres", "postgresql"}:
        return []
    role = _quoted(role_name)
    if feed.query:
        made = [s for table in _tables(feed) for s in (*_usage(table, role), _whole(table, role))]
    else:
        made = list(_of_table(feed, role, [f for f in others if f.source == feed.source and f.name != feed.name]))
    return list(dict.fromkeys(made))


def _of_table(feed: Feed, role: str, others: list[Feed]) -> Iterator[str]:
    table = ".".join(_quoted(part) for part in feed.table.split("."))
    yield from _usage(table, role)
    if any(table in _tables(other) for other in others if other.query):
        yield _whole(table, role)
        return
    feeds = [feed, *(other for other in others if other.table == feed.table)]
    columns = dict.fromkeys(_quoted(field.column) for one in feeds for field in one.fields.values())
    yield f"REVOKE ALL ON {table} FROM {role};"
    if columns:
        yield f"GRANT SELECT ({', '.join(columns)}) ON {table} TO {role};"


def _whole(table: str, role: str) -> str:
    return f"GRANT SELECT ON {table} TO {role};"


def _usage(table: str, role: str) -> list[str]:
    parts = exp.to_table(table, dialect="postgres")
    return [f"GRANT USAGE ON SCHEMA {_quoted(parts.db)} TO {role};"] if parts.db else []


def _quoted(name: str) -> str:
    return exp.to_identifier(name, quoted=True).sql("postgres")


def _tables(feed: Feed) -> list[str]:
    try:
        tree = sqlglot.parse_one(feed.query, read="postgres")
    except SqlglotError as error:
        raise ContractError(
            f"The query of {feed.name} cannot be read as SQL.", todo="Correct twain.query.", place=feed.place
        ) from error
    shadowed = {cte.alias for cte in tree.find_all(exp.CTE)}
    named = [t for t in tree.find_all(exp.Table) if t.name and (t.db or t.name not in shadowed)]
    return sorted(
        {exp.table_(t.this, t.args.get("db"), t.args.get("catalog")).sql("postgres", identify=True) for t in named}
    )
