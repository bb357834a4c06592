"""A message as blocks, version 1: what each kind of block is, as frozen dataclasses. ``read.py`` makes them from JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from twain.records import RelatedColumn

VERSION = 1

Align = Literal["left", "center", "right"]


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a line: the author's words (*text*), or a person's data (*field*, shown by *format*). Never both."""

    text: str = ""
    field: str = ""
    format: str = ""
    bold: bool = False
    italic: bool = False
    href: tuple[Span, ...] = ()


Line = tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Text:
    """Paragraphs."""

    id: str
    paragraphs: tuple[Line, ...]
    align: Align = "left"


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of level 1 to 3."""

    id: str
    line: Line
    level: int = 1
    align: Align = "left"


@dataclass(frozen=True, slots=True)
class Image:
    """A picture: a file of the media library (*media*), or an address (*src*). *alt* None: nobody has said yet.

    *width* is a share of the message's width in percent.
    """

    id: str
    media: str = ""
    src: str = ""
    alt: str | None = None
    href: Line = ()
    width: int = 100


@dataclass(frozen=True, slots=True)
class Button:
    """A link that looks like a button."""

    id: str
    line: Line
    href: Line
    align: Align = "center"


@dataclass(frozen=True, slots=True)
class Columns:
    """Two to four columns side by side, below each other on a phone."""

    id: str
    columns: tuple[tuple[Block, ...], ...]


@dataclass(frozen=True, slots=True)
class Products:
    """Rows of a related feed as a list: *cells* are fields of a row, the first linked to *href* when there is one.

    Without any row the whole block, heading included, is left out.
    """

    id: str
    related: RelatedColumn
    cells: Line
    heading: Line = ()
    href: Line = ()


@dataclass(frozen=True, slots=True)
class Test:
    """One comparison of a field; *op* is one of ``OPS``."""

    __test__ = False  # to pytest this is no test

    field: str
    op: str
    value: str | int | float | bool | None = None


@dataclass(frozen=True, slots=True)
class Condition:
    """Blocks for those of whom *all* (or any) of the tests hold, others for everybody else."""

    id: str
    tests: tuple[Test, ...]
    all: bool = True
    then: tuple[Block, ...] = ()
    otherwise: tuple[Block, ...] = ()


@dataclass(frozen=True, slots=True)
class Divider:
    """A line across."""

    id: str


@dataclass(frozen=True, slots=True)
class Social:
    """Links to networks, by their names: no picture is fetched from anybody."""

    id: str
    links: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Footer:
    """Small print; the postal address and the unsubscribe link stand in it always."""

    id: str
    paragraphs: tuple[Line, ...] = ()
    unsubscribe: str = "Unsubscribe"


@dataclass(frozen=True, slots=True)
class Reusable:
    """Blocks that are kept elsewhere, by name."""

    id: str
    slug: str


Block = Text | Heading | Image | Button | Columns | Products | Condition | Divider | Social | Footer | Reusable


@dataclass(frozen=True, slots=True)
class Document:
    """A whole message. *values* are calculated fields; *defaults* say what stands where a field is missing."""

    subject: Line
    preheader: Line
    blocks: tuple[Block, ...]
    values: tuple[RelatedColumn, ...] = ()
    defaults: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Brand:
    """How a message looks: colours as ``#rrggbb``, a font of ``FONTS``, and the rules for its links."""

    background: str = "#f1f3f5"
    surface: str = "#ffffff"
    text: str = "#1f2937"
    muted: str = "#5b6472"
    link: str = "#0f5c70"
    button: str = "#0f5c70"
    button_text: str = "#ffffff"
    font: str = "sans"


#: Fonts that every mail program has, by the name on screen.
FONTS: Mapping[str, str] = {
    "sans": "Helvetica, Arial, sans-serif",
    "humanist": "Verdana, Geneva, sans-serif",
    "trebuchet": "'Trebuchet MS', Tahoma, sans-serif",
    "serif": "Georgia, 'Times New Roman', serif",
    "mono": "'Courier New', Courier, monospace",
}

#: How a value may be shown, and the filter that does it.
FORMATS: Mapping[str, str] = {
    "": "",
    "upper": "upcase",
    "lower": "downcase",
    "capital": "capitalize",
    "whole": "number: 0",
    "decimals": "number: 2",
    "euro": 'money: "€"',
    "dollar": 'money: "$"',
    "pound": 'money: "£"',
    "day": 'date: "%d.%m.%Y"',
    "long_day": 'date: "%-d %B %Y"',
    "day_month": 'date: "%-d %B"',
    "weekday": 'date: "%A"',
    "year": 'date: "%Y"',
}

OPS = ("is", "is_not", "contains", "more", "less", "at_least", "at_most", "present", "missing")
