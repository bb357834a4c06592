"""ODCS ``properties`` → :class:`twain.records.Field`: only the reviewed ones; what nobody reviewed does not exist."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast, get_args

from twain.feeds.consent import as_query
from twain.feeds.names import did_you_mean, is_identifier, is_printable
from twain.feeds.quality import read_quality
from twain.feeds.report import Report
from twain.feeds.validate import shown
from twain.records import Field, FieldType, Privacy, Right, Role

FIELD_TYPES: tuple[str, ...] = get_args(FieldType)
_PROPERTIES: tuple[str | int, ...] = ("schema", 0, "properties")
_ROLE_TYPES = {
    Role.EMAIL: {"string"},
    Role.PHONE: {"string"},
    Role.TIMEZONE: {"string"},
    Role.LANGUAGE: {"string"},
    Role.CONSENT: {"boolean"},
    Role.CONSENT_AT: {"timestamp", "date"},
    Role.UPDATED_AT: {"timestamp", "date"},
    Role.KEY: {"string", "integer", "number"},
}


def custom_properties(
    items: Sequence[Mapping[str, Any]] | None, path: tuple[str | int, ...], report: Report
) -> dict[str, Any]:
    """``[{property, value}]`` as a map of our own ones; a property that stands there twice is an error (T205)."""
    found: dict[str, Any] = {}
    for i, item in enumerate(items or ()):
        name = str(item["property"])
        if name in found:
            report.error((*path, "customProperties", i), "T205", f"{name} is written twice.", "Keep one of the two.")
        found[name] = item["value"]
    return {name: value for name, value in found.items() if name.startswith("twain.")}


def read_fields(properties: Sequence[Mapping[str, Any]], report: Report) -> dict[str, Field]:
    """The reviewed fields by name, in the contract's order. T205, T207, T208, T210, T211."""
    _check_names(properties, report)
    names = {str(p["name"]) for p in properties}
    fields: dict[str, Field] = {}
    for i, item in enumerate(properties):
        field = _field(item, (*_PROPERTIES, i), names, report)
        if field is not None:
            fields[field.name] = field
    _check_roles(fields, properties, report)
    return fields


def _check_names(properties: Sequence[Mapping[str, Any]], report: Report) -> None:
    seen: dict[str, str] = {}
    for i, item in enumerate(properties):
        name, column = str(item["name"]), str(item.get("physicalName", item["name"]))
        if name.casefold() in seen:
            what = f"Two fields are called {shown(name)} and {shown(seen[name.casefold()])}."
            report.error((*_PROPERTIES, i, "name"), "T207", what, "Give one of them another name; case does not count.")
        if not is_printable(name) or not is_printable(column):
            what = f"Field {shown(name)} (column {shown(column)}): the name is empty or holds control characters."
            report.error((*_PROPERTIES, i), "T207", what, "Remove it, or give the column a plain name in a view.")
        if not is_printable(str(item.get("businessName", name))):
            what = f"Field {shown(name)}: the business name is empty or holds control characters."
            report.error((*_PROPERTIES, i, "businessName"), "T207", what, "Write it as one line of plain text.")
        seen[name.casefold()] = name


def _field(item: Mapping[str, Any], path: tuple[str | int, ...], names: set[str], report: Report) -> Field | None:
    ours = custom_properties(item.get("customProperties"), path, report)
    privacy = _privacy(item, path, report)
    if "twain.reviewed" not in ours:
        return None
    name = str(item["name"])
    if not _usable(item, path, report):
        return None
    return Field(
        name=name,
        column=str(item.get("physicalName", name)),
        type=cast("FieldType", item["logicalType"]),
        business_name=str(item.get("businessName") or name),
        rights=frozenset(Right(r) for r in ours.get("twain.rights", ())),
        role=_role(item, ours),
        description=str(item.get("description") or ""),
        synonyms=read_synonyms(item, ours),
        privacy=privacy,
        required=bool(item.get("required", False)),
        unique=bool(item.get("unique", False) or item.get("primaryKey", False)),
        quality=read_quality(item.get("quality") or (), (*path, "quality"), "field", names, report),
        place=report.document.place(*path, "name"),
    )


def _usable(item: Mapping[str, Any], path: tuple[str | int, ...], report: Report) -> bool:
    name, kind = str(item["name"]), str(item.get("logicalType", ""))
    if not is_identifier(name):
        todo = f"Use letters, digits and _, at most 63, and keep physicalName: {shown(item.get('physicalName', name))}."
        report.error((*path, "name"), "T207", f"{shown(name)} cannot be the name of a field.", todo)
        return False
    if kind not in FIELD_TYPES or item.get("semanticType", "column") == "measure":
        what = f"Field {name} is reviewed, but has {f'the type {kind}' if kind else 'no logicalType'}, which no message can use."
        todo = f"Use one of {', '.join(FIELD_TYPES)} (a view can convert it), or remove its twain.reviewed."
        report.error((*path, "logicalType"), "T208", what, todo)
        return False
    return True


def _privacy(item: Mapping[str, Any], path: tuple[str | int, ...], report: Report) -> Privacy:
    written = str(item.get("classification", Privacy.PERSONAL))
    known = [p.value for p in Privacy]
    if written in known:
        return Privacy(written)
    what = f"Field {shown(item['name'])}: the classification {shown(written)} is unknown."
    todo = did_you_mean(written, known, f"Write one of {', '.join(known)}.")
    report.error((*path, "classification"), "T205", what, todo)
    return Privacy.SENSITIVE


def _role(item: Mapping[str, Any], ours: Mapping[str, Any]) -> Role | None:
    if "twain.role" in ours:
        return Role(ours["twain.role"])
    return Role.KEY if item.get("primaryKey") else None


def read_synonyms(item: Mapping[str, Any], ours: Mapping[str, Any]) -> tuple[str, ...]:
    """ODCS's own synonyms and ``twain.synonyms``, in this order, each once."""
    native = [str(s["synonym"]) for s in item.get("synonyms") or ()]
    return tuple(dict.fromkeys([*native, *ours.get("twain.synonyms", ())]))


def _check_roles(fields: Mapping[str, Field], properties: Sequence[Mapping[str, Any]], report: Report) -> None:
    holders: dict[Role, str] = {}
    for i, item in enumerate(properties):
        field = fields.get(str(item["name"]))
        if field is None or field.role is None:
            continue
        path = (*_PROPERTIES, i)
        if field.type not in _ROLE_TYPES[field.role]:
            wanted = " or ".join(sorted(_ROLE_TYPES[field.role]))
            what = f"Field {field.name} has the role {field.role}, but the type {field.type}."
            report.error(path, "T210", what, _convert(field, wanted))
        if field.role in holders and field.role is not Role.KEY:
            what = f"The fields {holders[field.role]} and {field.name} both have the role {field.role}."
            report.error(path, "T210", what, "Leave the role to one of them.")
        holders.setdefault(field.role, field.name)


def _convert(field: Field, wanted: str) -> str:
    if field.role is not Role.CONSENT:
        return f"This role needs {wanted}: a view or twain.query can convert it."
    example = as_query(field.column, "the_table", text=field.type == "string")
    return f"It needs boolean. Where the source is SQLite and holds 1 and 0, write logicalType: boolean. Elsewhere: {example}"
