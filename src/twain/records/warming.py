"""The ramp of a sender that mailbox providers do not know yet."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WarmUp:
    """So many messages on each of the first days: ``numbers[0]`` on the first; after the last there is no limit.

    *name* is what is warmed up, as people say it: a sender's domain, or a channel. *row* is where the ledger counts it, for every
    run, channel and worker together. *begins* (``date.toordinal()``, 0 = the first message under this ramp): what was counted
    before it is forgotten, and every day before it is a first one. *zone*: whose midnight ends a day.
    """

    name: str
    row: str
    numbers: tuple[int, ...]
    begins: int = 0
    zone: str = "UTC"

    def allowed(self, number: int) -> int | None:
        """Messages on the day of this number, the first being 1; None when the ramp is over."""
        if number < 1:
            return 0
        return self.numbers[number - 1] if number <= len(self.numbers) else None
