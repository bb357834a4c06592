"""From a rule tree to the one statement that runs in the company's database.

The statement reads shadows of the feeds only (``shadows.py``), binds every value, and puts out, in this order: ``key`` (text),
``address``, ``consent``, ``timezone``, ``language`` and ``consent_at`` (where the feed has the role), the template's fields, its
related data.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlglot import exp

from twain.audiences.conditions import Scope, among, condition, only_keys
from twain.audiences.dialects import cast
from twain.audiences.history import take_out
from twain.audiences.parse import Spot, parse_rule, permitted
from twain.audiences.related import AUDIENCE, RelatedData, Wanted, check_names, join_name, join_on, want
from twain.audiences.rules import Rule
from twain.audiences.shadows import Draft, named_query, start
from twain.errors import RuleError
from twain.records import Audience, Column, Feed, Field, HistoryTest, RelatedColumn, Right, Role, Statement

_ROLES = (
    ("consent", Role.CONSENT), ("timezone", Role.TIMEZONE), ("language", Role.LANGUAGE), ("consent_at", Role.CONSENT_AT),
)  # fmt: skip
_PICKS = "twain_picks"
_MATCHED = "twain_matched"

Outputs = list[tuple[Column, exp.Expr]]


def compile_audience(  # noqa: PLR0913 — the hand-off that every flow shares
    tree: Mapping[str, Any],
    *,
    feed: Feed,
    feeds: Mapping[str, Feed],
    fields: Sequence[str],
    related: Sequence[RelatedColumn] = (),
    dialect: str,
    today: date,
    audiences: Mapping[str, Any] | None = None,
    fragments: Mapping[str, str] | None = None,
    right: Right = Right.PERSONALISE,
    keys: Sequence[str] | None = None,
    local_dates: Mapping[str, date] | None = None,
) -> Audience:
    """The audience's statement, one row per matched person (not yet deduplicated, consent not yet applied).

    *fields* and the fields of *related* need *right*. *keys* keeps only these keys (as text). *today* is the workspace's
    date; *local_dates* (time zone → date) lets anniversaries go by each recipient's own, where the feed has a time zone.
    Raises RuleError (T410–T417). The history tests that must still hold stand in ``Audience.history``.
    """
    compiler = Compiler(feed, feeds, dialect, today, audiences or {}, fragments or {}, right, local_dates or {})
    return compiler.audience(tree, fields, related, keys)


def compile_for_keys(  # noqa: PLR0913 — as compile_audience
    tree: Mapping[str, Any],
    keys: Sequence[str],
    *,
    feed: Feed,
    feeds: Mapping[str, Feed],
    fields: Sequence[str],
    related: Sequence[RelatedColumn] = (),
    dialect: str,
    today: date,
    audiences: Mapping[str, Any] | None = None,
    fragments: Mapping[str, str] | None = None,
    local_dates: Mapping[str, date] | None = None,
) -> Audience:
    """The same audience for these keys only: how a window's rows are read again just before they go.

    A key that does not come back has left the audience. Raises RuleError.
    """
    known = local_dates or {}
    compiler = Compiler(feed, feeds, dialect, today, audiences or {}, fragments or {}, local_dates=known)
    return compiler.audience(tree, fields, related, keys)


def compile_count(
    tree: Mapping[str, Any],
    *,
    feed: Feed,
    feeds: Mapping[str, Feed],
    dialect: str,
    today: date,
    audiences: Mapping[str, Any] | None = None,
    fragments: Mapping[str, str] | None = None,
    local_dates: Mapping[str, date] | None = None,
) -> Audience:
    """How many rows match, as one row with one column ``count``: before duplicates, consent and history. Raises RuleError."""
    known = local_dates or {}
    return Compiler(feed, feeds, dialect, today, audiences or {}, fragments or {}, local_dates=known).count(tree)


def compile_sample(  # noqa: PLR0913 — as compile_audience
    tree: Mapping[str, Any],
    *,
    feed: Feed,
    feeds: Mapping[str, Feed],
    fields: Sequence[str],
    related: Sequence[RelatedColumn] = (),
    dialect: str,
    today: date,
    audiences: Mapping[str, Any] | None = None,
    fragments: Mapping[str, str] | None = None,
    right: Right = Right.PREVIEW,
    limit: int = 10,
    extreme: Sequence[str] = (),
) -> Audience:
    """At most *limit* people of the audience: the first by key, or the most extreme in the fields *extreme*.

    Of each of those: the longest and the shortest text, or the smallest and the largest value, and one that is missing.
    *extreme* must be among *fields*: nothing is ordered by a value that may not be shown. Raises RuleError.
    """
    compiler = Compiler(feed, feeds, dialect, today, audiences or {}, fragments or {}, right)
    return compiler.sample(tree, fields, related, limit, extreme)


@dataclass(frozen=True, slots=True)
class Compiler:
    """Everything that statements over one feed have in common."""

    feed: Feed
    feeds: Mapping[str, Feed]
    dialect: str
    today: date
    audiences: Mapping[str, Any]
    fragments: Mapping[str, str]
    right: Right = Right.PERSONALISE
    local_dates: Mapping[str, date] = field(default_factory=dict)

    def audience(
        self, tree: object, fields: Sequence[str], related: Sequence[RelatedColumn], keys: Sequence[str] | None
    ) -> Audience:
        """Everybody who matches, or those of *keys* who do."""
        rule, tests = self._rule(tree)
        scope = self._scope()
        if keys is not None:
            scope.draft.only = only_keys(scope.draft, self.feed, keys)
        outputs = self._outputs(scope, fields)
        people = self._people(rule, scope)
        if keys is not None:
            people = people.where(among(scope), copy=False)
        return self._finished(tree, tests, scope.draft, self._with_related(scope, people, outputs, related), [])

    def count(self, tree: object) -> Audience:
        """How many match."""
        rule, tests = self._rule(tree)
        scope = self._scope()
        counted = self._people(rule, scope).select(
            exp.alias_(exp.Count(this=exp.Star()), "count", quoted=True, copy=False), copy=False
        )
        columns = (Column("count", "integer", nullable=False),)
        return self._finished(tree, tests, scope.draft, (counted, columns), [])

    def sample(
        self, tree: object, fields: Sequence[str], related: Sequence[RelatedColumn], limit: int, extreme: Sequence[str]
    ) -> Audience:
        """A few who match."""
        rule, tests = self._rule(tree)
        scope = self._scope()
        outputs = self._outputs(scope, fields)
        key = scope.column(self.feed.key)
        if extreme:
            queries = self._extremes(rule, scope.draft, [f for f in self._shown(fields) if f.name in set(extreme)])
            picks = exp.select(exp.column("key", quoted=True)).from_(exp.to_identifier(_PICKS, quoted=True))
            people = self._source(scope).where(exp.In(this=key, query=picks.subquery(copy=False)), copy=False)
        else:
            queries, people = [], self._people(rule, scope)
        first = people.order_by(exp.Ordered(this=key.copy(), nulls_first=False), copy=False)
        first = first.limit(scope.draft.bind(limit), copy=False)
        return self._finished(tree, tests, scope.draft, self._with_related(scope, first, outputs, related), queries)

    # ------------------------------------------------------------ parts

    def _rule(self, tree: object) -> tuple[Rule, tuple[HistoryTest, ...]]:
        rule = parse_rule(
            tree, self.feed, self.feeds, audiences=self.audiences, fragments=self.fragments, dialect=self.dialect
        )
        return take_out(rule)

    def _scope(self) -> Scope:
        draft = start(self.dialect, self.feeds, self.today, self.local_dates)
        return Scope(draft, self.feed, "a", root=True)

    def _source(self, scope: Scope) -> exp.Select:
        return exp.Select().from_(scope.draft.source(self.feed, scope.alias), copy=False)

    def _people(self, rule: Rule, scope: Scope) -> exp.Select:
        test = condition(rule, scope)
        people = self._source(scope)
        return people if test == exp.true() else people.where(test, copy=False)

    def _shown(self, fields: Sequence[str]) -> list[Field]:
        spot = Spot(self.feed, "fields")
        return [permitted(spot, name, self.right, "show") for name in dict.fromkeys(fields)]

    def _outputs(self, scope: Scope, fields: Sequence[str]) -> Outputs:
        key = cast(scope.column(self.feed.key), "TEXT")
        outputs: Outputs = [(Column("key", "string", (), self.feed.name, self.feed.key, nullable=False), key)]
        for name, role in (("address", Role.EMAIL), *_ROLES):
            own = self.feed.with_role(role)
            if own is not None:
                outputs.append((self._column(own, name), scope.column(own.name)))
        if self.feed.with_role(Role.EMAIL) is None:
            raise RuleError(
                f"The feed {self.feed.name} has no e-mail field.",
                code="T417",
                todo="Give a field the role email in its contract.",
            )
        taken = {(column.name, column.field) for column, _ in outputs}
        shown = [f for f in self._shown(fields) if (f.name, f.name) not in taken]
        return outputs + [(self._column(f, f.name), scope.column(f.name)) for f in shown]

    def _column(self, f: Field, name: str) -> Column:
        return Column(name, f.type, (), self.feed.name, f.name, nullable=not f.required)

    def _with_related(
        self, scope: Scope, people: exp.Select, outputs: Outputs, related: Sequence[RelatedColumn]
    ) -> tuple[exp.Select, tuple[Column, ...]]:
        wanted = [want(spec, self.feed, self.feeds, self.right) for spec in related]
        own = people.select(*(exp.alias_(value, c.name, quoted=True, copy=False) for c, value in outputs), copy=False)
        if not wanted:
            columns = tuple(c for c, _ in outputs)
            check_names(columns)
            return own, columns
        return self._joined(scope, own, outputs, wanted)

    def _joined(
        self, scope: Scope, own: exp.Select, outputs: Outputs, wanted: Sequence[Wanted]
    ) -> tuple[exp.Select, tuple[Column, ...]]:
        for relation in {w.relation.field: w.relation for w in wanted}.values():
            own = own.select(exp.alias_(scope.column(relation.field), join_name(relation), quoted=True), copy=False)
        final = exp.select(*(exp.column(c.name, "a", quoted=True) for c, _ in outputs))
        final = final.from_(exp.table_(AUDIENCE, alias="a", quoted=True), copy=False)
        found: dict[str, tuple[Column, exp.Expr]] = {}
        for joined in RelatedData(scope.draft).joins(wanted):
            query = joined.query.subquery(joined.alias, copy=False)
            final = final.join(query, on=join_on(joined, "a"), join_type="left", copy=False)
            found.update({column.name: (column, value) for column, value in joined.outputs})
        values = [found[w.spec.name] for w in wanted]
        final = final.select(*(exp.alias_(value, c.name, quoted=True, copy=False) for c, value in values), copy=False)
        columns = tuple(c for c, _ in (*outputs, *values))
        check_names(columns)
        final.set("with_", exp.With(expressions=[named_query(AUDIENCE, own, materialized=True)]))
        return final, columns

    def _extremes(self, rule: Rule, draft: Draft, fields: Sequence[Field]) -> list[exp.CTE]:
        scope = Scope(draft, self.feed, "m")
        matched = self._people(rule, scope)
        key = exp.alias_(scope.column(self.feed.key), "twain_key", quoted=True)
        matched = matched.select(key, *(scope.column(f.name) for f in fields), copy=False)
        picks = [pick for f in fields for pick in self._picks(draft, f)]
        union = exp.union(*picks, distinct=True, copy=False) if len(picks) > 1 else picks[0]
        return [named_query(_MATCHED, matched, materialized=True), named_query(_PICKS, union, columns=("key",))]

    def _picks(self, draft: Draft, f: Field) -> list[exp.Select]:
        column = exp.column(f.name, quoted=True)
        text = f.type == "string"
        by: exp.Expr = exp.Length(this=column) if text else draft.dialect.comparable(column, f)
        missing = exp.Is(this=column.copy(), expression=exp.null())
        orders = [(by, True, missing.copy().not_()), (by, False, missing.copy().not_()), (None, False, missing)]
        return [_first(*order) for order in orders]

    def _finished(
        self,
        tree: object,
        tests: tuple[HistoryTest, ...],
        draft: Draft,
        query: tuple[exp.Select, tuple[Column, ...]],
        before: list[exp.CTE],
    ) -> Audience:
        final, columns = query
        inner = final.args.get("with_")
        parts = [*draft.expressions(), *before, *(inner.expressions if inner else [])]
        final.set("with_", exp.With(expressions=parts))
        statement = Statement(
            sql=final.sql(dialect=self.dialect, copy=False),  # the tree is nobody else's
            params=draft.params,
            dialect=self.dialect,
            columns=columns,
            lineage=draft.lineage(),
        )
        return Audience(self.feed.name, statement, tests, self._hash(tree))

    def _hash(self, tree: object) -> str:
        meaning = {
            "rule": tree,
            "audiences": dict(self.audiences),
            "fragments": dict(self.fragments),
            "feed": self.feed.name,
        }
        text = json.dumps(meaning, sort_keys=True, default=str, ensure_ascii=False)
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _first(by: exp.Expr | None, desc: bool, where: exp.Expr) -> exp.Select:  # noqa: FBT001 — one of three rows of a table
    key = exp.column("twain_key", quoted=True)
    found = exp.select(key).from_(exp.to_identifier(_MATCHED, quoted=True)).where(where, copy=False)
    order = [exp.Ordered(this=by.copy(), desc=desc, nulls_first=False)] if by is not None else []
    found = found.order_by(*order, exp.Ordered(this=key.copy(), nulls_first=False), copy=False).limit(1, copy=False)
    return exp.select(exp.column("twain_key", "p", quoted=True)).from_(found.subquery("p", copy=False))
