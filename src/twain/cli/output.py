"""How the command line speaks: tables and sentences for people, one JSON object for programs, errors with their cure."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from datetime import UTC, date, datetime
from enum import Enum
from typing import Annotated, Any

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from twain.errors import TwainError
from twain.records import Level, Problem, Verdict

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of words.")]


def _console(*, stderr: bool = False) -> Console:
    """Lines are broken at a terminal's edge only: in a file or a pipe they are searched, counted and copied."""
    made = Console(stderr=stderr, highlight=False)
    made.soft_wrap = not made.is_terminal
    return made


console = _console()
errors = _console(stderr=True)
_PLAIN: tuple[tuple[type, Callable[[Any], object]], ...] = (
    (date, lambda moment: moment.isoformat()),
    (Enum, lambda member: member.value),
    (bytes, lambda data: data.hex()),
)
# JSON itself escapes only what lies below the space: not DEL, the C1 controls (U+009B begins a colour code, as ESC [ does),
# line separators, or the marks that turn text around.
_STEERING = re.compile("[\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
_GROUPED = re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?![\d,]*\d)")
_SPACES = "\u00a0\u202f"  # printable to a person, if not to Python
FIGURES = frozenset({"people", "sent", "failed", "suppr.", "unknown", "not sent", "count", "rows"})
"""Columns that hold figures: to the right, and never in two lines."""
_MARKS = {Level.PASS: "[green]✓[/]", Level.WARN: "[yellow]![/]", Level.HOLD: "[red]✗[/]"}


def print_json(data: object) -> None:
    """One JSON document on standard output, nothing else. What steers a terminal or turns text around is escaped."""
    sys.stdout.write(_json(data) + "\n")


def print_json_list(name: str, items: Iterable[object]) -> None:
    """One JSON object with one list in it, written item by item: however long it is, memory holds one of them."""
    sys.stdout.write(f"{{{_json(name)}: [")
    for number, item in enumerate(items):
        sys.stdout.write((", " if number else "") + _json(item))
    sys.stdout.write("]}\n")


def _json(data: object) -> str:
    text = json.dumps(data, ensure_ascii=False, default=plain)
    return _STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def plain(value: object) -> object:
    """Records, dates, enums, bytes and paths as JSON has them."""
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, set | frozenset):
        return sorted(value, key=str)
    for kind, shown in _PLAIN:
        if isinstance(value, kind):
            return shown(value)
    return str(value)


def say(text: str, style: str = "") -> None:
    """A sentence; data in it is never read as markup."""
    console.print(escape(clean(text)), style=style or None)


def clean(text: object) -> str:
    """Text from data, safe in a terminal: control characters (colour codes, line breaks) become visible escapes."""
    return "".join(c if c.isprintable() or c in _SPACES else c.encode("unicode_escape").decode() for c in str(text))


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table of plain text. Nothing is cut: what has no room goes on below; the first column and figures stay on one line."""
    shown = Table(
        title=escape(clean(title)) if title else None,
        title_justify="left",
        header_style="bold",
        box=SIMPLE_HEAD,
        collapse_padding=True,
        pad_edge=False,
    )
    for column in columns:
        whole = column == columns[0] or column in FIGURES
        shown.add_column(
            escape(clean(column)), no_wrap=whole, overflow="fold", justify="right" if column in FIGURES else "left"
        )
    for row in rows:
        shown.add_row(*(escape(clean(cell)) for cell in row))
    console.print(shown)


def show_error(error: TwainError, *, as_json: bool) -> None:
    """What happened, to which thing, what to do."""
    if as_json:
        print_json({"error": error_json(error)})
        return
    place = clean(f"{error.place}: ") if error.place else ""
    errors.print(f"[red bold]{error.shown_code}[/] {escape(place)}{escape(multiline(error.what))}")
    if error.business != error.what:
        errors.print(f"     {escape(multiline(error.business))}")
    if error.todo:
        errors.print(f"  [bold]→[/] {escape(multiline(error.todo))}")


def show_text(text: str) -> None:
    """Text of several lines, as it is but for control characters."""
    console.print("\n".join(clean(line) for line in text.expandtabs(4).splitlines()), markup=False)


def multiline(text: str) -> str:
    """Like :func:`clean`, line breaks kept."""
    return "\n".join(clean(line) for line in text.split("\n"))


def error_json(error: TwainError) -> Mapping[str, Any]:
    """An error as programs read it."""
    return {
        "code": error.shown_code,
        "what": error.what,
        "business": error.business,
        "todo": error.todo,
        "place": str(error.place) if error.place else None,
    }


def show_problems(problems: Sequence[Problem]) -> None:
    """Findings, one by one, each with its place and its cure."""
    for problem in problems:
        colour = "red" if problem.severity == "error" else "yellow"
        place = clean(f"{problem.place}: ") if problem.place else ""
        console.print(
            f"[{colour}]{problem.severity}[/] {problem.code} {escape(place)}{escape(multiline(problem.what))}"
        )
        if problem.todo:
            console.print(f"  → {escape(multiline(problem.todo))}")


def show_verdict(verdict: Verdict) -> None:
    """One pre-send check: Marketing's words, and IT's when it did not pass."""
    console.print(f"  {_MARKS[verdict.level]} {escape(clean(figures(verdict.business)))}")
    if verdict.level is not Level.PASS:
        console.print(f"      [dim]{escape(clean(figures(verdict.technical)))}[/]")


def when(moment: float | datetime | None) -> str:
    """A moment (epoch seconds, or with its zone) as this machine's date, time to the second, and zone."""
    if moment is None:
        return "–"
    exact = moment if isinstance(moment, datetime) else datetime.fromtimestamp(moment, UTC)
    return exact.astimezone().strftime("%Y-%m-%d %H:%M:%S %Z")


def day_and_minute(moment: float) -> str:
    """An epoch second for a narrow table, in this machine's zone; :func:`zone` says which."""
    return datetime.fromtimestamp(moment, UTC).astimezone().strftime("%Y-%m-%d %H:%M")


def zone() -> str:
    """This machine's zone, by its short name."""
    return datetime.now(UTC).astimezone().strftime("%Z")


def count(number: int) -> str:
    """A count with thin spaces between thousands."""
    return f"{number:,}".replace(",", "\u202f")


def figures(text: str) -> str:
    """A sentence whose figures were written for any reader (``70,578``) with thin spaces, as the rest of the page."""
    return _GROUPED.sub(lambda found: found[0].replace(",", "\u202f"), text)
