"""Working time of the team that answers, by IT's calendar ``calendars/it.toml``: its hours, without holidays and freezes.

Without that file it is Monday to Friday, 9 to 17, in the workspace's time zone. A file that cannot be read holds up no page:
``twain check`` says what is wrong with it, and the plain hours serve meanwhile.
"""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.conf import settings

from twain.calendars.business import Measure, add_hours
from twain.calendars.business import measure as measured
from twain.calendars.parts import Calendar
from twain.flows.capacity_files import hours_of_it

HOURS_A_DAY = 8.0


def hours(begin: datetime, end: datetime, change: str = "") -> float:
    """Working hours between two moments, without hard freezes of the class *change*; 0 when the second is not later."""
    return measure(change)(begin, end)


def measure(change: str = "") -> Measure:
    """What measures working hours by the calendar as it stands now: for whoever asks many times over."""
    return measured(_calendar(), change)


def after(begin: datetime, wanted: float, change: str = "") -> datetime:
    """The moment at which *wanted* working hours will have passed since *begin*."""
    return add_hours(_calendar(), begin, wanted, change)


def days_after(begin: datetime, days: float, change: str = "") -> date:
    """The working day on which so many working days will have passed."""
    return after(begin, days * HOURS_A_DAY, change).astimezone(ZoneInfo(settings.TIME_ZONE)).date()


def _calendar() -> Calendar:
    return hours_of_it(settings.TWAIN.root, settings.TIME_ZONE)
