"""Leaves from what people choose and type: new ones with what is usual, changed ones from a form's fields.

What does not fit a type is refused with what to write; an empty input is a gap, not an error.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, get_args

from django.utils.translation import gettext as _

from twain.audiences.rules import Op
from twain.errors import RuleError
from twain.records import Feed, Field, FieldType
from twain_web.rooms.audiences.builder.ground import Ground, arity, dated, field_of
from twain_web.rooms.audiences.builder.tree import Tree, leaf_kind

#: What a form sends: every name with all its values.
Posted = Mapping[str, Sequence[str]]

_MOST_VALUES = 5_000
_USUAL: Mapping[FieldType, str] = {
    "string": "eq",
    "integer": "ge",
    "number": "ge",
    "boolean": "is_true",
    "date": "within_last_days",
    "timestamp": "within_last_days",
}
_SPACES = re.compile(r"[\s\u00a0\u202f'’]+")


def new_leaf(kind: str, name: str, of: str, feed: Feed, ground: Ground) -> Tree:  # noqa: PLR0911 — one arm per kind
    """A new part: a group, a field's test, a related feed (*of*) with or without one of its fields, and so on."""
    match kind:
        case "group":
            return {"any": []}
        case "field" if of:
            return {"related": of, "at_least": 1, "where": {"all": [_new_test(_related(feed, of, ground), name)]}}
        case "field":
            return _new_test(feed, name)
        case "related":
            _related(feed, name, ground)
            return {"related": name, "at_least": 1}
        case "anniversary":
            return {"anniversary": field_of(feed, name).name, "every": "year", "days": 0, "feb29": "feb28"}
        case "audience" | "fragment":
            return {kind: name}
        case "history":
            return {"not": {"history": name, "within_days": 14}}
    raise RuleError(f"{kind[:40]!r} is no kind of condition.", todo="Choose one of those offered.")


def _related(feed: Feed, name: str, ground: Ground) -> Feed:
    relation = feed.relations.get(name)
    if relation is None or relation.feed not in ground.feeds:
        raise RuleError(
            f"{feed.name} has no related feed {name[:60]!r}.", code="T413", todo="Choose one of those offered."
        )
    return ground.feeds[relation.feed]


def _new_test(feed: Feed, name: str) -> Tree:
    tested = field_of(feed, name)
    op = "in" if choices(tested) else _USUAL[tested.type]
    return _empty(tested.name, op)


def _empty(name: str, op: str) -> Tree:
    empty = {"none": {}, "one": {"value": None}, "many": {"value": []}, "two": {"value": [None, None]}}
    return {"field": name, "op": op, **empty.get(arity(op), {"value": None})}


def choices(tested: Field) -> list[str]:
    """The values the contract itself lists for a field; never values out of people's rows."""
    for rule in tested.quality:
        listed = rule.arguments.get("validValues")
        if rule.metric == "invalidValues" and isinstance(listed, list):
            return [str(value) for value in listed if value is not None]
    return []


# ---------------------------------------------------------------- from a form


def changed(node: Tree, posted: Posted, feed: Feed, ground: Ground) -> Tree:
    """The leaf as the form has it. Raises RuleError with what to write instead."""
    kind = leaf_kind(node)
    leaf = _CHANGES[kind](node.get("not", node), posted, feed, ground)
    return {"not": leaf} if kind in ("history", "audience", "fragment") and _one(posted, "is") == "not" else leaf


def _field(node: Tree, posted: Posted, feed: Feed, _ground: Ground) -> Tree:
    tested = field_of(feed, node["field"])
    op = _one(posted, "op") or str(node["op"])
    if op not in get_args(Op):
        raise RuleError(f"{op[:40]!r} is no operator.", code="T411", todo="Choose one of those offered.")
    if op != node["op"]:
        return _carried(node, op)
    texts = posted.get("value", ())
    match arity(op):
        case "none":
            return {"field": tested.name, "op": op}
        case "days":
            return {"field": tested.name, "op": op, "value": _whole(texts[0] if texts else "")}
        case "many":
            return {"field": tested.name, "op": op, "value": _many(posted, tested)}
        case "two":
            both = [*texts, "", ""][:2]
            return {"field": tested.name, "op": op, "value": [read_value(one, tested) for one in both]}
        case _:
            return {"field": tested.name, "op": op, "value": read_value(texts[0] if texts else "", tested)}


def _carried(node: Tree, op: str) -> Tree:
    """Another operator, with as much of the value as still fits."""
    before, after = arity(str(node["op"])), arity(op)
    fresh, value = _empty(node["field"], op), node.get("value")
    if after == before and after != "none":
        return fresh | {"value": value}
    if after == "many":
        given = value if before == "two" else [value] if before == "one" else []
        return fresh | {"value": [v for v in given or [] if v is not None]}
    if after == "one" and before in ("many", "two") and value:
        return fresh | {"value": value[0]}
    if after == "two" and before == "one":
        return fresh | {"value": [value, None]}
    return fresh


def _related_leaf(node: Tree, posted: Posted, feed: Feed, ground: Ground) -> Tree:
    other = _related(feed, str(node["related"]), ground)
    leaf: Tree = {"related": node["related"], **_amount(posted)}
    within = _within(posted, other, ground)
    leaf |= {"within": within} if within else {}
    return leaf | ({"where": node["where"]} if "where" in node else {})


def _amount(posted: Posted) -> Tree:
    least, most = _one(posted, "least"), _one(posted, "most")
    match _one(posted, "amount"):
        case "none":
            return {"none": True}
        case "at_most":
            return {"at_most": _whole(most or least)}
        case "between":
            return {"at_least": _whole(least), "at_most": _whole(most)}
        case _:
            return {"at_least": _whole(least or most)}


def _within(posted: Posted, other: Feed, ground: Ground) -> Tree:
    span = _one(posted, "span")
    if span not in ("days", "dates", "year"):
        return {}
    known = dated(other)
    name = _one(posted, "dated") or (known[0].name if known else "")
    tested = field_of(other, name)
    if span == "days":
        return {"field": tested.name, "days": _whole(_one(posted, "days"))}
    if span == "year":
        return {"field": tested.name, "from": f"{ground.today.year}-01-01"}
    ends = {key: read_value(_one(posted, key), tested) for key in ("from", "to")}
    return {"field": tested.name, **({k: v for k, v in ends.items() if v is not None} or {"from": None})}


def _anniversary(node: Tree, posted: Posted, feed: Feed, _ground: Ground) -> Tree:
    leaf: Tree = {"anniversary": field_of(feed, node["anniversary"]).name}
    every = _one(posted, "every") or "year"
    if every == "once":
        years, months = _whole(_one(posted, "years")) or 0, _whole(_one(posted, "months")) or 0
        leaf |= {"years": years or (0 if months else 1), "months": months}
    else:
        leaf["every"] = every
    days = _whole(_one(posted, "days")) or 0
    return leaf | {"days": -days if _one(posted, "side") == "before" else days, "feb29": _one(posted, "feb29")}


def _history(node: Tree, posted: Posted, _feed: Feed, _ground: Ground) -> Tree:
    leaf: Tree = {"history": _one(posted, "history") or node["history"]}
    days, campaign = _days(_one(posted, "within_days")), _one(posted, "campaign").strip()
    leaf |= {"within_days": days} if days is not None else {}
    return leaf | ({"campaign": campaign} if campaign else {})


def _named(node: Tree, posted: Posted, _feed: Feed, _ground: Ground) -> Tree:
    kind = "audience" if "audience" in node else "fragment"
    return {kind: _one(posted, kind) or node[kind]}


_CHANGES: Mapping[str, Any] = {
    "field": _field,
    "related": _related_leaf,
    "anniversary": _anniversary,
    "history": _history,
    "audience": _named,
    "fragment": _named,
}


# ---------------------------------------------------------------- values


def read_value(text: str, tested: Field) -> Any:  # noqa: ANN401 — a value of the field's type
    """What was typed, in the field's type; None when nothing was. Raises RuleError (T412) saying what to write."""
    if tested.type == "string":
        return text or None
    text = text.strip()
    if not text:
        return None
    try:
        return _READERS[tested.type](text)
    except ValueError:
        raise _unfit(text, tested.business_name, _WANTED[tested.type]) from None


def _many(posted: Posted, tested: Field) -> list[Any]:
    """Values of ticked boxes as they are, and those typed one a line; each once, in their order."""
    typed = [line.strip() for text in posted.get("lines", ()) for line in text.split("\n") if line.strip()]
    ticked = posted.get("value", ())
    if len(typed) + len(ticked) > _MOST_VALUES:
        raise RuleError(f"There are more than {_MOST_VALUES} values.", todo="Shorten the list.")
    found = [one if tested.type == "string" else read_value(one, tested) for one in (*ticked, *typed)]
    return list(dict.fromkeys(one for one in found if one is not None))


def _whole(text: str) -> int | None:
    plain = _SPACES.sub("", text)
    if not plain:
        return None
    if not re.fullmatch(r"\d{1,12}", plain, re.ASCII):
        raise _unfit(text, "", _WANTED["integer"])
    return int(plain)


def _days(text: str) -> float | int | None:
    try:
        return _number(text) if text.strip() else None
    except ValueError:
        raise _unfit(text, "", _WANTED["number"]) from None


def _integer(text: str) -> int:
    plain = _SPACES.sub("", text)
    if not re.fullmatch(r"[+-]?\d{1,19}", plain, re.ASCII):
        raise ValueError
    return int(plain)


def _number(text: str) -> float | int:
    plain = _SPACES.sub("", text)
    plain = plain.replace(",", ".") if plain.count(",") == 1 and "." not in plain else plain
    if not re.fullmatch(r"[+-]?\d{1,310}(\.\d{1,330})?", plain, re.ASCII):
        raise ValueError
    return float(plain) if "." in plain else int(plain)


def _truth(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError
    return text == "true"


def _day(text: str) -> str:
    if len(text) != 10:
        raise ValueError
    return date.fromisoformat(text).isoformat()


def _moment(text: str) -> str:
    return _day(text) if len(text) == 10 else datetime.fromisoformat(text).replace(tzinfo=None).isoformat()


def _unfit(text: str, name: str, wanted: str) -> RuleError:
    about = _("“%(text)s” does not fit “%(name)s”.") if name else _("“%(text)s” does not fit here.")
    return RuleError(
        f"{text[:60]!r} is no value for {name or 'this'}.",
        code="T412",
        todo=wanted,
        business=about % {"text": text[:60], "name": name},
    )


def _one(posted: Posted, name: str) -> str:
    found = posted.get(name, ())
    return found[0] if found else ""


_READERS: Mapping[str, Any] = {
    "integer": _integer,
    "number": _number,
    "boolean": _truth,
    "date": _day,
    "timestamp": _moment,
}
_WANTED: Mapping[str, str] = {
    "integer": "Write a whole number, such as 3.",
    "number": "Write a number, such as 19.90.",
    "boolean": "Choose yes or no.",
    "date": "Write a date, such as 2026-05-31.",
    "timestamp": "Write a date, such as 2026-05-31, or a date and a time.",
}
