"""Everything that can be found wrong with a campaign's words before anybody is mailed: file, line, what to do."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from liquid.ast import Node
from liquid.builtin.expressions import BooleanExpression, FilteredExpression, Path, logical
from liquid.builtin.expressions.primitive import Blank, Empty, Nil, StringLiteral
from liquid.builtin.output import OutputNode
from liquid.builtin.tags.assign_tag import AssignNode
from liquid.builtin.tags.for_tag import ForNode
from liquid.builtin.tags.if_tag import IfNode
from liquid.expression import Expression

from twain.content.codegen import PLAIN, children, write
from twain.content.expressions import Names
from twain.content.grammar import at_line, environment, parse, spans
from twain.content.limits import Meter
from twain.content.links import LinkPlan
from twain.content.markup import mark, tags
from twain.content.mjml import unknown_tags
from twain.content.parts import split
from twain.content.program import compile_program, sources, specials_of
from twain.errors import ContentError, Place
from twain.records import Column, Content, Problem, Right, Sender

CLIPPED_AT = 102 * 1024  # octets of HTML after which Gmail cuts a message off, hiding its unsubscribe link
_LONG_SUBJECT = 150
_ANYWHERE = LinkPlan("https://gateway.invalid")


@dataclass(frozen=True, slots=True)
class _Question:
    """All that a check may look at."""

    content: Content
    columns: Mapping[str, Column]
    defaults: Mapping[str, object]
    sender: Sender
    business: Mapping[str, str]
    rights: Mapping[str, Collection[Right]] | None


def check_content(
    content: Content,
    *,
    columns: Sequence[Column],
    defaults: Mapping[str, object],
    sender: Sender,
    business_names: Mapping[str, str],
    rights: Mapping[str, Collection[Right]] | None = None,
) -> list[Problem]:
    """Every problem of *content*, errors first, each with its place. An empty list means that it can be compiled.

    *rights*: field → what Marketing may do with it (``orders.total`` for a related row's field); None when rights are
    checked elsewhere.
    """
    asked = _Question(content, {c.name: c for c in columns}, defaults, sender, business_names, rights)
    found = [*_subject(asked), *_words(asked)]
    if not any(p.severity == "error" for p in found):
        found += [*_missing(asked), *_markup(asked), *_whole(asked, columns)]
    found += _legal(asked)
    unique = {(p.severity, p.code, p.what, str(p.place)): p for p in found}
    return sorted(unique.values(), key=lambda p: p.severity != "error")


def _problem(error: ContentError, place: Place | None = None) -> Problem:
    return Problem("error", error.shown_code, error.what, error.todo, error.place or place, error.business)


def _subject(asked: _Question) -> Iterator[Problem]:
    place, subject = asked.content.places.get("subject"), asked.content.subject
    if not subject.strip():
        yield Problem("error", "T506", "The subject is empty.", "Write one: nobody opens a message without.", place)
    if any(c in subject for c in "\r\n\0"):
        yield Problem("error", "T514", "The subject holds a line end.", "Write it on one line.", place)
    try:
        fixed = len(subject) - sum(span.end - span.start for span in spans(subject, place))
    except ContentError:
        return  # the words' own check names it
    if fixed > _LONG_SUBJECT:
        yield Problem(
            "warning",
            "T506",
            f"The subject has {fixed} characters without its fields.",
            "Say it in 60 or fewer.",
            place,
        )


def _words(asked: _Question) -> Iterator[Problem]:
    """Liquid that is wrong or unsupported, and names that don't exist: all of them."""
    for name, source, escaping in sources(asked.content):
        place = asked.content.places.get(name)
        errors: list[ContentError] = []
        names = _names(asked, escaping=escaping)
        names.report = errors.append
        try:
            write(source, names, PLAIN, {}, place)
        except ContentError as error:
            errors.append(error)
        yield from (_problem(error, place) for error in errors)
        yield from _rights(asked, names, place)


def _names(asked: _Question, *, escaping: bool) -> Names:
    constants: dict[str, object] = {}
    specials = specials_of(_ANYWHERE, asked.sender, constants)
    return Names(asked.columns, specials, environment(escaping=escaping), Meter(), asked.business, constants=constants)


def _rights(asked: _Question, names: Names, place: Place | None) -> Iterator[Problem]:
    if asked.rights is None:
        return
    wanted = [n for n in names.used if asked.columns[n].type != "rows"] + sorted(names.items)
    for name in wanted:
        if Right.PERSONALISE not in asked.rights.get(name, ()):
            word = asked.business.get(name, name)
            yield Problem(
                "error",
                "T505",
                f"The field '{name}' may not be used to personalise.",
                "Take it out, or ask the feed's owner for the right.",
                place,
                f"“{word}” may not be used in messages.",
            )


# -- values that can be missing


@dataclass(slots=True)
class _Walk:
    """Follows a template, knowing which fields a condition has just made sure of."""

    asked: _Question
    place: Place | None
    sure: frozenset[str] = frozenset()
    rows: dict[str, str] = field(default_factory=dict)

    def nodes(self, nodes: Iterable[Node]) -> Iterator[Problem]:
        for node in nodes:
            yield from self.node(node)

    def node(self, node: Node) -> Iterator[Problem]:
        if isinstance(node, OutputNode | AssignNode):
            yield from self.expression(node, node.expression)
        if isinstance(node, IfNode):
            held = replace(self, sure=self.sure | _made_sure(node.condition))
            yield from held.nodes([node.consequence])
            rest: list[Node] = [*node.alternatives, *([node.default] if node.default else [])]
            yield from self.nodes(rest)
        elif isinstance(node, ForNode):
            yield from self.loop(node)
        else:
            yield from self.nodes(children(node))

    def loop(self, node: ForNode) -> Iterator[Problem]:
        iterable = node.expression.iterable
        inner = dict(self.rows)
        if isinstance(iterable, Path) and len(iterable.path) == 1:
            inner[str(node.expression.identifier)] = str(iterable.path[0])
        yield from replace(self, rows=inner).nodes([node.block])
        yield from self.nodes([node.default] if node.default else [])

    def expression(self, node: Node, expression: Expression) -> Iterator[Problem]:
        if not isinstance(expression, FilteredExpression) or not isinstance(expression.left, Path):
            return
        if any(call.name in ("default", "size") for call in expression.filters or ()):
            return
        written = str(expression.left)
        name, column = self.column(expression.left)
        if (
            column is None
            or column.type == "rows"
            or not column.nullable
            or name in self.asked.defaults
            or written in self.sure
        ):
            return
        word = self.asked.business.get(name, name)
        yield Problem(
            "error",
            "T504",
            f"The field '{name}' can be missing and has no default.",
            f'Write {{{{ {written} | default: "…" }}}}, or declare a default for it in the campaign.',
            at_line(self.place, node.token.source, node.token.start_index),
            f"Some people have no “{word}”: say what stands there then.",
        )

    def column(self, path: Path) -> tuple[str, Column | None]:
        head = str(path.path[0])
        if len(path.path) == 2 and head in self.rows:
            feed = self.asked.columns.get(self.rows[head])
            item = next((c for c in feed.items if c.name == path.path[1]), None) if feed else None
            return f"{self.rows[head]}.{path.path[1]}", item
        return (head, self.asked.columns.get(head)) if len(path.path) == 1 and head not in self.rows else (head, None)


def _made_sure(expression: Expression) -> frozenset[str]:
    """Fields that are there whenever the condition holds: ``a``, ``a != blank``, and both sides of ``and``."""
    if isinstance(expression, BooleanExpression):
        return _made_sure(expression.expression)
    if isinstance(expression, logical.LogicalAndExpression):
        return _made_sure(expression.left) | _made_sure(expression.right)
    if isinstance(expression, Path):
        return frozenset({str(expression)})
    if isinstance(expression, logical.NeExpression) and isinstance(expression.left, Path):
        right = expression.right
        nothing = isinstance(right, Nil | Empty | Blank) or (isinstance(right, StringLiteral) and not right.value)
        return frozenset({str(expression.left)}) if nothing else frozenset()
    ordered = (
        logical.EqExpression | logical.LtExpression | logical.GtExpression | logical.GeExpression | logical.LeExpression
    )
    if isinstance(expression, ordered | logical.ContainsExpression):
        sides = (expression.left, expression.right)
        fixed = any(not isinstance(s, Path | Nil | Empty | Blank) for s in sides)
        return frozenset(str(s) for s in sides if isinstance(s, Path)) if fixed else frozenset()
    return frozenset()


def _missing(asked: _Question) -> Iterator[Problem]:
    for name, source, escaping in sources(asked.content):
        place = asked.content.places.get(name)
        yield from _Walk(asked, place).nodes(parse(source, escaping=escaping, place=place))


# -- markup, links, size


def _markup(asked: _Question) -> Iterator[Problem]:
    place = asked.content.places.get("body")
    try:
        marked = mark(asked.content.body, place)
        found = tags(marked.text, place)
        if asked.content.markup == "mjml":
            yield from (_problem(error) for error in unknown_tags(marked.text, place))
    except ContentError as error:
        yield _problem(error, place)
        return
    for tag in found:
        if tag.name in ("img", "mj-image") and not tag.closing and "alt" not in tag.attributes:
            where = at_line(place, marked.text, tag.start)
            yield Problem(
                "warning",
                "T513",
                "A picture has no alt text.",
                'Describe it: alt="…", or alt="" for decoration.',
                where,
            )


def _whole(asked: _Question, columns: Sequence[Column]) -> Iterator[Problem]:
    """What only shows when the whole is put together."""
    content, place = asked.content, asked.content.places.get("body")
    try:
        compile_program(
            content,
            columns=columns,
            defaults=asked.defaults,
            sender=asked.sender,
            links=_ANYWHERE,
            business_names=asked.business,
        )
        size = len(split(content, _ANYWHERE).html.encode("utf-8", "replace"))
    except ContentError as error:
        yield _problem(error, place)
        return
    if size > CLIPPED_AT:
        yield Problem(
            "warning",
            "T512",
            f"The HTML has {size // 1024} KB before any data; Gmail cuts messages off after {CLIPPED_AT // 1024} KB.",
            "Shorten it: what is cut off hides the unsubscribe link.",
            place,
        )


def _legal(asked: _Question) -> Iterator[Problem]:
    """What the law and the mailbox providers want in every bulk message."""
    content = asked.content
    written = [("body", content.body), *([("text", content.text)] if content.text else [])]
    for name, source in written:
        place = content.places.get(name)
        if not _mentions(source, "unsubscribe_url"):
            yield Problem(
                "error", "T507", f"The {name} has no unsubscribe link.", "Add a link to {{ unsubscribe_url }}.", place
            )
        if not _mentions(source, "postal_address"):
            yield Problem("error", "T508", f"The {name} has no postal address.", "Add {{ postal_address }}.", place)
    if not asked.sender.postal_address.strip():
        yield Problem(
            "error", "T508", "The sender has no postal address.", "Add postal_address to the campaign's sender."
        )


def _mentions(source: str, name: str) -> bool:
    try:
        return any(name in source[s.start : s.end] for s in spans(source) if s.kind == "output")
    except ContentError:
        return name in source
