"""From what the author wrote to the two parts of a message, still Liquid: HTML with inlined styles and links, and text."""

from __future__ import annotations

import html as html_text
import re
from dataclasses import dataclass

from twain.content.grammar import spans
from twain.content.links import Collected, LinkPlan, rewrite, unseen
from twain.content.markup import Marked, inline_styles, mark
from twain.content.mjml import to_html
from twain.content.text import derive
from twain.errors import Place
from twain.records import Content

_BODY = re.compile(r"<body\b[^>]*>", re.IGNORECASE)
#: Of no size, but not hidden: filters count what is hidden (display, opacity) against a message. Outlook needs its own word.
_HIDDEN = "font-size:1px;line-height:1px;max-height:0;max-width:0;overflow:hidden;mso-hide:all"


@dataclass(frozen=True, slots=True)
class Parts:
    """The two parts as Liquid source without the line end that closes them, and the links' targets by number."""

    html: str
    text: str
    links: tuple[str, ...]


def split(content: Content, plan: LinkPlan) -> Parts:
    """Make the parts. Raises ContentError for markup, styles, MJML or links that can't be done exactly."""
    place = content.places.get("body")
    marked = mark(content.body, place, beside=content.preheader)
    html = to_html(marked, place) if content.markup == "mjml" else marked.text
    html = _with_preheader(marked, html, content.preheader, content.places.get("preheader"))
    if content.markup == "html":
        html = inline_styles(marked, html, place)
    collected = Collected(plan)
    html = rewrite(marked, html, collected, place)
    text = content.text or marked.restore(derive(marked, html))
    html = unseen(marked, html, collected)
    return Parts(
        marked.restore(html).rstrip("\n"), text.rstrip("\n"), tuple(marked.restore(t) for t in collected.targets)
    )


def _with_preheader(marked: Marked, html: str, preheader: str, place: Place | None) -> str:
    """The line that mail programs show beside the subject, hidden in the message itself."""
    if not preheader:
        return html
    bits, at = [], 0
    for span in spans(preheader, place):
        liquid = preheader[span.start : span.end]
        bits += [html_text.escape(preheader[at : span.start], quote=False), marked.mark(liquid)]
        at = span.end
    hidden = f'<div style="{_HIDDEN}">{"".join([*bits, html_text.escape(preheader[at:], quote=False)])}</div>'
    body = _BODY.search(html)
    cut = body.end() if body else 0
    return html[:cut] + hidden + html[cut:]
