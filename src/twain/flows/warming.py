"""What warming up means for one send: what may go today, over how many days it spreads, and when the last one goes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from twain.errors import TwainError
from twain.flows.estimate import estimate
from twain.flows.instance import Instance
from twain.flows.policy import read_policy
from twain.flows.quiet import quiet_for
from twain.flows.warm_ups import ramps_for
from twain.ledger.quiet import quiet_until
from twain.ledger.warming import DayCount, ahead, day_of, left_on, number_on
from twain.records import Bundle, Run
from twain.records.warming import WarmUp


@dataclass(frozen=True, slots=True)
class Warming:
    """A send of *people* by a sender that is warmed up, if nothing else is sent by it.

    *today*: what may still go on the first day. *days*: how many it takes, 1 = it fits there. *finish*: when the last one goes.
    *late*: how many would not be reached before it must no longer be sent. *words*: all of it, for people.
    """

    names: tuple[str, ...]
    today: int
    days: int
    finish: float
    late: int
    words: str


@dataclass(frozen=True, slots=True)
class _Send:
    people: int
    rate: float | None
    begins: float
    not_after: float | None
    quiet: str
    zone: str
    day: str


def warming_ramps(instance: Instance, channel: str, address: str) -> tuple[WarmUp, ...]:
    """The ramps of policy.toml that hold for a send."""
    return ramps_for(instance.workspace.policy.warm_ups, channel, address, instance.settings.time_zone)


class LiveRamps:
    """The same as policy.toml says it whenever it is asked: a send may wait for days, and IT raises a ramp meanwhile.

    A file that is wrong, or half written, changes nothing: what it said before holds. What is being written may be empty for a
    moment, which is right and says that there is no ramp; so a changed file counts once it was the same at two looks.
    """

    def __init__(self, instance: Instance, channel: str, address: str) -> None:
        self._settings, self._channel, self._address = instance.settings, channel, address
        self._known = warming_ramps(instance, channel, address)
        self._seen = self._changed = ""

    def __call__(self) -> tuple[WarmUp, ...]:
        """Those that hold now. The file is read when it has changed, and has been left alone since the last look."""
        stamp = self._stamp()
        if stamp not in (self._seen, self._changed):
            self._changed = stamp
        elif stamp != self._seen:
            self._read(stamp)
        return self._known

    def _read(self, stamp: str) -> None:
        with suppress(TwainError):
            ramps = read_policy(self._settings.root).warm_ups
            if self._stamp() != stamp:
                return  # it was written meanwhile
            self._known = ramps_for(ramps, self._channel, self._address, self._settings.time_zone)
        self._seen = stamp

    def _stamp(self) -> str:
        try:
            told = (self._settings.root / "policy.toml").stat()
        except OSError:
            return "none"
        return f"{told.st_mtime_ns} {told.st_size} {told.st_ino}"


def warming_of(
    instance: Instance, bundle: Bundle, people: int, *, begins: float | None = None, not_after: float | None = None
) -> Warming | None:
    """What a send of this bundle to so many people would meet; None when nothing is warmed up any more."""
    channel = str(bundle.body["channel"])
    ramps = warming_ramps(instance, channel, str(bundle.body["sender"]["address"]))
    if not ramps:
        return None
    start = max(instance.clock.now(), begins or 0.0)
    quiet, zone = quiet_for(bundle, instance.settings.time_zone), instance.settings.time_zone
    rate = estimate(instance, channel, people).rate
    kept = {ramp: tuple(DayCount(*one) for one in instance.ledger.warm_days(ramp.row)) for ramp in ramps}
    said = quiet(zone) if quiet else ""
    return _told(kept, _Send(people, rate, start, not_after, said, zone, _day_word(instance, start)))


def warming_of_run(instance: Instance, run: Run, pending: int) -> Warming | None:
    """The same of a send that is under way, for those who are still to come."""
    if not instance.workspace.policy.warm_ups or not pending:
        return None
    return warming_of(instance, instance.ledger.bundle(run.bundle), pending, not_after=run.not_after)


def _told(kept: dict[WarmUp, tuple[DayCount, ...]], send: _Send) -> Warming | None:
    today = day_of(send.zone, send.begins)
    holding = {ramp: days for ramp, days in kept.items() if left_on(ramp, days, today) is not None}
    if not holding:
        return None
    spread = list(_spread(_rooms(holding, today), send.people))
    day, on_last, _ = spread[-1]
    finish = _begin(send, day, today) + (on_last / send.rate if send.rate else 0.0)
    late = 0
    if send.not_after is not None:
        late = sum(going for at, going, _ in spread if _begin(send, at, today) >= send.not_after)
    names = tuple(ramp.name for ramp in holding)
    room = spread[0][2]
    words = " ".join([*_ramp_words(holding, today), *_send_words(send, spread, finish, late)])
    return Warming(names, room if room is not None else send.people, len(spread), finish, late, words)


def _rooms(kept: dict[WarmUp, tuple[DayCount, ...]], today: int) -> Iterator[tuple[int, int | None]]:
    """Each date from today on with what all ramps leave on it; for ever, None once all of them are over."""
    left: list[dict[int, int | None]] = [dict(ahead(ramp, days, today)) for ramp, days in kept.items()]
    day = today
    while True:
        rooms = [room for one in left if (room := one.get(day)) is not None]
        yield day, min(rooms, default=None)
        day += 1


def _spread(rooms: Iterator[tuple[int, int | None]], people: int) -> Iterator[tuple[int, int, int | None]]:
    """(date, how many go on it, what it leaves), until everybody has gone; days without room in between are left out."""
    first = True
    for day, room in rooms:
        going = people if room is None else min(people, room)
        if going or first:
            yield day, going, room
        first, people = False, people - going
        if people <= 0:
            return


def _begin(send: _Send, day: int, today: int) -> float:
    """When the first message of a date may go: after midnight, and after the quiet hours where the house is."""
    if day == today:
        return quiet_until(send.quiet, send.begins)
    on = datetime.combine(date.fromordinal(day), datetime.min.time(), ZoneInfo(send.zone)).timestamp()
    return quiet_until(send.quiet, on)


def _ramp_words(holding: dict[WarmUp, tuple[DayCount, ...]], today: int) -> Iterator[str]:
    for ramp, days in holding.items():
        coming = list(ahead(ramp, days, today))
        number, allowed = number_on(ramp, days, today), ramp.allowed(number_on(ramp, days, today)) or 0
        left = coming[0][1] or 0
        gone = f", {_many(allowed - left)} of them gone" if allowed > left else ""
        until = date.fromordinal(coming[-1][0])
        yield (
            f"Warming up {ramp.name}: {_many(allowed)} a day (day {number} of {len(ramp.numbers)}{gone}); "
            f"no limit from {until:%a} {until.day} {until:%b} on, if each day is used."
        )


def _send_words(send: _Send, spread: Sequence[tuple[int, int, int | None]], finish: float, late: int) -> Iterator[str]:
    on = send.day
    if len(spread) == 1:
        yield f"{_many(send.people)} can go {on}."
    else:
        first = f"{_many(spread[0][1])} can go {on}" if spread[0][1] else f"What may go {on} has gone"
        last = datetime.fromtimestamp(finish, ZoneInfo(send.zone))
        at = f" about {last:%A} {last.day} {last:%b %H:%M}" if send.rate else f" on {last:%A} {last.day} {last:%b}"
        yield f"{first}, the rest on the days after; {_many(send.people)} finish{at}."
    if late:
        yield f"{_many(late)} of them would not be reached before it must no longer be sent."


def _day_word(instance: Instance, begins: float) -> str:
    day = date.fromordinal(day_of(instance.settings.time_zone, begins))
    return "today" if day == instance.today() else f"on {day:%A} {day.day} {day:%b}"


def _many(number: int) -> str:
    return f"{number:,}".replace(",", "\u202f")
