"""python-liquid's syntax tree → one Python function that appends to a list of ready pieces.

Constant text is encoded now, once; what is left at run time is to look up values, decide, loop, and encode what varies.
The code that is generated holds nothing of the template but names of ours (``v0``, ``K1``) and references to constants, so
no template can inject Python.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from liquid.ast import BlockNode, Node
from liquid.builtin.content import ContentNode
from liquid.builtin.expressions import FilteredExpression, Path, logical, primitive
from liquid.builtin.output import OutputNode
from liquid.builtin.tags.assign_tag import AssignNode
from liquid.builtin.tags.capture_tag import CaptureNode
from liquid.builtin.tags.case_tag import CaseNode, MultiExpressionBlockNode
from liquid.builtin.tags.comment_tag import CommentNode
from liquid.builtin.tags.for_tag import BreakNode, ContinueNode, ForNode
from liquid.builtin.tags.if_tag import IfNode
from liquid.builtin.tags.inline_comment_tag import InlineCommentNode
from liquid.builtin.tags.unless_tag import UnlessNode
from liquid.expression import Expression
from markupsafe import Markup

from twain.content import quoted, values
from twain.content.expressions import Loop, Names, Repeated, condition, span, value
from twain.content.grammar import at_line, parse
from twain.content.limits import MAX_NESTING, Meter
from twain.errors import ContentError, Place


@dataclass(frozen=True, slots=True)
class Sink:
    """Where output goes: a Python list's name, how constants and values become its items, what closes a value.

    *end* is the constant appended after each value (the soft break in quoted-printable), empty for plain text.
    *columns*: whether a plain field arrives as this slot writes it, made with its whole column.
    """

    out: str
    constant: Callable[[str], bytes | str]
    slot: str
    end: bytes | str
    columns: bool = False


class Writer:
    """Writes the body of one function from one template's tree."""

    def __init__(self, names: Names, sink: Sink, raw: Mapping[str, Sequence[bytes | str]], place: Place | None) -> None:
        self.names = names
        self.sink = sink
        self.raw = raw
        self.place = place
        self.lines: list[str] = []
        self.depth = 1
        self.weights = [0]
        self.mute = False
        self.current: Node | None = None
        self._run: list[bytes | str] = []
        report = names.report
        if report is not None:
            names.report = lambda error: report(self.located(error, self.current) if self.current else error)
        self._serial = 0

    def template(self, nodes: Sequence[Node]) -> list[str]:
        """The function's lines, indented once."""
        for name in sorted(_assigned(nodes)):
            before = self._root_or_undefined(name)
            self._line(f"{self._variable(name)} = {before}")
        for node in nodes:
            self._node(node)
        self._flush()
        return self.lines or ["    pass"]

    def _root_or_undefined(self, name: str) -> str:
        known = name in self.names.columns or name in self.names.specials
        return self.names.root(name) if known else "UNDEFINED"

    def _variable(self, name: str) -> str:
        return self.names.assigned.setdefault(name, f"a{len(self.names.assigned)}")

    def _fresh(self, letter: str) -> str:
        self._serial += 1
        return f"{letter}_{self._serial}"

    # -- output: items of one straight run are appended together

    def _emit(self, item: bytes | str, *, constant: bool) -> None:
        if constant and self._run and not isinstance(self._run[-1], _Code) and item:
            self._run[-1] += item  # type: ignore[operator]
        elif item:
            self._run.append(item if constant else _Code(item))

    def _flush(self) -> None:
        run, self._run = self._run, []
        items = [item if isinstance(item, _Code) else self.names.constant(item) for item in run]
        if len(items) == 1:
            self._line(f"{self.sink.out}.append({items[0]})")
        elif items:
            self._line(f"{self.sink.out} += ({', '.join(items)})")

    def _line(self, source: str) -> None:
        self.lines.append("    " * self.depth + source)

    # -- nodes

    def _node(self, node: Node) -> None:
        self.weights[-1] += 1
        self.current = node
        writer = _WRITERS.get(type(node))
        if writer is None:
            raise self._refusal(f"'{node.token.value}' is not supported.", node)
        try:
            writer(self, node)
        except ContentError as error:
            located = self.located(error, node)
            if self.names.report is None:
                raise located from error
            self.names.report(located)

    def located(self, error: ContentError, node: Node) -> ContentError:
        """*error* with the place of *node*, unless it has one."""
        if error.place is not None or self.place is None:
            return error
        place = at_line(self.place, node.token.source, node.token.start_index)
        return ContentError(error.what, todo=error.todo, place=place, business=error.business, code=error.shown_code)

    def _refusal(self, what: str, node: Node, todo: str = "Write it in another way.") -> ContentError:
        return self.located(ContentError(what, code="T502", todo=todo), node)

    def _content(self, node: ContentNode) -> None:
        if not self.mute:
            self.weights[-1] += len(node.text) // 256
            self._emit(self.sink.constant(node.text), constant=True)

    def _output(self, node: OutputNode) -> None:
        pieces = self._raw_pieces(node.expression)
        if pieces:
            for piece in pieces:
                is_code = isinstance(piece, str) and piece == "token"
                self._emit(piece, constant=not is_code)
                if is_code:
                    self._emit(self.sink.end, constant=True)
            return
        self.weights[-1] += _filters(node.expression)
        ready = self.names.ready(node.expression, self.sink.slot) if self.sink.columns else None
        source = ready or f"{self.sink.slot}({value(self.names, node.expression)})"
        if not self.mute:
            self._emit(source, constant=False)
            self._emit(self.sink.end, constant=True)

    def _raw_pieces(self, expression: Expression) -> Sequence[bytes | str]:
        if not isinstance(expression, FilteredExpression) or expression.filters:
            return ()
        if not isinstance(expression.left, Path) or len(expression.left.path) != 1:
            return ()
        name = str(expression.left.path[0])
        shadowed = name in self.names.assigned or any(loop.name == name for loop in self.names.loops)
        return () if shadowed or self.sink.end == "" else self.raw.get(name, ())

    def _block(self, block: BlockNode) -> None:
        """A nested block: what holds only blanks writes nothing, as in python-liquid."""
        muted, self.mute = self.mute, self.mute or block.blank
        self.depth += 1
        before = len(self.lines)
        for node in block.nodes:
            self._node(node)
        self._flush()
        if len(self.lines) == before:
            self._line("pass")
        self.depth -= 1
        self.mute = muted

    def _if(self, node: IfNode | UnlessNode) -> None:
        self._flush()
        negated = "not " if isinstance(node, UnlessNode) else ""
        self._line(f"if {negated}{condition(self.names, node.condition)}:")
        self._block(node.consequence)
        for alternative in node.alternatives:
            self._line(f"elif {condition(self.names, alternative.expression)}:")
            self._block(alternative.block)
        if node.default:
            self._line("else:")
            self._block(node.default)

    def _case(self, node: CaseNode) -> None:
        self._flush()
        unmatched = self._fresh("c")
        self._line(f"{unmatched} = True")
        for block in node.blocks:
            if isinstance(block, MultiExpressionBlockNode):
                self._line(f"if {self._when(node, block)}:")
                self._line(f"    {unmatched} = False")
                self._block(block.block)
            else:
                self._line(f"if {unmatched}:")
                self._block(block)

    def _when(self, node: CaseNode, block: MultiExpressionBlockNode) -> str:
        options = block.expression.expressions
        literals = [o.value for o in options if isinstance(o, primitive.StringLiteral | primitive.IntegerLiteral)]
        if len(options) > 1 and len(set(literals)) != len(options):
            raise self._refusal("'when' with several values takes different plain texts or numbers only.", node)
        equality = logical.EqExpression
        tests = [condition(self.names, equality(node.token, block.expression.left, option)) for option in options]
        return " or ".join(tests)

    def _for(self, node: ForNode) -> None:
        loop_expression = node.expression
        if len(self.names.loops) >= MAX_NESTING:
            raise self._refusal(f"Loops are nested more than {MAX_NESTING} deep.", node)
        if loop_expression.identifier == "forloop":
            raise self._refusal("A loop's variable can't be named 'forloop'.", node)
        self._flush()
        loop = Loop(str(loop_expression.identifier), self._fresh("x"), self._fresh("i"), self._fresh("n"))
        loop = replace(loop, rows=self.names.rows_of(loop_expression.iterable))
        items = self._fresh("l")
        self._line(f"{items} = {self._items(node)}")
        self._line(f"{loop.length} = len({items})")
        self._line(f"if {loop.length}:")
        pieces = self._pieces(node, loop)
        if pieces:
            self._ready_bodies(node, loop, pieces)
        else:
            self._loop_body(node, loop, items)
        if node.default:
            self._line("else:")
            self._block(node.default)

    def _loop_body(self, node: ForNode, loop: Loop, items: str) -> None:
        self.depth += 1
        account = len(self.lines)
        self._line(f"for {loop.index}, {loop.item} in enumerate({items}):")
        self.names.loops.append(loop)
        self.weights.append(1)
        self._block(node.block)
        weight = self.weights.pop()
        self.weights[-1] += weight
        self.names.loops.pop()
        self.lines.insert(account, "    " * self.depth + f"meter.loop({loop.length}, {weight})")
        self.depth -= 1

    def _pieces(self, node: ForNode, loop: Loop) -> tuple[bytes | str, ...]:
        """The loop's body when it is but words and fields of its own rows, all rows, in order; else nothing.

        A loop inside another is left out: what a message may hold in all is counted as it is written.
        """
        expression = node.expression
        whole = expression.limit is None and expression.offset is None and not expression.reversed
        wire = self.sink.columns and isinstance(self.sink.end, bytes)
        if loop.rows is None or not (whole and wire) or self.names.loops or self.mute or node.block.blank:
            return ()
        known = {column.name for column in loop.rows.items}
        pieces = [self._piece(one, loop, known) for one in node.block.nodes]
        fields = any(isinstance(one, OutputNode) for one in node.block.nodes)
        return tuple(p for many in pieces for p in many) if all(pieces) and fields else ()

    def _piece(self, node: Node, loop: Loop, known: set[str]) -> tuple[bytes | str, ...]:
        if isinstance(node, ContentNode):
            return (self.sink.constant(node.text),)
        path = _plain_path(node)
        if len(path) != 2 or path[0] != loop.name or path[1] not in known:
            return ()
        return (str(path[1]), self.sink.end)

    def _ready_bodies(self, node: ForNode, loop: Loop, pieces: tuple[bytes | str, ...]) -> None:
        """Append the bodies that were made with the whole column."""
        words = [one.text for one in node.block.nodes if isinstance(one, ContentNode)]
        weight = 1 + len(node.block.nodes) + sum(len(text) // 256 for text in words)
        self.weights[-1] += weight
        repeated = self.names.repeated
        column = loop.rows.name if loop.rows else ""
        loops = Repeated(column, self.sink.slot, pieces)
        self.names.shows[loops] += 1
        bodies = repeated.setdefault(loops, f"r{len(repeated)}")
        self._line(f"    meter.loop({loop.length}, {weight})")
        self._line(f"    {self.sink.out} += {bodies}")

    def _items(self, node: ForNode) -> str:
        expression = node.expression
        if isinstance(expression.offset, primitive.StringLiteral) and expression.offset.value == "continue":
            raise self._refusal("'offset: continue' is not supported.", node, "Give the offset as a number.")
        source = value(self.names, expression.iterable)
        related = source.isidentifier() and self.names.rows_of(expression.iterable)
        source = (
            f"({source} if {source}.__class__ is list else sequence({source}))" if related else f"sequence({source})"
        )
        if expression.limit is None and expression.offset is None and not expression.reversed:
            return source
        limit = "" if expression.limit is None else f"limit={value(self.names, expression.limit)}, "
        offset = "" if expression.offset is None else f"offset={value(self.names, expression.offset)}, "
        return f"part({source}, {limit}{offset}backwards={bool(expression.reversed)})"

    def _leave(self, node: Node) -> None:
        word = "break" if isinstance(node, BreakNode) else "continue"
        if not self.names.loops:
            raise self._refusal(f"'{word}' stands outside a loop.", node)
        self._flush()
        self._line(word)

    def _assign(self, node: AssignNode) -> None:
        self._flush()
        self.weights[-1] += _filters(node.expression)
        self._line(f"{self.names.assigned[str(node.name)]} = {value(self.names, node.expression)}")

    def _capture(self, node: CaptureNode) -> None:
        self._flush()
        sink, muted, buffer = self.sink, self.mute, self._fresh("s")
        self.mute = False
        self.sink = Sink(buffer, str, "E" if self.names.escaping else "P", "")
        self._line(f"{buffer} = []")
        self.depth -= 1
        self._block(node.block)
        self.depth += 1
        self.sink, self.mute = sink, muted
        text = f"meter.text(''.join({buffer}))"
        self._line(f"{self.names.assigned[str(node.name)]} = {'Markup(' + text + ')' if self.names.escaping else text}")

    def _nothing(self, _node: Node) -> None:
        """A comment."""


class _Code(str):
    """An item of a run that is Python source rather than a constant."""

    __slots__ = ()


_WRITERS: Mapping[type[Node], Callable[[Writer, Any], None]] = {
    ContentNode: Writer._content,  # noqa: SLF001 — the class's own table
    OutputNode: Writer._output,  # noqa: SLF001
    IfNode: Writer._if,  # noqa: SLF001
    UnlessNode: Writer._if,  # noqa: SLF001
    CaseNode: Writer._case,  # noqa: SLF001
    ForNode: Writer._for,  # noqa: SLF001
    BreakNode: Writer._leave,  # noqa: SLF001
    ContinueNode: Writer._leave,  # noqa: SLF001
    AssignNode: Writer._assign,  # noqa: SLF001
    CaptureNode: Writer._capture,  # noqa: SLF001
    CommentNode: Writer._nothing,  # noqa: SLF001
    InlineCommentNode: Writer._nothing,  # noqa: SLF001
}


def _plain_path(node: Node) -> Sequence[object]:
    """The path that an output shows as it is; empty for anything else."""
    expression = node.expression if isinstance(node, OutputNode) else None
    if not isinstance(expression, FilteredExpression) or expression.filters or not isinstance(expression.left, Path):
        return ()
    return expression.left.path


def _filters(expression: Expression) -> int:
    return len(getattr(expression, "filters", None) or ())


def _assigned(nodes: Sequence[Node]) -> set[str]:
    """Names that the template gives a value to, anywhere in it."""
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, AssignNode | CaptureNode):
            found.add(str(node.name))
        found |= _assigned(children(node))
    return found


def children(node: Node) -> list[Node]:
    """The nodes inside *node*."""
    return list(node.children(None))  # type: ignore[arg-type]  # only tags that load partials want a context


def runtime(meter: Meter, slots: Mapping[str, Callable[[Any], Any]]) -> dict[str, Any]:
    """The names that generated code may use."""
    return {
        "__builtins__": {"len": len, "enumerate": enumerate},
        "equal": values.equal,
        "less": values.less,
        "at_most": values.at_most,
        "contains": values.contains,
        "truthy": values.truthy,
        "dict": dict,
        "str": str,
        "list": list,
        "is_empty": values.is_empty,
        "is_blank": values.is_blank,
        "item": values.item,
        "sequence": values.sequence,
        "part": values.part,
        "span": span,
        "UNDEFINED": values.UNDEFINED,
        "Markup": Markup,
        "meter": meter,
        **slots,
    }


def write(
    source: str, names: Names, sink: Sink, raw: Mapping[str, Sequence[bytes | str]], place: Place | None
) -> list[str]:
    """Compile one template's text into lines of Python. Raises ContentError with place, reason and what to do."""
    nodes = parse(source, escaping=names.escaping, place=place)
    try:
        return Writer(names, sink, raw, place).template(nodes)
    except RecursionError as error:
        raise ContentError(
            "The template is nested too deeply.", place=place, code="T521", todo="Simplify it."
        ) from error


PLAIN = Sink("o", str, "P", "")
SUBJECT = Sink("o", str, "P", "", columns=True)
HTML = Sink("o", quoted.piece, "H", quoted.SOFT, columns=True)
TEXT = Sink("o", quoted.piece, "T", quoted.SOFT, columns=True)
