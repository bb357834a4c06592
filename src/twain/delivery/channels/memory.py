"""A way out that keeps everything in this process: for tests, which assert on its state.

It obeys the same rules as the others (addresses and line ends are checked, every envelope taken is answered) and passes
the same contract suite. What the relay would say can be scripted per recipient.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from twain.delivery.channels.smtp_door import has_clean_lines, is_clean_address
from twain.delivery.channels.smtp_replies import read_reply
from twain.delivery.dkim import sealed
from twain.delivery.dkim_keys import open_sealer
from twain.delivery.pace import UNSENT, Lanes, read_limits
from twain.errors import ChannelUnavailable
from twain.ports import Feeder
from twain.records import Envelope, Fate, LanePace, Outcome, Problem, Wait
from twain.settings import ChannelSettings

_OK = b"250 2.0.0 kept in memory"


def open_channel(settings: ChannelSettings) -> MemoryChannel:
    """A fresh, empty one."""
    return MemoryChannel(settings)


@dataclass(slots=True)
class Script:
    """What to answer: per recipient, a queue of reply lines (``b"450 4.2.0 later"``), the last one for ever after.

    *lose_after*: after so many messages, every further one goes unanswered by the relay (uncertain), once each.
    """

    replies: dict[bytes, deque[bytes]] = field(default_factory=dict)
    lose_after: int | None = None

    def answer(self, recipient: bytes, *lines: bytes) -> None:
        """Answer these lines to this recipient's messages, in order."""
        self.replies[recipient] = deque(lines)

    def next_for(self, recipient: bytes) -> bytes:
        """The next reply line for this recipient."""
        lines = self.replies.get(recipient)
        if not lines:
            return _OK
        return lines.popleft() if len(lines) > 1 else lines[0]


class MemoryChannel:
    """Keeps what is sent in ``sent`` (accepted) and ``seen`` (all), in order."""

    kind = "memory"
    leaves_loopback = False

    def __init__(self, settings: ChannelSettings, *, sleep: Callable[[float], object] | None = None) -> None:
        self.name = settings.name
        self.sent: list[Envelope] = []
        self.seen: list[Envelope] = []
        self.script = Script()
        self.up = True
        self.in_flight = int(settings.options.get("in_flight", 32))
        self._paces = read_limits(settings.limits, settings.name)
        self._lanes = Lanes(settings.options.get("lanes", {}), settings.limits)
        self._sealer = open_sealer(settings)
        self._sleep = sleep or threading.Event().wait

    def deliver(self, feeder: Feeder) -> None:
        """Take, answer, tick, until the feeder is over. Raises ChannelUnavailable while ``up`` is False."""
        if not self.up:
            raise ChannelUnavailable("The memory channel is switched off.", todo="Set up = True.")
        while (taken := feeder.take(self.in_flight)) is not None:
            if isinstance(taken, Wait):
                self._sleep(min(taken.seconds, 0.25))
            else:
                self._send_all(feeder, deque(taken))
            feeder.tick()

    def _send_all(self, feeder: Feeder, waiting: deque[Envelope]) -> None:
        while waiting and self.up:
            envelope = waiting.popleft()
            if envelope.ticket in feeder.recalled():
                feeder.answer(envelope.ticket, Outcome(0, Fate.DEFERRED, UNSENT, "called back"))
                continue
            feeder.answer(envelope.ticket, self._send(envelope))
        for envelope in waiting:
            feeder.answer(envelope.ticket, Outcome(0, Fate.DEFERRED, UNSENT, "switched off"))
        if not self.up:
            raise ChannelUnavailable("The memory channel was switched off.", todo="Set up = True.")

    def _send(self, envelope: Envelope) -> Outcome:
        if not is_clean_address(envelope.recipient):
            return Outcome(0, Fate.FAILED, "bad_address", "The address cannot be written in an SMTP command.")
        if not has_clean_lines(envelope.data):
            return Outcome(0, Fate.FAILED, "malformed", "A line end or dot would be read as a command.")
        if self._sealer is not None:
            envelope = sealed(self._sealer, envelope)
        self.seen.append(envelope)
        if self.script.lose_after is not None and len(self.seen) > self.script.lose_after:
            return Outcome(0, Fate.UNCERTAIN, "connection_lost", "the script lost the answer")
        outcome = read_reply(self.script.next_for(envelope.recipient), 0.0)
        if outcome.fate is Fate.SENT:
            self.sent.append(envelope)
        return outcome

    def lane(self, address: str) -> str:
        """The lane of one address."""
        return self._lanes.of(address)

    def paces(self) -> Mapping[str, LanePace]:
        """IT's limits by lane."""
        return self._paces

    def promise(self) -> Mapping[str, int]:
        """So many messages are begun before the first is answered."""
        return {"connections": 1, "messages": self.in_flight, "bytes": 0}

    def test(self, recipient: str | None = None) -> list[Problem]:  # noqa: ARG002 — there is nobody to send it to
        """Nothing can be wrong but being switched off."""
        return [] if self.up else [Problem("error", "T810", "The memory channel is switched off.", "Set up = True.")]
