"""What else happens in a year: checks fail and are mended, the leads meet, everybody is surveyed, vendors are judged."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from twain_web import engine
from twain_web.rooms.incidents.public import programs as incidents
from twain_web.rooms.incidents.public import seen_to_fail, seen_to_pass
from twain_web.rooms.partnership.actions import checking, reviewing, surveying
from twain_web.rooms.partnership.models import StatusCheck, VendorReview
from twain_web.rooms.partnership.numbers.keeping import keep, keep_lookups
from twain_web.rooms.partnership.reads import vendors
from twain_web.rooms.partnership.reads.checks import open_items
from twain_web.rooms.partnership.scoring import BEST, GATES, ROWS
from twain_web.rooms.partnership.simulation.world import BEGINS, ENDS, World

_INCIDENTS, _VENDORS = 24, 3
_OWNERS = {"customers": "pnair", "orders": "pnair", "visits": "jweber"}
_CHECKS = ("freshness", "row count", "empty addresses", "schema")
_BETWEEN, _QUARTER = timedelta(days=28), timedelta(days=91)
_SHARES = {"marketing": (25, 45, 22, 8), "it": (20, 50, 24, 6)}


@dataclass(slots=True)
class Together:
    """Incidents, status checks, surveys and vendor reviews of one simulated year."""

    world: World

    def fill(self) -> None:
        """Put all of it on the agenda."""
        world, days = self.world, (ENDS - BEGINS).days
        for _ in range(_INCIDENTS):
            world.at(BEGINS + timedelta(days=world.dice.uniform(1, days)), self.fail)
        for number in range(_VENDORS):
            world.at(world.their_time(3.0, BEGINS + timedelta(days=40 + 90 * number)), self.look_at_vendor)
        world.at(BEGINS + timedelta(days=6), lambda: world.look("feeds.campaigns"))
        for week in range(1, days // 7):
            world.at(BEGINS + timedelta(days=7 * week), lambda week=week: self.look_once_a_day(week))
        for quarter in range(4):
            world.at(BEGINS + _QUARTER * quarter + timedelta(days=30), self.ask_everybody)
        world.at(world.their_time(2.0, BEGINS + timedelta(days=7)), self.plan_check)

    def look_once_a_day(self, week: int) -> None:
        """What the house looks at by itself: the catalogue, and in the DNS two domains, of which one gathers providers."""
        keep()
        keep_lookups({"mail.nordlicht.example": 4 + week // 8, "news.nordlicht.example": 3})

    # ------------------------------------------------------------ incidents

    def fail(self) -> None:
        """A check fails, at any hour; its owner says that they have it, and mends it. The passing check closes it."""
        world = self.world
        name = world.dice.choice(list(_OWNERS))
        feed = engine.workspace().feed(name)
        slug = seen_to_fail(feed, world.dice.choice(_CHECKS), f"{feed.title} is not as it was agreed.")
        if slug:
            owner = world.people[_OWNERS[name]]
            seen = world.now + timedelta(hours=world.about(1.5, 0.9))
            world.at(seen, lambda: self.acknowledge(owner, slug))
            world.at(seen + timedelta(hours=world.about(4.0, 0.9)), lambda: self.mend(slug))

    def acknowledge(self, owner: Any, slug: str) -> None:  # noqa: ANN401 — a Person
        """They have it, unless it was mended before."""
        if incidents.whole(by=owner, slug=slug).card.open:
            incidents.acknowledge(by=owner, slug=slug)

    def mend(self, slug: str) -> None:
        """The check passes again."""
        seen_to_pass(slug, "It is as it was agreed again.")

    # ------------------------------------------------------------ status checks

    def plan_check(self) -> None:
        """The leads plan the next one, four weeks ahead."""
        lead, world = self.world.people["mseidel"], self.world
        begins = world.their_time(2.0, world.now + _BETWEEN)
        check = checking.plan_check(by=lead, begins_at=begins, marketing=lead, it=world.people["skamath"], mailed=False)
        late = world.chance(0.2)
        world.at(begins + timedelta(days=world.dice.randint(1, 5) if late else 0, hours=1), lambda: self.hold(check))

    def hold(self, check: StatusCheck) -> None:
        """They meet: some old items are settled, some new ones are left open; then the next one is planned."""
        world = self.world
        settled = [one.pk for one in open_items() if world.chance(0.7)]
        items = [f"Look at {word} again." for word in ("consent", "the calendar", "the peak") if world.chance(0.4)]
        minutes = checking.Minutes(world.now.date(), "We talked.", settled, items)
        checking.hold_check(by=world.people["mseidel"], check=check, minutes=minutes, agenda=[], mailed=False)
        if world.now < ENDS - _BETWEEN:
            self.plan_check()

    # ------------------------------------------------------------ the survey, and vendors

    def ask_everybody(self) -> None:
        """Everybody of both teams answers, by and by."""
        world = self.world
        for one in world.people.values():
            option = world.dice.choices(surveying.OPTIONS, _SHARES[one.team.side])[0]
            if world.chance(0.95):
                when = world.now + timedelta(days=world.dice.uniform(0, 20))
                world.at(when, lambda one=one, option=option: surveying.answer_survey(by=one, option=option))

    def look_at_vendor(self) -> None:
        """Both teams look at a vendor: gates, blind scores, and a second round where they differ."""
        people = [self.world.people[name] for name in ("mseidel", "lhoffmann", "jweber", "aberg")]
        review = reviewing.begin_review(by=people[0], name="Print house", purpose="Postcards by night.", scorers=people)
        for gate in GATES:
            reviewing.answer_gate(by=people[2], review=review, gate=gate, passed=True, evidence="The contract says so.")
        self.world.at(self.world.their_time(self.world.about(30.0)), lambda: self.score(review, people, tuple(ROWS)))

    def score(self, review: VendorReview, people: list[Any], rows: tuple[str, ...]) -> None:
        """Everybody scores, without seeing what others give."""
        dice = self.world.dice
        for one in people:
            lean = 1 if one.team.side == "marketing" else 0
            reviewing.score_vendor(
                by=one, review=review, values={row: min(BEST, dice.randint(1, 3) + lean) for row in rows}
            )
        review.refresh_from_db()
        self.world.at(self.world.their_time(self.world.about(16.0)), lambda: self.settle(review, people))

    def settle(self, review: VendorReview, people: list[Any]) -> None:
        """What differs is talked about and scored once more; then it is decided."""
        apart = vendors.rows_to_score(review)
        if review.state == VendorReview.State.REVEALED:
            reviewing.score_again(by=people[0], review=review)
            self.score(review, people, apart)
        else:
            reviewing.decide(
                by=people[0], review=review, taken=self.world.chance(0.6), reasons="Both teams can live with it."
            )
