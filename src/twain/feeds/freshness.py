"""ODCS ``slaProperties`` latency and ``twain.freshnessMode`` → :class:`twain.records.Freshness`. T212."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from twain.feeds.names import did_you_mean
from twain.feeds.report import Report
from twain.feeds.validate import shown
from twain.records import Field, Freshness, Role

_SECONDS = {
    **dict.fromkeys(("s", "sec", "second", "seconds"), 1.0),
    **dict.fromkeys(("m", "min", "minute", "minutes"), 60.0),
    **dict.fromkeys(("h", "hr", "hour", "hours"), 3600.0),
    **dict.fromkeys(("d", "day", "days"), 86400.0),
    **dict.fromkeys(("w", "wk", "week", "weeks"), 604800.0),
}


def read_freshness(
    slas: Sequence[Mapping[str, Any]], mode: str, schema: Mapping[str, Any], fields: Mapping[str, Field], report: Report
) -> Freshness:
    """How old the newest row may be. Without a latency, or before any field is reviewed, there is no such check."""
    kind: Any = mode
    latencies = [(i, s) for i, s in enumerate(slas) if s["property"] == "latency"]
    if len(latencies) > 1:
        report.error(("slaProperties", latencies[1][0]), "T212", "There are two latencies.", "Keep the stricter one.")
    if not latencies:
        return Freshness(mode=kind)
    at, sla = latencies[0]
    age = _age(sla, ("slaProperties", at), report)
    field = _field(sla, ("slaProperties", at), schema, fields, report) if fields else None
    return Freshness(field=field, max_age_seconds=age if field else None, mode=kind)


def _age(sla: Mapping[str, Any], path: tuple[str | int, ...], report: Report) -> float | None:
    unit, value = str(sla.get("unit", "d")), sla["value"]
    if unit not in _SECONDS:
        todo = did_you_mean(unit, _SECONDS, "Write s, m (minutes), h, d or w.")
        report.error((*path, "unit"), "T212", f"latency: the unit {shown(unit)} is unknown.", todo)
        return None
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not (0 < number < math.inf):
        report.error(
            (*path, "value"), "T212", f"latency: {shown(value)} is no length of time.", "Write a number above 0."
        )
        return None
    return number * _SECONDS[unit]


def _field(
    sla: Mapping[str, Any],
    path: tuple[str | int, ...],
    schema: Mapping[str, Any],
    fields: Mapping[str, Field],
    report: Report,
) -> str | None:
    element = sla.get("element")
    if element is None:
        name = next((f.name for f in fields.values() if f.role is Role.UPDATED_AT), "")
    else:
        name = str(element).strip().removeprefix(f"{schema['name']}.")
    field = fields.get(name)
    if field is None:
        what = (
            f"latency: {shown(element)} is no reviewed field of this feed." if element else "latency: by which field?"
        )
        todo = did_you_mean(name, fields, f"Write element: {schema['name']}.<field>, and review that field.")
        report.error((*path, "element"), "T212", what, todo)
    elif field.type not in {"timestamp", "date"}:
        what = f"latency: {field.name} is {field.type}, not a date or a timestamp."
        report.error((*path, "element"), "T212", what, "Name the field that holds the row's last change.")
    return name if field else None
