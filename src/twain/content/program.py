"""A campaign's words compiled to a program: rows in, ready MIME bytes out.

``compile_program`` does once per version what is the same for everybody: MJML, CSS, text part, links, headers, Liquid's
syntax, quoted-printable. What is left per person is one generated function that looks up, decides, encodes and joins.
"""

from __future__ import annotations

import email
import email.policy
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from itertools import starmap
from typing import Any

from liquid.exceptions import LiquidError

from twain.content import batch, mime, quoted
from twain.content.codegen import HTML, PLAIN, SUBJECT, TEXT, Sink, runtime, write
from twain.content.expressions import Names, Repeated
from twain.content.grammar import environment
from twain.content.limits import Meter
from twain.content.links import LinkPlan
from twain.content.parts import Parts, split
from twain.content.values import Data, as_text, escaped
from twain.content.window import Generated, Window, related
from twain.errors import ContentError, Place
from twain.records import Column, Content, Sender, Stamp

_PLAIN_HTML = re.compile(r"[ !#-%(-\-/-;?-EG-~][ !#-%(-;?-~]{0,73}").fullmatch
_FIRST, _BATCH = 64, 128  # rows made ready at once: few for who wants few, or begins again after a row that failed
_FAILURES = (
    ContentError,
    LiquidError,
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    ArithmeticError,
    RecursionError,
    MemoryError,
)
_QUOTED_WORDS = re.compile(r"'[^']*'")


@dataclass(frozen=True, slots=True)
class Preview:
    """One person's message as a mail program would show it. *size* is octets on the wire."""

    subject: str
    html: str
    text: str
    headers: Mapping[str, str]
    size: int
    message: bytes = field(repr=False, default=b"")


class CompiledProgram:
    """Implements ``ports.Program``. Pickles as its inputs and is compiled anew where it is loaded."""

    def __init__(
        self,
        inputs: tuple[Any, ...],
        takes: Generated,
        links: tuple[str, ...],
        defaults: Mapping[str, Any],
        meter: Meter,
    ) -> None:
        self.columns = takes.columns
        self.links = links
        self._inputs = inputs
        self._takes = takes
        self._defaults = defaults
        self._meter = meter

    @property
    def content(self) -> Content:
        """The words that it was compiled from."""
        return self._inputs[0]  # type: ignore[no-any-return]

    @property
    def plan(self) -> LinkPlan:
        """Where its links lead."""
        return self._inputs[4]  # type: ignore[no-any-return]

    def __reduce__(self) -> tuple[Callable[..., CompiledProgram], tuple[Any, ...]]:
        return _rebuild, self._inputs

    def render(self, rows: Mapping[str, Sequence[Any]], stamps: Sequence[Stamp]) -> Iterator[bytes]:
        """Yield one complete message per row, lazily. *rows*: column → values, and always ``address``.

        Raises ContentError when a row's message cannot be built; messages before it have been yielded.
        """
        for begin, end in _batches(len(stamps)):
            yield from self._messages(rows, stamps, begin, end)

    def _messages(
        self, rows: Mapping[str, Sequence[Any]], stamps: Sequence[Stamp], begin: int, end: int
    ) -> Iterator[bytes]:
        """These rows' messages. When some row can't be made ready, each half is tried: those before it still can."""
        prepared: Iterable[tuple[Any, ...]] | None
        try:
            prepared = self._prepared(rows, stamps, begin, end)
        except _FAILURES as error:
            if end - begin == 1 and isinstance(error, ContentError):
                raise
            if end - begin == 1:
                raise _unbuilt(error) from error
            prepared = None
        if prepared is not None:
            yield from self._built(prepared)
        else:
            middle = (begin + end) // 2
            yield from self._messages(rows, stamps, begin, middle)
            yield from self._messages(rows, stamps, middle, end)

    def _prepared(
        self, rows: Mapping[str, Sequence[Any]], stamps: Sequence[Stamp], begin: int, end: int
    ) -> Iterable[tuple[Any, ...]]:
        """What the generated function takes, per row."""
        values = {name: self._filled(name, rows[name][begin:end]) for name in self.columns}
        dates, ids, tokens = batch.stamps(stamps[begin:end])
        self._meter.reset()
        arguments = Window(self._takes, values, self._meter).arguments()
        return zip(dates, batch.addresses(rows["address"][begin:end]), ids, tokens, *arguments, strict=True)

    def _built(self, prepared: Iterable[tuple[Any, ...]]) -> Iterator[bytes]:
        try:
            yield from starmap(self._takes.message, prepared)
        except ContentError:
            raise
        except _FAILURES as error:
            raise _unbuilt(error) from error

    def _filled(self, name: str, values: Sequence[Any]) -> Sequence[Any]:
        """The column with its declared default where a value is missing: nil, or nothing but blanks."""
        if name not in self._defaults:
            return values
        if set(map(type, values)) == {str} and all(values) and not any(map(str.isspace, values)):
            return values
        default = self._defaults[name]
        return [default if v is None or (v.__class__ is str and (not v or v.isspace())) else v for v in values]


def compile_program(
    content: Content,
    *,
    columns: Sequence[Column],
    defaults: Mapping[str, Any],
    sender: Sender,
    links: LinkPlan,
    business_names: Mapping[str, str],
) -> CompiledProgram:
    """Compile *content* for rows with *columns*. Raises ContentError with file, line and what to do.

    *defaults*: field → what stands there when it is missing; ``orders.total`` names a field of related rows.
    *business_names*: field → Marketing's word for it.
    """
    inputs = (content, tuple(columns), dict(defaults), sender, links, dict(business_names))
    meter = Meter()
    build = _Build({c.name: c for c in columns}, defaults, business_names, sender, links, meter)
    for name, source, escaping in sources(content):
        build.lines(source, escaping=escaping, sink=PLAIN, place=content.places.get(name), final=False)
    parts = split(content, links)
    return CompiledProgram(inputs, build.message(content, parts), parts.links, defaults, meter)


def sources(content: Content) -> list[tuple[str, str, bool]]:
    """What the author wrote: (which, source, whether it is HTML)."""
    written = [
        ("subject", content.subject, False),
        ("body", content.body, True),
        ("preheader", content.preheader, True),
    ]
    return [*written, ("text", content.text, False)] if content.text else written


def preview(program: CompiledProgram, row: Mapping[str, Any], stamp: Stamp | None = None) -> Preview:
    """One row's message, parsed back by the standard library: what is shown is what would be sent."""
    stamp = stamp or Stamp(b"<preview@localhost>", b"preview", b"Thu, 01 Jan 1970 00:00:00 +0000")
    rows = {name: [row[name]] for name in program.columns} | {
        "address": [row.get("address", "preview@example.invalid")]
    }
    made = next(iter(program.render(rows, [stamp])))
    parsed = email.message_from_bytes(made, EmailMessage, policy=email.policy.default)
    return Preview(
        subject=str(parsed["Subject"]),
        html=_part(parsed, "html"),
        text=_part(parsed, "plain"),
        headers={name: str(value) for name, value in parsed.items()},
        size=len(made),
        message=made,
    )


def _part(message: EmailMessage, subtype: str) -> str:
    body = message.get_body((subtype,))
    return "" if body is None else str(body.get_content()).replace("\r\n", "\n")


@dataclass(slots=True)
class _Build:
    """What the three templates of one message share while they are compiled."""

    columns: Mapping[str, Column]
    defaults: Mapping[str, Any]
    business: Mapping[str, str]
    sender: Sender
    plan: LinkPlan
    meter: Meter
    constants: dict[str, Any] = field(default_factory=dict)
    used: dict[str, str] = field(default_factory=dict)
    encoded: dict[tuple[str, str], str] = field(default_factory=dict)
    shows: Counter[tuple[str, str] | Repeated] = field(default_factory=Counter)
    repeated: dict[Repeated, str] = field(default_factory=dict)

    def names(self, *, escaping: bool, final: bool) -> Names:
        """A fresh scope; *final* adds the names that only we write."""
        specials = specials_of(self.plan, self.sender, self.constants)
        if final:
            specials |= {"_token": "token.decode()", "_signer": self._constant(self.plan.sign)}
            specials["_clicks"] = self._constant(self.plan.clicks)
        return Names(
            self.columns,
            specials,
            environment(escaping=escaping, final=final),
            self.meter,
            self.business,
            constants=self.constants,
            used=self.used,
            encoded=self.encoded,
            shows=self.shows,
            repeated=self.repeated,
        )

    def lines(self, source: str, *, escaping: bool, sink: Sink, place: Place | None, final: bool) -> list[str]:
        """One template's Python lines."""
        prefix = quoted.piece(self.plan.unsubscribe)
        raw: dict[str, Sequence[bytes | str]] = {"_token": ("token",)} if final else {}
        postal = self.sender.postal_address
        raw["postal_address"] = (quoted.piece(escaped(postal) if escaping else postal),)
        if self.plan.unsubscribe:
            raw["unsubscribe_url"] = (prefix, "token")
            raw["view_url"] = (quoted.piece(self.plan.view), "token")
            raw["preferences_url"] = (quoted.piece(self.plan.preferences), "token")
            raw["why_url"] = (quoted.piece(self.plan.why), "token")
        return write(source, self.names(escaping=escaping, final=final), sink, raw, place)

    def message(self, content: Content, parts: Parts) -> Generated:
        """The generated function and what it takes, in order."""
        self.constants.clear()
        self.used.clear()
        self.encoded.clear()
        self.shows.clear()
        self.repeated.clear()
        mark = mime.boundary(content.subject, parts.html, parts.text)
        head = [self._constant(piece) for piece in mime.skeleton(self.sender, self.plan.unsubscribe, mark)]
        subject = self.lines(
            content.subject, escaping=False, sink=SUBJECT, place=content.places.get("subject"), final=True
        )
        text = self.lines(parts.text, escaping=False, sink=TEXT, place=None, final=True)
        html = self.lines(parts.html, escaping=True, sink=HTML, place=None, final=True)
        items = [head[0], "date", head[1], "to", head[2], "header_text(''.join(o))", head[3], "message_id", head[4]]
        items += ["token", head[5]] if len(head) > 5 else []
        middle = self._constant(b"\r\n\r\n" + mime.part(mark, b"html"))
        closing = self._constant(b"\r\n\r\n--" + mark + b"--\r\n")
        body = [
            "    meter.reset()",
            "    o = []",
            *subject,
            f"    o = [{', '.join(items)}]",
            *text,
            f"    o.append({middle})",
            *html,
            f"    o.append({closing})",
            "    return b''.join(o)",
        ]
        return Generated(
            self._function(body),
            raw=tuple(self.used),
            related=self._related(),
            encoded={key: self.shows[key] for key in self.encoded},
            repeated={loop: self.shows[loop] for loop in self.repeated},
            slots=slots(self.meter),
        )

    def _constant(self, value: Data) -> str:
        name = f"K{len(self.constants)}"
        self.constants[name] = value
        return name

    def _related(self) -> dict[str, Callable[[Any], list[Any]]]:
        """Readers of the columns of related rows, which arrive as JSON text."""
        readers = {}
        for name in self.used:
            column = self.columns[name]
            if column.type == "rows":
                names = {c.name: f"{name}.{c.name}" for c in column.items}
                readers[name] = related(
                    {own: self.defaults[full] for own, full in names.items() if full in self.defaults}
                )
        return readers

    def _function(self, body: Iterable[str]) -> Callable[..., bytes]:
        taken = [*self.used.values(), *self.encoded.values(), *self.repeated.values()]
        head = f"def message({', '.join(['date', 'to', 'message_id', 'token', *taken])}):"
        space = runtime(self.meter, slots(self.meter)) | self.constants
        source = "\n".join([head, *body])
        try:
            exec(compile(source, "<content program>", "exec"), space)  # noqa: S102 — our own generated code, see codegen
        except (SyntaxError, RecursionError, MemoryError) as error:
            raise ContentError("The template is nested too deeply.", code="T521", todo="Simplify it.") from error
        made: Callable[..., bytes] = space["message"]
        return made


def specials_of(plan: LinkPlan, sender: Sender, constants: dict[str, Any]) -> dict[str, str]:
    """The message's own variables, as Python expressions: ``unsubscribe_url`` and its like, and ``postal_address``."""
    ways = {
        "unsubscribe_url": plan.unsubscribe,
        "view_url": plan.view,
        "preferences_url": plan.preferences,
        "why_url": plan.why,
    }
    names = {}
    for name, value in {"postal_address": sender.postal_address, **ways}.items():
        names[name] = f"K{len(constants)}"
        constants[names[name]] = value
    tokened = {name: f"({names[name]} + token.decode())" if way else names[name] for name, way in ways.items()}
    return {**tokened, "postal_address": names["postal_address"]}


def slots(meter: Meter) -> dict[str, Callable[..., Any]]:
    """How values become output: H and T encode for the wire (HTML, text), E and P stay text (HTML, plain)."""
    small = 256

    def for_html(value: Data) -> bytes:
        kind = value.__class__
        if kind is str:
            if _PLAIN_HTML(value):
                return str.encode(value)
            text = batch.escape(value)
        elif kind is int or kind is float:
            return str(value).encode()
        else:
            text = escaped(value)
        return quoted.value(text if len(text) < small else meter.text(text))

    def for_text(value: Data) -> bytes:
        kind = value.__class__
        if kind is int or kind is float:
            return str(value).encode()
        text = value if kind is str else as_text(value, escaping=False)
        return quoted.value(text if len(text) < small else meter.text(text))

    def plain(value: Data) -> str:
        text = value if value.__class__ is str else as_text(value, escaping=False)
        return text if len(text) < small else meter.text(text)

    return {
        "H": for_html,
        "T": for_text,
        "E": lambda value: meter.text(escaped(value)),
        "P": plain,
        "header_text": mime.header_text,
    }


def _batches(rows: int) -> Iterator[tuple[int, int]]:
    begin, size = 0, _FIRST
    while begin < rows:
        yield begin, min(begin + size, rows)
        begin, size = begin + size, _BATCH


def _unbuilt(error: Exception) -> ContentError:
    shown = _QUOTED_WORDS.sub("'…'", str(error))[:120] if isinstance(error, LiquidError) else type(error).__name__
    return ContentError(
        f"A message cannot be built from this person's data: {shown}.",
        todo="Preview this person, and give the field a default or a condition.",
        code="T520",
    )


def _rebuild(*inputs: Data) -> CompiledProgram:
    content, columns, defaults, sender, links, business = inputs
    return compile_program(
        content, columns=columns, defaults=defaults, sender=sender, links=links, business_names=business
    )
