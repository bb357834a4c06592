"""What other rooms may use of this one."""

from __future__ import annotations

from twain_web.rooms.incidents import programs
from twain_web.rooms.incidents.numbers import Month, by_feed_and_month
from twain_web.rooms.incidents.observing import seen_to_fail, seen_to_pass
from twain_web.rooms.incidents.programs import Whole
from twain_web.rooms.incidents.reads.cards import Card, Waiting, waiting_for
from twain_web.rooms.incidents.reads.records import Incident, incidents

__all__ = [
    "Card",
    "Incident",
    "Month",
    "Waiting",
    "Whole",
    "by_feed_and_month",
    "incidents",
    "programs",
    "seen_to_fail",
    "seen_to_pass",
    "waiting_for",
]
