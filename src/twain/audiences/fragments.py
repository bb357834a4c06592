"""A named SQL fragment: IT's own SELECT that returns only keys, checked before it stands in anybody's audience.

It may read feeds only, by their names, and of them only fields that may be used to filter: it is put behind common table
expressions that hold nothing else. The allow-list here is the first wall; the guard checks the whole statement again.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp, parse
from sqlglot.errors import SqlglotError

from twain.errors import Place, RuleError
from twain.records import Feed

#: Nodes that a plain SELECT has no need of. (A function is refused unless it is listed below.)
_REFUSED = (
    exp.DML, exp.DDL, exp.Command, exp.Into, exp.Lock, exp.Placeholder, exp.Parameter, exp.SessionParameter, exp.UDTF,
    exp.TableSample, exp.Pragma, exp.Set, exp.Use, exp.Attach, exp.Detach, exp.Kill,
)  # fmt: skip

#: The functions a fragment may call; a new one is added after looking at what it can reach in each database.
_FUNCTIONS = (
    exp.And, exp.Or, exp.Not, exp.Exists, exp.Case, exp.If, exp.Cast, exp.TryCast, exp.Coalesce, exp.Nullif,
    exp.Count, exp.CountIf, exp.Sum, exp.Min, exp.Max, exp.Avg, exp.Median, exp.Quantile, exp.PercentileCont,
    exp.RowNumber, exp.Rank, exp.DenseRank, exp.Lag, exp.Lead, exp.FirstValue, exp.LastValue,
    exp.Lower, exp.Upper, exp.Trim, exp.Length, exp.Substring, exp.Left, exp.Right, exp.Replace, exp.Concat, exp.DPipe,
    exp.StrPosition, exp.StartsWith, exp.EndsWith, exp.Contains,
    exp.Abs, exp.Round, exp.Floor, exp.Ceil, exp.Mod, exp.Greatest, exp.Least, exp.Sign,
    exp.Extract, exp.Year, exp.Month, exp.Day, exp.DayOfWeek, exp.Date, exp.DateTrunc, exp.TimestampTrunc,
    exp.DateAdd, exp.DateSub, exp.DateDiff, exp.TsOrDsToDate, exp.TimeToStr, exp.CurrentDate, exp.CurrentTimestamp,
)  # fmt: skip


def parse_fragment(name: str, sql: str, feeds: Mapping[str, Feed], dialect: str) -> exp.Query:
    """The fragment's syntax tree, verified, from SQL written in *dialect*. Raises RuleError (T415) with what is wrong."""
    query = _single(name, sql, dialect)
    columns = query.selects
    if len(columns) != 1 or columns[0].is_star:
        raise _wrong(name, f"it returns {len(columns)} columns.", "Return exactly one, the key, named.")
    for node in query.walk():
        if (
            _recursive(node)
            or isinstance(node, _REFUSED)
            or (isinstance(node, exp.Func) and not isinstance(node, _FUNCTIONS))
        ):
            raise _wrong(name, f"{node.sql(dialect)[:60]} may not stand in it.", "Use plain SELECTs over feeds.")
    _only_feeds(name, query, feeds)
    return query


def tables(query: exp.Expr) -> list[exp.Table]:
    """The tables a query reads, its own common table expressions left out."""
    own = {cte.alias for cte in query.find_all(exp.CTE)}
    return [table for table in query.find_all(exp.Table) if table.name not in own]


def _single(name: str, sql: str, dialect: str) -> exp.Query:
    try:
        statements = [statement for statement in parse(sql, dialect=dialect) if statement is not None]
    except SqlglotError as error:
        reason = str(error).splitlines()[0]
        raise _wrong(name, f"it cannot be read: {reason}", "Correct the SQL.") from error
    if len(statements) != 1 or not isinstance(statements[0], exp.Select | exp.SetOperation):
        raise _wrong(name, "it is not one SELECT.", "Write a single SELECT.")
    return statements[0]


def _recursive(node: exp.Expr) -> bool:
    return isinstance(node, exp.With) and bool(node.args.get("recursive"))


def _only_feeds(name: str, query: exp.Query, feeds: Mapping[str, Feed]) -> None:
    for table in tables(query):
        if not isinstance(table.this, exp.Identifier) or table.args.get("db") or table.name not in feeds:
            raise _wrong(
                name,
                f"it reads {table.sql()[:80]}, which is no feed.",
                f"Read feeds by their names: {', '.join(sorted(feeds))}.",
            )


def _wrong(name: str, what: str, todo: str) -> RuleError:
    return RuleError(f"The fragment {name!r}: {what}", code="T415", todo=todo, place=Place(f"fragments/{name}.sql"))
