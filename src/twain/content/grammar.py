"""The Liquid that a template may hold: parsed by python-liquid itself, everything outside our subset refused by name.

Nothing here can reach a file, another template, an attribute or the environment: the tags that could are not registered,
and the two built-in variables that python-liquid adds (``now``, ``today``) are shadowed by the rule that every name must be
a field of the audience or a variable of the template.
"""

from __future__ import annotations

import difflib
import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass

from liquid import Environment, Mode
from liquid.ast import Node
from liquid.exceptions import LiquidError
from liquid.lex import compile_liquid_rules

from twain.content.filters import FINAL, OWN
from twain.content.limits import MAX_SOURCE, MAX_TAG_LENGTH, MAX_TAGS
from twain.errors import ContentError, Place

TAGS = frozenset(
    {
        "if",
        "elsif",
        "else",
        "endif",
        "unless",
        "endunless",
        "case",
        "when",
        "endcase",
        "for",
        "endfor",
        "break",
        "continue",
    }
    | {"assign", "capture", "endcapture", "comment", "endcomment", "raw", "endraw", "#"}
)
_OPENERS = frozenset({"if", "unless", "case", "for", "capture", "comment"})
_RULES = compile_liquid_rules()
_RAW = re.compile(r"\{%-?\s{0,100}(end)?raw\s{0,100}-?%\}")


@dataclass(frozen=True, slots=True)
class Span:
    """One piece of Liquid in a source: ``output`` ``{{ … }}``, ``tag`` ``{% … %}``, or ``raw`` (a whole raw or comment block)."""

    kind: str
    name: str
    start: int
    end: int


@functools.cache
def environment(*, escaping: bool, final: bool = False) -> Environment:
    """python-liquid's environment with our tags and filters.

    *escaping* for HTML, without it for text and subject; *final* for what our own rewriting has made of a checked source.
    """
    made = Environment(autoescape=escaping, strict_filters=True, tolerance=Mode.STRICT)
    internal = {"content", "output", "illegal", "CONTENT", "OUTPUT", "ILLEGAL"}
    for tag in [name for name in made.tags if name not in TAGS and name not in internal]:
        del made.tags[tag]
    for name, function in {**OWN, **(FINAL if final else {})}.items():
        made.add_filter(name, function)
    return made


def spans(source: str, place: Place | None = None) -> list[Span]:
    """Every piece of Liquid in *source*, as python-liquid's own lexer sees it. Raises ContentError for what is not closed."""
    _bound(source, place)
    found = list(_spans(source))
    if len(found) > MAX_TAGS:
        raise ContentError(
            f"The template has more than {MAX_TAGS} Liquid tags.", place=place, code="T521", todo="Shorten it."
        )
    return found


def _spans(source: str) -> Iterator[Span]:
    depth, begun = 0, 0
    for match in _RULES.finditer(source):
        kind, name = match.lastgroup, match.groupdict().get("name") or ""
        if kind == "TAG" and name == "comment":
            begun = begun if depth else match.start()
            depth += 1
        elif kind == "TAG" and name == "endcomment" and depth:
            depth -= 1
            if not depth:
                yield Span("raw", "comment", begun, match.end())
        elif depth or kind == "CONTENT":
            continue
        elif kind == "RAW":
            yield Span("raw", "raw", match.start(), match.end())
        elif kind == "DOC":
            yield Span("tag", "doc", match.start(), match.end())
        elif kind is not None and kind.upper() in ("TAG", "OUTPUT"):
            yield Span(kind.lower(), name, match.start(), match.end())


def _bound(source: str, place: Place | None) -> None:
    """Linear checks in front of the lexer, whose patterns are slow on what is never closed."""
    if len(source) > MAX_SOURCE:
        raise ContentError(
            f"The template is larger than {MAX_SOURCE // 1024} KB.", place=place, code="T521", todo="Shorten it."
        )
    marks = [bool(match[1]) for match in _RAW.finditer(source)]
    if marks and not marks[-1]:
        raise ContentError("A {% raw %} block is not closed.", place=place, code="T501", todo="Add {% endraw %}.")
    for opening, closing in (("{{", "}}"), ("{%", "%}")):
        at = source.find(opening)
        while at >= 0:
            end = source.find(closing, at + 2, at + MAX_TAG_LENGTH)
            if end < 0:
                raise ContentError(
                    f"A Liquid tag that begins with {source[at : at + 20]!r} is not closed.",
                    place=at_line(place, source, at),
                    code="T501",
                    todo=f"Close it with {closing}, within {MAX_TAG_LENGTH} characters.",
                )
            at = source.find(opening, end + 2)


def at_line(place: Place | None, source: str, index: int) -> Place | None:
    """The place of *index* in *source*, which begins at *place*."""
    if place is None:
        return None
    return Place(place.file, (place.line or 1) + source.count("\n", 0, max(index, 0)))


def parse(source: str, *, escaping: bool, place: Place | None = None) -> list[Node]:
    """Parse *source* into python-liquid's own syntax tree. Raises ContentError with the line and what to do."""
    for span in spans(source, place):
        if span.kind == "tag" and span.name not in TAGS:
            raise ContentError(
                f"The Liquid tag '{span.name}' is not supported.",
                place=at_line(place, source, span.start),
                code="T502",
                todo=_nearest(span.name),
            )
    try:
        return list(environment(escaping=escaping).from_string(source).nodes)
    except LiquidError as error:
        index = error.token.start_index if error.token is not None else 0
        raise ContentError(
            f"The template's Liquid is wrong: {error.message}.",
            place=at_line(place, source, index),
            code="T501",
            todo="Correct the tag.",
        ) from error
    except (RecursionError, ValueError, AssertionError) as error:
        raise ContentError(
            f"The template's Liquid could not be read ({type(error).__name__}).",
            place=place,
            code="T501",
            todo="Simplify it.",
        ) from error


def _nearest(name: str) -> str:
    near = difflib.get_close_matches(name, TAGS, 1)
    return f"Did you mean '{near[0]}'?" if near else "Use if, unless, case, for, assign, capture, comment or raw."
