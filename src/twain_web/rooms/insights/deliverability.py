"""Deliverability: what came back and who complained, by sender's domain and by provider, against what providers ask for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta

from django.utils import timezone

from twain.insight.rates import Rate, rate
from twain.insight.responses import Responses
from twain.insight.rollup import Rollup, from_json
from twain_web.rooms.insights.answers import answered_since
from twain_web.rooms.insights.telling import level

WINDOW = timedelta(days=30)
_CAUSES = ("bounce", "bounce:hard", "bounce:soft", "complaint")
_OTHERS = "*"


@dataclass(frozen=True, slots=True)
class Standing:
    """One domain or provider: *refused* at the door, *bounced* later; *complaints* are of what was delivered.

    *level* is good, watch or bad, by complaints alone: nobody publishes a threshold for bounces.
    """

    name: str
    sent: int
    refused: Rate
    bounced: Rate
    hard: int
    soft: int
    complaints: Rate
    level: str


@dataclass(slots=True)
class _Sum:
    sent: int = 0
    failed: int = 0
    kinds: Counter[str] = field(default_factory=Counter)

    def standing(self, name: str) -> Standing:
        bounced = min(self.sent, self.kinds["bounce"])
        delivered = self.sent - bounced
        complaints = rate(min(delivered, self.kinds["complaint"]), delivered)
        return Standing(
            name,
            self.sent,
            rate(self.failed, self.sent + self.failed),
            rate(bounced, self.sent),
            self.kinds["bounce:hard"],
            self.kinds["bounce:soft"],
            complaints,
            level(complaints),
        )


def standings() -> tuple[list[Standing], list[Standing], int]:
    """By sender's domain, by provider, the busiest first; and of how many sends of the last thirty days."""
    domains: dict[str, _Sum] = {}
    providers: dict[str, _Sum] = {}
    known = [(one, from_json(kept.figures)) for one, kept in answered_since(timezone.now() - WINDOW) if kept]
    for one, figures in known:
        _add(domains.setdefault(one.domain, _Sum()), figures, one.responses, None)
        for lane in {cell.lane or _OTHERS for cell in figures.cells}:
            _add(providers.setdefault(lane, _Sum()), figures, one.responses, lane)
    return _listed(domains), _listed(providers), len(known)


def _add(total: _Sum, figures: Rollup, responses: Responses, lane: str | None) -> None:
    """Add one send, whole or only what went to one provider."""
    for cell in figures.cells:
        if lane is None or (cell.lane or _OTHERS) == lane:
            total.sent += cell.people if cell.fate == "sent" else 0
            total.failed += cell.people if cell.fate == "failed" else 0
    for kind in _CAUSES:
        total.kinds[kind] += responses.people(kind) if lane is None else responses.people(kind, "lane", lane)


def _listed(sums: dict[str, _Sum]) -> list[Standing]:
    found: Iterable[Standing] = (total.standing(name) for name, total in sums.items())
    return sorted(found, key=lambda one: (-one.sent, one.name))
