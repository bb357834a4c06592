"""The simulated year: the agenda worked off, and what the house says at its end."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from django.db import connection, transaction

from twain.records import RunState
from twain_web import engine
from twain_web.rooms.desk.public import Passed, RequestRecord, State, clocks, measure, request_records, simulated
from twain_web.rooms.feeds import public as feeds
from twain_web.rooms.partnership.simulation.asking import Desk, Story
from twain_web.rooms.partnership.simulation.clock import SimulatedClock, living_by
from twain_web.rooms.partnership.simulation.place import refuse_any_other, seat_everybody
from twain_web.rooms.partnership.simulation.sending import Calendar, hours_exceeded
from twain_web.rooms.partnership.simulation.together import Together
from twain_web.rooms.partnership.simulation.world import BEGINS, ENDS, World

FINAL = frozenset({"deflected", "confirmed", "withdrawn", "declined_with_alternative"})
REQUESTS, _SENDS = 300, 75
_CHUNK = timedelta(days=7)
_LONGEST_TAIL = timedelta(days=500)


@dataclass(frozen=True, slots=True)
class Year:
    """What one simulated year came to. *p85_kept*: of *forecasts* that were shown before asking, the share that was kept."""

    seed: int
    requests: int
    open_requests: int
    p85_kept: float | None
    forecasts: int
    states: dict[str, int]
    sends: int
    held: int
    capacity_exceeded: int
    ended: str
    seconds: float


def simulate(seed: int, requests: int = REQUESTS) -> Year:
    """Live one year in this house, which must be an empty one made for it. Raises WrongState T960 in any other."""
    refuse_any_other()
    began = time.process_time()
    clock = SimulatedClock(BEGINS)
    with living_by(clock), _quick_writes():
        with transaction.atomic():
            world = World(seed, clock, seat_everybody())
        desk = Desk(world, requests)
        calendar = Calendar(world, min(_SENDS, requests))
        desk.fill()
        calendar.fill()
        Together(world).fill()
        with simulated(world.sees), _using(world):
            _live(world)
        return _told(seed, desk, calendar, time.process_time() - began)


def _live(world: World) -> None:
    """Everything on the agenda, a week in one transaction: what one week did stands or falls together."""
    until = BEGINS + _CHUNK
    while not world.is_over and until < ENDS + _LONGEST_TAIL:
        with transaction.atomic():
            while deed := world.next_deed(until):
                deed()
        until += _CHUNK


@contextmanager
def _quick_writes() -> Iterator[None]:
    """The house is thrown away afterwards: it need not survive a power cut."""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA synchronous=OFF")
    yield


@contextmanager
def _using(world: World) -> Iterator[None]:
    """Audiences that people of the simulation made: the catalogue hears of them as of all others."""

    def uses(feed: str) -> list[feeds.Use]:
        return [
            feeds.Use("audience", name, owner=owner, reads=frozenset({(feed, column)}))
            for column, owner, name in world.used.get(feed, ())
        ]

    feeds.USES.append(uses)
    try:
        yield
    finally:
        feeds.USES.remove(uses)


def _told(seed: int, desk: Desk, calendar: Calendar, seconds: float) -> Year:
    records = {one.slug: one for one in request_records(BEGINS - timedelta(days=1))}
    states = Counter(one.state for one in records.values())
    open_ones = sum(n for state, n in states.items() if state not in FINAL)
    verdicts = [kept for story in desk.stories if (kept := _kept(story, records[story.slug])) is not None]
    runs = engine.ledger().runs(limit=10_000, states=[RunState.FINISHED, RunState.CANCELLED])
    share = round(sum(verdicts) / len(verdicts), 4) if verdicts else None
    return Year(
        seed, sum(states.values()), open_ones, share, len(verdicts), dict(sorted(states.items())),
        len(runs), sum(send.tries > 0 for send in calendar.sends), hours_exceeded(engine.instance()),
        desk.world.now.isoformat(), round(seconds, 2),
    )  # fmt: skip


def _kept(story: Story, record: RequestRecord) -> bool | None:
    """Whether what was said before asking was kept; None where nothing was said, or what was asked for never came.

    By the desk's own clocks: the hours of whoever does it until it was there for the first time.
    """
    there = next((at for at, verb, _state in record.moves if verb in ("observe", "confirm")), None)
    if story.said is None or there is None:
        return None
    passed = [Passed(at, State(state)) for at, _verb, state in record.moves]
    return clocks(passed, there, measure(story.type.change)).lead <= story.said + 0.01
