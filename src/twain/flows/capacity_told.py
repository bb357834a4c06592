"""Room for sends, told in plain values: what ``twain capacity`` prints with ``--json`` and the house's API answers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from twain.calendars.slots import HOUR, Demand
from twain.errors import ConfigError
from twain.flows.capacity import capacity_of, demand_of, taken
from twain.flows.instance import Instance
from twain.records.slots import Slot

_LATER = 90 * 86_400


def limits_told(instance: Instance) -> list[dict[str, Any]]:
    """What is declared: of which resource so much an hour, from a day on. A website's hours are clicks that are expected."""
    return [
        {"of": one.of, "per_hour": one.per_hour, "effective_from": one.effective_from.isoformat()}
        for one in capacity_of(instance).limits
    ]


def hours_told(instance: Instance, ahead: int) -> list[dict[str, Any]]:
    """What is booked of each limit in the next hours, only where something is: sends, readers, and clicks that are expected."""
    now = instance.clock.now()
    declared, first = capacity_of(instance), int(now // HOUR)
    booked: Mapping[tuple[str, int], float] = taken(instance, now - HOUR, now + _LATER)
    rows = []
    for (of, hour), amount in sorted(booked.items(), key=lambda item: (item[0][1], item[0][0])):
        limit = declared.limit(of, hour)
        if first <= hour < first + ahead and limit is not None:
            rows.append({"at": moment_told(hour * HOUR), "of": of, "booked": round(amount, 1), "limit": limit})
    return rows


def slots_told(instance: Instance, ahead: int) -> list[dict[str, Any]]:
    """The slots of the next hours, by when they begin."""
    now = instance.clock.now()
    return [slot_told(one) for one in instance.ledger.slots(since=now, until=now + ahead * HOUR)]


def slot_told(slot: Slot) -> dict[str, Any]:
    """One slot; its own load hour by hour stays in the ledger."""
    return {
        "id": slot.id, "campaign": slot.campaign, "channel": slot.channel, "people": slot.people, "state": slot.state,
        "begins": moment_told(slot.begins), "ends": moment_told(slot.ends), "person": slot.person,
        "exception": slot.exception, "run": slot.run_id, "measured": dict(slot.measured),
    }  # fmt: skip


def clicks_told(wanted: Demand) -> dict[str, Any]:
    """Clicks per message that are expected, and on how many past sends that rests; 0: it is an estimate."""
    return {"rate": wanted.clicks.rate, "sends": wanted.clicks.sends, "estimate": wanted.clicks.sends == 0}


def forecasts_told(instance: Instance) -> list[dict[str, Any]]:
    """How wrong each forecast was, the newest send first. *error*: the share of clicks that came in another hour than said."""
    slots = [one for one in instance.ledger.slots() if one.measured]
    return [
        {"campaign": one.campaign, "run": one.run_id, "begins": moment_told(one.begins), **one.measured}
        for one in sorted(slots, key=lambda one: one.begins, reverse=True)
    ]


def wanted_by(instance: Instance, body: Mapping[str, Any], people: int) -> Demand:
    """What a campaign with this body asks for; *people* 0: as counted last, else its ceiling. Raises ConfigError T916."""
    counted = int(instance.ledger.last_check(f"audience:{body['campaign']}").get("audience", 0))
    many = people or counted or int(body.get("ceiling") or 0)
    if many < 1:
        raise ConfigError(
            f"Nobody has counted {body['campaign']} yet.",
            todo="Say how many people, or run: twain send --dry-run.",
            code="T916",
        )
    return demand_of(instance, body, many)


def moment_told(moment: float | None) -> str | None:
    """ISO 8601 in UTC."""
    return None if moment is None else datetime.fromtimestamp(moment, UTC).isoformat()
