"""IT's working time, by its own calendar: how long an answer may take, and what was done outside it."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings

from twain.calendars.business import add_hours, hours_between
from twain.calendars.parts import Calendar
from twain.flows.capacity_files import hours_of_it
from twain_web import engine

_A_MINUTE = timedelta(minutes=1)


def late(since: datetime, now: datetime) -> bool:
    """Whether more working hours have passed than policy gives for an answer."""
    agreed = engine.workspace().policy.incidents.respond_hours
    return hours_between(_calendar(), since, now) > agreed


def answer_by(since: datetime) -> datetime:
    """Until when an answer is agreed, if it was asked for at *since*."""
    return add_hours(_calendar(), since, engine.workspace().policy.incidents.respond_hours)


def is_out_of_hours(at: datetime) -> bool:
    """Whether nobody of IT had to be at work just then."""
    return hours_between(_calendar(), at - _A_MINUTE, at) == 0.0


def _calendar() -> Calendar:
    return hours_of_it(settings.TWAIN.root, settings.TIME_ZONE)
