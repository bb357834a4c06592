"""Pre-send checks: may this send go now? Pass, warn or hold, in business words and in SQL with numbers, with an owner to tell.

*Thresholds* (from policy; all optional; fractions of 1 unless said):

- ``max_row_drift``: how much the rows may differ from the last send's (0.5, warns); a contract's own figure wins, and holds
- ``min_valid``: the share of people with a usable address below which a send is held (0.8); ``warn_valid`` warns (0.95)
- ``min_consent``: the share who may be mailed below which a send is held (0, never); ``warn_consent`` warns (0.2)
- ``max_jump``: how much the audience may differ from the last estimate (0.5), once it differs by ``jump_floor`` people (50)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from twain.errors import SourceError, TwainError
from twain.feeds import measures
from twain.feeds.live import compare_live
from twain.feeds.measures import Measure
from twain.ports import LiveTable, Session
from twain.records import Feed, Funnel, Level, Owner, Quality, Statement, Verdict

DEFAULTS: Mapping[str, float] = {
    "max_row_drift": 0.5,
    "min_valid": 0.8,
    "warn_valid": 0.95,
    "min_consent": 0.0,
    "warn_consent": 0.2,
    "max_jump": 0.5,
    "jump_floor": 50.0,
}


def check_feed(
    session: Session,
    feed: Feed,
    live: LiveTable,
    *,
    now: float,
    last: Mapping[str, float],
    thresholds: Mapping[str, Any],
) -> tuple[list[Verdict], dict[str, float]]:
    """Check one feed inside the session that will read the audience: schema, quality, freshness, row drift.

    *now* is epoch seconds; *last* the figures of the last good check. Returns the verdicts and this check's figures
    (``rows``, ``newest`` in epoch seconds). A statement that fails is a hold, not an exception; SourceUnavailable is raised.
    """
    verdicts = _schema(feed, live, session.dialect)
    if any(v.level is Level.HOLD for v in verdicts):
        return verdicts, {}
    figures: dict[str, float] = {}
    for group in (measures.aggregate(feed, session.dialect, now), measures.uniqueness(feed)):
        verdicts += _counted(session, feed, group, now, figures)
    verdicts += _drift(feed, figures, last, thresholds, session.dialect)
    return verdicts + _written(session, feed), figures


def check_audience(
    funnel: Funnel,
    *,
    estimate: float | None,
    ceiling: float | None,
    thresholds: Mapping[str, Any],
    owner: Owner | None = None,
    asked: bool = True,
) -> list[Verdict]:
    """Check the frozen audience: usable addresses, consent, and its size against the last estimate and the ceiling.

    *asked* False: no field says who agreed, so there is nothing to count (``consent.py`` says what that means).
    """
    limits = {**DEFAULTS, **thresholds}
    checks = [
        _addresses(funnel, limits),
        _consent(funnel, limits) if asked else None,
        _jump(funnel, estimate, limits),
        _ceiling(funnel, ceiling),
    ]
    return [replace(verdict, owner=owner) for verdict in checks if verdict]


# ---------------------------------------------------------------- one feed


def _schema(feed: Feed, live: LiveTable, dialect: str) -> list[Verdict]:
    # What is merely not declared (T223) is no verdict: the values themselves are counted below, in this transaction.
    problems = [problem for problem in compare_live(feed, live, dialect) if problem.code != "T223"]
    found = [
        Verdict(
            check="schema",
            level=Level.HOLD if problem.severity == "error" else Level.WARN,
            feed=feed.name,
            field="",
            business=problem.business or problem.what,
            technical=f"{problem.what} {problem.todo}".strip(),
            expected=f"contract {feed.version}",
            owner=feed.owner,
        )
        for problem in problems
    ]
    if found:
        return found
    said = f"{feed.title} still has every field that was agreed."
    technical = f"{live.name}: {len(feed.fields)} columns as in contract {feed.version}."
    return [Verdict("schema", Level.PASS, feed.name, "", said, technical, owner=feed.owner)]


def _counted(
    session: Session, feed: Feed, group: Sequence[Measure], now: float, figures: dict[str, float]
) -> list[Verdict]:
    if not group:
        return []
    statement = measures.statement(feed, group, session.dialect)
    try:
        row = session.table(statement).to_pylist()[0]
    except SourceError as error:
        return [_failed(feed, "quality", error, statement)]
    values = [row[f"m{i}"] for i in range(len(group))]
    if group[0].name == "rows":
        figures["rows"] = float(values[0])
    rows = figures.get("rows", 0.0)
    verdicts = []
    for measure, value in zip(group, values, strict=True):
        sql = measures.alone(feed, measure, session.dialect)
        if measure.name == "newest":
            verdicts.append(_fresh(feed, measure, value, now, figures, sql))
        elif measure.rule and (value or measure.name != measures.READABLE):  # all readable is worth no line
            verdicts.append(_judged(feed, measure, measure.rule, float(value or 0), rows, sql))
    return verdicts


def _judged(feed: Feed, measure: Measure, rule: Quality, value: float, rows: float, sql: str) -> Verdict:
    observed = 100.0 * value / rows if rule.unit == "percent" and rows else value
    holds = _keeps(rule, observed)
    failing = Level.HOLD if rule.severity == "error" else Level.WARN
    unit = " %" if rule.unit == "percent" else ""
    where = f"{feed.name}.{measure.field.name}" if measure.field else feed.name
    expected = f"{rule.operator} {_limit_text(rule)}{unit}"
    return Verdict(
        check=rule.name or f"quality:{rule.metric}",
        level=Level.PASS if holds else failing,
        feed=feed.name,
        field=measure.field.name if measure.field else "",
        business=_business(feed, measure, rule, value, rows, holds=holds),
        technical=f"{where}: {rule.metric} is {_figure(observed)}{unit}, {expected}.",
        observed=observed,
        expected=expected,
        sql=sql,
        owner=feed.owner,
    )


def _business(feed: Feed, measure: Measure, rule: Quality, value: float, rows: float, *, holds: bool) -> str:
    name = f"“{measure.field.business_name}” of {feed.title}" if measure.field else feed.title
    if holds:
        return f"{name}: as agreed."
    said = rule.business.removesuffix(".")
    if rule.metric in {"rowCount", "sql"}:
        return f"{name}: {said or 'a rule of IT is not kept'} ({_figure(value)})."
    what = {
        "nullValues": "missing",
        "missingValues": "missing",
        "invalidValues": "not valid",
        "duplicateValues": "repeated",
    }
    counted = f"{what[rule.metric]} in {_figure(value)} of {_figure(rows)} rows"
    return f"{name} is {counted}{f': {said}' if said else ''}."


def _keeps(rule: Quality, value: float) -> bool:
    if isinstance(rule.limit, tuple):
        return rule.limit[0] <= value <= rule.limit[1]
    return {
        "mustBe": value == rule.limit,
        "mustNotBe": value != rule.limit,
        "mustBeLessThan": value < rule.limit,
        "mustBeLessOrEqualTo": value <= rule.limit,
        "mustBeGreaterThan": value > rule.limit,
        "mustBeGreaterOrEqualTo": value >= rule.limit,
    }[rule.operator]


def _fresh(
    feed: Feed, measure: Measure, newest: date | None, now: float, figures: dict[str, float], sql: str
) -> Verdict:
    allowed = feed.freshness.max_age_seconds or 0.0
    age = None
    if newest is not None:
        figures["newest"] = epoch_of(newest)
        age = max(0.0, now - figures["newest"])
    level = Level.PASS if age is not None and age <= allowed else Level.HOLD
    said = f"is {_span(age)} old" if age is not None else "has no dated row at all"
    field = measure.field.name if measure.field else ""
    return Verdict(
        check="freshness",
        level=level,
        feed=feed.name,
        field=field,
        business=f"The newest of {feed.title} {said}; it may be {_span(allowed)} old.",
        technical=f"{feed.name}.{field}: newest {newest}, {said}; latency {_span(allowed)}.",
        observed=age,
        expected=f"at most {_span(allowed)}",
        sql=sql,
        owner=feed.owner,
    )


def epoch_of(newest: date) -> float:
    """A moment in epoch seconds; a bare date counts until its day is over (UTC)."""
    if isinstance(newest, datetime):
        return newest.timestamp()
    return datetime(newest.year, newest.month, newest.day, tzinfo=UTC).timestamp() + timedelta(days=1).total_seconds()


def _drift(
    feed: Feed, figures: Mapping[str, float], last: Mapping[str, float], thresholds: Mapping[str, Any], dialect: str
) -> list[Verdict]:
    if "rows" not in figures:
        return []
    rows, before = figures["rows"], last.get("rows")
    allowed = feed.max_row_drift or float({**DEFAULTS, **thresholds}["max_row_drift"])
    change = abs(rows - before) / before if before else 0.0
    worse = Level.HOLD if feed.max_row_drift or rows == 0 else Level.WARN
    level = worse if change > allowed or rows == 0 else Level.PASS
    than = f"{_figure(before)} at the last send" if before is not None else "no earlier send to compare with"
    return [
        Verdict(
            check="rows",
            level=level,
            feed=feed.name,
            field="",
            business=f"{feed.title} has {_figure(rows)} rows; {than}.",
            technical=f"{feed.name}: {_figure(rows)} rows, {than}, a change of {change:.0%} where {allowed:.0%} is allowed.",
            observed=rows,
            expected=f"within {allowed:.0%} of {_figure(before)}" if before else "at least one row",
            sql=measures.alone(feed, measures.aggregate(feed, dialect, 0.0)[0], dialect),
            owner=feed.owner,
        )
    ]


def _written(session: Session, feed: Feed) -> list[Verdict]:
    """IT's own SQL rules, one statement each."""
    try:
        rules = measures.written_rules(feed, session.dialect)
    except TwainError as error:
        return [_failed(feed, "quality:sql", error, None)]
    return [_ran(session, feed, measure, statement) for measure, statement in rules]


def _ran(session: Session, feed: Feed, measure: Measure, statement: Statement) -> Verdict:
    assert measure.rule  # noqa: S101 — written rules are made from one
    try:
        answer = session.table(statement).to_pylist()
    except SourceError as error:
        return _failed(feed, measure.rule.name or "quality:sql", error, statement)
    if len(answer) != 1 or answer[0]["m0"] is None:
        wrong = SourceError(f"a quality rule of {feed.name} returned no number", todo="Make it return exactly one.")
        return _failed(feed, measure.rule.name or "quality:sql", wrong, statement)
    return _judged(feed, measure, measure.rule, answer[0]["m0"], 0.0, statement.sql)


def _failed(feed: Feed, check: str, error: TwainError, statement: Statement | None) -> Verdict:
    """A check that cannot be made holds: not knowing is no yes. When the database is gone, that is for the caller."""
    if error.shown_code.startswith("T31"):
        raise error
    return Verdict(
        check=check,
        level=Level.HOLD,
        feed=feed.name,
        field="",
        business=f"{feed.title} could not be checked. {error.business}",
        technical=str(error),
        sql=statement.sql if statement else "",
        owner=feed.owner,
    )


# ---------------------------------------------------------------- the audience


def _addresses(funnel: Funnel, limits: Mapping[str, float]) -> Verdict | None:
    bad = funnel.excluded.get("no_address", 0) + funnel.excluded.get("invalid", 0)
    if not funnel.matched:
        return None
    share = 1 - bad / funnel.matched
    level = _graded(share, limits["min_valid"], limits["warn_valid"])
    return Verdict(
        check="address",
        level=level,
        feed="",
        field="",
        business=f"{bad:,} of {funnel.matched:,} people have no usable address.",
        technical=f"usable addresses {share:.1%}: no_address {funnel.excluded.get('no_address', 0):,}, "
        f"invalid {funnel.excluded.get('invalid', 0):,} of {funnel.matched:,}.",
        observed=share,
        expected=f"at least {limits['min_valid']:.0%} (warning below {limits['warn_valid']:.0%})",
    )


def _consent(funnel: Funnel, limits: Mapping[str, float]) -> Verdict | None:
    without = funnel.excluded.get("consent", 0)
    if not funnel.matched:
        return None
    share = 1 - without / funnel.matched
    return Verdict(
        check="consent",
        level=_graded(share, limits["min_consent"], limits["warn_consent"]),
        feed="",
        field="",
        business=f"{without:,} of {funnel.matched:,} people have not agreed to be written to, and are left out.",
        technical=f"consent {share:.1%}: {without:,} of {funnel.matched:,} excluded.",
        observed=share,
        expected=f"at least {limits['min_consent']:.0%} (warning below {limits['warn_consent']:.0%})",
    )


def _graded(share: float, hold: float, warn: float) -> Level:
    if share < hold:
        return Level.HOLD
    return Level.WARN if share < warn else Level.PASS


def _jump(funnel: Funnel, estimate: float | None, limits: Mapping[str, float]) -> Verdict | None:
    if estimate is None:
        return None
    difference = abs(funnel.audience - estimate)
    change = difference / estimate if estimate else 1.0
    jumped = difference > limits["jump_floor"] and change > limits["max_jump"]
    return Verdict(
        check="jump",
        level=Level.HOLD if jumped else Level.PASS,
        feed="",
        field="",
        business=f"{funnel.audience:,} people would get this; when it was last counted or sent, it was {_figure(estimate)}.",
        technical=f"audience {funnel.audience:,} against {_figure(estimate)}: a change of {change:.0%}, "
        f"{limits['max_jump']:.0%} allowed above {_figure(limits['jump_floor'])} people.",
        observed=float(funnel.audience),
        expected=f"within {limits['max_jump']:.0%} of {_figure(estimate)}",
    )


def _ceiling(funnel: Funnel, ceiling: float | None) -> Verdict | None:
    if ceiling is None:
        return None
    return Verdict(
        check="ceiling",
        level=Level.HOLD if funnel.audience > ceiling else Level.PASS,
        feed="",
        field="",
        business=f"{funnel.audience:,} people would get this; it was planned for at most {_figure(ceiling)}.",
        technical=f"audience {funnel.audience:,}, planned ceiling {_figure(ceiling)}.",
        observed=float(funnel.audience),
        expected=f"at most {_figure(ceiling)}",
    )


# ---------------------------------------------------------------- words


def _figure(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.2f}"


def _limit_text(rule: Quality) -> str:
    return f"{rule.limit[0]:g} and {rule.limit[1]:g}" if isinstance(rule.limit, tuple) else f"{rule.limit:g}"


def _span(seconds: float) -> str:
    for size, unit in ((86400.0, "days"), (3600.0, "h"), (60.0, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
