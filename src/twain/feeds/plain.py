"""A contract as a plain ODCS 3.2 file for other tools: what is reviewed, and nothing that a company keeps to itself.

It is an allow-list. Where databases lie (``servers``), who is on a team, prices, roles, links, examples, comments and other
tools' properties stay at home; so does every field that nobody reviewed, with each rule and relation that names one. What is
left reads back as a contract of Twain's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from twain.errors import ContractError
from twain.feeds.contract import read_contract
from twain.feeds.document import parse
from twain.feeds.plain_yaml import plain_yaml
from twain.feeds.validate import shown
from twain.records import Feed

_CORE = ("apiVersion", "kind", "id", "name", "version", "status", "domain", "tags")
_FEED = ("name", "physicalName", "physicalType", "businessName", "description", "synonyms", "tags")
_FIELD = (
    "name", "physicalName", "businessName", "logicalType", "physicalType", "primaryKey", "primaryKeyPosition", "required",
    "unique", "classification", "description", "synonyms", "tags",
)  # fmt: skip
_RULE = (
    "name", "type", "metric", "query", "arguments", "mustBe", "mustNotBe", "mustBeLessThan", "mustBeLessOrEqualTo",
    "mustBeGreaterThan", "mustBeGreaterOrEqualTo", "mustBeBetween", "unit", "severity", "dimension", "description",
)  # fmt: skip
_LATENCY = ("property", "value", "unit", "element")


@dataclass(frozen=True, slots=True)
class Plain:
    """One contract's YAML, and in words what stayed behind besides its unreviewed fields: what names one of them."""

    feed: str
    text: str
    left_out: tuple[str, ...] = ()


def plain_contract(text: str, feeds: Mapping[str, Feed], file: str) -> Plain:
    """*text* as a plain contract. *feeds*: the reviewed feeds; relations to any other end are left out.

    Raises ContractError: for a contract that has an error, and T973 where a feed's own SELECT names an unreviewed field.
    """
    document, problems = parse(text, file)
    feed, found = read_contract(text, file)
    if document is None or feed is None:
        wrong = next(p for p in [*problems, *found] if p.severity == "error")
        raise ContractError(wrong.what, todo=wrong.todo, place=wrong.place, business=wrong.business, code=wrong.code)
    return _Writer(feed, feeds, document.data, _hidden(document.data, feed)).plain()


def _hidden(data: Mapping[str, Any], feed: Feed) -> re.Pattern[str] | None:
    """What finds the name or the column of any field that nobody reviewed, as a word of a query."""
    names: set[str] = set()
    for item in data["schema"][0].get("properties", ()):
        if item["name"] not in feed.fields:
            names |= {str(item["name"]), str(item.get("physicalName", item["name"]))}
    names -= {word for field in feed.fields.values() for word in (field.name, field.column)}
    words = "|".join(re.escape(name) for name in sorted(names))
    return re.compile(rf"(?<!\w)(?:{words})(?!\w)", re.IGNORECASE) if words else None


class _Writer:
    """Writes one contract, and remembers what it leaves out."""

    def __init__(
        self, feed: Feed, feeds: Mapping[str, Feed], data: Mapping[str, Any], hidden: re.Pattern[str] | None
    ) -> None:
        self._feed, self._feeds, self._data, self._hidden = feed, feeds, data, hidden
        self._left_out: list[str] = []

    def plain(self) -> Plain:
        if found := self._named_in(self._feed.query):
            raise ContractError(
                f"The query of {self._feed.name} names {shown(found)}, which nobody reviewed: the feed was not exported.",
                todo=f"Take {found} out of twain.query, or review it: twain review {self._feed.name}",
                place=self._feed.place,
                code="T973",
            )
        core = _only(self._data, _CORE)
        if purpose := (self._data.get("description") or {}).get("purpose"):
            core["description"] = {"purpose": purpose}
        core["customProperties"] = [self._without_hidden(item) for item in _kept(self._data)]
        if latency := [_only(s, _LATENCY) for s in self._data.get("slaProperties", ()) if s["property"] == "latency"]:
            core["slaProperties"] = latency if self._feed.freshness.field else []
        core["schema"] = [self._schema(self._data["schema"][0])]
        return Plain(self._feed.name, plain_yaml(_filled(core)), tuple(self._left_out))

    def _schema(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        listed = (item for item in schema.get("properties", ()) if item["name"] in self._feed.fields)
        return _filled({
            **_only(schema, _FEED),
            "quality": self._rules(schema, self._feed.name),
            "relationships": self._relations(schema),
            "properties": [self._field(item) for item in listed],
        })  # fmt: skip

    def _field(self, item: Mapping[str, Any]) -> dict[str, Any]:
        return _filled({
            **_only(item, _FIELD),
            "quality": self._rules(item, f"{self._feed.name}.{item['name']}"),
            "relationships": self._relations(item),
            "customProperties": _kept(item),
        })  # fmt: skip

    def _rules(self, item: Mapping[str, Any], of: str) -> list[dict[str, Any]]:
        kept = []
        for rule in item.get("quality", ()):
            words = " ".join(
                [str(rule.get("query", "")), *map(str, (rule.get("arguments") or {}).get("properties", ()))]
            )
            if self._named_in(words):
                self._left_out.append(f"a quality rule of {of} that names a field nobody reviewed")
            elif "metric" in rule or "query" in rule:
                kept.append(_only(rule, _RULE))
        return kept

    def _relations(self, item: Mapping[str, Any]) -> list[dict[str, Any]]:
        kept = []
        for relation in item.get("relationships", ()):
            ends = [relation["to"], *([relation["from"]] if "from" in relation else [])]
            if all(self._reviewed(end) for end in ends):
                kept.append(_only(relation, ("type", "from", "to")))
            else:
                self._left_out.append(f"a relation of {self._feed.name} to a field that nobody reviewed")
        return kept

    def _reviewed(self, end: object) -> bool:
        feed, _, field = str(end).partition(".")
        return feed in self._feeds and field in self._feeds[feed].fields

    def _named_in(self, words: str) -> str:
        found = self._hidden.search(words) if self._hidden else None
        return found[0] if found else ""

    def _without_hidden(self, item: Mapping[str, Any]) -> dict[str, Any]:
        if item["property"] != "twain.relations":
            return dict(item)
        kept = {name: r for name, r in item["value"].items() if self._both_reviewed(r)}
        self._left_out += [f"the relation {name} of {self._feed.name}" for name in item["value"] if name not in kept]
        return {**item, "value": kept}

    def _both_reviewed(self, relation: Mapping[str, Any]) -> bool:
        ends = (f"{self._feed.name}.{relation['field']}", f"{relation['feed']}.{relation['otherField']}")
        return all(self._reviewed(end) for end in ends)


def dbt_nodes(text: str, file: str) -> tuple[object, ...] | None:
    """What a contract says of itself in dbt: the values of ``{property: dependsOn, vendor: dbt}``; None for nothing."""
    document, _ = parse(text, file)
    for item in (document.data.get("customProperties") or ()) if document else ():
        if _is_dbt(item):
            return tuple(item["value"]) if isinstance(item["value"], list) else (item["value"],)
    return None


def _is_dbt(item: Mapping[str, Any]) -> bool:
    return item.get("vendor") == "dbt" and item["property"] == "dependsOn"


def _kept(item: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Our own properties in their order, and what dbt calls the feed."""
    return [_only(p, ("property", "value", "vendor")) for p in _properties(item)]


def _properties(item: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    return (p for p in item.get("customProperties", ()) if str(p["property"]).startswith("twain.") or _is_dbt(p))


def _only(item: Mapping[str, Any], keys: Sequence[str]) -> dict[str, Any]:
    return {key: item[key] for key in keys if key in item}


def _filled(item: dict[str, Any]) -> dict[str, Any]:
    """Without the lists that are empty: the schema wants at least one item in some of them."""
    return {key: value for key, value in item.items() if value != []}
