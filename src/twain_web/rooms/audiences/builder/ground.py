"""What a rule stands on: feeds and their rights, other audiences, IT's fragments; and what is wrong or still missing in a tree.

There is one judge, the parser of the flow. A value that nobody has filled in yet is a *gap*: the parser sees a stand-in for it,
so that everything else is judged at once, and a tree with gaps is kept but neither counted nor saved.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, cast

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from twain.audiences.history import take_out
from twain.audiences.parse import parse_rule
from twain.errors import RuleError, TwainError
from twain.flows.instance import Instance
from twain.records import Feed, Field, FieldType, Right
from twain_web.rooms.audiences.builder.tree import Path, Tree, at, is_group, normal, parts, replaced, walk, with_parts

_STAND_IN: Mapping[FieldType, Any] = {
    "string": "x",
    "integer": 1,
    "number": 1,
    "boolean": True,
    "date": "2024-01-01",
    "timestamp": "2024-01-01",
}
_LARGEST = 1 << 20
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_MANY = frozenset({"in", "not_in", "between"})
_DAYS = frozenset({"within_last_days", "older_than_days"})
_NONE = frozenset({"is_null", "not_null", "is_true", "is_false"})
_MISSING = gettext_lazy("Fill in what is missing here.")
_EMPTY = gettext_lazy("Nothing stands in this group yet: add a condition, or remove it.")


def arity(op: str) -> str:
    """How many values an operator takes: none, one, many, two or days."""
    if op in _NONE:
        return "none"
    if op in _DAYS:
        return "days"
    return "two" if op == "between" else "many" if op in _MANY else "one"


@dataclass(frozen=True, slots=True)
class Ground:
    """The feed a rule is over, and everything its parts may name. *slug* is the audience's own: it may not name itself."""

    feed: Feed
    feeds: Mapping[str, Feed]
    audiences: Mapping[str, Any]
    fragments: Mapping[str, str]
    dialect: str
    today: date
    slug: str = ""
    titles: Mapping[str, str] = field(default_factory=dict)
    """The audiences' names on screen, by slug; one that is missing is shown by its slug."""

    def feed_at(self, tree: Tree, path: Path) -> Feed:
        """The feed whose rows are judged at a place: a related one inside its *where*."""
        feed = self.feed
        for depth in range(len(path)):
            node = at(tree, path[:depth])
            if "related" in node:
                feed = self.feeds[feed.relations[node["related"]].feed]
        return feed

    def judge(self, tree: Tree) -> None:
        """Raise RuleError unless everything but the gaps is right: names, rights, operators, values, circles."""
        _refuse_unprintable(tree)
        named = {**self.audiences, self.slug: _filled(tree, self.feed, self)} if self.slug else self.audiences
        rule = {"audience": self.slug} if self.slug else _filled(tree, self.feed, self)
        parse_rule(
            rule, self.feed, self.feeds, audiences=named, fragments=self.fragments, where="rule", dialect=self.dialect
        )

    def adopted(self, written: object) -> Tree:
        """A rule written elsewhere (JSON, a file), judged as it stands and brought into the normal form. Raises RuleError."""
        _refuse_unprintable(written)
        parse_rule(
            written, self.feed, self.feeds, audiences=self.audiences, fragments=self.fragments, where="rule",
            dialect=self.dialect,
        )  # fmt: skip
        tree = normal(cast("Tree", written))
        for path, node in list(walk(tree)):
            if "field" in node or "within" in node:
                feed = self.feed_at(tree, path)
                tree = replaced(tree, path, lambda leaf, feed=feed: self._typed(leaf, feed))
        self.judge(tree)
        return tree

    def _typed(self, leaf: Tree, feed: Feed) -> Tree:
        """The leaf with its values as the inputs write them: whole numbers without a fraction, dates in one spelling."""
        if "field" in leaf and "value" in leaf and arity(str(leaf["op"])) != "days":
            tested, value = feed.fields[leaf["field"]], leaf["value"]
            same = [_spelt(v, tested) for v in value] if isinstance(value, list) else _spelt(value, tested)
            return leaf | {"value": same}
        if "within" in leaf:
            other = self.feeds[feed.relations[leaf["related"]].feed]
            tested = other.fields[leaf["within"]["field"]]
            ends = {k: _spelt(v, tested) for k, v in leaf["within"].items() if k in ("from", "to")}
            return leaf | {"within": leaf["within"] | ends}
        return leaf

    def gaps(self, tree: Tree) -> dict[Path, str]:
        """What still has to be filled in, by place."""
        found: dict[Path, str] = {}
        for path, node in walk(tree):
            if is_group(node):
                if path and not parts(node) and "related" not in at(tree, path[:-1]):
                    found[path] = str(_EMPTY)
            elif _has_gap(node):
                found[path] = str(_MISSING)
        return found

    def refusal(self, tree: Tree) -> str:
        """Why the tree cannot be counted or saved, in business words; empty when it can."""
        if not parts(tree) and "all" not in tree:
            return _("Nothing stands in this rule yet: add a condition.")
        gaps = self.gaps(tree)
        if gaps:
            return _("Fill in what is missing in the marked places.")
        try:
            self.judge(tree)
            known = {"audiences": self.audiences, "fragments": self.fragments, "dialect": self.dialect}
            take_out(parse_rule(tree, self.feed, self.feeds, **known))
        except TwainError as error:
            return error.business if error.business != error.what else str(error)
        return ""


def ground(instance: Instance, feed: str, slug: str = "", titles: Mapping[str, str] | None = None) -> Ground:
    """The ground of one feed in the workspace as it stands, the house's audiences laid over it. Raises ContractError.

    *titles*: the audiences' names on screen, by slug.
    """
    workspace = instance.workspace
    over = workspace.feed(feed)
    dialect = instance.dialect(over.source)
    today = instance.today()
    return Ground(over, workspace.feeds, workspace.audiences, workspace.fragments, dialect, today, slug, titles or {})


def usable(feed: Feed) -> list[Field]:
    """The fields Marketing may filter by, in the contract's order. No other field exists in the builder."""
    return [f for f in feed.fields.values() if Right.FILTER in f.rights]


def field_of(feed: Feed, name: object) -> Field:
    """One of them; RuleError (T410) with the same words whether it is hidden or not there."""
    found = feed.fields.get(name) if isinstance(name, str) else None
    if found is None or Right.FILTER not in found.rights:
        raise RuleError(
            f"{feed.name} has no field {str(name)[:60]!r} to filter by.",
            code="T410",
            todo="Choose one of the fields offered.",
            business=f"“{feed.title}” has nothing called “{str(name)[:60]}” to filter by.",
        )
    return found


def dated(feed: Feed) -> list[Field]:
    """The usable fields that hold a date or a time."""
    return [f for f in usable(feed) if f.type in ("date", "timestamp")]


def _spelt(value: Any, tested: Field) -> Any:  # noqa: ANN401 — a value the parser has accepted
    match tested.type:
        case "integer":
            return int(value)
        case "date" | "timestamp" if len(str(value)) == 10:
            return date.fromisoformat(str(value)).isoformat()
        case "timestamp":
            return datetime.fromisoformat(str(value)).isoformat()
    return value


def _refuse_unprintable(tree: object) -> None:
    """No input can hold a line break, no store a NUL, no page half a character."""
    try:
        sound = len(json.dumps(tree, ensure_ascii=False, default=str).encode()) <= _LARGEST
        sound = sound and not any(_CONTROL.search(text) for text in _texts(tree))
    except (UnicodeEncodeError, RecursionError):
        sound = False
    if not sound:
        raise RuleError(
            "The rule holds characters that cannot be stored, or is too large.", code="T412", todo="Remove them."
        )


def _texts(tree: object) -> Iterator[str]:
    if isinstance(tree, str):
        yield tree
    elif isinstance(tree, Mapping | list | tuple):
        for one in [*tree, *tree.values()] if isinstance(tree, Mapping) else tree:
            yield from _texts(one)


# ---------------------------------------------------------------- gaps


def _has_gap(node: Tree) -> bool:
    if "related" in node:
        within = node.get("within", {})
        spans = "days" in within and within["days"] is None
        open_ended = bool(within) and "days" not in within and not (within.get("from") or within.get("to"))
        return spans or open_ended or any(key in node and node[key] is None for key in ("at_least", "at_most"))
    if "field" not in node:
        return False
    match arity(str(node["op"])):
        case "none":
            return False
        case "many" | "two":
            value = node.get("value") or []
            return not value or None in value
        case _:
            return node.get("value") is None


def _filled(tree: Tree, feed: Feed, ground: Ground) -> Tree:
    """The tree with a stand-in for every gap, so that the parser can judge the rest."""
    if is_group(tree):
        inside = [_filled(part, feed, ground) for part in parts(tree)]
        return with_parts(tree, inside or ([{"all": []}] if tree != {"all": []} else []))
    if "related" in tree:
        return _filled_related(tree, feed, ground)
    return _filled_field(tree, feed) if "field" in tree else tree


def _filled_related(tree: Tree, feed: Feed, ground: Ground) -> Tree:
    relation = feed.relations.get(str(tree["related"]))
    other = ground.feeds.get(relation.feed) if relation else None
    if other is None:
        return tree  # the parser says so
    filled = with_parts(tree, [_filled(part, other, ground) for part in parts(tree)])
    if "at_least" in tree and "at_most" in tree and None in (tree["at_least"], tree["at_most"]):
        filled |= {"at_least": 1, "at_most": 1}
    for key in ("at_least", "at_most"):
        if key in tree and filled[key] is None:
            filled[key] = 1
    if "within" in tree and _has_gap({"related": "", "within": tree["within"]}):
        filled["within"] = {"field": tree["within"].get("field"), "days": 1}
    return filled


def _filled_field(tree: Tree, feed: Feed) -> Tree:
    if not _has_gap(tree):
        return tree
    known = feed.fields.get(tree["field"]) if isinstance(tree["field"], str) else None
    stand_in = _STAND_IN[known.type] if known else None
    value = {"one": stand_in, "many": [stand_in], "two": [stand_in, stand_in], "days": 1}[arity(str(tree["op"]))]
    given = tree.get("value")
    if isinstance(given, list) and given:
        value = [stand_in if one is None else one for one in given]
    return {**tree, "value": value}
