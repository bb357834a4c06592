"""Gates and rows of a vendor review, and what their scores say. Pure: no database, no clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

#: Gates: passed with evidence, or there is nothing to score.
GATES = {
    "lawful": _("Data is processed lawfully: a contract, a purpose, a way to erase"),
    "residency": _("Data stays where we may keep it"),
    "access": _("Single sign-on, roles and an audit"),
    "unsubscribe": _("An unsubscribe is honoured at once, everywhere"),
    "export": _("Everything comes out again: a full export"),
}
#: Rows, scored 0 (would harm us) to 4 (could not be better).
ROWS = {
    "security": _("Security"),
    "privacy": _("Privacy"),
    "integration": _("Integration effort"),
    "freshness": _("Sync and freshness"),
    "capacity": _("Peak capacity"),
    "maintenance": _("Maintenance"),
    "usability": _("Usability"),
    "deliverability": _("Deliverability"),
    "measurement": _("Measurement"),
    "cost": _("Three-year cost"),
    "support": _("Support"),
    "exit": _("Exit"),
}
BEST = 4
#: Team means so far apart are talked about and scored once more.
APART = 1.5


@dataclass(frozen=True, slots=True)
class Row:
    """One row of one round: each team's mean, None where it has not scored it."""

    key: str
    marketing: float | None
    it: float | None

    @property
    def apart(self) -> float:
        """How far the teams' means are from each other; 0 where one is missing."""
        return abs(self.marketing - self.it) if self.marketing is not None and self.it is not None else 0.0

    @property
    def differs(self) -> bool:
        """Whether that is far enough to be talked about."""
        return self.apart >= APART


def rows_of(scores: Mapping[str, Mapping[str, Sequence[int]]]) -> dict[str, Row]:
    """The rows of a round from side → row → what its people gave, in the order of :data:`ROWS`, those alone that were scored."""
    marketing, its = scores.get("marketing", {}), scores.get("it", {})
    return {
        key: Row(key, _mean(marketing.get(key, ())), _mean(its.get(key, ())))
        for key in ROWS
        if key in marketing or key in its
    }


def standing(first: Mapping[str, Row], second: Mapping[str, Row]) -> dict[str, Row]:
    """What holds in the end: the second round's row where there was one, else the first's."""
    return {key: second.get(key, row) for key, row in first.items()}


def differing(rows: Mapping[str, Row]) -> tuple[str, ...]:
    """The rows that are to be talked about; after the second round: the open disagreements."""
    return tuple(key for key, row in rows.items() if row.differs)


def _mean(values: Sequence[int]) -> float | None:
    return sum(values) / len(values) if values else None
