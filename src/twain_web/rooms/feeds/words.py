"""What contracts say, in plain words: rights, roles, privacy, types, spans of time, quality rules."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from twain.records import Field, Level, Privacy, Quality, Right, Role

#: In the order in which people ask.
RIGHTS = {
    Right.FILTER: _("choose people by it"),
    Right.PERSONALISE: _("put it into a message"),
    Right.PREVIEW: _("see it in previews"),
    Right.EXPORT: _("take it out in an export"),
}
ROLES = {
    Role.KEY: _("Tells one row from another"),
    Role.EMAIL: _("The address that mail goes to"),
    Role.PHONE: _("The number that calls and texts go to"),
    Role.CONSENT: _("Says who may be written to"),
    Role.TIMEZONE: _("Each person's time zone"),
    Role.CONSENT_AT: _("Since when somebody agrees"),
    Role.LANGUAGE: _("Each person's language"),
    Role.UPDATED_AT: _("When the row last changed"),
}
PRIVACY = {
    Privacy.PUBLIC: _("Public"),
    Privacy.INTERNAL: _("Internal"),
    Privacy.PERSONAL: _("Personal"),
    Privacy.SENSITIVE: _("Sensitive"),
}
TYPES = {
    "string": _("Text"),
    "integer": _("Whole number"),
    "number": _("Number"),
    "boolean": _("Yes or no"),
    "date": _("Date"),
    "timestamp": _("Date and time"),
}
LEVELS = {Level.PASS: _("kept"), Level.WARN: _("warning"), Level.HOLD: _("holds sends")}
COLOURS = {Level.PASS: "green", Level.WARN: "yellow", Level.HOLD: "red"}
_METRICS = {
    "nullValues": _("empty values"),
    "missingValues": _("missing values"),
    "invalidValues": _("values that are not valid"),
    "duplicateValues": _("repeated values"),
    "rowCount": _("rows"),
    "sql": _("the answer of IT's own query"),
}
_OPERATORS = {
    "mustBe": "=",
    "mustNotBe": "≠",
    "mustBeLessThan": "<",
    "mustBeLessOrEqualTo": "≤",
    "mustBeGreaterThan": ">",
    "mustBeGreaterOrEqualTo": "≥",
}


def span(seconds: float) -> str:
    """A length of time as people say it, rounded down: ``9 hours``, ``2 days``, ``a moment``."""
    minutes, hours, days = int(seconds // 60), int(seconds // 3600), int(seconds // 86400)
    if days >= 2:
        return ngettext("%(n)s day", "%(n)s days", days) % {"n": days}
    if hours >= 2:
        return ngettext("%(n)s hour", "%(n)s hours", hours) % {"n": hours}
    if minutes >= 1:
        return ngettext("%(n)s minute", "%(n)s minutes", minutes) % {"n": minutes}
    return str(_("less than a minute"))


def rights(field: Field) -> list[str]:
    """What Marketing may do with a field."""
    return [str(words) for right, words in RIGHTS.items() if right in field.rights]


def rule(quality: Quality) -> str:
    """One quality rule: IT's own words, or the figures."""
    return quality.business or f"{_METRICS[quality.metric]} {limit(quality)}"


def asked(check: str, expected: str) -> str:
    """What a check of the house's own asks for; empty where its verdict says it better."""
    metric = _METRICS.get(check.removeprefix("quality:"))
    operator, _space, figure = expected.partition(" ")
    if metric is None or operator not in _OPERATORS:
        return ""
    return (
        str(_("No %(what)s") % {"what": metric})
        if expected == "mustBe 0"
        else f"{metric} {_OPERATORS[operator]} {figure}"
    )


def limit(quality: Quality) -> str:
    """What the figure must be."""
    unit = " %" if quality.unit == "percent" else ""
    if isinstance(quality.limit, tuple):
        return f"{quality.limit[0]:g}–{quality.limit[1]:g}{unit}"
    return f"{_OPERATORS[quality.operator]} {quality.limit:g}{unit}"
