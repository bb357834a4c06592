"""The connections of one delivery: opened as needed, fed in bursts, reopened with patience, closed politely.

Everything runs on one event loop inside one ``deliver``; the feeder is only ever called from here, one call at a time.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Collection

from twain.delivery.channels.smtp_gather import Gather
from twain.delivery.channels.smtp_greeting import open_session
from twain.delivery.channels.smtp_options import SmtpOptions
from twain.delivery.channels.smtp_replies import clean
from twain.delivery.channels.smtp_talk import Conversation, Grouped, talk
from twain.delivery.pace import CONNECTION_LOST, UNSENT
from twain.errors import ChannelError, ChannelUnavailable
from twain.ports import Feeder
from twain.records import Envelope, Fate, Outcome, Wait

_BEAT = 0.25
_TICK = 0.002
_MOST_UNTICKED = 64
"""Answers that may wait for the journal while messages are still ready: a take always journals them first.

With 32, changed by turns within one send, a message cost about a microsecond more.
"""
_AHEAD = 4
"""Envelopes held ready per connection that sends by DATA, so that most bursts need no call to the feeder."""
_TAKES = 8
_GROW_AGAIN = 30.0
_GOODBYE = 1.0
_LOOK = 0.05
"""Seconds after which it is asked again whether somebody unsubscribed, before anything more is written."""
_NOT_HEARD = frozenset({CONNECTION_LOST, UNSENT})


class Pool:
    """Pulls from one feeder and sends over up to ``options.connections`` connections until the feeder is over."""

    def __init__(self, options: SmtpOptions, feeder: Feeder) -> None:
        self.ready: deque[Envelope] = deque()
        self.recalled: Collection[int] = ()
        self.now = 0.0
        self._options = options
        self._feeder = feeder
        self._talks: list[Conversation] = []
        self._sockets: list[Conversation] = []  # every one whose socket may still be open, spoken to or not
        self._opening: set[asyncio.Task[None]] = set()
        self._answers = 0
        self._ticked_at = 0.0
        self._looked_at = float("-inf")
        self._over = False
        self._more = True
        self._ever_connected = False
        self._wait_until = 0.0
        self._scheduled = False
        self._blame: bytes | None = None
        self._patience = Patience(options.give_up_after)
        self._may_grow_at = 0.0

    async def run(self) -> None:
        """Deliver until the feeder is over. Raises what the feeder raises, ChannelUnavailable or ChannelError.

        However it ends, every envelope taken has been answered.
        """
        self._loop = asyncio.get_running_loop()
        self._finished: asyncio.Future[None] = self._loop.create_future()
        self._gather = Gather(self._loop)
        self.now = self._loop.time()
        beat = self._loop.call_soon(self._beat)
        try:
            await self._finished
        finally:
            beat.cancel()
            self._beats.cancel()
            self._abandon_all("Delivery was broken off.")
            await self._last_goodbyes()

    @property
    def trouble(self) -> str:
        """Why nothing goes just now, and for how long it is tried on; empty while the relay answers."""
        return "" if self._talks else self._patience.trouble(self._loop.time())

    def is_fresh(self) -> bool:
        """Whether *recalled* is new enough to write by."""
        return self._loop.time() - self._looked_at < _LOOK

    # ---- what conversations tell

    def answered(self, ticket: int, outcome: Outcome) -> None:
        """Hand one outcome to the feeder."""
        self._answers += 1
        if outcome.reason not in _NOT_HEARD:
            self._patience.proven()
        self._feeder.answer(ticket, outcome)
        if self._answers >= _MOST_UNTICKED:
            self.wake()

    def wake(self) -> None:
        """Pump once, after this turn of the loop: one journal record and one write per burst, not per message."""
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._pump)

    def gather(self) -> None:
        """Let answers come together, where they come fast and singly."""
        self._gather.heard(len(self._talks))

    def lost(self, talk: Conversation, why: str) -> None:
        """A connection broke; open another when there is need, patiently when it keeps happening."""
        if talk in self._talks:
            self._talks.remove(talk)
        self._patience.failed(self.now, ChannelUnavailable(f"The connection to the relay was lost: {why}"))
        self.wake()

    def blamed(self, line: bytes) -> None:
        """The relay refuses our sender, so it would refuse everybody's message."""
        self._blame = line

    # ---- the pump

    def _beat(self) -> None:
        """Four times a second: let the feeder breathe, look for overdue and idle connections."""
        self._beats = self._loop.call_later(_BEAT, self._beat)
        self.now = self._loop.time()
        self._answers = max(self._answers, 1)
        for one in list(self._talks):
            if one.overdue(self.now):
                one.abandon("The relay did not answer in time.")
                self.lost(one, "it did not answer in time")
            elif not one.flights and not self.ready and self.now - one.heard_at > self._options.idle:
                one.close()
                self._talks.remove(one)
                self._patience.proven()
        self.wake()

    def _pump(self) -> None:
        self._scheduled = False
        if self._finished.done():
            return
        try:
            self._turn()
        except BaseException as error:  # noqa: BLE001 — handed on by the future, whatever it is
            self._abandon_all("Delivery was broken off.")
            if not self._finished.done():
                self._finished.set_exception(error)

    def _turn(self) -> None:
        self.now = self._loop.time()
        if self._answers and self._tick_is_due():
            self._tick()
        if self._blame is not None:
            self._wind_up(self._blame)
            return
        self._pull()
        self.recalled = self._feeder.recalled()  # after everything that takes time, before anything is written
        self._looked_at = self._loop.time()
        for one in list(self._talks):
            one.fill()
        self._open_as_needed()
        if self._over and not self.ready and not any(one.flights for one in self._talks):
            self._finished.set_result(None)

    def _wind_up(self, blame: bytes) -> None:
        """Nothing more goes to a relay that refuses our sender; what it has whole is still answered, so that none is unknown."""
        for one in self._talks:
            if not any(flight.sealed for flight in one.flights):
                one.abandon(clean(blame))
        if not any(one.flights for one in self._talks):
            raise self._sender_refused(blame)

    def _tick_is_due(self) -> bool:
        """Not after every reply of a busy moment, but at once when nothing else would come of it."""
        waiting = self.now < self._wait_until or not any(one.flights for one in self._talks)
        return waiting or self.now - self._ticked_at >= _TICK

    def _tick(self) -> None:
        self._answers, self._ticked_at = 0, self.now
        self._feeder.tick()

    def _pull(self) -> None:
        """Take what there is room for, until the feeder has no more for now."""
        for _ in range(_TAKES):
            wanted = self._wanted()
            if self._over or not wanted or self.now < self._wait_until:
                return
            if self._answers:
                self._tick()  # so that what is begun and not journalled as answered never passes the promise
            taken = self._feeder.take(wanted)
            if taken is None:
                self._over = True
            elif isinstance(taken, Wait):
                self._pause(taken.seconds)
            else:
                self.ready.extend(taken)
                self._more = len(taken) >= wanted
                if not taken:
                    self._pause(_BEAT)

    def _pause(self, seconds: float) -> None:
        self._more = False
        self._wait_until = self.now + max(seconds, 0.001)
        if seconds < _BEAT:
            self._loop.call_later(max(seconds, 0.001), self.wake)

    def _wanted(self) -> int:
        if not self._talks:
            resting = self._ever_connected and not self._opening and not self.ready and self._patience.calm
            return 1 if resting else 0
        room = sum(one.room() for one in self._talks)
        if room <= len(self.ready):
            return 0
        ahead = min(_AHEAD, max(0, self._options.in_flight - 2))
        return room - len(self.ready) + ahead * sum(isinstance(one, Grouped) for one in self._talks)

    # ---- opening and closing

    def _open_as_needed(self) -> None:
        """The first connection before anything is claimed; the others once there is more than it can carry."""
        if self._over and not self.ready:
            return
        open_now = len(self._talks) + len(self._opening)
        if not self._talks:
            resting = self._ever_connected and not self.ready and self._patience.calm
            if not resting and not self._opening and self._patience.may_try(self.now):
                self._open()
            self._give_up_if_hopeless()
        elif (self.ready or self._more) and self.now >= self._may_grow_at:
            for _ in range(self._options.connections - open_now):
                self._open()

    def _give_up_if_hopeless(self) -> None:
        error = self._patience.exhausted(self.now)
        if error is not None:
            raise error

    def _open(self) -> None:
        task = self._loop.create_task(self._connect())
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)

    async def _connect(self) -> None:
        try:
            session = await open_session(self._options)
        except ChannelUnavailable as error:
            self._not_opened(error)
        except ChannelError as error:
            if self._talks:
                self._not_opened(error)
            elif not self._finished.done():
                self._abandon_all(error.what)
                self._finished.set_exception(error)
        else:
            self._opened(talk(session, self._options, self))

    def _opened(self, new: Conversation) -> None:
        self._sockets = [one for one in self._sockets if not one.closed] + [new]
        if self._finished.done():
            new.close()
            return
        self._ever_connected = True
        self._talks.append(new)
        self._wait_until = 0.0
        self.wake()

    def _not_opened(self, error: ChannelError) -> None:
        """A relay may allow fewer connections than IT set: with others alive, that is no trouble."""
        if self._talks:
            self._may_grow_at = self.now + _GROW_AGAIN
        else:
            self._patience.failed(self._loop.time(), error)
        self.wake()

    def _abandon_all(self, why: str) -> None:
        for one in self._talks:
            if one.flights:
                one.abandon(why)
        while self.ready:
            self.answered(self.ready.popleft().ticket, Outcome(0, Fate.DEFERRED, UNSENT, why))

    async def _last_goodbyes(self) -> None:
        for task in self._opening:
            task.cancel()
        for one in self._talks:
            one.close()
        await asyncio.gather(*self._opening, return_exceptions=True)
        await self._all_closed(_GOODBYE)
        for one in self._sockets:
            one.cut()
        await self._all_closed(_GOODBYE)

    async def _all_closed(self, within: float) -> None:
        ends = self._loop.time() + within
        while any(not one.closed for one in self._sockets) and self._loop.time() < ends:
            await asyncio.sleep(0.005)

    def _sender_refused(self, line: bytes) -> ChannelError:
        return ChannelError(
            f"The relay {self._options.host} refuses our sender: {clean(line)}",
            code="T825",
            todo="Check the campaign's sender address and what the relay lets this account send.",
        )


class Patience:
    """When to try the relay again, and when to say that it is out of reach. Seconds of the loop's clock."""

    def __init__(self, give_up_after: float, first: float = 0.25, most: float = 15.0) -> None:
        self._give_up_after = give_up_after
        self._first = first
        self._most = most
        self._failures = 0
        self._since: float | None = None
        self._next = 0.0
        self._error: ChannelError | None = None

    @property
    def calm(self) -> bool:
        """Nothing has failed since the relay last answered."""
        return self._failures == 0

    def proven(self) -> None:
        """The relay answered a message, or a connection was at peace until we closed it."""
        self._failures = 0
        self._since = self._error = None

    def failed(self, now: float, error: ChannelError) -> None:
        """A connection could not be opened, or broke."""
        if self._since is None:
            self._since = now
        wait = min(self._most, self._first * 2**self._failures) if self._failures else 0.0
        self._failures = min(self._failures + 1, 30)
        self._next = now + wait * random.uniform(0.5, 1.5)  # noqa: S311 — spreads load, guards nothing
        self._error = error

    def may_try(self, now: float) -> bool:
        """Whether the wait after the last failure is over."""
        return now >= self._next

    def exhausted(self, now: float) -> ChannelError | None:
        """The last error, once trouble has lasted for too long; None while there is hope."""
        if self._since is None or self._error is None or now - self._since < self._give_up_after:
            return None
        return ChannelUnavailable(
            f"The relay has been out of reach for {now - self._since:.0f} s: {self._error.what}",
            todo=f"Delivery stops here and nothing is lost. {self._error.todo or 'Resume when the relay is back.'}",
        )

    def trouble(self, now: float) -> str:
        """The last error, and how much longer it is tried; empty when nothing has failed since the last answer."""
        if self._since is None or self._error is None:
            return ""
        left = max(0.0, self._give_up_after - (now - self._since))
        return f"{self._error.what} It is tried again for {left:.0f} s more. {self._error.todo}".rstrip()
