"""What a change of contracts breaks: every audience, template and campaign that reads what is no longer there, before the merge.

Each break names its campaign, owner, date, file and line, and the new name where a rename can be told from a removal:

====  ==============================================================
T231  a field is gone, or no longer reviewed
T232  a field has another name now (the break carries it)
T233  a right is withdrawn
T234  a field holds another type of value
T235  a relation between two feeds is gone
T236  a feed is gone
T237  a field has lost its messaging role
====  ==============================================================
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from twain.errors import Place
from twain.feeds.renames import renames
from twain.records import Feed, Field, Owner, Problem, Relation, Right

_Read = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Use:
    """Something that reads feeds: a campaign, an audience. *when* is its next send, None when none is planned.

    *reads* are (feed, field). *needs* says which rights it uses of a field; where it is silent, filter and personalise count.
    *relations* are (feed, relation's name) it follows; where there are none, those between the feeds it reads count. *places*
    are the lines where a field or a relation is first named; where silent, *place* counts.
    """

    kind: str
    name: str
    owner: Owner
    when: datetime | None
    reads: frozenset[_Read]
    place: Place | None = None
    needs: Mapping[_Read, frozenset[Right]] = field(default_factory=dict)
    relations: frozenset[_Read] = frozenset()
    places: Mapping[_Read, Place] = field(default_factory=dict)

    def __str__(self) -> str:
        when = f", goes {self.when:%a %d %b %Y %H:%M}" if self.when else ""
        return f"{self.kind.capitalize()} “{self.name}” ({self.owner}{when})"


@dataclass(frozen=True, slots=True)
class Break:
    """One use that a change breaks. *renamed* is the field that the lost one has become, where that can be told."""

    use: Use
    feed: str
    field: str
    problem: Problem
    renamed: Field | None = None


def breaks(old: Mapping[str, Feed], new: Mapping[str, Feed], uses: Sequence[Use]) -> list[Break]:
    """What of *uses* works with the *old* contracts and not with the *new* ones, soonest send first."""
    found = [b for use in uses for b in _of_use(use, old, new)]
    return sorted(found, key=lambda b: (b.use.when is None, str(b.use.when), b.use.name, b.feed, b.field))


def _of_use(use: Use, old: Mapping[str, Feed], new: Mapping[str, Feed]) -> Iterator[Break]:
    feeds = {feed for feed, _ in use.reads} | {feed for feed, _ in use.relations}
    for name in sorted(feeds & old.keys()):
        if name not in new:
            yield _feed_gone(use, old[name], new)
    for name, field_name in sorted(use.reads):
        was = old[name].fields.get(field_name) if name in old else None
        if was is not None and name in new:
            yield from _of_field(use, was, old[name], new[name])
    yield from _of_relations(use, old, new)


def _of_field(use: Use, was: Field, before: Feed, feed: Feed) -> Iterator[Break]:
    now = feed.fields.get(was.name)
    if now is None:
        yield _field_gone(use, was, renames(before, feed).get(was.name), feed)
        return
    lost = (was.rights - now.rights) & use.needs.get((feed.name, was.name), {Right.FILTER, Right.PERSONALISE})
    if lost:
        rights = " and ".join(sorted(lost))
        what = f"the right to {rights} is withdrawn"
        yield _break(use, feed, was, "T233", what, f"Give {rights} back, or take the field out of the {use.kind}.", now)
    if was.type != now.type and (was.type, now.type) != ("integer", "number"):
        what = f"its type changes from {was.type} to {now.type}"
        yield _break(use, feed, was, "T234", what, f"Keep {was.type} in a view, or adapt the {use.kind}.", now)
    if was.role is not None and was.role != now.role:
        what = f"it loses the role {was.role}"
        yield _break(use, feed, was, "T237", what, f"Write {{property: twain.role, value: {was.role}}} again.", now)


def _field_gone(use: Use, was: Field, renamed: Field | None, feed: Feed) -> Break:
    if renamed is None:
        todo = f"Keep the field reviewed in the contract, or take it out of the {use.kind}."
        return _break(use, feed, was, "T231", "the field is removed, or no longer reviewed", todo)
    todo = (
        f"Keep its name: name: {was.name}, physicalName: {renamed.column}; or write {renamed.name} in the {use.kind}."
    )
    return _break(use, feed, was, "T232", f"the field is now called {renamed.name}", todo, renamed)


def _break(use: Use, feed: Feed, was: Field, code: str, what: str, todo: str, now: Field | None = None) -> Break:
    place = use.places.get((feed.name, was.name), use.place)
    contract = (now.place if now else None) or feed.place
    where = f" ({contract})" if contract else ""
    business = f"{use} uses “{was.business_name}” of {feed.title}: {what}."
    problem = Problem("error", code, f"{use} reads {feed.name}.{was.name}: {what}{where}.", todo, place, business)
    return Break(use, feed.name, was.name, problem, now if code == "T232" else None)


def _feed_gone(use: Use, was: Feed, new: Mapping[str, Feed]) -> Break:
    same = [f.name for f in new.values() if (f.source, f.table, f.query) == (was.source, was.table, was.query)]
    todo = (
        f"It is now called {same[0]}: keep the name {was.name}." if same else f"Keep the feed, or stop the {use.kind}."
    )
    what = f"{use} reads the feed {was.name}, which is gone."
    business = f"{use} uses {was.title}, which will no longer be there."
    return Break(use, was.name, "", Problem("error", "T236", what, todo, use.place, business))


def _of_relations(use: Use, old: Mapping[str, Feed], new: Mapping[str, Feed]) -> Iterator[Break]:
    for feed, relation in _followed(use, old):
        after = new.get(feed)
        gone = after is not None and relation.feed in new and not _still_there(relation, after)
        if after is not None and gone:
            what = (
                f"{use} follows {relation.name} from {feed} ({relation.field} = {relation.feed}.{relation.other_field})"
            )
            business = (
                f"{use} uses {old[relation.feed].title} of each {old[feed].title}, which will no longer be linked."
            )
            todo = "Keep the foreign key in relationships, or write it under twain.relations."
            place = use.places.get((feed, relation.name), use.place)
            problem = Problem("error", "T235", f"{what}, which is gone ({after.place}).", todo, place, business)
            yield Break(use, feed, relation.field, problem)


def _still_there(relation: Relation, feed: Feed) -> bool:
    now = feed.relations.get(relation.name)
    return now is not None and (now.feed, now.field, now.other_field) == (
        relation.feed,
        relation.field,
        relation.other_field,
    )


def _followed(use: Use, old: Mapping[str, Feed]) -> Iterator[tuple[str, Relation]]:
    """The relations a use follows; when it does not say, each one between two feeds that it reads, seen from one side."""
    if use.relations:
        named = ((feed, old[feed].relations.get(name)) for feed, name in sorted(use.relations) if feed in old)
        yield from ((feed, relation) for feed, relation in named if relation is not None)
        return
    feeds = sorted({feed for feed, _ in use.reads} & old.keys())
    seen: set[frozenset[tuple[str, str]]] = set()
    for feed in feeds:
        for relation in old[feed].relations.values():
            ends = frozenset({(feed, relation.field), (relation.feed, relation.other_field)})
            if relation.feed in feeds and ends not in seen:
                seen.add(ends)
                yield feed, relation
