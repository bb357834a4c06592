"""The edits of a rule tree, each a function from a tree to a new one and the place where the eye goes next."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from twain.errors import RuleError
from twain_web.rooms.audiences.builder.tree import (
    Path,
    Tree,
    at,
    group,
    group_kind,
    is_group,
    nowhere,
    parts,
    replaced,
    shown_path,
    with_parts,
)

Edited = tuple[Tree, Path]


def add(tree: Tree, path: Path, part: Tree) -> Edited:
    """Put a part at the end of the group at *path*."""
    inside = parts(_group_at(tree, path))
    return replaced(tree, path, lambda g: with_parts(g, [*inside, part])), (*path, len(inside))


def remove(tree: Tree, path: Path) -> Edited:
    """Take a part out; the eye goes to the one before it, or to its group."""
    around, step = _around(tree, path)
    inside = parts(at(tree, around))
    left = [*inside[:step], *inside[step + 1 :]]
    after = replaced(tree, around, lambda g: with_parts(g, left))
    return after, (*around, max(0, step - 1)) if left else around


def move(tree: Tree, path: Path, by: int) -> Edited:
    """Change places with the neighbour before (-1) or after (+1); at the end it stays."""
    around, step = _around(tree, path)
    inside = list(parts(at(tree, around)))
    to = step + by
    if not 0 <= to < len(inside):
        return tree, path
    inside[step], inside[to] = inside[to], inside[step]
    return replaced(tree, around, lambda g: with_parts(g, inside)), (*around, to)


def wrap(tree: Tree, path: Path) -> Edited:
    """Put a part into a new group of its own: *any*, because a group of its own is wanted for an *or*."""
    _around(tree, path)
    return replaced(tree, path, lambda part: group("any", [part])), (*path, 0)


def dissolve(tree: Tree, path: Path) -> Edited:
    """Put a group's parts in its place: they count by the group around it from then on."""
    around, step = _around(tree, path)
    inner = _group_at(tree, path)
    if group_kind(inner) in ("none", "not_all") and parts(inner):
        raise RuleError(
            "A group that is negated cannot be dissolved.",
            todo="Choose “all” or “at least one” for it first.",
            business="This group says “not”. Choose “all” or “at least one” for it first.",
        )
    outer = parts(at(tree, around))
    new = [*outer[:step], *parts(inner), *outer[step + 1 :]]
    return replaced(tree, around, lambda g: with_parts(g, new)), (*around, step) if parts(inner) else around


def into(tree: Tree, path: Path) -> Edited:
    """Move a part into the group that stands before it, or else after it, at its end."""
    around, step = _around(tree, path)
    inside = parts(at(tree, around))
    beside = [i for i in (step - 1, step + 1) if 0 <= i < len(inside) and is_group(inside[i])]
    if not beside:
        raise RuleError("There is no group beside this condition.", todo="Put it into a group of its own first.")
    host = beside[0]
    grown = with_parts(inside[host], [*parts(inside[host]), inside[step]])
    new = [grown if i == host else part for i, part in enumerate(inside) if i != step]
    to = host if host < step else host - 1
    return replaced(tree, around, lambda g: with_parts(g, new)), (*around, to, len(parts(grown)) - 1)


def out(tree: Tree, path: Path) -> Edited:
    """Move a part out of its group, to stand behind it; a group that is empty then goes.

    Not out of a related feed: its fields mean nothing outside.
    """
    around, step = _around(tree, path)
    if not around or not is_group(at(tree, around[:-1])):
        raise RuleError("This condition cannot be moved further out.", todo="Leave it where it is.")
    inside = parts(at(tree, around))
    part = inside[step]
    left = [*inside[:step], *inside[step + 1 :]]
    outer, place = around[:-1], around[-1]
    siblings = parts(at(tree, outer))
    shrunk = [with_parts(siblings[place], left)] if left else []
    new = [*siblings[:place], *shrunk, part, *siblings[place + 1 :]]
    return replaced(tree, outer, lambda g: with_parts(g, new)), (*outer, place + len(shrunk))


def regroup(tree: Tree, path: Path, kind: str) -> Edited:
    """Change what a group asks for: all, any, none, not_all."""
    inside = parts(_group_at(tree, path))
    return replaced(tree, path, lambda _: group(kind, inside)), path


def put(tree: Tree, path: Path, part: Tree) -> Edited:
    """Put another leaf in a leaf's place."""
    if not path or is_group(at(tree, path)):
        raise nowhere(shown_path(path))
    return replaced(tree, path, lambda _: part), path


#: Edits that need nothing but a place.
BY_PLACE: Final[dict[str, Callable[[Tree, Path], Edited]]] = {
    "remove": remove,
    "up": lambda tree, path: move(tree, path, -1),
    "down": lambda tree, path: move(tree, path, +1),
    "wrap": wrap,
    "dissolve": dissolve,
    "into": into,
    "out": out,
}


def _around(tree: Tree, path: Path) -> tuple[Path, int]:
    """The group a part stands in, and where. The root, and a related feed's *where*, stand in no group."""
    at(tree, path)
    if not path or not is_group(at(tree, path[:-1])):
        raise nowhere(shown_path(path))
    return path[:-1], path[-1]


def _group_at(tree: Tree, path: Path) -> Tree:
    node = at(tree, path)
    if not is_group(node):
        raise nowhere(shown_path(path))
    return node
