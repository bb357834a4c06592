"""What changed between two versions, block by block, in words."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from twain_web.rooms.content.checks import walk

KINDS = {
    "text": _("Text"), "heading": _("Heading"), "image": _("Picture"), "button": _("Button"), "columns": _("Columns"),
    "products": _("List"), "condition": _("Condition"), "divider": _("Line"), "social": _("Networks"),
    "footer": _("Footer"), "reusable": _("Reusable block"), "subject": _("Subject"), "preheader": _("Preview line"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Change:
    """One part that differs. *pieces*: (same, removed or added, words), in reading order."""

    what: str
    kind: str
    pieces: tuple[tuple[str, str], ...]


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """What is different in *after*: parts added, removed, changed."""
    old, new = _parts(before), _parts(after)
    found = []
    for key in [*new, *(k for k in old if k not in new)]:
        was, now = old.get(key), new.get(key)
        if was == now:
            continue
        kind = "added" if was is None else "removed" if now is None else "changed"
        what = (now or was or ("", ""))[0]
        found.append(Change(what, kind, _pieces(was[1] if was else "", now[1] if now else "")))
    return found


def _parts(document: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """What each part is and its words, by its key."""
    message = document.get("message", {})
    if document.get("kind") != "blocks":
        return {
            name: (name.capitalize(), str(message.get(name, ""))) for name in ("subject", "preheader", "body", "text")
        }
    parts = {name: (str(KINDS[name]), _line(message.get(name, []))) for name in ("subject", "preheader")}
    for block in walk(message.get("blocks")):
        parts[str(block.get("id"))] = (str(KINDS.get(str(block.get("type")), block.get("type"))), _words(block))
    return parts


def _words(block: Mapping[str, Any]) -> str:
    lines = [
        _line(block.get("heading") or []),
        _line(block.get("line") or []),
        *map(_line, block.get("paragraphs") or []),
    ]
    settings = {
        key: value
        for key, value in block.items()
        if key not in ("id", "type", "line", "heading", "paragraphs", "then", "otherwise", "columns")
    }
    shown = [
        f"{key}: {_line(value) if key in ('href', 'cells') else value}" for key, value in settings.items() if value
    ]
    return "\n".join([*(line for line in lines if line), *shown])


def _line(line: Any) -> str:  # noqa: ANN401 — JSON
    return "".join(f"‹{span['field']}›" if span.get("field") else str(span.get("text", "")) for span in line)


def _pieces(before: str, after: str) -> tuple[tuple[str, str], ...]:
    old, new = before.split(" "), after.split(" ")
    pieces: list[tuple[str, str]] = []
    for tag, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            pieces.append(("same", " ".join(old[a:b])))
        if tag in ("delete", "replace"):
            pieces.append(("removed", " ".join(old[a:b])))
        if tag in ("insert", "replace"):
            pieces.append(("added", " ".join(new[c:d])))
    return tuple(pieces)
