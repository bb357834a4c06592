"""What a contract means when it runs, apart from how it is written: its hash, and its canonical text for a bundle."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from twain.records import Feed, Field, Quality, Relation

_FEED_KEYS = ("name", "physicalName", "businessName", "description", "quality", "relationships", "synonyms")
_FIELD_KEYS = (
    *_FEED_KEYS,
    "logicalType",
    "physicalType",
    "classification",
    "primaryKey",
    "required",
    "unique",
)


def meaning_hash(feed: Feed) -> str:
    """sha256 (hex) of what *feed* does: comments, formatting, descriptions, names on screen and owners aside."""
    text = json.dumps(_meaning(feed), sort_keys=True, ensure_ascii=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _meaning(feed: Feed) -> dict[str, Any]:
    return {
        "name": feed.name,
        "source": feed.source,
        "table": feed.table,
        "query": feed.query,
        "key": feed.key,
        "fields": [_field(f) for _, f in sorted(feed.fields.items())],
        "relations": [_relation(r) for _, r in sorted(feed.relations.items())],
        "freshness": [feed.freshness.field, feed.freshness.max_age_seconds, feed.freshness.mode],
        "quality": _rules(feed.quality),
        "drift": feed.max_row_drift,
    }


def _field(field: Field) -> list[Any]:
    rights = sorted(field.rights)
    return [
        field.name,
        field.column,
        field.type,
        rights,
        field.role,
        field.privacy,
        field.required,
        field.unique,
        _rules(field.quality),
    ]


def _relation(relation: Relation) -> list[str]:
    return [relation.name, relation.feed, relation.field, relation.other_field]


def _rules(rules: Sequence[Quality]) -> list[str]:
    return sorted(json.dumps(_rule(rule), sort_keys=True, default=str) for rule in rules)


def _rule(rule: Quality) -> list[Any]:
    return [rule.metric, rule.operator, rule.limit, rule.unit, dict(rule.arguments), rule.query, rule.severity]


def canonical_text(data: Mapping[str, Any]) -> str:
    """A contract, already found sound, as one line of JSON (which is YAML): the reviewed fields, and no prose around.

    The same whatever its comments, order of keys, or columns that nobody has reviewed. It reads back as the same feed.
    """
    schema = data["schema"][0]
    kept = [p for p in schema.get("properties", ()) if _is_reviewed(p)]
    core = {k: data[k] for k in ("apiVersion", "kind", "id", "name", "version", "status") if k in data}
    core["customProperties"] = [_without_hidden(p, {k["name"] for k in kept}) for p in _ours(data)]
    core["slaProperties"] = [s for s in data.get("slaProperties", ()) if s["property"] == "latency"]
    core["schema"] = [{**_only(schema, _FEED_KEYS), "properties": [_property(p) for p in kept]}]
    return json.dumps(core, sort_keys=True, ensure_ascii=True, separators=(",", ":"))


def _without_hidden(item: Mapping[str, Any], reviewed: set[str]) -> dict[str, Any]:
    if item["property"] != "twain.relations":
        return dict(item)
    return {**item, "value": {n: r for n, r in item["value"].items() if r["field"] in reviewed}}


def _property(item: Mapping[str, Any]) -> dict[str, Any]:
    return {**_only(item, _FIELD_KEYS), "customProperties": _ours(item)}


def _only(item: Mapping[str, Any], keys: Sequence[str]) -> dict[str, Any]:
    return {key: item[key] for key in keys if key in item}


def _ours(item: Mapping[str, Any]) -> list[dict[str, Any]]:
    ours = [p for p in item.get("customProperties", ()) if str(p["property"]).startswith("twain.")]
    return sorted(({"property": p["property"], "value": p["value"]} for p in ours), key=lambda p: str(p["property"]))


def _is_reviewed(item: Mapping[str, Any]) -> bool:
    return any(p["property"] == "twain.reviewed" for p in item.get("customProperties", ()))
