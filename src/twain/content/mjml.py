"""MJML → HTML. Unknown tags are named before the compiler silently drops them; ``mj-include`` would read files."""

from __future__ import annotations

import difflib
import re

from mjml import mjml2html

from twain.content.grammar import at_line
from twain.content.markup import Marked, tags
from twain.errors import ContentError, Place

_CONDITIONAL = re.compile(r"<!--\[if [^\]]*\]>(?!<!-->|-->).*?<!\[endif\]-->", re.DOTALL)
_WORD = re.compile(r"\{%-?\s*(if|for|unless|case|capture|elsif|else|when|end\w+)\b")

TAGS = frozenset(
    "mjml mj-head mj-body mj-attributes mj-all mj-class mj-breakpoint mj-font mj-html-attributes mj-selector "  # noqa: SIM905
    "mj-html-attribute mj-preview mj-style mj-title mj-accordion mj-accordion-element mj-accordion-title "
    "mj-accordion-text mj-button mj-carousel mj-carousel-image mj-column mj-divider mj-group mj-hero mj-image mj-navbar "
    "mj-navbar-link mj-raw mj-section mj-social mj-social-element mj-spacer mj-table mj-text mj-wrapper".split()
)


def unknown_tags(source: str, place: Place | None) -> list[ContentError]:
    """One error per ``mj-…`` tag that MJML does not know, or that we refuse."""
    errors = []
    for tag in tags(source, place):
        if tag.name.startswith("mj") and tag.name not in TAGS and not tag.closing:
            near = difflib.get_close_matches(tag.name, TAGS, 1)
            todo = (
                f"Did you mean <{near[0]}>?" if near and tag.name != "mj-include" else "Put its content here instead."
            )
            errors.append(
                ContentError(
                    f"MJML has no tag <{tag.name}>." if tag.name != "mj-include" else "<mj-include> is not supported.",
                    place=at_line(place, source, tag.start),
                    code="T509",
                    todo=todo,
                )
            )
    return errors


def to_html(marked: Marked, place: Place | None) -> str:
    """Compile marked MJML. Raises ContentError for unknown tags, wrong MJML, and Liquid that would be lost."""
    for error in unknown_tags(marked.text, place):
        raise error
    try:
        html: str = mjml2html(marked.text)
    except ValueError as error:
        raise ContentError(
            f"The MJML is wrong: {error}.", place=place, code="T509", todo="Correct the markup."
        ) from error
    for made, liquid in marked.meaning.items():
        if made not in html:
            raise ContentError(
                f"{liquid} stands where MJML drops it.",
                place=place,
                code="T510",
                todo="Move it into a component's content.",
            )
    html = _CONDITIONAL.sub(lambda m: marked.bare(m[0]), html)
    _refuse_torn(marked, html, place)
    return html


def _refuse_torn(marked: Marked, html: str, place: Place | None) -> None:
    """A block must begin and end on the same side of Outlook's conditional comments, or its tables would be torn."""
    inside = [match.span() for match in _CONDITIONAL.finditer(html)]
    begun: list[bool] = []
    for match in marked.pattern().finditer(html):
        liquid = marked.meaning[match[1] or match[2]]
        word = _WORD.match(liquid)
        if not word:
            continue
        side = any(start < match.start() < end for start, end in inside)
        if word[1] in ("if", "for", "unless", "case", "capture"):
            begun.append(side)
        elif begun and begun[-1] != side:
            raise ContentError(
                f"{liquid} would tear Outlook's tables.",
                place=place,
                code="T510",
                todo="Put the block around whole sections.",
            )
        elif word[1].startswith("end") and begun:
            begun.pop()
