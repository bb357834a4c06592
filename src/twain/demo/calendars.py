"""The demo company's calendars and what its systems bear: written anew whenever the demo opens, so their dates are never old.

A year has the same shape each time: the shop's Christmas business, the end of each quarter, a night's work every second month.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

_OURS = "# Written anew whenever the demo opens. Remove this line, and the file stays as you leave it.\n"
_IT = """
title = "IT, Berlin"
zone = "Europe/Berlin"

[[hours]]
effective_from = 2025-01-01
week = ["Mon-Thu 08:30-17:00", "Fri 08:30-15:30"]

[[holidays]]
effective_from = 2025-01-01
country = "DE"
region = "BE"
"""
_MARKETING = """
title = "Marketing, Vienna"
zone = "Europe/Vienna"

[[hours]]
effective_from = 2025-01-01
week = ["Mon-Fri 09:00-17:30"]

[[holidays]]
effective_from = 2025-01-01
country = "AT"
region = "9"
"""
_CAPACITY = """# What the shop bears: clicks that come in one hour, of all sends together. Launching in the house books them.
# A limit of a channel ([[limit]] of = "channel:mail", sends_per_hour = 20000) would hold every send that has no slot.
[[limit]]
of = "website:shop"
clicks_per_hour = 5000
effective_from = 2025-01-01
"""


def write_calendars(root: Path, today: date) -> list[str]:
    """Write ``calendars/*.toml`` and ``capacity.toml`` of last year to next year; returns the names written.

    A file that somebody has made their own, or that is none of ours, stays as it is.
    """
    dated = "".join(part for year in range(today.year - 1, today.year + 2) for part in _of_year(year))
    files = {"calendars/it.toml": _IT + dated, "calendars/marketing.toml": _MARKETING, "capacity.toml": _CAPACITY}
    return [name for name, text in files.items() if _written(root / name, _OURS + text)]


def _written(path: Path, text: str) -> bool:
    if path.exists() and not path.read_text(encoding="utf-8").startswith(_OURS):
        return False
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return False
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return True


def _of_year(year: int) -> Iterator[str]:
    yield _freeze(
        f"Christmas business {year}", "hard", ("standard", "normal"), date(year, 12, 12), date(year, 12, 27),
        "The shop takes a third of its year in these weeks: nothing of its systems is changed.",
    )  # fmt: skip
    for month in (4, 7, 10, 13):
        first = date(year + month // 13, (month - 1) % 12 + 1, 1)
        yield _freeze(
            f"End of the quarter, {first - timedelta(days=1):%B %Y}", "soft", ("normal", "send"), first - timedelta(days=4),
            first + timedelta(days=2), "The books are closed: large sends only after a word with IT.",
        )  # fmt: skip
    for month in range(1, 13, 2):
        yield _night_of_work(_second_sunday(year, month))


def _freeze(name: str, kind: str, classes: tuple[str, ...], begins: date, ends: date, why: str) -> str:
    listed = ", ".join(f'"{one}"' for one in classes)
    return (
        f'\n[[freeze]]\neffective_from = 2025-01-01\nname = "{name}"\nkind = "{kind}"\nclasses = [{listed}]\n'
        f'from = {begins}\nuntil = {ends}\nwhy = "{why}"\n'
    )


def _night_of_work(day: date) -> str:
    return (
        '\n[[maintenance]]\neffective_from = 2025-01-01\nname = "Updates of the club\'s site"\ntouches = ["website:club"]\n'
        f'from = {day}T02:00:00\nuntil = {day}T06:00:00\nwhy = "Six times a year, on a Sunday night."\n'
    )


def _second_sunday(year: int, month: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(6 - first.weekday()) % 7 + 7)
