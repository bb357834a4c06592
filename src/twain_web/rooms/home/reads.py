"""What is on somebody's home page: what waits for them, what goes on, how the data is, what both teams aim at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from twain_web import engine
from twain_web.roles import IT, MARKETING
from twain_web.rooms.campaigns.public import LiveSend, Waiting, open_sends, waiting_for
from twain_web.rooms.desk.public import Waiting as Asked
from twain_web.rooms.desk.public import waiting_for as asked_of
from twain_web.rooms.feeds.public import FeedCard, feeds
from twain_web.rooms.incidents.public import Waiting as Failing
from twain_web.rooms.incidents.public import waiting_for as failing_for
from twain_web.rooms.insights.public import SendRow, Trouble, rows, sends
from twain_web.rooms.insights.public import troubles as what_came_back
from twain_web.rooms.integrations.public import troubles as other_systems
from twain_web.rooms.partnership.public import Waiting as Between
from twain_web.rooms.partnership.public import waiting_for as between_us
from twain_web.rooms.people.public import Goals, goals

_LATEST = 3


@dataclass(frozen=True, slots=True)
class HomePage:
    """Everything one person needs to see first."""

    waiting: list[Failing | Waiting | Asked | Between]
    held: list[LiveSend]
    live: list[LiveSend]
    troubles: list[Trouble]
    latest: list[SendRow]
    unwell: list[FeedCard]
    goals: list[Goals]
    problems: int
    is_marketing: bool
    is_it: bool

    @property
    def quiet(self) -> bool:
        """Nothing waits, nothing is held, nothing is being sent."""
        return not (self.waiting or self.held or self.live)


def home_page(person: Any) -> HomePage:  # noqa: ANN401 — a Person of the house
    """Read it all; no company database is asked for any of it."""
    here, sends_now = engine.instance(person), open_sends()
    return HomePage(
        waiting=_waiting(person),
        held=sends_now.held,
        live=sends_now.live,
        troubles=_troubles(person),
        latest=list(rows(here, sends(here, limit=_LATEST))),
        unwell=[card for card in feeds() if card.freshness.level in ("amber", "red")],
        goals=goals(),
        problems=sum(problem.severity == "error" for problem in here.workspace.problems),
        is_marketing=bool(person.role_names & MARKETING),
        is_it=bool(person.role_names & IT),
    )


def _waiting(person: Any) -> list[Failing | Waiting | Asked | Between]:  # noqa: ANN401 — a Person of the house
    """Open incidents first. A held send that one of them explains is not told a second time."""
    failing = failing_for(person)
    told = {url for one in failing for url in one.covers}
    held = [one for one in waiting_for(person) if one.kind != "held" or one.url not in told]
    return [*failing, *held, *asked_of(person), *between_us(person)]


def _troubles(person: Any) -> list[Trouble]:  # noqa: ANN401 — a Person of the house
    """What is wrong outside, for whoever can mend it; red before amber."""
    return sorted([*other_systems(person), *what_came_back(person)], key=lambda one: one.level != "red")
