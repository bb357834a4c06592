"""What higher rooms may use of this one."""

from twain_web.rooms.insights.actions import Suppressed, suppress
from twain_web.rooms.insights.reads import SendRow, figures, rows, sends

__all__ = ["SendRow", "Suppressed", "figures", "rows", "sends", "suppress"]
