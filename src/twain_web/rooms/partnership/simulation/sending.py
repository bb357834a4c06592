"""Campaigns of a simulated year: an idea, told early or late, booked in the capacity, and sent if the sender has room for it.

A send takes its room exactly as a real one does (``require_slot``, ``take_slot``): the sender asks, and is held if none is left.
The messages themselves are not made: a simulated send ends once its hours are over.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from twain.calendars.business import is_holiday
from twain.calendars.slots import CLICK_HOURS, HOUR, error_of
from twain.errors import ApprovalNeeded, Held
from twain.flows.capacity import book as book_room
from twain.flows.capacity import capacity_of, demand_of, next_free, require_slot, take_slot
from twain.flows.instance import Instance
from twain.flows.publish import approve, make, require_approval
from twain.ledger.bundles import make_bundle
from twain.ledger.slots import total
from twain.records import Bundle, Funnel, Run, RunEvent, RunState
from twain.records.slots import Slot
from twain_web import engine
from twain_web.rooms.capacity.public import plan_records, programs
from twain_web.rooms.partnership.simulation.world import BEGINS, ENDS, World

_OWNERS = ("lhoffmann", "oduran", "ibruun")
_LIKE = ("summer-thanks", "birthday")
_WALL = ZoneInfo("Europe/Berlin")
#: Shares: taken back before they go; told IT too late; larger than was booked; forgotten to book; stopped on the way.
_WITHDRAWN, _SHORT, _LARGER, _FORGOTTEN, _STOPPED = 0.06, 0.18, 0.12, 0.05, 0.03
_STATES = (RunState.PLANNED, RunState.CHECKED, RunState.SNAPSHOTTING)


@dataclass(slots=True)
class Calendar:
    """Everything that is planned and sent in one simulated year."""

    world: World
    wanted: int
    sends: list[Send] = field(default_factory=list)

    def fill(self) -> None:
        """Put the ideas of the year on the agenda, each some weeks before its day."""
        dice = self.world.dice
        likes: dict[str, Bundle] = {}
        for number in range(1, self.wanted + 1):
            day = self._working_day((BEGINS + timedelta(days=dice.uniform(14, (ENDS - BEGINS).days))).date())
            goes = datetime.combine(day, time(dice.choice((8, 9, 9, 10, 10, 14, 16))), _WALL)
            lead = dice.uniform(2, 5) if self.world.chance(_SHORT) else dice.uniform(12, 60)
            people = int(min(120_000, max(2_000, self.world.about(32_000, 0.8))))
            send = Send(self.world, number, goes, people, likes)
            self.sends.append(send)
            self.world.at(max(BEGINS, goes - timedelta(days=lead)), send.think_of)

    def _working_day(self, day: date) -> date:
        while day.weekday() > 4 or is_holiday(self.world.marketing, day):
            day += timedelta(days=1)
        return day


@dataclass(slots=True)
class Send:
    """One campaign from the idea to looking back."""

    world: World
    number: int
    goes: datetime
    people: int
    likes: dict[str, Bundle]
    """Bundles of the demo's campaigns, compiled once: those of the year are like them under other names."""
    plan: int = 0
    run: str = ""
    tries: int = 0

    @property
    def campaign(self) -> str:
        """Its short name."""
        return f"{_LIKE[self.number % 2]}-{self.number}"

    @property
    def owner(self) -> str:
        """Who plans it."""
        return _OWNERS[self.number % len(_OWNERS)]

    def by(self) -> object:
        """Whoever plans it."""
        return self.world.people[self.owner]

    def think_of(self) -> None:
        """Write the idea down, and tell IT soon."""
        made = programs.make(by=self.by(), title=f"Campaign {self.number}", channel="mail", people=self.people,
                             begins_at=self.goes)  # fmt: skip
        self.plan = made.pk
        self.world.at(self.world.their_time(self.world.about(3.0)), self.announce)

    def announce(self) -> None:
        """IT sees it from now on, and says when it is feasible; now and then with a simpler way."""
        programs.step(by=self.by(), pk=self.plan, verb="announce")
        self.world.at(self.world.its_time(self.world.about(9.0, 0.7)), self.confirm)

    def confirm(self) -> None:
        """IT can do it; some on another day, which Marketing takes over in one click."""
        operator, world = self.world.people["skamath"], self.world
        if world.chance(0.1) and self.goes - world.now > timedelta(days=6):
            later = self.goes + timedelta(days=1)
            programs.offer(by=operator, pk=self.plan, text="A day later nothing else runs.", begins_at=later)
            if world.chance(0.7):
                self.goes = programs.adopt(by=self.by(), pk=self.plan).begins_at
        programs.step(by=operator, pk=self.plan, verb="confirm")
        if world.chance(_WITHDRAWN):
            world.at(world.their_time(world.about(10.0)), self.withdraw)
        elif not world.chance(_FORGOTTEN):
            world.at(world.their_time(world.about(2.0)), self.book)
        else:
            world.at(self.goes, self.go)

    def withdraw(self) -> None:
        """It does not happen."""
        programs.step(by=self.by(), pk=self.plan, verb="withdraw")

    def book(self) -> None:
        """Its share of the capacity; where there is none at its time, at the next one that fits."""
        if self.goes <= self.world.now:
            self.goes = self.world.now + timedelta(hours=2)
            self._move(self.goes)
        try:
            programs.book(by=self.by(), pk=self.plan, campaign=self.campaign)
        except Held:
            free = programs.free_from(pk=self.plan, after=self.goes)
            if free is None:
                self.withdraw()
                return
            self._move(free)
            programs.book(by=self.by(), pk=self.plan, campaign=self.campaign)
        self.world.at(self.goes + timedelta(minutes=2), self.go)

    def go(self) -> None:
        """The sender asks for its room with the people that there really are."""
        here = engine.instance(self.by())
        bundle = self._approved(here)
        share = self.world.dice.uniform(1.1, 1.5) if self.world.chance(_LARGER) else self.world.dice.uniform(0.85, 1.0)
        self.people = max(1, int(self.people * share))
        self.run = f"simulated-{self.number:03}"
        here.ledger.create_run(
            Run(self.run, bundle.hash, self.campaign, RunState.PLANNED, "mail", "never_twice", self.owner,
                self.world.clock.now())
        )  # fmt: skip
        self.send()

    def send(self) -> None:
        """Take the slot or be held; who is held books what is free next, and goes then."""
        here = engine.instance(self.by())
        bundle, run = here.ledger.bundle(here.ledger.run(self.run).bundle), here.ledger.run(self.run)
        try:
            require_slot(here, bundle)
            slot = take_slot(here, run, bundle, self.people)
        except Held as held:
            self._hold(here, held, bundle)
            return
        self._begin(here)
        self.world.look("plans")
        stopped = self.world.chance(_STOPPED)
        ends = datetime.fromtimestamp(slot.ends if slot else self.world.clock.now() + HOUR, UTC)
        self.world.at(ends, self.stop if stopped else self.end)

    def stop(self) -> None:
        """Somebody has seen a mistake: stopped for good."""
        self._advance(RunState.SENDING, RunState.CANCELLED)
        self.world.at(self.world.their_time(6.0), self.review)

    def end(self) -> None:
        """Its hours are over; after two days it is known how many clicked."""
        self._advance(RunState.SENDING, RunState.FINISHED)
        self.world.at(self.world.now + timedelta(hours=CLICK_HOURS + 1), self.measure)
        self.world.at(self.world.their_time(self.world.about(24.0)), self.review)

    def review(self) -> None:
        """Look back, where there was a plan that went live."""
        found = {one.pk: one.state for one in plan_records(self.goes - timedelta(days=2))}
        if found.get(self.plan) == "live":
            programs.step(by=self.by(), pk=self.plan, verb="review", learned="Fewer words next time.")

    def measure(self) -> None:
        """What came beside what was expected, as the measured sends of a real house."""
        ledger = engine.ledger()
        for slot in ledger.slots(campaign=self.campaign):
            if slot.run_id == self.run:
                ledger.book_slot(replace(slot, measured=self._came(slot)), {})

    def _came(self, slot: Slot) -> Mapping[str, object]:
        expected = {h: slot.people * slot.forecast["rate"] * share for h, share in enumerate(slot.forecast["shares"])}
        level = self.world.about(1.0, 0.15)
        came = {h: float(round(clicks * level * self.world.about(1.0, 0.2))) for h, clicks in expected.items()}
        wrong = error_of(expected, came)
        return {"people": slot.people, "sent": slot.people, "clicks_expected": round(sum(expected.values()), 1),
                "clicks": sum(came.values()), "error": None if wrong is None else round(wrong, 4)}  # fmt: skip

    def _approved(self, here: Instance) -> Bundle:
        """Its bundle; where policy asks for a second pair of eyes, the data's owner looks."""
        name = _LIKE[self.number % 2]
        like = self.likes.get(name) or self.likes.setdefault(name, make(here, here.workspace.campaign(name)))
        own = {"campaign": self.campaign, "author": self.owner, "ceiling": self.people * 3}
        bundle = make_bundle(self.campaign, {**like.body, **own})
        here.ledger.publish(bundle)
        try:
            require_approval(here, bundle)
        except ApprovalNeeded:
            approve(engine.instance(self.world.people["pnair"]), bundle)
        return bundle

    def _hold(self, here: Instance, held: Held, bundle: Bundle) -> None:
        self._note(here, _STATES[0], RunState.HELD, held.business)
        self.tries += 1
        demand = demand_of(here, bundle.body, self.people)
        mine = next((slot.id for slot in here.ledger.slots(campaign=self.campaign)), "")
        free = next_free(here, demand, self.world.clock.now() + HOUR, but=mine)
        if free is None or self.tries > 5:
            self._note(here, RunState.HELD, RunState.CANCELLED, "Nothing is free.")
            return
        book_room(here, self.campaign, demand, free, slot_id=mine)
        self.world.at(datetime.fromtimestamp(free + 60, UTC), self._again)

    def _again(self) -> None:
        self._advance(RunState.HELD, RunState.PLANNED)
        self.send()

    def _begin(self, here: Instance) -> None:
        for before, after in pairwise(_STATES):
            self._note(here, before, after, "")
        event = RunEvent(self.run, self.world.clock.now(), "sending", "It goes.")
        here.ledger.commit_manifest(self.run, [], Funnel(0, {}, 0), b"", event)

    def _advance(self, before: RunState, after: RunState) -> None:
        self._note(engine.instance(self.by()), before, after, "")

    def _note(self, here: Instance, before: RunState, after: RunState, words: str) -> None:
        event = RunEvent(self.run, self.world.clock.now(), after.value, words or after.value)
        here.ledger.advance(self.run, [before], after, event)

    def _move(self, begins: datetime) -> None:
        self.goes = begins
        programs.move(by=self.by(), pk=self.plan, begins_at=begins)


def hours_exceeded(here: Instance) -> int:
    """Hours in which sends took more of something than IT had declared; what was booked as an exception is not counted."""
    slots = [slot for slot in here.ledger.slots() if slot.state == "taken" and not slot.exception]
    declared = capacity_of(here)
    bounds = {key: declared.limit(*key) for key in total(slots)}
    return sum(amount > limit + 0.5 for key, amount in total(slots).items() if (limit := bounds[key]) is not None)
