"""What higher rooms may use of this one."""

from twain_web.rooms.insights.actions import Suppressed, suppress
from twain_web.rooms.insights.crediting import Credited, credited
from twain_web.rooms.insights.permissions import READ_TROUBLES
from twain_web.rooms.insights.reads import SendRow, figures, rows, sends
from twain_web.rooms.insights.troubles import Trouble, troubles

__all__ = [
    "READ_TROUBLES",
    "Credited",
    "SendRow",
    "Suppressed",
    "Trouble",
    "credited",
    "figures",
    "rows",
    "sends",
    "suppress",
    "troubles",
]
