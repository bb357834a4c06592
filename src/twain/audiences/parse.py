"""From a rule tree (JSON or TOML) to a Rule, every name, right, operator and value checked.

A field that may not be used to filter does not exist here: the answer to a hidden field and to a mistyped one is the same.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Any, cast, get_args

from twain.audiences.fragments import parse_fragment
from twain.audiences.rules import (
    All,
    Anniversary,
    AnyOf,
    Fragment,
    History,
    Nested,
    Not,
    Op,
    Related,
    Rule,
    Test,
)
from twain.audiences.values import coerce, whole
from twain.errors import RuleError
from twain.records import Feed, Field, HistoryTest, Right

_DEEPEST = 24
_MOST_NODES = 2_000
_MOST_VALUES = 5_000

_NO_VALUE = frozenset({"is_null", "not_null", "is_true", "is_false"})
_ORDERED = frozenset({"lt", "le", "gt", "ge", "between"})
_TEXT = frozenset({"contains", "starts_with", "ends_with"})
_TRUTH = frozenset({"is_true", "is_false"})
_DAYS = frozenset({"within_last_days", "older_than_days"})


def parse_rule(
    tree: object,
    feed: Feed,
    feeds: Mapping[str, Feed],
    *,
    audiences: Mapping[str, Any] | None = None,
    fragments: Mapping[str, str] | None = None,
    where: str = "audience",
    dialect: str = "duckdb",
) -> Rule:
    """Check a rule tree over *feed* and return it as a Rule.

    *feeds* are all that relations may lead to, *audiences* the named rule trees, *fragments* the SQL texts of IT by name.
    *where* begins every error's path; *dialect* is the one that fragments are written in. Raises RuleError (T400 shape,
    T410 field, T411 operator, T412 value, T413 relation, T414 audience, T415 fragment, T416 place of a history test).
    """
    return Parser(feeds, audiences or {}, fragments or {}, dialect).rule(tree, Spot(feed, where))


@dataclass(frozen=True, slots=True)
class Spot:
    """Where in a tree: the feed whose rows are judged, the path for errors, the depth, the audiences around it.

    *root* is False over a related feed, where audiences, fragments and history tests have no meaning.
    """

    feed: Feed
    path: str
    depth: int = 0
    inside: tuple[str, ...] = ()
    root: bool = True

    def step(self, name: str) -> Spot:
        """One level down, by the same feed."""
        return replace(self, path=f"{self.path}.{name}", depth=self.depth + 1)

    def fail(self, what: str, code: str = "T400", todo: str = "", business: str = "") -> RuleError:
        """An error at this place."""
        return RuleError(f"{self.path}: {what}", code=code, todo=todo, business=business)


@dataclass(slots=True)
class Parser:
    """Reads one tree; counts its nodes, so that no rule is too large for a database to parse."""

    feeds: Mapping[str, Feed]
    audiences: Mapping[str, Any]
    fragments: Mapping[str, str]
    dialect: str
    nodes: int = field(default=0)

    def rule(self, tree: object, spot: Spot) -> Rule:
        """One node, whatever its kind."""
        self.nodes += 1
        if spot.depth > _DEEPEST or self.nodes > _MOST_NODES:
            raise spot.fail(
                f"the rule is too large (at most {_DEEPEST} levels and {_MOST_NODES} parts).",
                todo="Use lists of values (in), or have IT write the rule as a fragment.",
            )
        if not isinstance(tree, Mapping):
            raise spot.fail("a rule is an object with one key of its kind.", todo=f"Kinds: {', '.join(_KINDS)}.")
        kinds = [kind for kind in _KINDS if kind in tree]
        if len(kinds) != 1:
            raise spot.fail(
                f"has {' and '.join(kinds) or 'no key that names its kind'}.",
                todo=f"Exactly one of {', '.join(_KINDS)}.",
            )
        read, keys = _KINDS[kinds[0]]
        known(tree, {kinds[0], *keys}, spot)
        rule: Rule = read(self, tree, spot)
        return rule

    def all(self, tree: Mapping[str, Any], spot: Spot) -> Rule:
        """Every one of a list."""
        return All(self.several(tree["all"], spot.step("all")))

    def any(self, tree: Mapping[str, Any], spot: Spot) -> Rule:
        """At least one of a list."""
        rules = self.several(tree["any"], spot.step("any"))
        if not rules:
            raise spot.fail("any of nothing is nobody.", todo="Put at least one rule into any.")
        return AnyOf(rules)

    def several(self, trees: object, spot: Spot) -> tuple[Rule, ...]:
        """The rules of a list."""
        if not isinstance(trees, Sequence) or isinstance(trees, str):
            raise spot.fail("is not a list of rules.", todo="Write it as a list: [ … ].")
        spots = (replace(spot, path=f"{spot.path}[{index}]") for index in range(len(trees)))
        return tuple(self.rule(tree, one) for tree, one in zip(trees, spots, strict=True))

    def negation(self, tree: Mapping[str, Any], spot: Spot) -> Rule:
        """The opposite of a rule."""
        return Not(self.rule(tree["not"], spot.step("not")))

    def test(self, tree: Mapping[str, Any], spot: Spot) -> Rule:
        """A field, an operator and its value."""
        tested = filterable(spot, tree["field"])
        op = tree.get("op", "eq")
        if op not in get_args(Op):
            near = _nearest(str(op), get_args(Op))
            raise spot.fail(f"{op!r} is no operator.", "T411", near or f"Operators: {', '.join(get_args(Op))}.")
        if op in _NO_VALUE and "value" in tree:
            raise spot.fail(f"{op} takes no value.", "T411", "Remove the value.")
        return _test(tested, op, tree.get("value"), spot)

    def related(self, tree: Mapping[str, Any], spot: Spot) -> Rule:
        """An amount of another feed's rows."""
        relation = spot.feed.relations.get(str(tree["related"]))
        if relation is None or relation.feed not in self.feeds:
            raise unknown_relation(spot, str(tree["related"]), self.feeds)
        other = replace(spot, feed=self.feeds[relation.feed], root=False)
        at_least, at_most = _amount(tree, spot)
        conditions = [self.rule(tree["where"], other.step("where"))] if "where" in tree else []
        if "within" in tree:
            conditions.append(self.within(tree["within"], other.step("within")))
        where = conditions[0] if len(conditions) == 1 else All(tuple(conditions)) if conditions else None
        return Related(relation, other.feed, at_least, at_most, where)

    def within(self, span: object, spot: Spot) -> Rule:
        """A span of time that related rows must lie in."""
        if not isinstance(span, Mapping) or "field" not in span:
            raise spot.fail(
                "is not a span of time.", todo='Write {"field": …, "days": 30} or {"field": …, "from": …, "to": …}.'
            )
        known(span, {"field", "days", "from", "to"}, spot)
        dated = filterable(spot, span["field"])
        if ("days" in span) == bool({"from", "to"} & span.keys()):
            raise spot.fail("needs either days, or from and to.", todo="Keep one of the two.")
        if "days" in span:
            return _test(dated, "within_last_days", span["days"], spot)
        _fits(dated, "within_last_days", spot)
        bounds: list[tuple[Op, Any]] = [("ge", span.get("from")), ("le", span.get("to"))]
        return All(tuple(_test(dated, op, value, spot) for op, value in bounds if value is not None))

    def anniversary(self, tree: Mapping[str, Any], spot: Spot) -> Rule:
        """A recurring or a single day after a date."""
        dated = filterable(spot, tree["anniversary"])
        if dated.type not in ("date", "timestamp"):
            raise spot.fail(f"{dated.name} is no date.", "T411", "Anniversaries need a date or a timestamp.")
        years, months = (
            whole(tree.get(key, 0), f"{spot.path}.{key}", least=0, most=1_200) for key in ("years", "months")
        )
        every = tree.get("every", "once" if years or months else "year")
        if every not in ("year", "month", "once") or (every == "once") != bool(years or months):
            raise spot.fail(
                "every is year or month, without years and months; or leave every out.",
                todo='Write "every": "year", or "years": n for the n-th anniversary only.',
            )
        leap_day = tree.get("feb29", "feb28")
        if leap_day not in ("feb28", "mar1"):
            raise spot.fail(f"feb29 {leap_day!r} is unknown.", "T412", 'Use "feb28" or "mar1".')
        days = whole(tree.get("days", 0), f"{spot.path}.days", least=-36_525)
        return Anniversary(dated, every, years, months, days, leap_day)

    def nested(self, tree: Mapping[str, Any], spot: Spot) -> Rule:
        """Another audience, its circle-free tree read in place."""
        name = str(tree["audience"])
        if not spot.root:
            raise spot.fail("an audience cannot stand over a related feed.", "T414", "Write its rule out here.")
        if name not in self.audiences:
            raise spot.fail(f"there is no audience {name!r}.", "T414", did_you_mean(name, self.audiences))
        if name in spot.inside:
            circle = " → ".join((*spot.inside[spot.inside.index(name) :], name))
            raise spot.fail(f"audiences go round in a circle: {circle}.", "T414", "Break the circle.")
        inner = replace(spot, path=f"{spot.path}({name})", depth=spot.depth + 1, inside=(*spot.inside, name))
        return Nested(name, self.rule(self.audiences[name], inner))

    def fragment(self, tree: Mapping[str, Any], spot: Spot) -> Rule:
        """IT's own SELECT of keys."""
        name = str(tree["fragment"])
        if not spot.root:
            raise spot.fail(
                "a fragment cannot stand over a related feed.", "T415", "Use it beside related, not in where."
            )
        if name not in self.fragments:
            raise spot.fail(f"there is no fragment {name!r}.", "T415", did_you_mean(name, self.fragments))
        parse_fragment(name, self.fragments[name], self.feeds, self.dialect)
        return Fragment(name, self.fragments[name])

    def history(self, tree: Mapping[str, Any], spot: Spot) -> Rule:
        """A test on our own sends."""
        kind = tree["history"]
        if not spot.root:
            raise spot.fail("a test on past sends cannot stand over a related feed.", "T416", "Put it beside related.")
        if kind not in ("mailed", "failed", "clicked"):
            raise spot.fail(f"history {kind!r} is unknown.", "T400", "Use mailed, failed or clicked.")
        days = tree.get("within_days")
        if days is not None and (isinstance(days, bool) or not isinstance(days, int | float) or not 0 < days <= 36_525):
            raise spot.fail(f"within_days {days!r} is not a number of days.", "T412", "Use a number above 0.")
        campaign = tree.get("campaign")
        return History(HistoryTest(kind, False, days, None if campaign is None else str(campaign)))  # noqa: FBT003


_KINDS: Mapping[str, Any] = {
    "all": (Parser.all, ()),
    "any": (Parser.any, ()),
    "not": (Parser.negation, ()),
    "field": (Parser.test, ("op", "value")),
    "related": (Parser.related, ("at_least", "at_most", "none", "where", "within")),
    "anniversary": (Parser.anniversary, ("years", "months", "days", "feb29", "every")),
    "audience": (Parser.nested, ()),
    "fragment": (Parser.fragment, ()),
    "history": (Parser.history, ("within_days", "campaign")),
}


def filterable(spot: Spot, name: object) -> Field:
    """The field of this name, if it may be used to filter; otherwise one and the same RuleError (T410) for all reasons."""
    return permitted(spot, name, Right.FILTER, "filter by")


def permitted(spot: Spot, name: object, right: Right, doing: str) -> Field:
    """The field of this name, if *right* is given on it. A hidden field's error does not tell that it exists."""
    found = spot.feed.fields.get(name) if isinstance(name, str) else None
    if found is not None and right in found.rights:
        return found
    usable = {f.name: f for f in spot.feed.fields.values() if right in f.rights}
    raise spot.fail(
        f"{spot.feed.name} has no field {name!r} to {doing}.",
        "T410",
        f"{nearest_field(str(name), usable.values())} {_right_is_given(spot.feed, right)}",
        f"“{spot.feed.title}” has nothing called “{name}” to {doing}.",
    )


def _right_is_given(feed: Feed, right: Right) -> str:
    """The same for a hidden field and a mistyped one."""
    by = feed.owner.name if feed.owner.name else "its owner"
    return f"Fields are here once they are reviewed with the right {right}: by {by}."


def nearest_field(name: str, usable: Collection[Field]) -> str:
    """What to write in its place: the field whose name, business name or synonym is nearest."""
    by_word = {word.casefold(): f for f in usable for word in (f.name, f.business_name, *f.synonyms)}
    near = get_close_matches(name.casefold(), list(by_word), n=1)
    if near:
        return f"Did you mean {by_word[near[0]].name} (“{by_word[near[0]].business_name}”)?"
    names = ", ".join(sorted(f.name for f in usable)[:20])
    return f"Fields here: {names}." if names else "Ask the feed's owner for the right."


def unknown_relation(spot: Spot, name: str, feeds: Collection[str] = ()) -> RuleError:
    """The RuleError (T413) for a relation that is not in the contract; *feeds* are all there are."""
    relations = spot.feed.relations
    if name in feeds and name != spot.feed.name:
        what = f"{name} is there, but nobody has reviewed the field that ties it to {spot.feed.name}."
        return spot.fail(what, "T413", f"IT runs: twain review {name}")
    return spot.fail(f"{spot.feed.name} has no related feed {name!r}.", "T413", did_you_mean(name, relations))


def known(tree: Mapping[str, Any], keys: Collection[str], spot: Spot) -> None:
    """Refuse a key that means nothing here: a mistyped condition must never be silently left out."""
    for key in tree:
        if key not in keys:
            raise spot.fail(f"{key!r} means nothing here.", "T400", f"Known here: {', '.join(sorted(keys))}.")


def did_you_mean(name: str, names: Collection[str]) -> str:
    """The nearest of *names*, or all of them, as an instruction."""
    return _nearest(name, names) or (
        f"Known here: {', '.join(sorted(names)[:20])}." if names else "There are none yet."
    )


def _nearest(name: str, names: Collection[str]) -> str:
    near = get_close_matches(name, list(names), n=1)
    return f"Did you mean {near[0]}?" if near else ""


def _amount(tree: Mapping[str, Any], spot: Spot) -> tuple[int, int | None]:
    if "none" in tree:
        if tree["none"] is not True or {"at_least", "at_most"} & tree.keys():
            raise spot.fail("none is true, and stands without at_least and at_most.", todo='Write "none": true.')
        return 0, 0
    default = 0 if "at_most" in tree else 1
    least = whole(tree.get("at_least", default), f"{spot.path}.at_least", least=default, most=10**9)
    if "at_most" not in tree:
        return least, None
    return least, whole(tree["at_most"], f"{spot.path}.at_most", least=least, most=10**9)


def _test(tested: Field, op: Op, value: object, spot: Spot) -> Test:
    _fits(tested, op, spot)
    if op in _NO_VALUE:
        return Test(tested, op)
    if op in _DAYS:
        return Test(tested, op, (whole(value, spot.path, least=0),))
    values = _values(op, value, spot)
    return Test(tested, op, tuple(coerce(one, tested, spot.path) for one in values))


def _fits(tested: Field, op: Op, spot: Spot) -> None:
    allowed = (
        (op not in _TEXT or tested.type == "string")
        and (op not in _TRUTH or tested.type == "boolean")
        and (op not in _ORDERED or tested.type != "boolean")
        and (op not in _DAYS or tested.type in ("date", "timestamp"))
    )
    if not allowed:
        if op in _DAYS:
            written = "within" if spot.path.endswith(".within") else op
            todo = f"If {tested.name} holds dates, IT writes logicalType: date or timestamp in its contract (see the runbook)."
            raise spot.fail(f"{written} does not go with {tested.name}, a {tested.type}.", "T411", todo)
        raise spot.fail(f"{op} does not go with {tested.name}, a {tested.type}.", "T411", "Choose another operator.")


def _values(op: Op, value: object, spot: Spot) -> Sequence[object]:
    if op not in ("in", "not_in", "between"):
        if value == "" and op in _TEXT:
            raise spot.fail(f"{op} needs some text.", "T412", "Write what to look for.")
        return (value,)
    if not isinstance(value, Sequence) or isinstance(value, str) or not 0 < len(value) <= _MOST_VALUES:
        raise spot.fail(f"{op} needs a list of values (at most {_MOST_VALUES}).", "T412", "Write it as a list: [ … ].")
    if op == "between" and len(value) != 2:
        raise spot.fail("between needs two values.", "T412", "Write [from, to]; both belong to it.")
    return cast("Sequence[object]", value)
