"""What other rooms may use of this one."""

from __future__ import annotations

from twain_web.rooms.partnership import programs
from twain_web.rooms.partnership.demo import enter_demo_partnership
from twain_web.rooms.partnership.numbers.listing import Page as NumbersPage
from twain_web.rooms.partnership.numbers.programs import numbers
from twain_web.rooms.partnership.programs import (
    Agenda,
    CheckCard,
    CheckFigures,
    Said,
    SurveyFigure,
    check_figures,
    survey_figures,
)
from twain_web.rooms.partnership.reads.vendors import VendorCard
from twain_web.rooms.partnership.reads.waiting import Waiting, waiting_for
from twain_web.rooms.partnership.simulation.place import mark
from twain_web.rooms.partnership.simulation.year import Year, simulate

__all__ = [
    "Agenda",
    "CheckCard",
    "CheckFigures",
    "NumbersPage",
    "Said",
    "SurveyFigure",
    "VendorCard",
    "Waiting",
    "Year",
    "check_figures",
    "enter_demo_partnership",
    "mark",
    "numbers",
    "programs",
    "simulate",
    "survey_figures",
    "waiting_for",
]
