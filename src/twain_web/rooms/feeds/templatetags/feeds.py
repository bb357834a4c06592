"""Tags of this room: a unified diff, line by line."""

from __future__ import annotations

from django import template

register = template.Library()

_KINDS = (
    ("+++", "head"),
    ("---", "head"),
    ("@@", "place"),
    ("diff ", "head"),
    ("index ", "head"),
    ("+", "added"),
    ("-", "removed"),
)


@register.simple_tag
def diff_lines(diff: str) -> list[dict[str, str]]:
    """Each line of a diff with what it is: ``added``, ``removed``, ``place``, ``head``, or ``same``."""
    return [{"text": line, "kind": _kind(line)} for line in diff.rstrip("\n").split("\n")]


def _kind(line: str) -> str:
    return next((kind for start, kind in _KINDS if line.startswith(start)), "same")
