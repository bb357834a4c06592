"""Quarters of the year, as the survey counts them: ``2026-Q4``. Pure."""

from __future__ import annotations

from datetime import date, timedelta


def quarter_of(day: date) -> str:
    """The quarter that a day lies in."""
    return f"{day.year}-Q{(day.month - 1) // 3 + 1}"


def before(quarter: str) -> str:
    """The quarter before that one."""
    return quarter_of(first_day(quarter) - timedelta(days=1))


def first_day(quarter: str) -> date:
    """Its first day."""
    return date(int(quarter[:4]), (int(quarter[6]) - 1) * 3 + 1, 1)


def last_day(quarter: str) -> date:
    """Its last day."""
    return first_day(quarter_of(first_day(quarter) + timedelta(days=95))) - timedelta(days=1)
