"""The page that both leads look at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from twain_web.access import needs
from twain_web.rooms.partnership.numbers import programs
from twain_web.rooms.partnership.numbers.listing import Line, Number
from twain_web.rooms.partnership.numbers.points import Point
from twain_web.rooms.partnership.permissions import READ_PARTNERSHIP
from twain_web.rooms.partnership.quarters import first_day

_DASH = "–"


@dataclass(frozen=True, slots=True)
class Head:
    """A series as it is read first: over everything that is shown. *n*: on how many it rests."""

    name: str
    value: str
    n: int


@dataclass(frozen=True, slots=True)
class Card:
    """One number on the page. *rows*: (period, a value a line); *figures*: the same for the small chart."""

    number: Number
    heads: tuple[Head, ...]
    names: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]
    figures: dict[str, object]

    @property
    def figures_id(self) -> str:
        """Where the chart finds its figures on the page."""
        return f"figures-{self.number.id}"


@needs(READ_PARTNERSHIP)
@require_GET
def numbers(request: HttpRequest) -> HttpResponse:
    """Every number, by month or by quarter."""
    by = "quarter" if request.GET.get("by") == "quarter" else "month"
    page = programs.numbers(by=request.user, period=by)
    parts = [(part.title, [_card(one) for one in part.numbers]) for part in page.parts]
    return render(request, "partnership/numbers.html", {"parts": parts, "by": by})


def _card(one: Number) -> Card:
    names = [_name(key) for key in one.periods]
    heads = tuple(Head(line.name, shown(line.all, one.unit), line.all.n) for line in one.lines)
    rows = tuple((name, tuple(shown(line.points[at], one.unit) for line in one.lines)) for at, name in enumerate(names))
    return Card(one, heads, tuple(line.name for line in one.lines), rows[::-1], _figures(one, names))


def _figures(one: Number, names: list[str]) -> dict[str, object]:
    return {"at": names, "unit": unit_shown(one.unit), "beside": one.beside, "lines": [*_drawn(one.lines)]}


def _drawn(lines: tuple[Line, ...]) -> Iterator[dict[str, object]]:
    for line in lines:
        yield {"name": line.name, "values": [None if p.value is None else round(p.value, 1) for p in line.points]}


def shown(point: Point, unit: str) -> str:
    """A value as it is read: 84 %, 12.5 h; a dash where nothing was counted; a bound where only that may be told."""
    if point.value is None:
        return _DASH
    words = {"at least": _("%s or more"), "at most": _("%s or less")}.get(point.bound, "%s")
    digits = 0 if unit == "%" or point.value == int(point.value) else 1
    return words % " ".join(filter(None, (f"{point.value:.{digits}f}".replace("-", "\u2212"), unit_shown(unit))))


def unit_shown(unit: str) -> str:
    """The unit in letters that both teams read."""
    return {"%": "%", "h": _("hours"), "d": _("days")}.get(unit, "")


def _name(key: str) -> str:
    """2026-03 → March 2026; a quarter stays as it is."""
    if "Q" in key:
        return key
    return date_format(first_day(f"{key[:4]}-Q1").replace(month=int(key[5:])), "M Y")
