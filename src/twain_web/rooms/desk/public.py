"""What other rooms may use of this one."""

from __future__ import annotations

from twain_web.rooms.desk import programs
from twain_web.rooms.desk.actions.asking import Wish
from twain_web.rooms.desk.programs import Whole
from twain_web.rooms.desk.reads.cards import RequestCard, Waiting, closed_cards, open_cards, waiting_for

__all__ = ["RequestCard", "Waiting", "Whole", "Wish", "closed_cards", "open_cards", "programs", "waiting_for"]
