"""What other rooms may use of this one."""

from __future__ import annotations

from twain_web.rooms.incidents.reads.records import Incident, incidents

__all__ = ["Incident", "incidents"]
