"""What changed between two versions, block by block, in words."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from twain_web.rooms.content.checks import walk

KINDS = {
    "text": _("Text"), "heading": _("Heading"), "image": _("Picture"), "button": _("Button"), "columns": _("Columns"),
    "products": _("List"), "condition": _("Condition"), "divider": _("Line"), "social": _("Networks"),
    "footer": _("Footer"), "reusable": _("Reusable block"), "subject": _("Subject"), "preheader": _("Preview line"),
    "body": _("Message as code"),
}  # fmt: skip
_OPS = {
    "is": _("is"), "is_not": _("is not"), "contains": _("contains"), "more": _("is more than"), "less": _("is less than"),
    "at_least": _("is at least"), "at_most": _("is at most"), "present": _("is known"), "missing": _("is missing"),
}  # fmt: skip
Business = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Change:
    """One part that differs. *pieces*: (same, removed or added; words), in reading order."""

    what: str
    kind: str
    pieces: tuple[tuple[str, str], ...]


def changes(before: Mapping[str, Any], after: Mapping[str, Any], business: Business) -> list[Change]:
    """What is different in *after*: parts added, removed, changed. Fields are told by their *business* names."""
    old, new = _parts(before, business), _parts(after, business)
    found = []
    for key in [*new, *(k for k in old if k not in new)]:
        was, now = old.get(key), new.get(key)
        if was != now:
            kind = "added" if was is None else "removed" if now is None else "changed"
            what = (now or was or ("", ""))[0]
            found.append(Change(what, kind, _pieces(was[1] if was else "", now[1] if now else "")))
    return found


def _parts(document: Mapping[str, Any], business: Business) -> dict[str, tuple[str, str]]:
    """What each part is and its words, by its key."""
    message = document.get("message") or {}
    if document.get("kind") != "blocks":
        names = [name for name in ("subject", "preheader", "body") if message.get(name)]
        return {name: (str(KINDS[name]), str(message[name])) for name in names}
    parts = {name: (str(KINDS[name]), _line(message.get(name), business)) for name in ("subject", "preheader")}
    for block in walk(message.get("blocks")):
        kind = str(block.get("type"))
        parts[str(block.get("id"))] = (str(KINDS.get(kind, kind)), _words(block, business))
    return parts


def _words(block: Mapping[str, Any], business: Business) -> str:
    """A block's words, then its settings, a line each."""
    lines = [_line(block.get(name), business) for name in ("heading", "line")]
    lines += [_line(one, business) for one in block.get("paragraphs") or []]
    if block.get("href"):
        lines.append(f"→ {_line(block['href'], business)}")
    told = _TOLD.get(str(block.get("type")))
    return "\n".join(line for line in (*lines, told(block, business) if told else "") if line)


def _line(line: Any, business: Business) -> str:  # noqa: ANN401 — JSON
    return "".join(
        f"‹{business.get(span['field'], span['field'])}›" if span.get("field") else str(span.get("text", ""))
        for span in line or []
    )


def _condition(block: Mapping[str, Any], business: Business) -> str:
    tests = [
        f"{business.get(t.get('field'), t.get('field'))} {_OPS.get(t.get('op'), '')} {t.get('value', '')}".strip()
        for t in block.get("tests") or []
    ]
    return str(_("Shown when")) + " " + str(_(" and ") if block.get("all", True) else _(" or ")).join(tests)


def _list(block: Mapping[str, Any], business: Business) -> str:
    shown = ", ".join(_line([cell], business) for cell in block.get("cells") or [])
    where = ", ".join(f"{t.get('field')} = {t.get('value')}" for t in (block.get("where") or {}).get("all") or [])
    told = f"{block.get('limit', 3)} × {block.get('relation')}: {shown}"
    return "\n".join(one for one in (told, f"↕ {block['order']}" if block.get("order") else "", where) if one)


def _picture(block: Mapping[str, Any], business: Business) -> str:  # noqa: ARG001 — as all of them
    file = str(block.get("media") or block.get("src") or "")
    return f"{file[:12]} {block.get('alt') or ''} {block.get('width', 100)} %".strip()


def _networks(block: Mapping[str, Any], business: Business) -> str:  # noqa: ARG001
    return "\n".join(f"{link.get('network', '')} {link.get('url', '')}" for link in block.get("links") or [])


_TOLD: Mapping[str, Callable[[Mapping[str, Any], Business], str]] = {
    "condition": _condition,
    "products": _list,
    "image": _picture,
    "social": _networks,
    "footer": lambda block, _names: str(block.get("unsubscribe", "")),
    "reusable": lambda block, _names: str(block.get("slug", "")),
    "heading": lambda block, _names: f"({block.get('level', 1)})",
}


def _pieces(before: str, after: str) -> tuple[tuple[str, str], ...]:
    old, new = before.split(" "), after.split(" ")
    pieces: list[tuple[str, str]] = []
    for tag, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            pieces.append(("same", " ".join(old[a:b])))
        if tag in ("delete", "replace") and any(old[a:b]):
            pieces.append(("removed", " ".join(old[a:b])))
        if tag in ("insert", "replace") and any(new[c:d]):
            pieces.append(("added", " ".join(new[c:d])))
    return tuple(pieces)
