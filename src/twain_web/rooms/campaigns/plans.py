"""A campaign's plan: who gets what, by which way, when, and within which bounds. Plain values; nothing here touches a store."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from twain.flows.waves import first_moment

When = Literal["now", "at", "local"]
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
LONGEST_HOURS = 24 * 14


@dataclass(frozen=True, slots=True)
class PlannedArm:
    """One variant by hand: which content, as it stands or pinned to a *version*, for which share of the people."""

    name: str = "main"
    content: str = ""
    version: int | None = None
    share: float = 1.0
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """The whole plan. *at* and *local_date* are the workspace's wall time (``2026-12-01T09:00``, ``2026-12-01``).

    *expires_hours*: it must not begin or go on later than this many hours after its planned time. *success*: what counts as one,
    a feed and the field that says when (``orders:ordered_at``), within *success_days* of the send or of a click; empty: nothing
    is counted. *success_value*: what is added up (``orders:total``).
    """

    audience: str = ""
    arms: tuple[PlannedArm, ...] = ()
    channel: str = ""
    sender_address: str = ""
    sender_name: str = ""
    reply_to: str = ""
    holdout: float = 0.0
    ceiling: int | None = None
    crash_policy: Literal["never_twice", "never_miss"] = "never_twice"
    track_links: bool = True
    when: When = "now"
    at: str = ""
    local_time: str = ""
    local_date: str = ""
    expires_hours: int = 12
    success: str = ""
    success_days: int = 7
    success_of: Literal["sent", "clicked"] = "clicked"
    success_value: str = ""

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Plan:
        """A plan as :meth:`as_json` wrote it."""
        return replace(cls(**{**raw, "arms": ()}), arms=tuple(PlannedArm(**arm) for arm in raw.get("arms", ())))

    def as_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return asdict(self)

    def missing(self) -> list[str]:
        """What must still be decided before this can be reviewed, in words; nothing when it is complete."""
        return list(self._missing())

    def _missing(self) -> Iterator[str]:
        if not self.audience:
            yield _("Choose an audience: who gets it.")
        if not self.arms or not all(arm.content for arm in self.arms):
            yield _("Choose the content: what they get.")
        if not self.channel:
            yield _("Choose a channel: how it goes out.")
        if self.when == "at" and not self.at:
            yield _("Say at what time it goes.")
        if self.when == "local" and not (self.local_date and _TIME.fullmatch(self.local_time)):
            yield _("Say on which day and at which local time it goes.")
        if self.arms and abs(sum(arm.share for arm in self.arms) - 1) > 1e-6:
            yield _("The variants' shares must add up to 100 %.")
        if len({arm.name for arm in self.arms}) < len(self.arms):
            yield _("Two variants have the same name.")
        if self.success_value and self.success_value.partition(":")[0] != self.success.partition(":")[0]:
            yield _("What is added up must be of the same data as what counts as a success.")

    def due(self, zone: str, now: datetime) -> datetime:
        """When it is planned to go, in UTC. A send at each person's local time begins where that day begins first."""
        if self.when == "at":
            return datetime.fromisoformat(self.at).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
        if self.when == "local":
            return datetime.fromtimestamp(first_moment(self.local_time, self.local_date), UTC)
        return now

    def expires(self, zone: str, now: datetime) -> datetime:
        """The moment after which nothing more may go, in UTC."""
        return self.due(zone, now) + timedelta(hours=self.expires_hours)
