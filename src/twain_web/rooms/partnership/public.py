"""What other rooms may use of this one."""

from __future__ import annotations

from twain_web.rooms.partnership import programs
from twain_web.rooms.partnership.demo import enter_demo_partnership
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

__all__ = [
    "Agenda",
    "CheckCard",
    "CheckFigures",
    "Said",
    "SurveyFigure",
    "VendorCard",
    "Waiting",
    "check_figures",
    "enter_demo_partnership",
    "programs",
    "survey_figures",
    "waiting_for",
]
