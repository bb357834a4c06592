"""The author's words and a person's fields as Liquid: what was written as words stays words, whatever it looks like.

Everything that Liquid or markup could mean something by is written so that it arrives literally; the only live pieces are
the fields that were chosen as fields, by names that have been checked.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from urllib.parse import quote, urlencode

from twain.content.blocks.tree import FORMATS, Line, Span, Test

_BRACES = re.compile(r"\{+")
_URL = ";/?:@&=+$,!~*'()#%[]"  # what an address may hold as it is (RFC 3986); all else is percent-encoded
_HREF = re.compile(r'(\shref\s*=\s*")(https?://[^"]*)"', re.IGNORECASE)
_COMPARISONS: Mapping[str, str] = {
    "is": "==", "is_not": "!=", "contains": "contains", "more": ">", "less": "<", "at_least": ">=", "at_most": "<=",
}  # fmt: skip


def literal(text: str) -> str:
    """*text* for a template that is not markup: an opening brace is put out by Liquid itself, so none can open a tag."""
    return _BRACES.sub(lambda m: f'{{{{ "{m[0]}" }}}}', text)


def literal_html(text: str) -> str:
    """*text* for a template that is markup, in content or in a quoted value; line ends become breaks."""
    return literal(html.escape(text)).replace("\n", "<br />")


def output(name: str, form: str = "", filter_: str = "") -> str:
    """A field, shown in a form of ``FORMATS``."""
    filters = [one for one in (FORMATS[form], filter_) if one]
    return "{{ " + " | ".join([name, *filters]) + " }}"


def plain_line(line: Line) -> str:
    """A line for a subject or a preheader: Liquid without markup."""
    return "".join(
        output(span.field, span.format) if span.field else literal(span.text.replace("\n", " ")) for span in line
    )


def html_line(line: Line, link_colour: str, utm: Mapping[str, str], item: str = "") -> str:
    """A line as markup. *item*: fields are those of this row of a loop."""
    return "".join(_span(span, link_colour, utm, item) for span in line)


def _span(span: Span, link_colour: str, utm: Mapping[str, str], item: str) -> str:
    made = output(item + span.field, span.format) if span.field else literal_html(span.text)
    made = f"<strong>{made}</strong>" if span.bold and made else made
    made = f"<em>{made}</em>" if span.italic and made else made
    if not span.href or not made:
        return made
    style = f"color:{link_colour};text-decoration:underline"
    return f'<a href="{target(span.href, utm, item)}" style="{style}">{made}</a>'


def target(href: Line, utm: Mapping[str, str], item: str = "") -> str:
    """Where a link leads, for a quoted value: a field within an address is encoded, one that is the address is not."""
    if len(href) == 1 and href[0].field:
        return output(item + href[0].field)
    parts = tagged(href, utm)
    return "".join(
        output(item + part.field, filter_="url_encode")
        if part.field
        else html.escape(quote(part.text.replace("\n", ""), safe=_URL))
        for part in parts
    )


def tagged(href: Line, utm: Mapping[str, str]) -> Line:
    """A web address with the UTM rules it does not state itself, in front of its fragment."""
    added = _added("".join(part.text for part in href), utm)
    if not added:
        return href
    for index, part in enumerate(href):
        before, mark, after = part.text.partition("#")
        if mark:
            return (*href[:index], Span(before + added + mark + after), *href[index + 1 :])
    return (*href, Span(added))


def tagged_markup(source: str, utm: Mapping[str, str]) -> str:
    """The same for every web address in the markup that somebody wrote by hand (MJML or HTML, with Liquid)."""
    return _HREF.sub(lambda m: m[1] + _tagged_text(html.unescape(m[2]), m[2], utm) + '"', source)


def _tagged_text(address: str, written: str, utm: Mapping[str, str]) -> str:
    added = html.escape(_added(address, utm))
    before, mark, after = written.partition("#") if "&#" not in written else (written, "", "")
    return before + added + mark + after


def _added(written: str, utm: Mapping[str, str]) -> str:
    rules = {key: value for key, value in utm.items() if value and f"{key}=" not in written}
    if not rules or not written.lower().startswith(("http://", "https://")):
        return ""
    return ("&" if "?" in written.partition("#")[0] else "?") + urlencode(rules, quote_via=quote)


def condition(tests: tuple[Test, ...], *, every: bool) -> str:
    """The Liquid between ``{% if`` and ``%}``."""
    return (" and " if every else " or ").join(_comparison(test) for test in tests)


def _comparison(test: Test) -> str:
    if test.op in ("present", "missing"):
        return f"{test.field} {'!=' if test.op == 'present' else '=='} blank"
    return f"{test.field} {_COMPARISONS[test.op]} {_value(test.value)}"


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"{value:f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
    return f"'{value}'" if '"' in str(value) else f'"{value}"'


def shown(line: Line, business: Mapping[str, str]) -> str:
    """A line in words, for lists and notes: fields by their business names."""
    return "".join(f"‹{business.get(span.field, span.field)}›" if span.field else span.text for span in line)
