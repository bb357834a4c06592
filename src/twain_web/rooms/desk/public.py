"""What other rooms may use of this one."""

from __future__ import annotations

from twain_web.rooms.desk import programs
from twain_web.rooms.desk.actions.asking import Wish
from twain_web.rooms.desk.business import hours as working_hours
from twain_web.rooms.desk.probes import simulated
from twain_web.rooms.desk.programs import Whole
from twain_web.rooms.desk.reads.cards import RequestCard, Waiting, closed_cards, open_cards, waiting_for
from twain_web.rooms.desk.reads.forecasts import Said
from twain_web.rooms.desk.reads.records import RequestRecord, request_records

__all__ = [
    "RequestCard",
    "RequestRecord",
    "Said",
    "Waiting",
    "Whole",
    "Wish",
    "closed_cards",
    "open_cards",
    "programs",
    "request_records",
    "simulated",
    "waiting_for",
    "working_hours",
]
