"""HTML and MJML with Liquid in them, made safe for tools that know no Liquid.

An HTML5 parser moves ``{% if %}`` out of a table and an MJML compiler may drop it. So every piece of Liquid first becomes a
*mark*: a short word of letters and digits that no source holds. Between elements, control tags' marks stand in comments,
which parsers leave where they are. Afterwards each mark becomes its Liquid again, exactly.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import css_inline

from twain.content.grammar import at_line, spans
from twain.content.limits import MAX_MARKUP_DEPTH
from twain.errors import ContentError, Place

_OPEN = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9:-]*)((?:[^<>\"']|\"[^\"]*\"|'[^']*')*)>")
_ATTRIBUTE = re.compile(r"([^\s=/\"'<>]+)(?:\s*=\s*(\"[^\"]*\"|'[^']*'|[^\s\"'<>]+))?")
_TEXT_ONLY = frozenset({"style", "script", "title", "textarea", "xmp", "mj-style", "mj-title", "mj-preview"})
VOID = frozenset("area base br col embed hr img input link meta param source track wbr".split())  # noqa: SIM905
_IMPLIED = frozenset({"html", "head", "body", "tbody", "colgroup"})


@dataclass(frozen=True, slots=True)
class Tag:
    """One tag of the markup: where it is, whether it closes, and its attributes as written (None: no value)."""

    name: str
    closing: bool
    start: int
    end: int
    attributes: dict[str, str | None]
    empty: bool = False


@dataclass(slots=True)
class Marked:
    """A source whose Liquid has become marks. *meaning*: mark → the Liquid it stands for."""

    text: str
    seed: str
    meaning: dict[str, str] = field(default_factory=dict)
    control: set[str] = field(default_factory=set)

    def mark(self, liquid: str, *, control: bool = False) -> str:
        """A new mark that stands for *liquid*."""
        made = f"{self.seed}{len(self.meaning)}z"
        self.meaning[made] = liquid
        if control:
            self.control.add(made)
        return made

    def pattern(self) -> re.Pattern[str]:
        """Finds a mark, alone or as a comment."""
        return re.compile(rf"<!--({self.seed}\d+z)-->|({self.seed}\d+z)")

    def restore(self, text: str) -> str:
        """*text* with every mark replaced by its Liquid."""
        return self.pattern().sub(lambda m: self.meaning[m[1] or m[2]], text)

    def bare(self, text: str) -> str:
        """*text* with marks freed of their own comments, for text that is a comment already."""
        return self.pattern().sub(lambda m: m[1] or m[2], text)

    def has_mark(self, text: str) -> bool:
        """Whether any Liquid stands in *text*."""
        return self.seed in text


def mark(source: str, place: Place | None, *, beside: str = "") -> Marked:
    """Replace Liquid by marks that neither *source* says, nor what is put *beside* it later.

    Raises ContentError when Liquid stands where no mark can: inside a tag, outside a value.
    """
    marked = Marked("", _seed(source + beside))
    bits, at = [], 0
    for span in spans(source, place):
        liquid = source[span.start : span.end]
        bits += [source[at : span.start], marked.mark(liquid, control=span.kind != "output")]
        at = span.end
    marked.text = "".join([*bits, source[at:]])
    _refuse_loose(marked, source, place)
    marked.text = _commented(marked, place)
    return marked


def _seed(source: str) -> str:
    number = 0
    while f"tw{number}q" in source:
        number += 1
    return f"tw{number}q"


def _refuse_loose(marked: Marked, source: str, place: Place | None) -> None:
    """A mark inside a tag must be inside a quoted value."""
    for tag in tags(marked.text, place):
        inside = marked.text[tag.start : tag.end]
        if not marked.has_mark(inside):
            continue
        found = marked.pattern().search(re.sub(r"\"[^\"]*\"|'[^']*'", "", inside))
        if found:
            liquid = marked.meaning[found[0]]
            raise ContentError(
                f"{liquid} stands inside <{tag.name}> but not inside a quoted value.",
                place=at_line(place, source, source.find(liquid)),
                code="T510",
                todo='Put the condition inside the value, like class="{% if a %}b{% endif %}".',
            )


def _commented(marked: Marked, place: Place | None) -> str:
    """Control marks between elements become comments; those in values, comments and text-only elements stay words."""
    bits, at = [], 0
    for start, end in _contents(marked.text, place):
        bits += [marked.text[at:start], marked.pattern().sub(lambda m: _comment(marked, m[2]), marked.text[start:end])]
        at = end
    return "".join([*bits, marked.text[at:]])


def _comment(marked: Marked, found: str) -> str:
    return f"<!--{found}-->" if found in marked.control else found


def _contents(text: str, place: Place | None) -> Iterator[tuple[int, int]]:
    at = 0
    for start, end in _closed(text, place):
        yield at, start
        at = end
    yield at, len(text)


def _closed(text: str, place: Place | None) -> Iterator[tuple[int, int]]:
    """Spans that are not content between elements: tags, comments, and whole text-only elements."""
    at = text.find("<")
    while at >= 0:
        end = _end_of_other(text, at)
        if end is None:
            tag = _tag(text, at, place)
            end = tag.end if tag else at + 1
            if tag and tag.name in _TEXT_ONLY and not tag.closing and not tag.empty:
                close = re.compile(rf"</{tag.name}\s*>", re.IGNORECASE).search(text, end)
                end = close.end() if close else len(text)
            if not tag:
                at = text.find("<", end)
                continue
        yield at, end
        at = text.find("<", end)


def _end_of_other(text: str, at: int) -> int | None:
    """The end of a comment, CDATA, doctype or processing instruction at *at*; None for anything else."""
    for opening, closing in (("<!--", "-->"), ("<![CDATA[", "]]>"), ("<!", ">"), ("<?", ">")):
        if text.startswith(opening, at):
            end = text.find(closing, at + len(opening))
            if end < 0:
                raise ContentError(
                    f"A {opening!r} in the markup is not closed.", code="T510", todo=f"Close it with {closing}."
                )
            return end + len(closing)
    return None


def _tag(text: str, at: int, place: Place | None) -> Tag | None:
    if not re.compile(r"</?[A-Za-z]").match(text, at):
        return None
    match = _OPEN.match(text, at)
    if not match:
        raise ContentError(
            f"The tag that begins with {text[at : at + 30]!r} is not closed.",
            place=at_line(place, text, at),
            code="T510",
            todo="Close it with >, and its values with a quote.",
        )
    attributes = {name.lower(): value and value.strip("\"'") for name, value in _ATTRIBUTE.findall(match[3])}
    return Tag(match[2].lower(), bool(match[1]), at, match.end(), attributes, match[3].endswith("/"))


def tags(text: str, place: Place | None = None) -> list[Tag]:
    """Every tag outside comments and text-only elements. Raises ContentError for what is unclosed or nested too deeply."""
    found: list[Tag] = []
    depth = 0
    for start, _ in _closed(text, place):
        if _end_of_other(text, start) is not None:
            continue
        tag = _tag(text, start, place)
        if tag:
            found.append(tag)
            depth += 0 if tag.empty or tag.name in VOID else (-1 if tag.closing else 1)
        if depth > MAX_MARKUP_DEPTH:
            raise ContentError(
                "The markup is nested too deeply.", place=at_line(place, text, start), code="T521", todo="Simplify it."
            )
    return found


def inline_styles(marked: Marked, html: str, place: Place | None) -> str:
    """CSS of ``<style>`` moved into ``style`` attributes; at-rules stay. Nothing is fetched, no file is read.

    Tags that the HTML5 parser adds or closes by itself are taken out again, so that loops and conditions hold what they
    held. Raises ContentError when the markup is so broken that they can't.
    """
    if not re.search(r"<style\b", html, re.IGNORECASE):
        return html
    for tag in tags(html, place):
        if tag.name == "link":
            raise ContentError(
                "<link> is not supported.", place=place, code="T510", todo="Put the styles into <style>."
            )
    try:
        inliner = css_inline.CSSInliner(load_remote_stylesheets=False, keep_at_rules=True)
        return _without_additions(marked, html, inliner.inline(html), place)
    except css_inline.InlineError as error:
        raise ContentError(
            f"The styles can't be inlined: {error}.", place=place, code="T510", todo="Correct <style>."
        ) from error


def _without_additions(marked: Marked, before: str, after: str, place: Place | None) -> str:
    wanted = [one[0] for one in _shape(marked, before)]
    bits, at, index = [], 0, 0
    for what, start, end in _shape(marked, after):
        if index < len(wanted) and what == wanted[index]:
            index += 1
        elif what.startswith("/") or what in _IMPLIED:
            bits.append(after[at:start])
            at = end
        else:
            break
    else:
        if index == len(wanted):
            return "".join([*bits, after[at:]])
    raise ContentError(
        f"The HTML is not well-formed near <{wanted[min(index, len(wanted) - 1)]}>: an HTML parser reads it differently.",
        place=place,
        code="T510",
        todo="Close every element where it was opened, and keep text out of <table> and <tr>.",
    )


def _shape(marked: Marked, html: str) -> list[tuple[str, int, int]]:
    """Tags and marks between them, in order: what must be the same before and after."""
    found = []
    at = 0
    for start, end in [*_closed(html, None), (len(html), len(html))]:
        found += [(m[0], at + m.start(), at + m.end()) for m in marked.pattern().finditer(html[at:start])]
        tag = None if start == len(html) or _end_of_other(html, start) is not None else _tag(html, start, None)
        if tag and not (tag.closing and tag.name in VOID):
            found.append((f"/{tag.name}" if tag.closing else tag.name, tag.start, tag.end))
            if tag.name in _TEXT_ONLY and not tag.closing:
                tag_end = html.rfind("</", start, end)
                found += [(f"/{tag.name}", tag_end, end)] if tag_end > start else []
        elif marked.pattern().fullmatch(html[start:end]):
            found.append((html[start:end], start, end))
        at = end
    return _without_styles(found)


def _without_styles(found: list[tuple[str, int, int]]) -> list[tuple[str, int, int]]:
    return [one for one in found if one[0] not in ("style", "/style")]
