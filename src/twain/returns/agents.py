"""Machine or human: told by the user agent, by what the browser says itself, by timing, and by a link that nobody can see.

Security gateways open every link of a message on its way, privacy proxies load its pictures whether or not anybody reads it. What
they do is recorded apart, with the reason; it unsubscribes nobody and judges no variant. The patterns are in ``agents.toml``.
"""

from __future__ import annotations

import tomllib
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import NamedTuple

from twain.returns.events import Event

_MOST_CLICKS = 50  # on one message within seconds: no person, and no reason to count them all

Message = tuple[str, int, int]
"""Run, shard, row."""


@dataclass(frozen=True, slots=True)
class Agent:
    """One line of the table: what a user agent must hold, or be, and what that says. *machine*: why it is one, or nothing."""

    client: str
    holds: tuple[str, ...] = ()
    exactly: str | None = None
    machine: str = ""

    def fits(self, said: str) -> bool:
        """Whether *said* (in small letters) is one of these."""
        return said == self.exactly or any(part in said for part in self.holds)


@dataclass(frozen=True, slots=True)
class Rules:
    """The table and the spans, in seconds."""

    agents: tuple[Agent, ...]
    seconds: Mapping[str, float]


class Verdict(NamedTuple):
    """*machine*: whether a machine did it, *why* (a stable word, empty for people), and what kind of program it was."""

    machine: bool
    why: str
    client: str


@lru_cache(maxsize=1)
def rules() -> Rules:
    """The rules that ship with Twain."""
    raw = tomllib.loads(resources.files("twain.returns").joinpath("agents.toml").read_text(encoding="utf-8"))
    agents = tuple(
        Agent(one["client"], tuple(one.get("holds", ())), one.get("exactly"), one.get("machine", ""))
        for one in raw["agent"]
    )
    return Rules(agents, raw["seconds"])


def client_of(agent: str, table: Sequence[Agent]) -> Agent:
    """The line of the table that a user agent falls under. Linear in its length, which is bounded."""
    said = agent.strip().lower()
    return next((one for one in table if one.fits(said)), Agent("other"))


class Judge:
    """Tells machines from people. *around* is all that is known of the messages in question, before and after, in any order."""

    def __init__(self, around: Iterable[Event], known: Rules | None = None) -> None:
        self._rules = known or rules()
        self._clicks: dict[Message, list[tuple[float, int]]] = defaultdict(list)
        self._canaries: dict[Message, list[float]] = defaultdict(list)
        for event in around:
            if event.kind == "click":
                self._clicks[event[:3]].append((event.at, event.link))
            elif event.kind == "canary":
                self._canaries[event[:3]].append(event.at)
        for times in (*self._clicks.values(), *self._canaries.values()):
            times.sort()  # type: ignore[attr-defined]

    def judge(self, event: Event, sent_at: float | None) -> Verdict:
        """What *event* was; *sent_at* is when the relay took the message (epoch seconds), None when that is not known."""
        agent = client_of(event.agent, self._rules.agents)
        if event.kind == "unsubscribe":
            return Verdict(machine=False, why="", client=agent.client)  # a POST with its own word in it: RFC 8058
        why = self._why(event, agent, sent_at)
        return Verdict(bool(why), why, agent.client)

    def _why(self, event: Event, agent: Agent, sent_at: float | None) -> str:
        if event.kind == "canary" or self._near_canary(event):
            return "canary"
        if agent.machine:
            return agent.machine
        if event.signs:
            return event.signs
        if sent_at is not None and event.at - sent_at < self._soonest(event.kind):
            return "too-soon"
        return "burst" if event.kind == "click" and self._in_burst(event) else ""

    def _soonest(self, kind: str) -> float:
        return self._rules.seconds["open_after_delivery" if kind == "open" else "click_after_delivery"]

    def _near_canary(self, event: Event) -> bool:
        span, times = self._rules.seconds["canary"], self._canaries.get(event[:3], [])
        place = bisect_left(times, event.at - span)
        return place < len(times) and times[place] <= event.at + span

    def _in_burst(self, event: Event) -> bool:
        """Whether several different links of its message were followed at once, this one among them."""
        seconds = self._rules.seconds
        return (
            self._links(event, seconds["pair"]) >= 2 or self._links(event, seconds["burst"]) >= seconds["burst_links"]
        )

    def _links(self, event: Event, span: float) -> int:
        """The most different links within any *span* seconds that hold this event."""
        clicks = self._clicks.get(event[:3], [])
        first = bisect_left(clicks, (event.at - span, -1))
        last = bisect_right(clicks, (event.at + span, 1 << 31))
        near, most = clicks[first:last], 1
        if len(near) > _MOST_CLICKS:
            return len(near)
        for begin, _ in near:
            if begin > event.at:
                break
            most = max(most, len({link for at, link in near if begin <= at <= begin + span} | {event.link}))
        return most
