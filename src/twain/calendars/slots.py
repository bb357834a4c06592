"""What a send asks of every hour, and when it fits: arithmetic on whole hours since the epoch, in UTC.

A send takes messages of its channel, one reader of its source, and, for as long as people click, requests of the websites.
A channel that may send L an hour sends *people* in people / L hours, so its share of each hour is the part of that time in it.
"""

from __future__ import annotations

import math
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Any

from twain.calendars.parts import Calendar, Span
from twain.errors import ConfigError, Place
from twain.records.slots import Loads

HOUR = 3600.0
#: Until three sends have been seen: 3 of 100 messages are clicked, half of those within four hours, none after two days.
USUAL_RATE, _HALF, CLICK_HOURS = 0.03, 4.0, 48
SENDS_TO_LEARN = 3
_UNITS = {"channel": "sends_per_hour", "source": "readers", "website": "clicks_per_hour"}
_FARTHEST_HOURS = 24 * 60


def _usual_shares() -> tuple[float, ...]:
    left = [2.0 ** (-hour / _HALF) for hour in range(CLICK_HOURS + 1)]
    return tuple((a - b) / (1 - left[-1]) for a, b in pairwise(left))


@dataclass(frozen=True, slots=True)
class Clicks:
    """Clicks per message, and which share of them falls into each hour after it. *sends*: measured on so many; 0 = stated."""

    rate: float = USUAL_RATE
    shares: tuple[float, ...] = field(default_factory=_usual_shares)
    sends: int = 0


@dataclass(frozen=True, slots=True)
class Limit:
    """So much may be asked of a resource (``channel:mail``) in one hour, from a day on."""

    of: str
    per_hour: float
    effective_from: date


@dataclass(frozen=True, slots=True)
class Capacity:
    """What IT declares: limits, and the calendars whose freezes and maintenance keep sends away."""

    limits: tuple[Limit, ...] = ()
    calendars: tuple[Calendar, ...] = ()

    def limit(self, of: str, hour: int) -> float | None:
        """What *of* may bear in an hour (epoch seconds // 3600); None = nobody has said."""
        day = datetime.fromtimestamp(hour * HOUR, UTC).date()
        begun = [one for one in self.limits if one.of == of and one.effective_from <= day]
        return max(begun, key=lambda one: one.effective_from).per_hour if begun else None

    def bounds(self, loads: Loads) -> dict[tuple[str, int], float]:
        """The limits of all that a send would ask for; what nobody has limited is left out."""
        return {key: limit for key in loads if (limit := self.limit(*key)) is not None}

    def websites(self) -> list[str]:
        """Every website with a limit."""
        return sorted({one.of for one in self.limits if one.of.startswith("website:")})

    def barred(self, span: Span, resources: Iterable[str]) -> str:
        """Why nothing may be sent in a span: a hard freeze of sends, or maintenance of something it needs; empty when it may."""
        wanted = set(resources)
        for calendar in self.calendars:
            for freeze in calendar.freezes:
                if freeze.kind == "hard" and "send" in freeze.classes and freeze.span.overlaps(span):
                    return f"{freeze.name} (freeze until {freeze.ends:%d %b %H:%M})"
            for work in calendar.maintenance:
                if wanted & set(work.touches) and work.span.overlaps(span):
                    return f"{work.name} (maintenance until {work.ends:%d %b %H:%M})"
        return ""


@dataclass(frozen=True, slots=True)
class Demand:
    """A send as its planner sees it: *people* by *channel* from *source*, links to *websites*, over *hours* at least."""

    channel: str
    people: int
    source: str = ""
    websites: tuple[str, ...] = ()
    clicks: Clicks = field(default_factory=Clicks)
    hours: float = 0.0

    def span(self, capacity: Capacity, begins: float) -> Span:
        """From the first message to the last."""
        length = self._length(capacity, begins) * HOUR
        return Span(datetime.fromtimestamp(begins, UTC), datetime.fromtimestamp(begins + max(length, 1.0), UTC))

    def loads(self, capacity: Capacity, begins: float) -> dict[tuple[str, int], float]:
        """(resource, hour) → how much it asks there, when it begins at this epoch second."""
        found: defaultdict[tuple[str, int], float] = defaultdict(float)
        if self.source:
            found[f"source:{self.source}", int(begins // HOUR)] += 1
        for hour, sends in self._sends(capacity, begins):
            found[f"channel:{self.channel}", hour] += sends
            for site in self.websites:
                for later, share in enumerate(self.clicks.shares):
                    found[site, hour + later] += sends * self.clicks.rate * share
        return {key: amount for key, amount in found.items() if amount > 0}

    def is_endless(self, capacity: Capacity, begins: float) -> bool:
        """Whether its channel needs longer than sixty days for it: then it fits nowhere."""
        return self._whole(capacity, begins) > _FARTHEST_HOURS

    def _length(self, capacity: Capacity, begins: float) -> float:
        """In hours. What is endless is cut, and so asks for more than any hour has."""
        return min(self._whole(capacity, begins), _FARTHEST_HOURS)

    def _whole(self, capacity: Capacity, begins: float) -> float:
        limit = capacity.limit(f"channel:{self.channel}", int(begins // HOUR))
        return max(self.people / limit if limit else 0.0, self.hours)

    def _sends(self, capacity: Capacity, begins: float) -> list[tuple[int, float]]:
        length = self._length(capacity, begins) * HOUR
        first, last = int(begins // HOUR), math.ceil((begins + length) / HOUR)
        if length <= 0 or last <= first + 1:
            return [(first, float(self.people))]
        cut = [(h, min(begins + length, (h + 1) * HOUR) - max(begins, h * HOUR)) for h in range(first, last)]
        return [(hour, self.people * seconds / length) for hour, seconds in cut]


def full(loads: Loads, taken: Loads, bounds: Loads) -> list[tuple[str, int]]:
    """Where a send would ask for more than is left. Half a message is forgiven: hours are cut by arithmetic."""
    return sorted(key for key, most in bounds.items() if taken.get(key, 0.0) + loads[key] > most + 0.5)


def earliest(demand: Demand, capacity: Capacity, taken: Loads, after: float) -> float | None:
    """The first moment from *after* on (then each full hour) at which it fits; None when there is none within sixty days."""
    if demand.is_endless(capacity, after):
        return None
    hour = int(after // HOUR)
    for begins in (after, *((hour + n) * HOUR for n in range(1, _FARTHEST_HOURS))):
        loads = demand.loads(capacity, begins)
        if full(loads, taken, capacity.bounds(loads)):
            continue
        if not capacity.barred(demand.span(capacity, begins), {resource for resource, _ in loads}):
            return begins
    return None


def learned(sends: Sequence[tuple[int, Mapping[int, int]]]) -> Clicks:
    """Clicks from past sends, each (messages sent, hour after the message → clicks); the stated usual until there are three."""
    seen = [(sent, hours) for sent, hours in sends if sent > 0]
    if len(seen) < SENDS_TO_LEARN:
        return Clicks()
    total: Counter[int] = Counter()
    for _, hours in seen:
        total.update({hour: clicks for hour, clicks in hours.items() if 0 <= hour < CLICK_HOURS})
    clicks = sum(total.values())
    shares = tuple(total[hour] / clicks for hour in range(CLICK_HOURS)) if clicks else _usual_shares()
    return Clicks(clicks / sum(sent for sent, _ in seen), shares, len(seen))


def error_of(forecast: Mapping[int, float], actual: Mapping[int, float]) -> float | None:
    """Of what really came, the share that was forecast for another hour or not at all (WAPE); None when nothing came."""
    came = sum(actual.values())
    if not came:
        return None
    return sum(abs(forecast.get(hour, 0.0) - actual.get(hour, 0.0)) for hour in {*forecast, *actual}) / came


def read_limits(text: str) -> tuple[Limit, ...]:
    """``capacity.toml``: one ``[[limit]]`` a resource and day from which it holds. Raises ConfigError T913."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _wrong(f"Not valid TOML: {error}.", "Correct the line.") from error
    for key in sorted(raw.keys() - {"limit"}):
        raise _wrong(f"Unknown key {key!r}.", "Known here: limit.")
    return tuple(_limit(part) for part in raw.get("limit", []))


def _limit(raw: Mapping[str, Any]) -> Limit:
    of, day = str(raw.get("of", "")), raw.get("effective_from")
    kind, _, name = of.partition(":")
    if kind not in _UNITS or not name:
        raise _wrong(f"limit.of is {of!r}.", 'Write of = "channel:mail", "source:shop" or "website:shop".')
    if type(day) is not date:
        raise _wrong(f"The limit of {of} does not say from which day on it holds.", "Add effective_from = 2026-01-01.")
    amount = raw.get(_UNITS[kind])
    if isinstance(amount, bool) or not isinstance(amount, int | float) or amount <= 0:
        raise _wrong(f"The limit of {of} is no number above 0.", f"Write {_UNITS[kind]} = 20000.")
    for key in sorted(raw.keys() - {"of", "effective_from", _UNITS[kind]}):
        raise _wrong(f"Unknown key {key!r} in the limit of {of}.", f"Known here: of, effective_from, {_UNITS[kind]}.")
    return Limit(of, float(amount), day)


def _wrong(what: str, todo: str) -> ConfigError:
    return ConfigError(what, place=Place("capacity.toml"), todo=todo, code="T913")
