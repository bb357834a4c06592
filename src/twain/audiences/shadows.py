"""The feeds of a statement, each shadowed by a common table expression of permitted columns under their logical names.

Rule, related data and fragments read these only. Whatever a statement says (``select customers``, ``to_json(customers)``,
``*``), it cannot reach a column that is not projected here. What is read is written down as lineage.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError

from twain.audiences.dialects import Dialect, dialect_named
from twain.audiences.fragments import parse_fragment, tables
from twain.errors import RuleError
from twain.records import Feed, Field, Right, Scalar

_PREFIX = "twain_"
_FOR_FRAGMENTS = "filterable_"


@dataclass(slots=True)
class Draft:
    """One statement being written: its parameters, the feeds it reads and which of their fields, its fragments."""

    dialect: Dialect
    feeds: Mapping[str, Feed]
    today: date
    local_dates: Mapping[str, date]
    params: dict[str, Scalar] = field(default_factory=dict)
    reads: dict[str, dict[str, Field]] = field(default_factory=dict)
    fragments: dict[str, exp.Query] = field(default_factory=dict)
    fragment_feeds: dict[str, Feed] = field(default_factory=dict)
    aliases: int = 0
    only: tuple[str, ...] | None = None  # the parameters that hold the only keys wanted; None: everybody

    def bind(self, value: Scalar) -> exp.Expr:
        """A placeholder for a value; no value ever stands in the SQL itself."""
        name = f"p{len(self.params)}"
        self.params[name] = self.dialect.value(value)
        return exp.Placeholder(this=name)

    def alias(self, stem: str) -> str:
        """A name that no other part of the statement has."""
        self.aliases += 1
        return f"{stem}{self.aliases}"

    def source(self, feed: Feed, alias: str) -> exp.Table:
        """The feed's shadow, to select from."""
        self.reads.setdefault(feed.name, {})
        return exp.table_(_PREFIX + feed.name, alias=alias, quoted=True)

    def column(self, feed: Feed, name: str, alias: str) -> exp.Column:
        """A field of the feed's shadow called *alias*; from now on the shadow projects it."""
        self.reads.setdefault(feed.name, {})[name] = feed.fields[name]
        return exp.column(name, alias, quoted=True)

    def fragment(self, name: str, sql: str) -> str:
        """Take in a fragment; returns the name of its common table expression, with one column ``key``."""
        own = f"{_PREFIX}fragment_{name}"
        if own not in self.fragments:
            query = parse_fragment(name, sql, self.feeds, self.dialect.name)
            for table in tables(query):
                self._redirect(table, self.feeds[table.name])
            _spell_fields(query, self.fragment_feeds)
            self.fragments[own] = query
        return own

    def _redirect(self, table: exp.Table, feed: Feed) -> None:
        self.fragment_feeds[feed.name] = feed
        alias = table.alias or table.name
        table.set("this", exp.to_identifier(_PREFIX + _FOR_FRAGMENTS + feed.name, quoted=True))
        table.set("alias", exp.TableAlias(this=exp.to_identifier(alias)))

    def expressions(self) -> list[exp.CTE]:
        """The common table expressions: feeds as rules see them, feeds as fragments see them, fragments."""
        parts = [self._shadow(_PREFIX + name, self.feeds[name], fields) for name, fields in self.reads.items()]
        for name, feed in self.fragment_feeds.items():
            parts.append(self._shadow(_PREFIX + _FOR_FRAGMENTS + name, feed, open_to_fragments(feed)))
        for name, query in self.fragments.items():
            parts.append(named_query(name, query, columns=("key",)))
        return parts

    def lineage(self) -> frozenset[tuple[str, str]]:
        """Every (feed, field) the statement reads."""
        own = {(feed, name) for feed, fields in self.reads.items() for name in fields}
        theirs = {(name, f) for name, feed in self.fragment_feeds.items() for f in self._named_in_fragments(feed)}
        return frozenset(own | theirs)

    def _named_in_fragments(self, feed: Feed) -> set[str]:
        # A star or a whole row may stand anywhere in a fragment: then it reads all that it could.
        fields = set(open_to_fragments(feed))
        folded = {column.name.casefold() for q in self.fragments.values() for column in q.find_all(exp.Column)}
        whole = any(not isinstance(s.parent, exp.Count) for q in self.fragments.values() for s in q.find_all(exp.Star))
        return fields if whole or feed.name.casefold() in folded else {f for f in fields if f.casefold() in folded}

    def _shadow(self, name: str, feed: Feed, fields: Mapping[str, Field]) -> exp.CTE:
        projected = [exp.alias_(self.dialect.shadow(f), f.name, quoted=True, copy=False) for f in fields.values()]
        body = exp.Select(expressions=projected or [exp.Literal.number(1)]).from_(self._origin(feed), copy=False)
        return named_query(name, body, materialized=False)

    def _origin(self, feed: Feed) -> exp.Expr:
        if feed.table:
            return self.dialect.table(feed.table)
        try:
            query = parse_one(feed.query, dialect=self.dialect.name)
        except SqlglotError as error:
            raise RuleError(
                f"The query of the feed {feed.name} cannot be read.", place=feed.place, todo="Run 'twain check'."
            ) from error
        return exp.Subquery(this=query, alias=exp.TableAlias(this=exp.to_identifier("origin", quoted=True)))


def start(dialect: str, feeds: Mapping[str, Feed], today: date, local_dates: Mapping[str, date] | None = None) -> Draft:
    """An empty draft. Raises RuleError for a dialect that audiences cannot be written in."""
    return Draft(dialect_named(dialect), feeds, today, local_dates or {})


def open_to_fragments(feed: Feed) -> dict[str, Field]:
    """What a fragment may see of a feed: the fields that may be used to filter, and the key."""
    return {name: f for name, f in feed.fields.items() if Right.FILTER in f.rights or name == feed.key}


def _spell_fields(query: exp.Query, feeds: Mapping[str, Feed]) -> None:
    """Unquoted names of fields become quoted ones in the contract's spelling: databases fold case each their own way."""
    spelled = {name.casefold(): name for feed in feeds.values() for name in open_to_fragments(feed)}
    for column in query.find_all(exp.Column):
        name = column.this
        if isinstance(name, exp.Identifier) and not name.quoted and name.name.casefold() in spelled:
            column.set("this", exp.to_identifier(spelled[name.name.casefold()], quoted=True))


def named_query(
    name: str, body: exp.Query, *, columns: tuple[str, ...] = (), materialized: bool | None = None
) -> exp.CTE:
    """One common table expression; *materialized* says how often it may be worked out, None leaves it to the database."""
    alias = exp.TableAlias(
        this=exp.to_identifier(name, quoted=True), columns=[exp.to_identifier(c, quoted=True) for c in columns]
    )
    return exp.CTE(this=body, alias=alias, materialized=materialized)
