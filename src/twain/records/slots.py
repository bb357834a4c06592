"""A send's place in the hours of channel, source and website."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

#: (resource, hour since the epoch) → how much.
Loads = Mapping[tuple[str, int], float]
SlotState = Literal["booked", "taken", "released"]


@dataclass(frozen=True, slots=True)
class Slot:
    """Room for one send of *people* from *begins* to *ends* (epoch seconds).

    *exception*: why it may go beyond the limits, by whom is *person*; empty for all others. *run_id*: the send that took it.
    *forecast* is what was expected when it was booked, *measured* what came, once that is known.
    """

    id: str
    campaign: str
    channel: str
    begins: float
    ends: float
    people: int
    loads: Loads
    person: str
    booked_at: float
    state: SlotState = "booked"
    exception: str = ""
    run_id: str = ""
    forecast: Mapping[str, Any] = field(default_factory=dict)
    measured: Mapping[str, Any] = field(default_factory=dict)
