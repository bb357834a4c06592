"""Blocks → MJML with Liquid, for the compiler; each line of it knows which block wrote it."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from twain.content.blocks import tree
from twain.content.blocks.words import condition, html_line, literal_html, output, plain_line, target
from twain.errors import ContentError, Place
from twain.records import Content, RelatedColumn

_GAP = "0 32px 16px"


@dataclass(frozen=True, slots=True)
class Made:
    """A message for the compiler. *lines*: which block wrote each line of the body, by its id ("" for the frame)."""

    content: Content
    related: tuple[RelatedColumn, ...]
    defaults: Mapping[str, str]
    lines: tuple[str, ...]

    def block_at(self, place: Place | None) -> str:
        """The block that an error's place means: an id, or ``subject`` or ``preheader``; "" for the message as a whole."""
        if place is None or place.file != "body":
            return place.file if place else ""
        line = place.line or 0
        return self.lines[line - 1] if 0 < line <= len(self.lines) else ""


def make(
    document: tree.Document,
    *,
    brand: tree.Brand,
    reusable: Mapping[str, Sequence[tree.Block]],
    media_url: str,
    utm: Mapping[str, str] | None = None,
) -> Made:
    """Write a message's MJML. *reusable*: the blocks by name; *media_url*: the address in front of a picture's file name.

    Raises ContentError, its place the block, for a reusable block that is not there or that holds itself.
    """
    writer = _Writer(brand, reusable, media_url, utm or {})
    body = writer.message(document)
    places = {name: Place(name, 1) for name in ("subject", "preheader", "body")}
    content = Content(plain_line(document.subject), body, "mjml", "", plain_line(document.preheader), places)
    return Made(content, (*document.values, *writer.related), dict(document.defaults), tuple(writer.owners))


@dataclass(slots=True)
class _Writer:
    """Writes one message, line by line."""

    brand: tree.Brand
    reusable: Mapping[str, Sequence[tree.Block]]
    media_url: str
    utm: Mapping[str, str]
    lines: list[str] = field(default_factory=list)
    owners: list[str] = field(default_factory=list)
    related: list[RelatedColumn] = field(default_factory=list)
    owner: str = ""

    def put(self, line: str) -> None:
        self.lines.append(line.replace("\n", " "))
        self.owners.append(self.owner)

    def message(self, document: tree.Document) -> str:
        brand, font = self.brand, html.escape(tree.FONTS[self.brand.font])
        for line in (
            "<mjml><mj-head><mj-attributes>",
            f'<mj-all font-family="{font}" />',
            f'<mj-text font-size="16px" line-height="25px" color="{brand.text}" padding="{_GAP}" />',
            self.button_look(),
            f'</mj-attributes></mj-head><mj-body background-color="{brand.background}" width="600px">',
        ):
            self.put(line)
        self.sections(tuple(self.resolved(document.blocks)))
        self.owner = ""
        self.put("</mj-body></mjml>")
        return "\n".join(self.lines)

    def button_look(self) -> str:
        colours = f'background-color="{self.brand.button}" color="{self.brand.button_text}"'
        return (
            f'<mj-button {colours} border-radius="6px" font-size="16px" inner-padding="12px 28px" padding="{_GAP}" />'
        )

    def resolved(self, blocks: Sequence[tree.Block], inside: tuple[str, ...] = ()) -> Iterator[tree.Block]:
        """Blocks with every reusable one replaced by what it holds; an error in those points at the reference."""
        for block in blocks:
            if isinstance(block, tree.Condition):
                yield replace(
                    block,
                    then=tuple(self.resolved(block.then, inside)),
                    otherwise=tuple(self.resolved(block.otherwise, inside)),
                )
            elif isinstance(block, tree.Columns):
                yield replace(block, columns=tuple(tuple(self.resolved(c, inside)) for c in block.columns))
            elif isinstance(block, tree.Reusable):
                yield from self.reused(block, inside)
            else:
                yield block

    def reused(self, block: tree.Reusable, inside: tuple[str, ...]) -> Iterator[tree.Block]:
        if block.slug not in self.reusable or block.slug in inside:
            raise ContentError(
                f"The reusable block {block.slug!r} is not there, or holds itself.",
                place=Place(block.id),
                todo="Choose another, or take the block out.",
            )
        for one in self.resolved(self.reusable[block.slug], (*inside, block.slug)):
            yield _renamed(one, block.id)

    # -- sections: what lies across the whole width

    def sections(self, blocks: Sequence[tree.Block]) -> None:
        """Blocks below each other; what fits into one column shares a section."""
        waiting: list[tree.Block] = []
        for block in (*blocks, None):
            if block is not None and not _is_wide(block):
                waiting.append(block)
                continue
            if waiting:
                self.section([tuple(waiting)])
                waiting.clear()
            if isinstance(block, tree.Columns):
                self.owner = block.id
                self.section(block.columns)
            elif isinstance(block, tree.Condition):
                self.branches(block, self.sections)

    def section(self, columns: Sequence[Sequence[tree.Block]]) -> None:
        self.put(f'<mj-section background-color="{self.brand.surface}" padding="16px 0 0">')
        for one in columns:
            self.column(one)
        self.put("</mj-section>")

    def column(self, blocks: Sequence[tree.Block]) -> None:
        self.put("<mj-column>")
        self.leaves(blocks)
        self.put("</mj-column>")

    def branches(self, block: tree.Condition, inner: Callable[[Sequence[tree.Block]], None]) -> None:
        self.owner = block.id
        self.put(f"{{% if {condition(block.tests, every=block.all)} %}}")
        inner(block.then)
        self.owner = block.id
        if block.otherwise:
            self.put("{% else %}")
            inner(block.otherwise)
            self.owner = block.id
        self.put("{% endif %}")

    # -- leaves: what stands in a column

    def leaves(self, blocks: Sequence[tree.Block]) -> None:
        for block in blocks:
            self.owner = block.id
            if isinstance(block, tree.Condition):
                self.branches(block, self.leaves)
            else:
                _LEAVES[type(block)](self, block)

    def line(self, line: tree.Line) -> str:
        return html_line(line, self.brand.link, self.utm)

    def text(self, block: tree.Text) -> None:
        self.put(f'<mj-text align="{block.align}">{self.paragraphs(block.paragraphs)}</mj-text>')

    def paragraphs(self, paragraphs: Sequence[tree.Line]) -> str:
        written = [self.line(one) or "&nbsp;" for one in paragraphs]
        last = len(written) - 1
        gaps = ["0" if index == last else "0 0 12px" for index in range(len(written))]
        return "".join(f'<p style="margin:{gap}">{one}</p>' for gap, one in zip(gaps, written, strict=True))

    def heading(self, block: tree.Heading) -> None:
        size, height = ((28, 36), (22, 30), (18, 26))[block.level - 1]
        tag = f"h{block.level}"
        self.put(
            f'<mj-text align="{block.align}" font-size="{size}px" line-height="{height}px"><{tag} style="margin:0;'
            f'font-size:{size}px;line-height:{height}px;font-weight:bold">{self.line(block.line)}</{tag}></mj-text>'
        )

    def image(self, block: tree.Image) -> None:
        src = f"{self.media_url}{block.media}" if block.media else block.src
        if not src:
            return
        alt = "" if block.alt is None else f' alt="{literal_html(block.alt.replace(chr(10), " "))}"'
        link = f' href="{target(block.href, self.utm)}"' if block.href else ""
        side = (100 - block.width) * 6 // 2
        padding = f"0 {max(side, 0)}px 16px"
        self.put(f'<mj-image src="{literal_html(src)}"{alt}{link} padding="{padding}" />')

    def button(self, block: tree.Button) -> None:
        words = self.line(block.line) or "&nbsp;"
        link = f' href="{target(block.href, self.utm)}"' if block.href else ""
        self.put(f'<mj-button align="{block.align}"{link}>{words}</mj-button>')

    def products(self, block: tree.Products) -> None:
        name, brand = f"list_{block.id}", self.brand
        self.related.append(replace(block.related, name=name))
        self.put(f"{{% if {name}.size > 0 %}}")
        if block.heading:
            self.put(f'<mj-text font-size="18px"><strong>{self.line(block.heading)}</strong></mj-text>')
        self.put(f'<mj-table padding="{_GAP}" font-size="15px" line-height="23px" color="{brand.text}">')
        self.put(f"{{% for item in {name} %}}<tr>{self.cells(block)}</tr>{{% endfor %}}")
        self.put("</mj-table>")
        self.put("{% endif %}")

    def cells(self, block: tree.Products) -> str:
        made = []
        for index, cell in enumerate(block.cells):
            linked = replace(cell, href=block.href) if index == 0 and block.href else cell
            last = index == len(block.cells) - 1 and index > 0
            style = f"padding:7px 0;border-bottom:1px solid {self.brand.background};text-align:{'right' if last else 'left'}"
            made.append(f'<td style="{style}">{html_line((linked,), self.brand.link, self.utm, "item.")}</td>')
        return "".join(made)

    def divider(self, block: tree.Divider) -> None:  # noqa: ARG002 — a line has no data
        self.put(f'<mj-divider border-width="1px" border-color="{self.brand.background}" padding="{_GAP}" />')

    def social(self, block: tree.Social) -> None:
        links = " &nbsp; ".join(
            self.line((tree.Span(text=name, href=(tree.Span(text=url),)),)) for name, url in block.links if name
        )
        if links:
            self.put(f'<mj-text align="center" font-size="14px">{links}</mj-text>')

    def footer(self, block: tree.Footer) -> None:
        style = f'align="center" font-size="13px" line-height="20px" color="{self.brand.muted}"'
        if block.paragraphs:
            self.put(f"<mj-text {style}>{self.paragraphs(block.paragraphs)}</mj-text>")
        colour = f"color:{self.brand.muted};text-decoration:underline"
        leave = f'<a href="{{{{ unsubscribe_url }}}}" style="{colour}">{literal_html(block.unsubscribe)}</a>'
        self.put(f"<mj-text {style}>{output('postal_address')}<br />{leave}</mj-text>")


_LEAVES: Mapping[type, Callable[[_Writer, Any], None]] = {
    tree.Text: _Writer.text,
    tree.Heading: _Writer.heading,
    tree.Image: _Writer.image,
    tree.Button: _Writer.button,
    tree.Products: _Writer.products,
    tree.Divider: _Writer.divider,
    tree.Social: _Writer.social,
    tree.Footer: _Writer.footer,
}


def _is_wide(block: tree.Block) -> bool:
    """Whether a block needs sections of its own: columns, or a condition that holds some."""
    if isinstance(block, tree.Condition):
        return any(_is_wide(one) for one in (*block.then, *block.otherwise))
    return isinstance(block, tree.Columns)


def _renamed(block: tree.Block, owner: str) -> tree.Block:
    """A reused block under the id of its reference, so that errors and lists are told apart by where they stand."""
    made = replace(block, id=f"{owner}{block.id}"[:48])
    if isinstance(made, tree.Condition):
        return replace(
            made,
            then=tuple(_renamed(b, owner) for b in made.then),
            otherwise=tuple(_renamed(b, owner) for b in made.otherwise),
        )
    if isinstance(made, tree.Columns):
        return replace(made, columns=tuple(tuple(_renamed(b, owner) for b in c) for c in made.columns))
    return made
