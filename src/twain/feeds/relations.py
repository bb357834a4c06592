"""How feeds belong together: what each contract declares, and the same seen from the other side.

Every foreign key ``A.f → B.g`` gives A a relation to one row of B, called ``B``; linking gives B its many rows of A, called
``A``. Where such a name is taken, or two keys lead to the same feed, the field's name decides: ``B_by_f``. ``twain.relations``
names or adds relations by hand. T213.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from twain.feeds.names import did_you_mean, is_identifier
from twain.feeds.report import Report
from twain.feeds.validate import shown
from twain.records import Feed, Field, Problem, Relation

_Key = tuple[str, str, str]


def declared(
    feed: str, schema: Mapping[str, Any], own: Mapping[str, Any], fields: Mapping[str, Field], report: Report
) -> dict[str, Relation]:
    """The relations that one contract declares itself: its reviewed foreign keys, and ``twain.relations`` (*own*)."""
    written = {
        name: Relation(name, str(r["feed"]), str(r["field"]), str(r["otherField"]))
        for name, r in own.items()
        if _field_is_known(name, str(r["field"]), schema, fields, report)
    }
    by_hand = {_ends(r) for r in written.values()}
    keys = [k for k in dict.fromkeys(_foreign_keys(feed, schema, fields, report)) if k not in by_hand]
    return written | _named(keys, set(written))


def link(feeds: Mapping[str, Feed], broken: Collection[str] = ()) -> tuple[dict[str, Feed], list[Problem]]:
    """Every feed with the relations that hold among *feeds*, both ways; the rest is left out, and said (T213).

    *broken*: the names of those whose contracts have errors.
    """
    problems: list[Problem] = []
    kept = {name: _sound(feed, feeds, broken, problems) for name, feed in feeds.items()}
    linked = {
        name: replace(feed, relations={**feed.relations, **_incoming(feed, kept.values())})
        for name, feed in kept.items()
    }
    return linked, problems


def _ends(relation: Relation) -> _Key:
    return relation.feed, relation.field, relation.other_field


def _named(keys: Sequence[_Key], taken: set[str]) -> dict[str, Relation]:
    """Name relations after their feed, or ``feed_by_field`` where that is taken or not unique."""
    per_feed = Counter(feed for feed, _, _ in keys)
    result: dict[str, Relation] = {}
    for feed, field, other in keys:
        plain = per_feed[feed] == 1 and feed not in taken
        name = feed if plain else f"{feed}_by_{field}"
        name = name if name not in taken else f"{name}_{other}"
        result[name] = Relation(name, feed, field, other)
    return result


def _field_is_known(
    relation: str, field: str, schema: Mapping[str, Any], fields: Mapping[str, Field], report: Report
) -> bool:
    if field in fields:
        return True
    what = f"Relation {relation} is by the field {field}, which is not a reviewed field of this feed."
    if any(item["name"] == field for item in schema.get("properties") or ()):
        report.warning(_relations_path(report), "T213", what, "Review the field; until then the relation is not there.")
    else:
        report.error(_relations_path(report), "T213", what, did_you_mean(field, fields, "Correct the field's name."))
    return False


def _relations_path(report: Report) -> tuple[str | int, ...]:
    items = report.document.data.get("customProperties") or ()
    at = next((i for i, item in enumerate(items) if item["property"] == "twain.relations"), 0)
    return ("customProperties", at)


def _foreign_keys(feed: str, schema: Mapping[str, Any], fields: Mapping[str, Field], report: Report) -> Iterator[_Key]:
    for i, item in enumerate(schema.get("properties") or ()):
        for j, relation in enumerate(item.get("relationships") or ()):
            path: tuple[str | int, ...] = ("schema", 0, "properties", i, "relationships", j)
            if item["name"] in fields:
                yield from _target(str(item["name"]), relation["to"], path, report)
    for j, relation in enumerate(schema.get("relationships") or ()):
        path = ("schema", 0, "relationships", j)
        origin = _split(relation["from"])
        if origin is None or origin[0] != feed:
            report.warning(
                path, "T213", f"from: {shown(relation['from'])} is no field of this feed.", f"Write {feed}.field."
            )
        elif origin[1] in fields:
            yield from _target(origin[1], relation["to"], path, report)


def _target(field: str, to: object, path: tuple[str | int, ...], report: Report) -> Iterator[_Key]:
    target = _split(to)
    if target is None:
        todo = "Write feed.field, one field to one field; or use twain.relations."
        report.warning((*path, "to"), "T213", f"to: {shown(to)} is not a reference that Twain follows.", todo)
    else:
        yield target[0], field, target[1]


def _split(reference: object) -> tuple[str, str] | None:
    parts = reference.split(".") if isinstance(reference, str) else []
    return (parts[0], parts[1]) if len(parts) == 2 and all(is_identifier(p) for p in parts) else None


def _sound(feed: Feed, feeds: Mapping[str, Feed], broken: Collection[str], problems: list[Problem]) -> Feed:
    """*feed* with only those declared relations whose other end is there and fits."""
    kept: dict[str, Relation] = {}
    for name, relation in feed.relations.items():
        problem = _why_not(feed, relation, feeds, broken)
        if problem is None:
            kept[name] = relation
        else:
            problems.append(problem)
    return replace(feed, relations=kept)


def _why_not(feed: Feed, relation: Relation, feeds: Mapping[str, Feed], broken: Collection[str]) -> Problem | None:
    here, other = feed.fields[relation.field], feeds.get(relation.feed)
    place = here.place or feed.place
    what = (
        f"Feed {feed.name}: the relation {relation.name} ({relation.field} → {relation.feed}.{relation.other_field}) "
    )
    if other is None:
        if relation.feed in broken:
            todo = f"Correct the error in the contract of {relation.feed}, which is told as well."
            return Problem("warning", "T213", f"{what}is not usable until {relation.feed} can be read.", todo, place)
        todo = did_you_mean(
            relation.feed, feeds, f"Draft it with 'twain connect', or leave it: {feed.name} works without."
        )
        return Problem("warning", "T213", f"{what}is not usable: there is no feed {relation.feed}.", todo, place)
    there = other.fields.get(relation.other_field)
    if there is None:
        todo = f"Review {other.name}.{relation.other_field}, or correct the name."
        return Problem("warning", "T213", f"{what}is not usable: that field is not reviewed.", todo, place)
    if feed.source != other.source:
        todo = "Bring both into one database (a replica, a view), or leave it: each works without the other."
        why = f"is not usable: {feed.name} is in the source {feed.source}, {other.name} in {other.source}."
        business = f"{feed.title} and {other.title} are in different databases and cannot be used together."
        return Problem("warning", "T213", f"{what}{why}", todo, place, business)
    if not _comparable(here, there):
        todo = "Give both fields the same logicalType; a view can convert one."
        return Problem("error", "T213", f"{what}compares {here.type} with {there.type}.", todo, place)
    return None


def _comparable(here: Field, there: Field) -> bool:
    numbers = {"integer", "number"}
    return here.type == there.type or {here.type, there.type} <= numbers


def _incoming(feed: Feed, feeds: Iterable[Feed]) -> dict[str, Relation]:
    """What the other feeds' keys mean for *feed*: its many rows of each, where it does not say so itself."""
    result: dict[str, Relation] = {}
    own = {_ends(r) for r in feed.relations.values()}
    for other in feeds:
        to_here = (r for r in other.relations.values() if r.feed == feed.name)
        keys = [(other.name, r.other_field, r.field) for r in to_here]
        result |= _incoming_named([k for k in dict.fromkeys(keys) if k not in own], {*feed.relations, *result})
    return result


def _incoming_named(keys: Sequence[_Key], taken: set[str]) -> dict[str, Relation]:
    """As :func:`_named`, but several keys of one feed are told apart by *its* field, not by ours."""
    result: dict[str, Relation] = {}
    for feed, field, other in keys:
        name = feed if len(keys) == 1 and feed not in taken else f"{feed}_by_{other}"
        name = name if name not in taken else f"{name}_{field}"
        result[name] = Relation(name, feed, field, other)
    return result
