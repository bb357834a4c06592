"""A contract against the table as the database has it now. T221 gone, T222 type, T223 a promise the table does not keep.

T223 is advice for IT: a table could declare NOT NULL, and does not. A view or a query can declare nothing, so there it would be
noise: whether a required field is there in every row is counted before each send, in the very transaction that reads it.
"""

from __future__ import annotations

from collections.abc import Mapping

from twain.feeds.names import nearest
from twain.ports import LiveColumn, LiveTable
from twain.records import Feed, Field, Problem, Role

#: What may be read as what without loss: contract's type → live types that serve it.
_SERVES = {
    "string": {"string"},
    "integer": {"integer"},
    "number": {"number", "integer"},
    "boolean": {"boolean"},
    "date": {"date"},
    "timestamp": {"timestamp"},
}


#: What SQLite has no type for: it keeps dates as text, yes and no as 1 and 0, and is read as the contract says.
_IN_SQLITE = {"date": {"string"}, "timestamp": {"string"}, "boolean": {"integer"}}


def compare_live(feed: Feed, live: LiveTable, dialect: str = "") -> list[Problem]:
    """What has changed in the database since the contract was written, for the fields that people use.

    SQLite's declared types bind nothing (values are read as the contract says), so there a type only warns; and a date in text or
    a truth in whole numbers is nothing to warn of, for SQLite has no other.
    """
    columns = {c.name: c for c in live.columns}
    folded = {} if dialect == "postgres" else _unambiguous(live)
    problems: list[Problem] = []
    for field in feed.fields.values():
        column = columns.get(field.column) or folded.get(field.column.casefold())
        if column is None:
            problems.append(_gone(feed, field, columns))
        else:
            problems += _differences(feed, field, column, dialect)
            problems += [] if live.view or feed.query else _undeclared(feed, field, column)
    return problems


def _unambiguous(live: LiveTable) -> Mapping[str, LiveColumn]:
    names = [c.name.casefold() for c in live.columns]
    return {c.name.casefold(): c for c in live.columns if names.count(c.name.casefold()) == 1}


def _gone(feed: Feed, field: Field, columns: Mapping[str, LiveColumn]) -> Problem:
    used = {f.column for f in feed.fields.values()}
    free = [n for n, c in columns.items() if n not in used and field.type in _serving(c)]
    near = nearest(field.column, free, cutoff=0.5)
    what = f"{_table(feed)} has no column {field.column} any more (field {feed.name}.{field.name})."
    keep = f"write physicalName: {near} for the field {field.name}: its name for Marketing stays"
    todo = f"If it is now called {near}, {keep}." if near else _without(field)
    business = (
        f"“{field.business_name}” of {feed.title} is no longer in the database: nothing that uses it can be sent."
    )
    return Problem("error", "T221", what, todo, field.place, business)


def _without(field: Field) -> str:
    if field.role is Role.CONSENT:
        return "Bring the column back, or name the one that says it now: without it, nothing here would say who agreed."
    return f"Bring the column back, or remove the field {field.name}."


def _serving(column: LiveColumn) -> set[str]:
    return {contract for contract, live in _SERVES.items() if column.type in live}


def _differences(feed: Feed, field: Field, column: LiveColumn, dialect: str) -> list[Problem]:
    problems: list[Problem] = []
    strict = dialect != "sqlite"
    more: set[str] = set() if strict else _IN_SQLITE.get(field.type, set())
    if column.type not in _SERVES[field.type] | more:
        what = (
            f"{_table(feed)}.{column.name} is {column.type} ({column.physical_type}); the contract says {field.type}."
        )
        todo = f"Write logicalType: {column.type}, or convert it in a view or twain.query."
        business = f"“{field.business_name}” of {feed.title} now holds another kind of value ({column.type})."
        problems.append(Problem("error" if strict else "warning", "T222", what, todo, field.place, business))
    return problems


def _undeclared(feed: Feed, field: Field, column: LiveColumn) -> list[Problem]:
    if not field.required or not column.nullable or column.primary_key:
        return []
    what = f"{_table(feed)}.{column.name} may be NULL; the contract says required."
    todo = "Declare it NOT NULL in the database (until then, one row without it holds every send), or remove required."
    business = f"“{field.business_name}” of {feed.title} may be missing for some people."
    return [Problem("warning", "T223", what, todo, field.place, business)]


def _table(feed: Feed) -> str:
    return feed.table or f"The query of {feed.name}"
