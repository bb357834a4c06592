"""A rule tree as the builder keeps it: plain JSON in one normal form, places in it, and changes that leave the old tree alone.

The normal form means exactly what was written, and is itself a rule tree: the page shows it, the parser compiles it.

- the root is a *group*: ``all``, ``any``, ``not any`` (none) or ``not all``;
- ``not`` stands before a group, or before a *leaf* that has an opposite of its own: history, audience, fragment;
- ``where`` of a related feed is a group, and is left out when it is empty;
- what has a default is written out; dates are ISO text.

A place is the way from the root: ``""`` the root, ``"2.0"`` the first part of its third. A related feed has one part: *where*.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any

from twain.errors import RuleError

Tree = dict[str, Any]
Path = tuple[int, ...]

GROUPS = ("all", "any", "none", "not_all")
LEAVES = ("field", "related", "anniversary", "audience", "fragment", "history")
WITH_OPPOSITE = frozenset({"history", "audience", "fragment"})
_PATH = re.compile(r"(?:\d{1,4}(?:\.\d{1,4}){0,47})?", re.ASCII)


def normal(tree: Mapping[str, Any]) -> Tree:
    """The normal form of a tree that the parser has accepted."""
    node = _normal(tree)
    return node if is_group(node) else {"all": [node]}


def _normal(tree: Mapping[str, Any]) -> Tree:
    if "not" in tree:
        return _negated(tree["not"])
    for kind in ("all", "any"):
        if kind in tree:
            return {kind: [_normal(part) for part in tree[kind]]}
    leaf = {key: _plain(value) for key, value in tree.items() if key != "where"}
    shaped = _SHAPES[leaf_kind(leaf)](leaf)
    if "where" in tree:
        where = normal(tree["where"])
        shaped |= {} if where == {"all": []} else {"where": where}
    return shaped


def _field(leaf: Tree) -> Tree:
    """With its operator; a list without repetitions; nothing-in-it compared as a list of that one text."""
    op, value = leaf.get("op", "eq"), leaf.get("value")
    if op in ("eq", "ne") and value == "":
        op, value = {"eq": "in", "ne": "not_in"}[op], [""]
    if op in ("in", "not_in") and isinstance(value, list):
        value = list(dict.fromkeys(value))
    return {"field": leaf["field"], "op": op} | ({"value": value} if "value" in leaf else {})


def _related(leaf: Tree) -> Tree:
    """With its amount; a span of time without ends is none."""
    amount = {key: leaf[key] for key in ("none", "at_least", "at_most") if key in leaf} or {"at_least": 1}
    within = {key: value for key, value in leaf.get("within", {}).items() if value is not None}
    return {"related": str(leaf["related"]), **amount} | ({"within": within} if len(within) > 1 else {})


def _anniversary(leaf: Tree) -> Tree:
    years, months = leaf.get("years", 0), leaf.get("months", 0)
    often = {"years": years, "months": months} if years or months else {"every": leaf.get("every", "year")}
    rest = {"days": leaf.get("days", 0), "feb29": leaf.get("feb29", "feb28")}
    return {"anniversary": leaf["anniversary"], **often, **rest}


def _history(leaf: Tree) -> Tree:
    days, campaign = leaf.get("within_days"), str(leaf.get("campaign") or "").strip()
    when = {} if days is None else {"within_days": days}
    return {"history": leaf["history"], **when} | ({"campaign": campaign} if campaign else {})


_SHAPES: Mapping[str, Callable[[Tree], Tree]] = {
    "field": _field,
    "related": _related,
    "anniversary": _anniversary,
    "history": _history,
    "audience": lambda leaf: {"audience": str(leaf["audience"])},
    "fragment": lambda leaf: {"fragment": str(leaf["fragment"])},
}


def _negated(inner: Mapping[str, Any]) -> Tree:
    if "all" in inner or "any" in inner or WITH_OPPOSITE & inner.keys():
        return {"not": _normal(inner)}
    return {"not": {"any": [_normal(inner)]}}


def _plain(value: object) -> Any:  # noqa: ANN401 — any JSON value
    if isinstance(value, date):  # a datetime is one too
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value


# ---------------------------------------------------------------- kinds


def is_group(node: Mapping[str, Any]) -> bool:
    """Whether the node holds others side by side."""
    return bool({"all", "any"} & node.get("not", node).keys())


def group_kind(node: Mapping[str, Any]) -> str:
    """``all``, ``any``, ``none`` or ``not_all``."""
    inner = node.get("not", node)
    kind = "all" if "all" in inner else "any"
    return {"all": "not_all", "any": "none"}[kind] if "not" in node else kind


def group(kind: str, parts: list[Tree]) -> Tree:
    """A group of this kind."""
    match kind:
        case "none":
            return {"not": {"any": parts}}
        case "not_all":
            return {"not": {"all": parts}}
        case "all" | "any":
            return {kind: parts}
    raise RuleError(f"{kind!r} is no kind of group.", todo=f"Use one of {', '.join(GROUPS)}.")


def leaf_kind(node: Mapping[str, Any]) -> str:
    """What a leaf is about: one of LEAVES."""
    inner = node.get("not", node)
    return next(kind for kind in LEAVES if kind in inner)


def parts(node: Mapping[str, Any]) -> list[Tree]:
    """What stands inside a node: a group's parts, or a related feed's *where* (an empty group if it has none)."""
    if is_group(node):
        inner = node.get("not", node)
        found: list[Tree] = inner.get("all", inner.get("any"))
        return found
    return [node.get("where", {"all": []})] if "related" in node else []


# ---------------------------------------------------------------- places


def read_path(text: str) -> Path:
    """A place from its text; RuleError when it is none."""
    if not _PATH.fullmatch(text):
        raise nowhere(text)
    return tuple(int(step) for step in text.split(".") if step)


def shown_path(path: Path) -> str:
    """A place as text."""
    return ".".join(map(str, path))


def nowhere(text: str) -> RuleError:
    """The error for a place that is not there."""
    return RuleError(
        f"There is nothing at {text[:40]!r} in this rule.",
        todo="Reload the page: the rule has changed since it was shown.",
        business="That part of the rule is no longer there. Reload the page.",
    )


def at(tree: Tree, path: Path) -> Tree:
    """The node at a place; RuleError when there is none."""
    node = tree
    for step in path:
        inside = parts(node)
        if step >= len(inside):
            raise nowhere(shown_path(path))
        node = inside[step]
    return node


def walk(tree: Tree, path: Path = ()) -> Iterator[tuple[Path, Tree]]:
    """Every node with its place, from the root down."""
    yield path, tree
    for step, part in enumerate(parts(tree)):
        yield from walk(part, (*path, step))


def replaced(tree: Tree, path: Path, make: Callable[[Tree], Tree]) -> Tree:
    """The tree with *make* of the node at a place; RuleError when there is none."""
    if not path:
        return make(tree)
    inside, step = parts(tree), path[0]
    if step >= len(inside):
        raise nowhere(shown_path(path))
    changed = replaced(inside[step], path[1:], make)
    return with_parts(tree, [*inside[:step], changed, *inside[step + 1 :]])


def with_parts(node: Tree, inside: list[Tree]) -> Tree:
    """The same node around other parts."""
    if is_group(node):
        return group(group_kind(node), inside)
    rest = {key: value for key, value in node.items() if key != "where"}
    return rest | ({"where": inside[0]} if parts(inside[0]) else {})
