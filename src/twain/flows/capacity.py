"""Room for a send: asking for it, finding the next, booking it, and holding whoever has none.

Where IT declares what a channel may send in an hour, a send needs a slot. It is booked before (``twain capacity book``, or by
launching in the house) and taken when the audience is frozen, with the number of people that there really are.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from twain.calendars.parts import Span
from twain.calendars.slots import HOUR, Capacity, Demand, earliest
from twain.errors import ConfigError, Held
from twain.flows.capacity_clicks import clicks_of
from twain.flows.capacity_files import read_capacity
from twain.flows.instance import Instance
from twain.records import Bundle, Run, RunState
from twain.records.slots import Slot

#: A send may begin so many seconds before its slot: clocks and people are not exact.
EARLY = 900.0
#: Who may let a send go beyond the limits, by policy's roles.
MAY_EXCEED = frozenset({"it operator", "data owner", "administrator"})


def capacity_of(instance: Instance) -> Capacity:
    """What IT has declared, as the files stand now."""
    return read_capacity(instance.root, instance.settings.time_zone)


def demand_of(instance: Instance, body: Mapping[str, object], people: int) -> Demand:
    """What a campaign with this bundle's body asks for, for so many people."""
    source = instance.workspace.feed(str(body["feed"])).source
    return demand_for(instance, str(body["channel"]), people, campaign=str(body["campaign"]), source=source,
                      hours=26.0 if body.get("local_time") else 0.0)  # fmt: skip


def demand_for(
    instance: Instance, channel: str, people: int, *, campaign: str = "", source: str = "", hours: float = 0.0
) -> Demand:
    """As :func:`demand_of`, of a plan that is no campaign yet."""
    sites = tuple(capacity_of(instance).websites())
    return Demand(channel, people, source, sites, clicks_of(instance, campaign), hours)


def taken(instance: Instance, since: float, until: float, *, but: str = "") -> dict[tuple[str, int], float]:
    """What is booked by everybody in this time, leaving out one slot by its id."""
    found: dict[tuple[str, int], float] = {}
    for slot in instance.ledger.slots(since=since, until=until):
        for key, amount in slot.loads.items() if slot.id != but else ():
            found[key] = found.get(key, 0.0) + amount
    return found


def is_limited(instance: Instance, demand: Demand, begins: float) -> bool:
    """Whether anything that it would ask for then has a limit."""
    capacity = capacity_of(instance)
    return bool(capacity.bounds(demand.loads(capacity, begins)))


def next_free(instance: Instance, demand: Demand, after: float | None = None, *, but: str = "") -> float | None:
    """The first moment (epoch seconds) at which it fits: *after* itself or a full hour later; None within sixty days."""
    since = instance.clock.now() if after is None else after
    return earliest(demand, capacity_of(instance), taken(instance, since - HOUR, since + 90 * 86400, but=but), since)


def why_not(instance: Instance, demand: Demand, begins: float, *, but: str = "") -> str:
    """In words, why it does not fit at a moment; empty when it does."""
    capacity = capacity_of(instance)
    loads = demand.loads(capacity, begins)
    barred = capacity.barred(demand.span(capacity, begins), {resource for resource, _ in loads})
    if barred:
        return barred
    booked = taken(instance, begins - HOUR, begins + 90 * 86400, but=but)
    over = [k for k, most in capacity.bounds(loads).items() if booked.get(k, 0.0) + loads[k] > most + 0.5]
    return full_words(instance, sorted(over)) if over else ""


def book(
    instance: Instance, campaign: str, demand: Demand, begins: float, *, exception: str = "", slot_id: str = ""
) -> Slot:
    """Book room for a campaign, in place of its slot that is still ahead. Raises Held T914, naming the next free one.

    With an *exception* (why), it is booked beyond the limits: policy must know the person as IT's. Raises ConfigError T915 else.
    """
    capacity = capacity_of(instance)
    slot = _slot(instance, campaign, demand, begins, slot_id or _ahead(instance, campaign), capacity)
    if exception:
        slot = replace(slot, exception=_excepted(instance, exception))
    barred = "" if exception else capacity.barred(_span(slot), {resource for resource, _ in slot.loads})
    over = [] if barred else instance.ledger.book_slot(slot, capacity.bounds(slot.loads))
    if barred or over:
        raise _no_room(instance, campaign, demand, barred or full_words(instance, over), begins, slot.id)
    return slot


def require_slot(instance: Instance, bundle: Bundle) -> None:
    """Raise Held T914 unless there is room for this send now or, while nothing is held yet, ahead."""
    if not _limited(instance, bundle):
        return
    now = instance.clock.now()
    held = instance.ledger.runs(campaign=bundle.campaign, states=[RunState.HELD], limit=1)
    slots = instance.ledger.slots(since=now - HOUR, campaign=bundle.campaign)
    if not any(covers(slot, now) or (slot.begins > now and not held) for slot in slots):
        raise _without(instance, bundle, now)


def take_slot(instance: Instance, run: Run, bundle: Bundle, people: int) -> Slot | None:
    """Take the campaign's slot for a run whose audience is *people*: from now, in its true size. None where nothing is limited.

    A send to one person asks for nothing. Raises Held T914: without a slot, or when the audience is larger than what is left.
    Where its channel is not limited and only its clicks were booked, it takes that slot and nothing holds it.
    """
    if run.scope.startswith("to:"):
        return None
    now, limited = instance.clock.now(), _limited(instance, bundle)
    slots = instance.ledger.slots(since=now - HOUR, campaign=bundle.campaign)
    mine = next((slot for slot in slots if covers(slot, now) or slot.run_id == run.id), None)
    if mine is None and limited:
        raise _without(instance, bundle, now, people)
    return _take(instance, run, bundle, people, mine, limited=limited) if mine else None


def _take(instance: Instance, run: Run, bundle: Bundle, people: int, mine: Slot, *, limited: bool) -> Slot:
    now, demand, capacity = instance.clock.now(), demand_of(instance, bundle.body, people), capacity_of(instance)
    actual = replace(_slot(instance, bundle.campaign, demand, now, mine.id, capacity), state="taken", run_id=run.id,
                     exception=mine.exception, person=mine.person, booked_at=mine.booked_at)  # fmt: skip
    free = bool(mine.exception) or not limited
    barred = "" if free else capacity.barred(_span(actual), {resource for resource, _ in actual.loads})
    over = [] if barred else instance.ledger.book_slot(actual, capacity.bounds(actual.loads) if limited else {})
    if barred or over:
        why = barred or f"{people} people, {mine.people} were booked; {full_words(instance, over)}"
        raise _no_room(instance, bundle.campaign, demand, why, now, mine.id)
    return actual


def covers(slot: Slot, now: float) -> bool:
    """Whether a send may begin in a slot at this moment."""
    return slot.begins - EARLY <= now < max(slot.ends, slot.begins + HOUR)


def full_words(instance: Instance, over: Sequence[tuple[str, int]]) -> str:
    """``channel mail is full at Mon 7 Dec 09:00``, of the first hour that is."""
    resource, hour = over[0]
    return f"{resource.replace(':', ' ')} is full at {spoken(instance, hour * HOUR)}"


def spoken(instance: Instance, moment: float) -> str:
    """A moment on the workspace's clocks: ``Mon 7 Dec 2026 09:00``."""
    when = datetime.fromtimestamp(moment, ZoneInfo(instance.settings.time_zone))
    return f"{when:%a} {when.day} {when:%b %Y %H:%M}"


def _limited(instance: Instance, bundle: Bundle) -> bool:
    hour = int(instance.clock.now() // HOUR)
    return capacity_of(instance).limit(f"channel:{bundle.body['channel']}", hour) is not None


def _without(instance: Instance, bundle: Bundle, now: float, people: int = 0) -> Held:
    known = instance.ledger.last_check(f"audience:{bundle.campaign}").get("audience", 0.0)
    wanted = demand_of(instance, bundle.body, people or int(known) or int(bundle.body.get("ceiling") or 0) or 1)
    return _no_room(instance, bundle.campaign, wanted, "it has no slot now", now, "")


def _no_room(instance: Instance, campaign: str, demand: Demand, why: str, begins: float, slot_id: str) -> Held:
    free = next_free(instance, demand, max(begins, instance.clock.now()), but=slot_id)
    when = spoken(instance, free) if free is not None else ""
    at = datetime.fromtimestamp(free or 0.0, ZoneInfo(instance.settings.time_zone)).strftime("%Y-%m-%dT%H:%M")
    return Held(
        f"{campaign} has no slot for {demand.people} messages by {demand.channel}: {why}.",
        todo=f"Book the next free one: twain capacity book {campaign} --at {at} --people {demand.people}" if free
        else "Ask IT: nothing is free within sixty days. They may book it as an exception.",
        business=f"There is no room for this send now: {why}."
        + (f" The next free slot is {when}." if when else " Nothing is free within sixty days: ask IT."),
        code="T914",
    )  # fmt: skip


def _slot(instance: Instance, campaign: str, demand: Demand, begins: float, slot_id: str, capacity: Capacity) -> Slot:
    span, loads = demand.span(capacity, begins), demand.loads(capacity, begins)
    return Slot(
        id=slot_id or f"s{secrets.token_hex(6)}", campaign=campaign, channel=demand.channel, begins=begins,
        ends=span.ends.timestamp(), people=demand.people, loads=loads, person=instance.person,
        booked_at=instance.clock.now(),
        forecast={"rate": demand.clicks.rate, "shares": list(demand.clicks.shares), "sends": demand.clicks.sends},
    )  # fmt: skip


def _ahead(instance: Instance, campaign: str) -> str:
    """The id of the slot that this campaign has still to come: a new booking moves it."""
    slots = instance.ledger.slots(since=instance.clock.now(), campaign=campaign)
    return next((slot.id for slot in slots if slot.state == "booked"), "")


def _excepted(instance: Instance, why: str) -> str:
    person = instance.workspace.policy.people.get(instance.person)
    if person is None or not MAY_EXCEED & set(person.roles):
        raise ConfigError(
            f"{instance.person} may not book beyond the limits.",
            todo=f"By policy.toml, these roles may: {', '.join(sorted(MAY_EXCEED))}.",
            code="T915",
        )
    return f"{why.strip()[:300]} ({person})"


def _span(slot: Slot) -> Span:
    begins = datetime.fromtimestamp(slot.begins, UTC)
    return Span(begins, max(datetime.fromtimestamp(slot.ends, UTC), begins + timedelta(seconds=1)))
