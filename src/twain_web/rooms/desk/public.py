"""What other rooms may use of this one."""

from __future__ import annotations

from twain_web.rooms.desk import programs
from twain_web.rooms.desk.actions.asking import Wish
from twain_web.rooms.desk.business import hours as working_hours
from twain_web.rooms.desk.business import measure
from twain_web.rooms.desk.clocks import Passed, clocks
from twain_web.rooms.desk.elsewhere import ELSEWHERE, REVIEWS, AskedThere, Elsewhere, asked_of_kind
from twain_web.rooms.desk.probes import Observation, missing, simulated, there
from twain_web.rooms.desk.programs import Whole
from twain_web.rooms.desk.reads.available import Available, already_available
from twain_web.rooms.desk.reads.cards import RequestCard, Waiting, closed_cards, open_cards, waiting_for
from twain_web.rooms.desk.reads.forecasts import Said
from twain_web.rooms.desk.reads.given import Given, Unanswered, given, unanswered
from twain_web.rooms.desk.reads.records import RequestRecord, request_records
from twain_web.rooms.desk.states import State

__all__ = [
    "ELSEWHERE",
    "REVIEWS",
    "AskedThere",
    "Available",
    "Elsewhere",
    "Given",
    "Observation",
    "Passed",
    "RequestCard",
    "RequestRecord",
    "Said",
    "State",
    "Unanswered",
    "Waiting",
    "Whole",
    "Wish",
    "already_available",
    "asked_of_kind",
    "clocks",
    "closed_cards",
    "given",
    "measure",
    "missing",
    "open_cards",
    "programs",
    "request_records",
    "simulated",
    "there",
    "unanswered",
    "waiting_for",
    "working_hours",
]
