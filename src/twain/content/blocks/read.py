"""From JSON to a tree of blocks: every key, name, size and address checked, so that what follows may rely on it.

An error's place is the block: ``Place(<block id>)``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

from twain.content.blocks import tree
from twain.content.targets import allowed
from twain.errors import ContentError, Place
from twain.records import RelatedColumn

_ID = re.compile(r"[a-z0-9]{1,24}").fullmatch
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}").fullmatch
_MEDIA = re.compile(r"[0-9a-f]{64}\.(?:png|jpg|gif)").fullmatch
_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,63}").fullmatch
_START = re.compile(r"(?:https?://[^\s/?#{]+(?:[/?#]|$)|mailto:[^\s]|tel:[+\d])", re.IGNORECASE)
_WORDS_OF_LIQUID = frozenset(
    {"true", "false", "nil", "null", "empty", "blank", "and", "or", "not", "contains", "in", "forloop", "item"}
)
_MOST_BLOCKS, _MOST_SPANS, _LONGEST = 300, 2_000, 20_000
_DEEPEST = 6


@dataclass(frozen=True, slots=True)
class _Spot:
    """Where we are: the block's id, how deep, and whether within columns."""

    block: str = ""
    depth: int = 0
    in_columns: bool = False

    def fail(self, what: str, todo: str) -> ContentError:
        return ContentError(what, todo=todo, place=Place(self.block or "message"), business=what)


def read_document(raw: object) -> tree.Document:
    """Check a message's JSON (version 1). Raises ContentError that names the block."""
    spot = _Spot()
    data = _mapping(raw, {"version", "subject", "preheader", "blocks", "values", "defaults"}, spot)
    if data.get("version") != tree.VERSION:
        raise spot.fail(
            f"These blocks have version {data.get('version')!r}; this Twain reads version {tree.VERSION}.",
            "Update Twain, or save the message again.",
        )
    reader = _Reader()
    return tree.Document(
        subject=_plain(reader.line(data.get("subject", []), spot), replace(spot, block="subject")),
        preheader=_plain(reader.line(data.get("preheader", []), spot), replace(spot, block="preheader")),
        blocks=reader.blocks(data.get("blocks", []), spot),
        values=_values(data.get("values", {}), spot),
        defaults=_defaults(data.get("defaults", {}), spot),
    )


def read_blocks(raw: object) -> tuple[tree.Block, ...]:
    """Check a list of blocks alone, as a reusable block holds it. Raises ContentError that names the block."""
    return _Reader().blocks(raw, _Spot())


@dataclass(slots=True)
class _Reader:
    """Reads one document; counts what it has seen, so that none is too large."""

    ids: set[str] = field(default_factory=set)
    spans: int = 0

    def blocks(self, raw: object, spot: _Spot) -> tuple[tree.Block, ...]:
        if spot.depth > _DEEPEST:
            raise spot.fail("Blocks are nested too deeply.", "Take some of them out of their condition.")
        return tuple(self.block(one, spot) for one in _list(raw, spot, _MOST_BLOCKS))

    def block(self, raw: object, spot: _Spot) -> tree.Block:
        data = _mapping(raw, None, spot)
        id_ = data.get("id")
        if not isinstance(id_, str) or not _ID(id_) or id_ in self.ids:
            raise spot.fail(
                f"A block's id {str(id_)[:30]!r} is not one, or is there twice.", "Give each block its own."
            )
        self.ids.add(id_)
        if len(self.ids) > _MOST_BLOCKS:
            raise spot.fail(f"The message has more than {_MOST_BLOCKS} blocks.", "Shorten it.")
        here = replace(spot, block=id_)
        if str(data.get("type")) not in _KINDS:
            raise here.fail(f"There is no block {str(data.get('type'))[:30]!r}.", f"Use {', '.join(_KINDS)}.")
        read, keys = _KINDS[str(data["type"])]
        return read(self, _mapping(raw, {"id", "type", *keys}, here), here)

    def line(self, raw: object, spot: _Spot) -> tree.Line:
        return tuple(self.span(one, spot) for one in _list(raw, spot, _MOST_SPANS))

    def span(self, raw: object, spot: _Spot) -> tree.Span:
        data = _mapping(raw, {"text", "field", "format", "bold", "italic", "href"}, spot)
        self.spans += 1
        if self.spans > _MOST_SPANS or ("text" in data) == ("field" in data):
            raise spot.fail("A piece of text is neither words nor a field, or there are too many.", "Write it anew.")
        return tree.Span(
            text=_words(data.get("text", ""), spot),
            field=name_of(data["field"], spot) if "field" in data else "",
            format=_one_of(data.get("format", ""), tree.FORMATS, "format", spot),
            bold=data.get("bold") is True,
            italic=data.get("italic") is True,
            href=self.href(data.get("href", []), spot),
        )

    def href(self, raw: object, spot: _Spot) -> tree.Line:
        """Where a link leads: words and fields, or one field alone whose value is checked when a message is made."""
        parts = tuple(self.span(one, spot) for one in _list(raw, spot, 20))
        if not any(part.field or part.text.strip() for part in parts):
            return ()
        if len(parts) == 1 and parts[0].field:
            return parts
        begins = parts[0].text.strip()
        if not _START.match(begins) or (len(parts) == 1 and not allowed(begins)):
            raise ContentError(
                f"The link {begins[:80]!r} is not a web, mail or telephone address.",
                code="T511",
                place=Place(spot.block),
                todo="Write the whole address, beginning with https://, mailto: or tel:.",
            )
        return (replace(parts[0], text=begins), *parts[1:])

    def paragraphs(self, raw: object, spot: _Spot) -> tuple[tree.Line, ...]:
        return tuple(self.line(one, spot) for one in _list(raw, spot, 200))

    # -- the kinds

    def text(self, data: Mapping[str, Any], spot: _Spot) -> tree.Block:
        return tree.Text(spot.block, self.paragraphs(data.get("paragraphs", []), spot), _align(data, spot))

    def heading(self, data: Mapping[str, Any], spot: _Spot) -> tree.Block:
        level = _whole(data.get("level", 1), 1, 3, "level", spot)
        return tree.Heading(spot.block, self.line(data.get("line", []), spot), level, _align(data, spot))

    def image(self, data: Mapping[str, Any], spot: _Spot) -> tree.Block:
        media, src = str(data.get("media", "")), str(data.get("src", "")).strip()
        if media and not _MEDIA(media):
            raise spot.fail("This is no picture of the media library.", "Choose one there.")
        if src and not re.match(r"https://[^\s/?#]+[^\s]*$", src):
            raise spot.fail("A picture's address begins with https://.", "Upload the picture to the media library.")
        alt = data.get("alt")
        return tree.Image(
            spot.block, media, src, None if alt is None else _words(alt, spot), self.href(data.get("href", []), spot),
            _whole(data.get("width", 100), 10, 100, "width", spot),
        )  # fmt: skip

    def button(self, data: Mapping[str, Any], spot: _Spot) -> tree.Block:
        line = _plain(self.line(data.get("line", []), spot), spot)
        return tree.Button(spot.block, line, self.href(data.get("href", []), spot), _align(data, spot, "center"))

    def columns(self, data: Mapping[str, Any], spot: _Spot) -> tree.Block:
        given = _list(data.get("columns", []), spot, 4)
        if spot.in_columns or len(given) < 2:
            raise spot.fail("Columns stand side by side, two to four, and never inside columns.", "Move them out.")
        inner = replace(spot, in_columns=True, depth=spot.depth + 1)
        return tree.Columns(spot.block, tuple(self.blocks(one, inner) for one in given))

    def products(self, data: Mapping[str, Any], spot: _Spot) -> tree.Block:
        cells = self.line(data.get("cells", []), spot)
        href = self.href(data.get("href", []), spot)
        if not cells or len(cells) > 4 or any(not cell.field for cell in cells):
            raise spot.fail("A list shows one to four fields of each row.", "Choose the fields that it shows.")
        fields = tuple(dict.fromkeys(part.field for part in (*cells, *href) if part.field))
        related = RelatedColumn(
            name=f"list_{spot.block}",
            relation=name_of(data.get("relation"), spot),
            fields=fields,
            order=_order(data.get("order", ""), spot),
            limit=_whole(data.get("limit", 3), 1, 20, "limit", spot),
            where=_where(data.get("where"), spot),
        )
        return tree.Products(spot.block, related, cells, self.line(data.get("heading", []), spot), href)

    def condition(self, data: Mapping[str, Any], spot: _Spot) -> tree.Block:
        tests = tuple(_test(one, spot) for one in _list(data.get("tests", []), spot, 20))
        if not tests:
            raise spot.fail("A condition asks something.", "Choose a field, and what it is compared with.")
        inner = replace(spot, depth=spot.depth + 1)
        return tree.Condition(
            spot.block, tests, data.get("all", True) is True, self.blocks(data.get("then", []), inner),
            self.blocks(data.get("otherwise", []), inner),
        )  # fmt: skip

    def divider(self, data: Mapping[str, Any], spot: _Spot) -> tree.Block:  # noqa: ARG002 — a line has no data
        return tree.Divider(spot.block)

    def social(self, data: Mapping[str, Any], spot: _Spot) -> tree.Block:
        links = []
        for one in _list(data.get("links", []), spot, 12):
            link = _mapping(one, {"network", "url"}, spot)
            url = str(link.get("url", "")).strip()
            if not url.startswith("https://") or not allowed(url):
                raise spot.fail("A network's address begins with https://.", "Write the whole address.")
            links.append((_words(link.get("network", ""), spot)[:40], url))
        return tree.Social(spot.block, tuple(links))

    def footer(self, data: Mapping[str, Any], spot: _Spot) -> tree.Block:
        said = _words(data.get("unsubscribe", ""), spot).strip() or "Unsubscribe"
        return tree.Footer(spot.block, self.paragraphs(data.get("paragraphs", []), spot), said)

    def reusable(self, data: Mapping[str, Any], spot: _Spot) -> tree.Block:
        slug = data.get("slug")
        if not isinstance(slug, str) or not _SLUG(slug):
            raise spot.fail("This is no name of a reusable block.", "Choose one of the list.")
        return tree.Reusable(spot.block, slug)


_KINDS: Mapping[str, tuple[Callable[[_Reader, Mapping[str, Any], _Spot], tree.Block], tuple[str, ...]]] = {
    "text": (_Reader.text, ("paragraphs", "align")),
    "heading": (_Reader.heading, ("line", "level", "align")),
    "image": (_Reader.image, ("media", "src", "alt", "href", "width")),
    "button": (_Reader.button, ("line", "href", "align")),
    "columns": (_Reader.columns, ("columns",)),
    "products": (_Reader.products, ("relation", "cells", "heading", "href", "order", "limit", "where")),
    "condition": (_Reader.condition, ("tests", "all", "then", "otherwise")),
    "divider": (_Reader.divider, ()),
    "social": (_Reader.social, ("links",)),
    "footer": (_Reader.footer, ("paragraphs", "unsubscribe")),
    "reusable": (_Reader.reusable, ("slug",)),
}

KINDS = tuple(_KINDS)


def name_of(raw: object, spot: _Spot) -> str:
    """A field's name, which may stand in Liquid as it is."""
    if not isinstance(raw, str) or not _NAME(raw) or raw in _WORDS_OF_LIQUID:
        raise spot.fail(f"{str(raw)[:40]!r} is not the name of a field.", "Choose a field of the list.")
    return raw


def _test(raw: object, spot: _Spot) -> tree.Test:
    data = _mapping(raw, {"field", "op", "value"}, spot)
    op = _one_of(data.get("op", "is"), tree.OPS, "comparison", spot)
    value = data.get("value")
    if op in ("present", "missing"):
        return tree.Test(name_of(data.get("field"), spot), op)
    ordered = op in ("more", "less", "at_least", "at_most")
    if ordered and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise spot.fail("More and less need a number.", "Write the number to compare with.")
    if isinstance(value, str):
        _comparable(value, spot)
    elif not isinstance(value, bool | int | float) or value != value or abs(value) > 10**15:  # noqa: PLR0124 — NaN
        raise spot.fail("A comparison needs something to compare with.", "Write a text or a number.")
    return tree.Test(name_of(data.get("field"), spot), op, value)


def _comparable(value: str, spot: _Spot) -> None:
    """Liquid's literals know no escape: what would end one, or the tag around it, can't be compared with."""
    if ('"' in value and "'" in value) or any(mark in value for mark in ("%}", "}}", "{%", "{{")) or len(value) > 200:
        raise spot.fail(
            "This text cannot be compared with: it holds both kinds of quotes, or Liquid's own marks.",
            "Compare with a part of it (contains).",
        )
    if not value.isprintable():
        raise spot.fail("This text holds a control character.", "Write it on one line.")


def _values(raw: object, spot: _Spot) -> tuple[RelatedColumn, ...]:
    columns = []
    for name, spec in _mapping(raw, None, spot).items():
        here = replace(spot, block="values")
        data = _mapping(spec, {"relation", "aggregate", "field", "order", "where"}, here)
        kind = _one_of(data.get("aggregate"), _AGGREGATES, "calculation", here)
        columns.append(
            RelatedColumn(
                name=name_of(name, here),
                relation=name_of(data.get("relation"), here),
                aggregate=cast("Any", kind),
                field=name_of(data["field"], here) if data.get("field") else "",
                order=_order(data.get("order", ""), here),
                where=_where(data.get("where"), here),
            )
        )
    return tuple(columns)


_AGGREGATES = ("count", "sum", "min", "max", "avg", "latest", "most_frequent")


def _defaults(raw: object, spot: _Spot) -> Mapping[str, str]:
    here = replace(spot, block="defaults")
    made = {}
    for name, value in _mapping(raw, None, here).items():
        for part in str(name).split(".", 1):
            name_of(part, here)
        made[str(name)] = _words(value, here)[:200]
    return made


def _where(raw: object, spot: _Spot) -> Mapping[str, Any] | None:
    """A rule over the related feed: its shape is checked where it is compiled, by the audience's own reader."""
    return _mapping(raw, None, spot) if raw else None


def _order(raw: object, spot: _Spot) -> str:
    text = str(raw or "")
    return ("-" if text.startswith("-") else "") + name_of(text.removeprefix("-"), spot) if text else ""


def _plain(line: tree.Line, spot: _Spot) -> tree.Line:
    """A line in which nothing is bold, italic or a link: a subject, a button."""
    if any(span.bold or span.italic or span.href for span in line):
        raise spot.fail("Nothing can be bold, italic or a link here.", "Take the formatting away.")
    return line


def _align(data: Mapping[str, Any], spot: _Spot, otherwise: str = "left") -> tree.Align:
    return cast("tree.Align", _one_of(data.get("align", otherwise), ("left", "center", "right"), "alignment", spot))


def _one_of(value: object, known: Sequence[str] | Mapping[str, Any], what: str, spot: _Spot) -> str:
    if not isinstance(value, str) or value not in known:
        raise spot.fail(f"{str(value)[:30]!r} is no {what}.", f"Use {', '.join(k for k in known if k)}.")
    return value


def _whole(value: object, least: int, most: int, what: str, spot: _Spot) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise spot.fail(f"The {what} is not a whole number from {least} to {most}.", "Correct the number.")
    return value


def _words(raw: object, spot: _Spot) -> str:
    """Words without control characters: they mean nothing in a mail, and XML forbids them."""
    if not isinstance(raw, str) or len(raw) > _LONGEST:
        raise spot.fail("A text is missing, or too long.", f"Write at most {_LONGEST} characters.")
    return "".join(c for c in raw if c == "\n" or not _forbidden(c))


def _forbidden(character: str) -> bool:
    code = ord(character)
    return code < 32 or 127 <= code < 160 or 0xD800 <= code < 0xE000 or code in (0x2028, 0x2029, 0xFFFE, 0xFFFF)


def _mapping(raw: object, keys: set[str] | None, spot: _Spot) -> Mapping[str, Any]:
    if not isinstance(raw, Mapping):
        raise spot.fail("The blocks are not in the form that Twain writes.", "Restore an earlier version.")
    unknown = sorted(str(key) for key in raw if keys is not None and key not in keys)
    if unknown:
        raise spot.fail(
            f"{unknown[0][:40]!r} is nothing that a block has.", f"Known here: {', '.join(sorted(keys or ()))}."
        )
    return raw


def _list(raw: object, spot: _Spot, most: int) -> Sequence[Any]:
    if not isinstance(raw, list | tuple) or len(raw) > most:
        raise spot.fail("A list is missing, or too long.", f"At most {most} are possible here.")
    return raw
