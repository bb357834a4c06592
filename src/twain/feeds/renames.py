"""Which field of an old contract lives on under another name in the new one, and how a contract keeps the old name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import SequenceMatcher

from twain.feeds.contract import read_contract
from twain.feeds.document import parse
from twain.records import Feed, Field

_SURE = 2.0
_ALIKE = 0.6  # how near two names must be when nothing surer tells that they are one


def renames(before: Feed, after: Feed) -> dict[str, Field]:
    """Old field's name → the new field it has become; each new field once, the surest pairs first.

    The same column tells it surest; then, with the same type, the same role or business name; then names that are alike, where
    only one pair can be meant. Only a field that is gone and one that is new can be a pair.
    """
    gone = [f for f in before.fields.values() if f.name not in after.fields]
    fresh = [f for f in after.fields.values() if f.name not in before.fields]
    pairs = sorted(((_likeness(a, b), a.name, b) for a in gone for b in fresh), key=lambda p: (-p[0], p[1], p[2].name))
    found: dict[str, Field] = {}
    for _, name, field in (pair for pair in pairs if pair[0] >= _SURE):
        if name not in found and field not in found.values():
            found[name] = field
    alike = [(n, f) for likeness, n, f in pairs if likeness >= _ALIKE and n not in found and f not in found.values()]
    meant = [(n, f) for n, f in alike if sum(n == other or f == field for other, field in alike) == 1]
    return found | dict(meant)


def _likeness(was: Field, now: Field) -> float:
    if was.column == now.column:
        return 4.0
    if was.type != now.type:
        return 0.0
    if was.role is not None and was.role is now.role:
        return 3.0
    if was.business_name.casefold() == now.business_name.casefold():
        return 2.0
    return max(
        SequenceMatcher(None, a.casefold(), b.casefold()).ratio()
        for a, b in ((was.name, now.name), (was.column, now.column), (was.business_name, now.business_name))
    )


def keep_name(text: str, was: Field, now: Field) -> str:
    """The contract's text with the old name for Marketing over the new column; as it was, where that is not sure to hold.

    *now* is the field as the contract at hand has it. The line of its name changes, the column's is added, and what the contract
    says elsewhere of ``feed.field`` follows.
    """
    file, line = (now.place.file, now.place.line) if now.place else ("", None)
    document, _ = parse(text, file)
    if document is None or line is None:
        return text
    lines = text.split("\n")
    ending = "\r" if lines[line - 1].endswith("\r") else ""
    match = re.match(
        rf"(\s*(?:-\s+)?)name:(\s+)([\"']?){re.escape(now.name)}\3(\s*(?:#.*)?)$", lines[line - 1].rstrip("\r")
    )
    if match is None:
        return text
    item = next(p for p in document.data["schema"][0]["properties"] if p["name"] == now.name)
    kept = f"{match[1]}name:{match[2]}{was.name}{match[4]}{ending}"
    column = "" if "physicalName" in item else f"{' ' * len(match[1])}physicalName: {_quoted(now.column)}{ending}"
    mended = "\n".join([*lines[: line - 1], kept, *([column] if column else []), *lines[line:]])
    mended = redotted(mended, document.data["schema"][0]["name"], now.name, was.name)
    return mended if _keeps(mended, file, was, now) else text


def _keeps(text: str, file: str, was: Field, now: Field) -> bool:
    feed, _ = read_contract(text, file)
    return feed is not None and was.name in feed.fields and feed.fields[was.name].column == now.column


def _quoted(column: str) -> str:
    return column if re.fullmatch(r"[A-Za-z_]\w*", column, re.ASCII) else "'" + column.replace("'", "''") + "'"


def redotted(text: str, feed: str, field: str, name: str) -> str:
    """The text with every ``feed.field`` now ``feed.name``."""
    for start, end in reversed(list(dotted(text, feed, field))):
        text = text[:start] + name + text[end:]
    return text


def dotted(text: str, feed: str, field: str) -> Iterator[tuple[int, int]]:
    """Where a contract's text names ``feed.field``: the field's part alone, as (start, end); comments are left as they are."""
    for match in re.finditer(rf"(?<![\w.])({re.escape(feed)}\.)({re.escape(field)})(?![\w.])", text):
        line = text[text.rfind("\n", 0, match.start()) + 1 : match.start()]
        if "#" not in line:
            yield match.span(2)
