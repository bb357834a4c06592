"""ODCS ``quality`` entries → :class:`twain.records.Quality`: only what can be executed, everything else said aloud. T211."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal, cast

from twain.feeds.names import did_you_mean
from twain.feeds.report import Report
from twain.feeds.validate import shown
from twain.records import Quality

_OPERATORS = (
    "mustBe",
    "mustNotBe",
    "mustBeLessThan",
    "mustBeLessOrEqualTo",
    "mustBeGreaterThan",
    "mustBeGreaterOrEqualTo",
    "mustBeBetween",
)
_ARGUMENTS = {
    "nullValues": set[str](),
    "missingValues": {"missingValues"},
    "invalidValues": {"validValues", "pattern"},
    "duplicateValues": {"properties"},
    "rowCount": set[str](),
}
_FEED_METRICS = {"rowCount", "duplicateValues"}
_Path = tuple[str | int, ...]


def read_quality(
    rules: Sequence[Mapping[str, Any]], path: _Path, level: Literal["feed", "field"], names: set[str], report: Report
) -> tuple[Quality, ...]:
    """The executable rules among *rules*; *names* are all the contract's fields. Prose (``type: text``) is left aside."""
    read = (_rule(rule, (*path, i), level, names, report) for i, rule in enumerate(rules))
    return tuple(q for q in read if q is not None)


def _rule(rule: Mapping[str, Any], path: _Path, level: str, names: set[str], report: Report) -> Quality | None:
    kind = str(rule.get("type", "library"))
    if kind == "text":
        return None
    if kind == "custom" or ("metric" not in rule and "query" not in rule):
        report.warning(
            path, "T211", "This quality rule cannot be executed by Twain.", "Write a library metric or type: sql."
        )
        return None
    if "metric" in rule and "query" in rule:
        report.error((*path, "query"), "T211", "This rule has both a metric and a query.", "Keep one of the two.")
        return None
    metric = "sql" if kind == "sql" else str(rule.get("metric"))
    limit = _limit(rule, path, report)
    unit, severity = _unit(rule, metric, path, report), _severity(rule, path, report)
    arguments = rule.get("arguments") or {}
    sound = _fits(metric, level, path, report) and _arguments_hold(metric, arguments, path, level, names, report)
    if limit is None or unit is None or severity is None or not sound:
        return None
    return Quality(
        metric=metric,
        operator=limit[0],
        limit=limit[1],
        unit=unit,
        arguments=arguments,
        query=str(rule.get("query", "")) if metric == "sql" else "",
        severity=severity,
        business=str(rule.get("description") or ""),
        name=str(rule.get("name") or ""),
        place=report.document.place(*path),
    )


def _limit(rule: Mapping[str, Any], path: _Path, report: Report) -> tuple[str, float | tuple[float, float]] | None:
    found = [name for name in rule if name.startswith("must")]
    name = found[0] if found else ""
    if len(found) != 1 or name not in _OPERATORS:
        todo = f"Write exactly one of {', '.join(_OPERATORS)}."
        report.error((*path, name), "T211", "This quality rule has no comparison that Twain executes.", todo)
        return None
    value = rule[name]
    if name == "mustBeBetween" and value[0] < value[1]:
        return name, (float(value[0]), float(value[1]))
    if isinstance(value, int | float) and not isinstance(value, bool):
        return name, float(value)
    todo = "Write two numbers, the smaller first." if name == "mustBeBetween" else "Write a number."
    report.error((*path, name), "T211", f"{name}: {shown(value)} is no limit.", todo)
    return None


def _unit(rule: Mapping[str, Any], metric: str, path: _Path, report: Report) -> Literal["rows", "percent"] | None:
    unit = str(rule.get("unit", "rows"))
    if unit not in {"rows", "percent"}:
        report.error((*path, "unit"), "T211", f"unit: {shown(unit)} is unknown.", "Write rows or percent.")
        return None
    if unit == "percent" and metric in {"rowCount", "sql"}:
        report.error((*path, "unit"), "T211", f"{metric} cannot be counted in percent.", "Remove unit, or write rows.")
        return None
    return cast("Literal['rows', 'percent']", unit)


def _severity(rule: Mapping[str, Any], path: _Path, report: Report) -> Literal["error", "warning"] | None:
    severity = str(rule.get("severity", "error"))
    if severity not in {"error", "warning"}:
        todo = "Write error (it holds a send) or warning (it only warns)."
        report.error((*path, "severity"), "T211", f"severity: {shown(severity)} is unknown.", todo)
        return None
    return cast("Literal['error', 'warning']", severity)


def _fits(metric: str, level: str, path: _Path, report: Report) -> bool:
    if level == "feed" and metric not in {*_FEED_METRICS, "sql"}:
        report.error(
            (*path, "metric"), "T211", f"{metric} is about one field.", "Move the rule to that field's quality."
        )
        return False
    if level == "field" and metric == "rowCount":
        report.error(
            (*path, "metric"), "T211", "rowCount is about the whole feed.", "Move the rule up to the feed's quality."
        )
        return False
    return True


def _arguments_hold(
    metric: str, arguments: Mapping[str, Any], path: _Path, level: str, names: set[str], report: Report
) -> bool:
    known = _ARGUMENTS.get(metric, set())
    for key in arguments:
        if key not in known:
            todo = did_you_mean(key, known, "Remove it.")
            report.error((*path, "arguments", key), "T211", f"{metric} has no argument {shown(key)}.", todo)
            return False
    problem = _argument_problem(metric, arguments, level, names)
    if problem:
        report.error((*path, "arguments"), "T211", *problem)
    return problem is None


def _argument_problem(metric: str, arguments: Mapping[str, Any], level: str, names: set[str]) -> tuple[str, str] | None:
    if metric == "invalidValues":
        return _validity_problem(arguments)
    if metric == "missingValues" and not _scalars(arguments.get("missingValues")):
        return (
            "missingValues does not say which values count as missing.",
            'Add arguments: {missingValues: [null, ""]}.',
        )
    if metric == "duplicateValues" and level == "feed":
        listed = arguments.get("properties")
        unknown = [n for n in listed if n not in names] if isinstance(listed, list) else []
        if not _scalars(listed) or unknown:
            todo = did_you_mean(str(unknown[0]), names) if unknown else "Add arguments: {properties: [field, field]}."
            return f"duplicateValues names no known fields ({shown(listed)}).", todo
    return None


def _validity_problem(arguments: Mapping[str, Any]) -> tuple[str, str] | None:
    pattern = arguments.get("pattern")
    if pattern is None and not _scalars(arguments.get("validValues")):
        return "invalidValues does not say what is valid.", "Add arguments: {validValues: […]} or {pattern: …}."
    try:
        re.compile("" if pattern is None else pattern)
    except (re.error, TypeError, OverflowError, RecursionError):
        return f"{shown(pattern)} is not a regular expression.", "Correct the pattern."
    return None


def _scalars(value: object) -> bool:
    return isinstance(value, list) and bool(value) and not any(isinstance(v, dict | list) for v in value)
