"""Slots: who may send how much in which hour. A slot is booked whole or not at all, one booking after the other."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict

from twain.ledger.book import Book
from twain.ledger.driver import Row
from twain.records.slots import Loads, Slot

_HOUR = 3600.0
_FORGIVEN = 0.5  # of a message: hours are cut by arithmetic


class Slots(Book):
    """The bookings of channels, sources and websites."""

    def book_slot(self, slot: Slot, bounds: Loads) -> list[tuple[str, int]]:
        """Keep a slot (again, when its id is known) unless something in *bounds* would be exceeded.

        Returns the full (resource, hour) pairs; empty means that it is booked. One with an exception is booked beyond the bounds.
        """
        with self._driver.writing() as tx:
            tx.run("counter_take", name="slots", step=1)  # on Postgres its row is what bookings queue for
            first, last = _reach(slot)
            others = (slot_from(row) for row in tx.all("slot_overlapping", since=first, until=last))
            taken = total(other for other in others if other.id != slot.id)
            over = sorted(
                k for k, most in bounds.items() if taken.get(k, 0.0) + slot.loads.get(k, 0.0) > most + _FORGIVEN
            )
            if over and not slot.exception:
                return over
            tx.run("slot_set", **_values(slot))
        return []

    def slots(self, *, since: float = 0.0, until: float = 1e12, campaign: str = "") -> list[Slot]:
        """Slots whose load reaches into this time, by when they begin; released ones are left out."""
        with self._driver.reading() as tx:
            rows = tx.all("slot_overlapping", since=since, until=until)
        return [slot for row in rows if (slot := slot_from(row)) and campaign in ("", slot.campaign)]

    def release_slot(self, slot_id: str) -> bool:
        """Give its room to others, unless a send has taken it; False when there was nothing to release."""
        with self._driver.writing() as tx:
            return tx.run("slot_release", id=slot_id) > 0


def total(slots: Iterable[Slot]) -> dict[tuple[str, int], float]:
    """What is taken in each hour by these slots together."""
    found: defaultdict[tuple[str, int], float] = defaultdict(float)
    for slot in slots:
        for key, amount in slot.loads.items():
            found[key] += amount
    return found


def slot_from(row: Row) -> Slot:
    """A slot from its row."""
    values = {key: row[key] for key in Slot.__dataclass_fields__}
    loads = {(resource, int(hour)): float(amount) for resource, hour, amount in json.loads(row["loads"])}
    return Slot(
        **{**values, "loads": loads, "forecast": json.loads(row["forecast"]), "measured": json.loads(row["measured"])}
    )


def _values(slot: Slot) -> dict[str, object]:
    loads = json.dumps([[resource, hour, round(amount, 3)] for (resource, hour), amount in sorted(slot.loads.items())])
    plain = {**asdict(slot), "loads": loads, "until": _reach(slot)[1]}
    return {**plain, "forecast": json.dumps(dict(slot.forecast)), "measured": json.dumps(dict(slot.measured))}


def _reach(slot: Slot) -> tuple[float, float]:
    """From the first to the end of the last hour in which it asks for anything: clicks go on after the last message."""
    hours = [hour for _, hour in slot.loads] or [int(slot.begins // _HOUR)]
    return min(hours) * _HOUR, (max(hours) + 1) * _HOUR
