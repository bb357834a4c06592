"""Requests of a simulated year: somebody of Marketing asks, IT answers, and the house observes. All by the desk's own actions."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from twain.flows.request_types import RequestType
from twain_web import engine
from twain_web.rooms.desk.public import RequestCard, Wish, programs
from twain_web.rooms.partnership.simulation.world import BEGINS, ENDS, World, key_of


@dataclass(frozen=True, slots=True)
class Usual:
    """What a type of request is like: its weight among all, IT's median in working hours, who of IT answers."""

    weight: float
    median: float
    answers: str


#: The types that Twain ships. Hours are IT's working hours, in the middle of the ranges that the shipped procedures name.
USUAL: Mapping[str, Usual] = {
    "new-field": Usual(28, 26, "pnair"),
    "access": Usual(16, 10, "pnair"),
    "web-change": Usual(15, 14, "aberg"),
    "capacity": Usual(11, 14, "aberg"),
    "sender-domain": Usual(8, 26, "aberg"),
    "lead-route": Usual(8, 36, "jweber"),
    "new-feed": Usual(7, 64, "jweber"),
    "integration": Usual(5, 110, "skamath"),
    "vendor-review": Usual(4, 90, "aberg"),
}
#: Some feeds are easier than others.
_FEEDS = {"customers": 1.0, "orders": 1.3, "visits": 0.8}
_OUTCOMES = {
    "new-field": "the {n}th attribute of our {feed}, by customer",
    "access": "reading rights on the table of wish lists no. {n}",
    "web-change": "the offer no. {n} on the front page of the shop",
    "capacity": "room for {n} thousand more messages on that Friday",
    "sender-domain": "sending as news{n}.nordlicht.example",
    "lead-route": "leads of fair no. {n} in the right table",
    "new-feed": "ratings of season {n} as a feed",
    "integration": "results of campaign no. {n} in the sales system",
    "vendor-review": "a look at print partner no. {n} together",
}
_ASKERS = ("lhoffmann", "oduran", "tvoss", "ibruun")
#: Shares of what becomes of a request. The rest is simply done.
_TAKEN, _WITHDRAWN, _DECLINED, _REOPENED, _OUTSIDE = 0.13, 0.04, 0.08, 0.04, 0.12
#: Work grows over the year: what takes a day in January takes a fifth longer in December.
_DRIFT = 0.2


@dataclass(slots=True)
class Story:
    """One request on its way. *hours*: of IT's work on it; *said*: the forecast at asking, in working hours, None without one."""

    kind: str
    type: RequestType
    asker: Any
    it: Any
    hours: float
    slug: str = ""
    target: dict[str, str] = field(default_factory=dict)
    said: float | None = None
    disputed: bool = False


@dataclass(slots=True)
class Desk:
    """Everything that is asked in one simulated year."""

    world: World
    wanted: int
    stories: list[Story] = field(default_factory=list)

    def fill(self) -> None:
        """Put every asking of the year on the agenda."""
        days = (ENDS - BEGINS).days
        for _ in range(self.wanted):
            day = BEGINS + timedelta(days=self.world.dice.uniform(0, days))
            self.world.at(self.world.their_time(self.world.dice.uniform(0.2, 7.5), day), self.ask)

    def ask(self) -> None:
        """Somebody needs something: it is in the catalogue already, or IT is asked."""
        world = self.world
        kind = world.dice.choices(list(USUAL), [one.weight for one in USUAL.values()])[0]
        asker = world.people[world.dice.choice(_ASKERS)]
        feed = world.dice.choices(list(_FEEDS), [5, 3, 2])[0]
        if kind == "new-field" and world.chance(_TAKEN / 0.28):
            self.take(asker, feed)
        else:
            self.send(kind, asker, feed)

    def take(self, asker: Any, feed: str) -> None:  # noqa: ANN401 — a Person
        """Found while typing. Three of four are used soon, and count from then on."""
        world, column = self.world, "email"
        made = programs.take(by=asker, kind="new-field", outcome=f"how to reach our {feed}", feed=feed)
        if world.chance(0.75):
            when = world.their_time(world.about(20.0))
            world.at(when, lambda: self.use(feed, column, asker.full_name, made.slug))

    def use(self, feed: str, column: str, owner: str, slug: str) -> None:
        """An audience of theirs reads it now; the house sees that by itself."""
        self.world.used.setdefault(feed, []).append((column, owner, slug))
        self.world.look("desk.used")

    def send(self, kind: str, asker: Any, feed: str) -> None:  # noqa: ANN401
        """Ask IT, and remember what the page said before."""
        world, usual, number = self.world, USUAL[kind], len(self.stories) + 1
        known = engine.workspace().request_types[kind]
        story = Story(kind, known, asker, world.people[usual.answers], self._work(kind, feed))
        story.target = _target(known.probe, feed, number, world.now)
        story.said = programs.forecast(by=asker, kind=kind, feed=story.target.get("feed", "")).usually_hours
        outcome = _OUTCOMES[kind].format(n=number, feed=feed)
        wanted = world.its_time(usual.median * world.dice.uniform(0.8, 3.0)).date()
        wish = Wish(kind, outcome, "For the spring plan.", wanted, target=story.target,
                    for_days=90 if known.access else None)  # fmt: skip
        story.slug = programs.ask(by=asker, wish=wish).slug
        self.stories.append(story)
        _Work(self, story, world.now).plan()

    def _work(self, kind: str, feed: str) -> float:
        """How long it will take IT: by type and feed, longer as the year goes on, log-normally around that."""
        passed = (self.world.now - BEGINS) / (ENDS - BEGINS)
        own = _FEEDS[feed] if kind in ("new-field", "new-feed") else 1.0
        return max(1.0, self.world.about(USUAL[kind].median * own * (1 + _DRIFT * passed)))


@dataclass(slots=True)
class _Work:
    """What IT and the asker do with one request, step by step on the agenda."""

    desk: Desk
    story: Story
    asked: datetime
    done: float = 0.0
    """Working hours of IT's that lie behind."""
    closed: bool = False
    outside: bool = False

    @property
    def world(self) -> World:
        return self.desk.world

    @property
    def change(self) -> str:
        return self.story.type.change

    def after(self, hours: float, deed: Any) -> None:  # noqa: ANN401 — a bound method
        """Have something done once IT has worked so many hours more."""
        self.done += hours
        self.world.at(self.world.its_time(max(0.0, hours), change=self.change), deed)

    def it(self, verb: str, words: str = "", **more: Any) -> RequestCard:  # noqa: ANN401
        return programs.answer(by=self.story.it, slug=self.story.slug, verb=verb, words=words, **more)

    def asker(self, verb: str, words: str = "") -> RequestCard:
        return programs.answer(by=self.story.asker, slug=self.story.slug, verb=verb, words=words)

    def plan(self) -> None:
        """The first answer: usually soon; now and then later than agreed, and then the house asks whoever stands in."""
        usual = min(0.3 * self.story.hours, self.world.about(3.0))
        slow = self.story.hours > 30 and self.world.chance(0.12)
        self.after(min(0.7 * self.story.hours, 28.0) if slow else usual, self.respond)
        if slow:
            for hours in (8.5, 16.5, 24.5):
                self.world.at(self.world.its_time(hours), self.escalate)

    def escalate(self) -> None:
        self.world.look("desk.escalate")

    def respond(self) -> None:
        fate = self.world.dice.random()
        if fate < _WITHDRAWN:
            self.asker("withdraw", "The fair is cancelled.")
        elif fate < _WITHDRAWN + _DECLINED:
            self.decline()
        elif self.world.chance(0.36):
            self.it("question", "For which countries is that needed?")
            self.world.at(self.world.their_time(self.world.about(6.0, 0.9)), self.reply)
        else:
            self.promise()

    def reply(self) -> None:
        self.asker("reply", "For Germany and Austria.")
        if self.world.chance(0.25):
            self.after(min(2.0, 0.1 * self.left), self.ask_once_more)
        else:
            self.after(min(1.0, 0.05 * self.left), self.promise)

    def ask_once_more(self) -> None:
        self.it("question", "And from which day on?")
        self.world.at(self.world.their_time(self.world.about(5.0, 0.9)), self.reply)

    @property
    def left(self) -> float:
        return max(0.0, self.story.hours - self.done)

    def decline(self) -> None:
        """A simpler way: with a day by which IT does it, or one that needs nothing more of IT."""
        if self.world.chance(0.5):
            day = self.world.its_time(self.left + 8.0).date()
            self.it("decline", "A view that is there already, with one column more.", day=day)
        else:
            self.it("decline", "The field of the same name in the orders says the same.")
        self.world.at(self.world.their_time(self.world.about(6.0)), self.choose)

    def choose(self) -> None:
        fate = self.world.dice.random()
        if fate < 0.15:
            self.asker("withdraw", "Then we leave it.")
        elif fate < 0.3:
            self.asker("ask-again", "It must be by customer, and that one is not.")
            self.after(min(1.0, self.left), self.promise)
        elif self.asker("adopt").state == "promised":
            self.story.said = None  # it is something else now than what was forecast
            self.after(self.left, self.show)

    def promise(self) -> None:
        """A day, by what IT knows of its own work by then: something, not all."""
        median = USUAL[self.story.kind].median
        guess = 1.15 * math.sqrt(max(self.left, 1.0) * median)
        self.it("promise", day=max(self.world.its_time(guess, change=self.change).date(), self.world.now.date()))
        self.after(0.3 * self.left, self.start)
        self.world.at(self.world.its_time(guess + 8.0, change=self.change), self.promise_again)

    def promise_again(self) -> None:
        """The day is over and it is not there: most give another one."""
        if not self.closed and not self.outside and self.world.chance(0.7):
            self.it("promise", "It takes longer.", day=self.world.its_time(16.0, change=self.change).date())

    def start(self) -> None:
        self.it("start")
        if self.world.chance(_OUTSIDE):
            self.it("wait", "The provider of our DNS answers tickets on Tuesdays.")
            self.outside = True
            self.after(0.4 * self.left, self.arrive)
        else:
            self.finish_after(self.left)

    def arrive(self) -> None:
        self.it("arrive")
        self.outside = False
        self.finish_after(self.left)

    def finish_after(self, hours: float) -> None:
        self.after(hours, self.show if self.story.type.probe == "asker" else self.appear)

    def show(self) -> None:
        self.it("show", "It should be there.")
        self.world.at(self.world.their_time(self.world.about(2.0)), self.try_it)

    def try_it(self) -> None:
        if not self.story.disputed and self.world.chance(0.06):
            self.story.disputed = True
            self.asker("dispute", "The second table is empty.")
            self.after(0.15 * self.story.hours, self.show)
        else:
            self.asker("confirm")
            self.closed = True

    def appear(self) -> None:
        """It is there in the world: the automatic check sees it."""
        self.world.there.add(self._key())
        self._look()
        self.closed = True
        if self.world.chance(_REOPENED) and not self.story.disputed:
            self.story.disputed = True
            self.world.at(self.world.now + timedelta(days=self.world.dice.uniform(1, 20)), self.vanish)
        elif self.world.chance(0.5):
            self.world.at(self.world.their_time(self.world.about(4.0)), lambda: self.asker("confirm"))
            self.world.at(self.world.now + timedelta(days=31), self._look)
        else:
            self.world.at(self.world.now + timedelta(days=31), self._look)

    def vanish(self) -> None:
        """A release has lost it: the check looks twice before it believes that, and the request is open again."""
        self.world.there.discard(self._key())
        self._look()
        self._look()
        self.after(self.world.about(6.0), self.mend)

    def mend(self) -> None:
        self.it("start")
        self.world.there.add(self._key())
        self._look()
        self.world.at(self.world.now + timedelta(days=31), self._look)

    def _look(self) -> None:
        self.world.step("desk.look", self.story.slug[1:])

    def _key(self) -> Any:  # noqa: ANN401 — a Key
        return key_of(self.story.type.probe, self.story.target)


def _target(probe: str, feed: str, number: int, now: datetime) -> dict[str, str]:
    at = f"{now + timedelta(days=40):%Y-%m-%dT%H:00}"
    return {
        "column": {"feed": feed, "field": f"attribute_{number}"},
        "grant": {"source": "shop", "table": f"wish_lists_{number}"},
        "page": {"url": "https://www.nordlicht.example/", "text": f"Offer {number}"},
        "dns": {"domain": f"news{number}.nordlicht.example"},
        "feed": {"feed": f"ratings_{number}"},
        "lead": {"form": f"fair-{number}"},
        "integration": {"webhook": "", "url": f"https://sales.nordlicht.example/{number}", "answer": ""},
        "vendor": {"vendor": f"Print partner {number}"},
        "capacity": {"campaign": "", "channel": "mail", "at": at, "people": str(10_000 + number)},
    }.get(probe, {})
