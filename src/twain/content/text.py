"""The text part, derived from the HTML: headings, paragraphs, lists and links that read well without markup.

Works on marked HTML and keeps every mark where it stands, so loops and conditions hold the same words as in the HTML.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

from twain.content.markup import VOID, Marked

_SKIPPED = frozenset({"head", "style", "script", "title", "noscript", "template"})
_PARAGRAPHS = frozenset(
    {"p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "table", "blockquote", "section", "article"}
)
_BLOCKS = frozenset({"div", "tr", "li", "header", "footer", "dl", "dt", "dd", "body", "tbody", "thead"})
_TAG = re.compile(r"<[^>]*>")
_HIDDEN = re.compile(r"display\s*:\s*none|mso-hide\s*:\s*all", re.IGNORECASE)


class _Walker(HTMLParser):
    def __init__(self, marked: Marked) -> None:
        super().__init__(convert_charrefs=True)
        self.marked = marked
        self.bits: list[str] = []
        self.pending = 0
        self.space = False
        self.said = False
        self.hidden: list[str] = []
        self.targets: list[tuple[str, int]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if self.hidden or tag in _SKIPPED or _HIDDEN.search(values.get("style") or ""):
            if tag not in VOID:
                self.hidden.append(tag)
            return
        self._break(tag)
        if tag == "a":
            self.targets.append((values.get("href") or "", len(self.bits)))
        elif tag == "img" and values.get("alt"):
            self._words(f"[{values['alt']}]")
        elif tag == "li":
            self._words("- ")
        elif tag == "hr":
            self._words("-" * 20)

    def handle_endtag(self, tag: str) -> None:
        if self.hidden:
            if tag in self.hidden:
                del self.hidden[len(self.hidden) - 1 - self.hidden[::-1].index(tag) :]
            return
        if tag == "a" and self.targets:
            self._target(*self.targets.pop())
        if tag in ("td", "th"):
            self.space = True
        self._break(tag)

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self._words(data)

    def handle_comment(self, data: str) -> None:
        """Control marks: alone, or between the tables that only Outlook sees."""
        found = self.marked.pattern().finditer(_TAG.sub("", data))
        self.bits += [m[2] for m in found if m[2] in self.marked.control]

    def _target(self, target: str, begun: int) -> None:
        shown = "".join(self.bits[begun:]).strip()
        if target and not target.startswith("#") and shown != target:
            self._words(f" ({target})" if shown else target)

    def _break(self, tag: str) -> None:
        wanted = 2 if tag in _PARAGRAPHS else 1 if tag in _BLOCKS or tag in ("br", "hr") else 0
        if tag == "br" and self.pending:
            wanted = min(self.pending + 1, 2)
        self.pending = max(self.pending, wanted)

    def _words(self, data: str) -> None:
        words = re.sub(r"[ \t\r\n\f]+", " ", data)
        if words.strip(" ") == "":
            self.space = self.space or bool(words)
            return
        if self.pending:
            self.bits.append("\n" * self.pending if self.said else "")
            words = words.lstrip(" ")
        elif self.space and not words.startswith(" ") and self.said:
            words = " " + words
        self.said = True
        self.pending, self.space = 0, words.endswith(" ") and words != "- "
        self.bits.append(words.rstrip(" ") if self.space else words)


def derive(marked: Marked, html: str) -> str:
    """The text part of marked *html*, still marked. Ends with one line end."""
    walker = _Walker(marked)
    walker.feed(html)
    walker.close()
    return re.sub(r"\n{3,}", "\n\n", "".join(walker.bits)).strip() + "\n"
