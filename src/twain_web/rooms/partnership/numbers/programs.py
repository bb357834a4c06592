"""The numbers for programs, under the page's own rule."""

from __future__ import annotations

from typing import Any

from twain.errors import ConfigError
from twain_web.access import refuse_unless
from twain_web.rooms.partnership.numbers.listing import Page
from twain_web.rooms.partnership.numbers.reader import numbers as read_numbers
from twain_web.rooms.partnership.permissions import READ_PARTNERSHIP

BY = ("month", "quarter")


def numbers(*, by: Any, period: str = "month") -> Page:  # noqa: ANN401 — a Person
    """Every number of the partnership by month or quarter. Raises ConfigError T962 for any other period."""
    refuse_unless(by, READ_PARTNERSHIP)
    if period not in BY:
        raise ConfigError(f"Numbers are not kept by {period[:20]!r}.", todo=f"By: {', '.join(BY)}.", code="T962")
    return read_numbers(period)
