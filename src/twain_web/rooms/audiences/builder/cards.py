"""What the page shows of a rule tree: for every node its words, its inputs, and what may be done with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from twain.records import Feed, Field
from twain_web.rooms.audiences.builder.ground import Ground, arity, dated
from twain_web.rooms.audiences.builder.leaves import choices
from twain_web.rooms.audiences.builder.tree import (
    GROUPS,
    Path,
    Tree,
    group_kind,
    is_group,
    leaf_kind,
    parts,
    shown_path,
)

_TEXT_OPS = ("eq", "ne", "in", "not_in", "contains", "starts_with", "ends_with", "not_null", "is_null")
_NUMBER_OPS = ("eq", "ne", "ge", "le", "gt", "lt", "between", "in", "not_in", "not_null", "is_null")
_DATE_OPS = ("within_last_days", "older_than_days", "eq", "lt", "gt", "ge", "le", "between", "not_null", "is_null")
_OFFERED: Mapping[str, Sequence[str]] = {
    "string": _TEXT_OPS,
    "integer": _NUMBER_OPS,
    "number": _NUMBER_OPS,
    "boolean": ("is_true", "is_false", "not_null", "is_null"),
    "date": _DATE_OPS,
    "timestamp": _DATE_OPS,
}
_WORDS: Mapping[str, Any] = {
    "eq": gettext_lazy("is"),
    "ne": gettext_lazy("is known, and is not"),
    "in": gettext_lazy("is one of"),
    "not_in": gettext_lazy("is known, and none of"),
    "contains": gettext_lazy("contains"),
    "starts_with": gettext_lazy("begins with"),
    "ends_with": gettext_lazy("ends with"),
    "is_null": gettext_lazy("is not known"),
    "not_null": gettext_lazy("is known"),
    "is_true": gettext_lazy("is yes"),
    "is_false": gettext_lazy("is no"),
    "ge": gettext_lazy("is at least"),
    "le": gettext_lazy("is at most"),
    "gt": gettext_lazy("is above"),
    "lt": gettext_lazy("is below"),
    "between": gettext_lazy("lies between"),
    "within_last_days": gettext_lazy("in the last … days"),
    "older_than_days": gettext_lazy("more than … days ago"),
}
_DATE_WORDS: Mapping[str, Any] = {
    "eq": gettext_lazy("on"),
    "lt": gettext_lazy("before"),
    "gt": gettext_lazy("after"),
    "ge": gettext_lazy("on or after"),
    "le": gettext_lazy("on or before"),
}
_GROUP_WORDS: Mapping[str, Any] = {
    "all": gettext_lazy("all of these"),
    "any": gettext_lazy("at least one of these"),
    "none": gettext_lazy("none of these"),
    "not_all": gettext_lazy("not all of these"),
}
_INPUTS = {"string": "text", "integer": "number", "number": "text", "date": "date", "timestamp": "date"}


@dataclass(frozen=True, slots=True)
class Choice:
    """One option of a select, or one box to tick."""

    value: str
    words: str
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class Input:
    """One input: *kind* is an HTML input type, or ``lines``, ``boxes``, ``truth``."""

    name: str
    kind: str
    label: str
    value: str = ""
    choices: tuple[Choice, ...] = ()
    empty: str = ""  # what stands in it while nothing does


@dataclass(frozen=True, slots=True)
class Card:
    """One node as the page has it. *inside* are a group's parts, or a related feed's *where*."""

    path: str
    kind: str
    title: str
    position: str
    name: str = ""
    gap: str = ""
    feed: str = ""
    meaning: str = ""
    selects: tuple[Input, ...] = ()
    inputs: tuple[Input, ...] = ()
    inside: tuple[Card, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)
    first: bool = False
    last: bool = False
    beside_group: bool = False
    may_leave: bool = False

    @property
    def id(self) -> str:
        """The element's id."""
        return f"node-{self.path.replace('.', '-') or 'root'}"


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a node stands: what its buttons need to know."""

    path: Path = ()
    feed: Feed | None = None
    count: int = 1
    beside_group: bool = False
    depth_here: int = 0  # groups around it within the same feed


class Cards:
    """Draws one tree."""

    def __init__(self, ground: Ground, gaps: Mapping[Path, str]) -> None:
        self._ground = ground
        self._gaps = gaps

    def draw(self, tree: Tree) -> Card:
        """The whole tree."""
        return self._card(tree, _Place((), self._ground.feed))

    def _card(self, node: Tree, place: _Place) -> Card:
        return self._group(node, place) if is_group(node) else self._leaf(node, place)

    def _common(self, place: _Place) -> dict[str, Any]:
        number = place.path[-1] if place.path else 0
        return {
            "path": shown_path(place.path),
            "position": _("%(n)d of %(all)d") % {"n": number + 1, "all": place.count},
            "gap": self._gaps.get(place.path, ""),
            "first": number == 0,
            "last": number == place.count - 1,
            "beside_group": place.beside_group,
            "may_leave": place.depth_here > 1,
        }

    def _group(self, node: Tree, place: _Place) -> Card:
        inside, kind = parts(node), group_kind(node)
        shown = [
            self._card(
                part,
                _Place(
                    (*place.path, i), place.feed, len(inside),
                    any(is_group(inside[j]) for j in (i - 1, i + 1) if 0 <= j < len(inside)),
                    place.depth_here + 1,
                ),
            )
            for i, part in enumerate(inside)
        ]  # fmt: skip
        asked = Input(
            "kind", "select", _("How many must hold"), kind, _choices(GROUPS, kind, lambda k: str(_GROUP_WORDS[k]))
        )
        return Card(
            kind="group",
            title=str(_GROUP_WORDS[kind]),
            feed=place.feed.title if place.feed else "",
            selects=(asked,),
            inside=tuple(shown),
            extra={"relates": bool(place.feed and place.feed.relations)},
            **self._common(place),
        )

    def _leaf(self, node: Tree, place: _Place) -> Card:
        kind = leaf_kind(node)
        assert place.feed is not None  # noqa: S101 — every place has one
        drawn: Card = getattr(self, f"_{kind}")(node, place.feed, place)
        return drawn

    # ------------------------------------------------------------ leaves

    def _field(self, node: Tree, feed: Feed, place: _Place) -> Card:
        tested = feed.fields[node["field"]]
        return Card(
            kind="field",
            name=tested.name,
            title=tested.business_name,
            meaning=tested.description,
            feed=feed.title,
            selects=(_operators(tested, str(node["op"])),),
            inputs=_values(tested, str(node["op"]), node.get("value")),
            **self._common(place),
        )

    def _related(self, node: Tree, feed: Feed, place: _Place) -> Card:
        other = self._ground.feeds[feed.relations[node["related"]].feed]
        amount, least, most = _amount(node)
        within = node.get("within", {})
        span = "days" if "days" in within else "dates" if within else ""
        where = self._card(parts(node)[0], _Place((*place.path, 0), other))
        return Card(
            kind="related",
            name=str(node["related"]),
            title=other.title,
            meaning=other.description,
            feed=feed.title,
            inside=(where,),
            extra={
                "amount": _amounts(amount),
                "least": _shown(least),
                "most": _shown(most),
                "asks": amount,
                "span": span,
                "spans": self._spans(span) if dated(other) else (),
                "dated": tuple(Choice(f.name, f.business_name, f.name == within.get("field")) for f in dated(other)),
                "days": _shown(within.get("days")),
                "ends": tuple(_end(key, within.get(key)) for key in ("from", "to")),
            },
            **self._common(place),
        )

    def _spans(self, span: str) -> tuple[Choice, ...]:
        year = Choice(
            "year",
            _("this year: from 1 January %(year)d on (that date stays when the year ends)")
            % {"year": self._ground.today.year},
        )
        return (*_choices(("", "days", "dates"), span, lambda s: str(_SPAN_WORDS[s])), year)

    def _anniversary(self, node: Tree, feed: Feed, place: _Place) -> Card:
        tested = feed.fields[node["anniversary"]]
        years, months, days = (int(node.get(key, 0)) for key in ("years", "months", "days"))
        every = str(node.get("every") or ("once" if years or months else "year"))
        return Card(
            kind="anniversary",
            name=tested.name,
            title=tested.business_name,
            meaning=tested.description,
            feed=feed.title,
            extra={
                "every": _choices(("year", "month", "once"), every, lambda e: str(_EVERY_WORDS[e])),
                "once": every == "once",
                "years": years,
                "months": months,
                "days": abs(days),
                "side": _choices(("after", "before"), "before" if days < 0 else "after", lambda s: str(_SIDE_WORDS[s])),
                "feb29": _choices(("feb28", "mar1"), str(node.get("feb29", "feb28")), lambda d: str(_LEAP_WORDS[d])),
            },
            **self._common(place),
        )

    def _history(self, node: Tree, feed: Feed, place: _Place) -> Card:
        leaf = node.get("not", node)
        kinds = _choices(("mailed", "failed", "clicked"), leaf["history"], lambda k: str(_HISTORY_WORDS[k]))
        return Card(
            kind="history",
            title=_("Earlier messages"),
            meaning=_("What the delivery history says of them."),
            selects=(_opposite(node), Input("history", "select", _("What happened"), leaf["history"], kinds)),
            inputs=(
                Input("within_days", "number", _("In the last … days"), _shown(leaf.get("within_days")), (), _("ever")),
                Input("campaign", "text", _("By the campaign"), str(leaf.get("campaign") or ""), (), _("any campaign")),
            ),
            feed=feed.title,
            **self._common(place),
        )

    def _audience(self, node: Tree, feed: Feed, place: _Place) -> Card:
        return self._named(node, "audience", _("Another audience"), sorted(self._ground.audiences), feed, place)

    def _fragment(self, node: Tree, feed: Feed, place: _Place) -> Card:
        return self._named(node, "fragment", _("IT's list"), sorted(self._ground.fragments), feed, place)

    def _named(self, node: Tree, kind: str, title: str, names: list[str], feed: Feed, place: _Place) -> Card:
        chosen = str(node.get("not", node)[kind])
        known = [name for name in names if name != self._ground.slug or name == chosen]
        shown = self._ground.titles if kind == "audience" else {}
        return Card(
            kind=kind,
            title=title,
            selects=(
                _opposite(node),
                Input(
                    kind, "select", _("Which one"), chosen, _choices(known, chosen, lambda name: shown.get(name, name))
                ),
            ),
            feed=feed.title,
            **self._common(place),
        )


# ---------------------------------------------------------------- inputs


def _choices(values: Sequence[str], chosen: str, words: Any) -> tuple[Choice, ...]:  # noqa: ANN401 — str → str
    listed = [*values] if chosen in values else [*values, chosen]
    return tuple(Choice(value, words(value) if value in values else value, value == chosen) for value in listed)


def op_words(tested: Field, op: str) -> str:
    """An operator as the page says it for a field of this type."""
    said = _DATE_WORDS.get(op) if tested.type in ("date", "timestamp") else None
    return str(said or _WORDS[op])


def _operators(tested: Field, op: str) -> Input:
    offered = _OFFERED[tested.type]
    listed = [*offered] if op in offered else [*offered, op]
    options = tuple(Choice(one, op_words(tested, one), one == op) for one in listed)
    return Input("op", "select", _("Comparison"), op, options)


def _values(tested: Field, op: str, value: Any) -> tuple[Input, ...]:  # noqa: ANN401 — any JSON value
    label = tested.business_name
    match arity(op):
        case "none":
            return ()
        case "days":
            return (Input("value", "number", _("Days"), _shown(value)),)
        case "many":
            return (_many(tested, value or []),)
        case "two":
            low, high = [*(value or []), None, None][:2]
            ends = ((_("%(field)s from"), low), (_("%(field)s to"), high))
            return tuple(_single(tested, words % {"field": label}, one) for words, one in ends)
        case _:
            return (_single(tested, label, value),)


def _single(tested: Field, label: str, value: Any) -> Input:  # noqa: ANN401
    if tested.type == "boolean":
        options = (Choice("", "…", value is None), Choice("true", _("yes"), value is True))
        return Input("value", "truth", label, "", (*options, Choice("false", _("no"), value is False)))
    listed = tuple(Choice(one, one, one == value) for one in choices(tested))
    kind = _INPUTS[tested.type]
    if tested.type == "timestamp" and "T" in str(value):
        kind = "datetime-local"
    return Input("value", kind, label, _shown(value), listed)


def _many(tested: Field, values: Sequence[Any]) -> Input:
    listed, given = choices(tested), [str(v) for v in values if v is not None]
    if listed or any(one != one.strip() or not one for one in given):
        extra = [one for one in given if one not in listed]
        boxes = tuple(Choice(one, one or _("(an empty text)"), one in given) for one in [*listed, *extra])
        return Input("value", "boxes", tested.business_name, "", boxes)
    shown = "\n".join(_shown(v) for v in values if v is not None)
    return Input("lines", "lines", _("%(field)s, one a line") % {"field": tested.business_name}, shown)


def _shown(value: Any) -> str:  # noqa: ANN401
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return format(Decimal(repr(value)), "f")
    return "" if value is None else f"{value}"


def _end(name: str, value: Any) -> Input:  # noqa: ANN401
    shown = str(value or "")
    return Input(name, "datetime-local" if "T" in shown else "date", {"from": _("from"), "to": _("to")}[name], shown)


def _opposite(node: Tree) -> Input:
    chosen = "not" if "not" in node else "is"
    words = {"is": _("are, or were"), "not": _("are not, or were not")}
    return Input("is", "select", _("Yes or not"), chosen, _choices(("is", "not"), chosen, words.__getitem__))


def _amount(node: Tree) -> tuple[str, Any, Any]:
    if node.get("none"):
        return "none", None, None
    if "at_most" in node:
        return ("between" if "at_least" in node else "at_most"), node.get("at_least"), node["at_most"]
    return "at_least", node.get("at_least", 1), None


def _amounts(chosen: str) -> tuple[Choice, ...]:
    return _choices(("at_least", "at_most", "between", "none"), chosen, lambda a: str(_AMOUNT_WORDS[a]))


_AMOUNT_WORDS = {
    "at_least": gettext_lazy("at least"),
    "at_most": gettext_lazy("at most"),
    "between": gettext_lazy("between"),
    "none": gettext_lazy("no"),
}
_SPAN_WORDS = {
    "": gettext_lazy("at any time"),
    "days": gettext_lazy("in the last … days"),
    "dates": gettext_lazy("from … to …"),
}
_EVERY_WORDS = {
    "year": gettext_lazy("every year"),
    "month": gettext_lazy("every month"),
    "once": gettext_lazy("once, so long after it"),
}
_SIDE_WORDS = {"after": gettext_lazy("days after"), "before": gettext_lazy("days before")}
_LEAP_WORDS = {
    "feb28": gettext_lazy("29 February counts on the 28th"),
    "mar1": gettext_lazy("29 February counts on 1 March"),
}
_HISTORY_WORDS = {
    "mailed": gettext_lazy("mailed by us"),
    "failed": gettext_lazy("reached in vain (the message failed)"),
    "clicked": gettext_lazy("seen to click"),
}
